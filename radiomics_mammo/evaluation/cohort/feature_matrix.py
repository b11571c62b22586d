"""The feature columns of a table as one checked matrix."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.column_roles import (
    METADATA,
    READERS,
    SCANNER,
    SIZE_COLUMNS,
    can_be_feature,
    check_feature_name,
    columns_with_role,
)
from radiomics_mammo.evaluation.cohort.parse_cells import TOO_LARGE, format_list, numbers, parse_numbers
from radiomics_mammo.evaluation.cohort.records import Floats

_NAMED = 12
_RULE = (
    "Features are named filter_family_Feature, as original_glcm_Contrast; "
    "--also-feature takes other columns by name or pattern ('*')."
)


def feature_matrix(
    frame: pd.DataFrame,
    features: Sequence[str],
    *,
    also: Sequence[str] = (),
    never: Sequence[str] = (),
    keep_empty: bool = False,
) -> tuple[Floats, tuple[str, ...], NDArray[np.bool_], list[str]]:
    """Return the features of a table as numbers, of the rows that can be used.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a case, with ``case_id``.
    features : sequence of str
        Its feature columns.
    also : sequence of str
        Other columns that are let in, by name or pattern (see :func:`resolve_extra_features`).
    never : sequence of str
        The label and the patient: not even then.
    keep_empty : bool
        Keep columns that are null in every row, as a test set has to.

    Returns
    -------
    x : ndarray of float64, shape (n_usable, n_features)
        NaN where undefined, never infinite.
    names : tuple of str
    usable : ndarray of bool, shape (n_rows,)
        Rows with a value in any feature, and none that is infinite or beyond float32.
    remarks : list of str

    Raises
    ------
    InputError
        A column is missing, not numeric, or may not be a feature; or no feature or no row is left.
    """
    extra = [name for name in resolve_extra_features(frame, also) if name not in features]
    for name in extra:
        _refuse(name, never)
    for name in features:
        if name not in never:  # a column of another tool's table may be named like a feature and hold the label
            check_feature_name(name)
    names = tuple(name for name in (*features, *extra) if name not in never)
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise InputError(
            f"{len(missing)} features are missing: {format_list(missing)}",
            remedy="Extract the table with the recipe that the other one was made with.",
        )
    unused = _unused(frame, {*names, *never})
    if not names:
        others = f"; numeric columns are {format_list(unused, most=_NAMED)}" if unused else ""
        raise InputError(f"the table has no feature columns{others}", remedy=_RULE)
    x = np.column_stack([numbers(frame, name) for name in names])
    usable, row_notes = _usable_rows(x, names, frame["case_id"].to_numpy())
    x = x if usable.all() else x[usable]
    not_null, remarks = _not_empty(x, names, keep_empty=keep_empty)
    remarks += row_notes
    if extra:
        remarks.append(f"Let in as features by name, beside the radiomic ones: {format_list(extra, most=_NAMED)}.")
    if unused:
        which = (
            "1 numeric column is no feature" if len(unused) == 1 else f"{len(unused)} numeric columns are no features"
        )
        remarks.append(f"{which}: {format_list(unused, most=_NAMED)}. {_RULE}")
    opinions = columns_with_role(extra, READERS)
    if opinions:
        remarks.append(f"Features that are readers' opinions, not measurements: {', '.join(opinions)}.")
    return (
        np.ascontiguousarray(x if not_null.all() else x[:, not_null]),
        tuple(name for name, good in zip(names, not_null, strict=True) if good),
        usable,
        remarks,
    )


def _unused(frame: pd.DataFrame, used: Collection[str]) -> list[str]:
    """Return the numeric columns of more than two values that could be features and have no other role."""
    columns = [str(name) for name in frame.columns if str(name) not in used]
    known = columns_with_role(columns, (*METADATA, *SCANNER, *READERS, *SIZE_COLUMNS))
    return [
        name
        for name in columns
        if name not in known
        and can_be_feature(name)
        and not name.startswith("diagnostics_")
        and pd.api.types.is_numeric_dtype(frame[name])
        and frame[name].nunique() > 2
    ]


def resolve_extra_features(frame: pd.DataFrame, also: Sequence[str]) -> list[str]:
    """Return the columns that names and patterns match, each once.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a case, with ``case_id``.
    also : sequence of str
        A column's name, or else a pattern with ``*``, ``?`` or ``[…]`` (``emb_*``), in the case written.

    Raises
    ------
    InputError
        There is no such column, or a pattern stands for columns that are not numeric (named).
    """
    return list(dict.fromkeys(name for pattern in also for name in _stands_for(frame, pattern)))


def _stands_for(frame: pd.DataFrame, pattern: str) -> list[str]:
    if pattern in frame.columns:
        return [pattern]
    if not set(pattern) & set("*?["):
        raise InputError(f"no column is called {pattern!r}", remedy="Check --also-feature.")
    matching = [str(name) for name in frame.columns if fnmatchcase(str(name), pattern)]
    if not matching:
        raise InputError(f"no column's name is like {pattern!r}", remedy="Check --also-feature.")
    text_columns = [name for name in matching if parse_numbers(frame[name]) is None]
    if text_columns:
        raise InputError(
            f"{len(text_columns)} of the {len(matching)} columns like {pattern!r} are not numeric: "
            f"{format_list(text_columns)}",
            remedy="Write --also-feature so that it stands for numbers only.",
        )
    return matching


def _refuse(name: str, never: Sequence[str]) -> None:
    if name in never:
        raise InputError(f"{name!r} cannot be a feature", remedy="It is the label or names the patient.")
    check_feature_name(name)


def _usable_rows(x: Floats, names: Sequence[str], cases: NDArray[Any]) -> tuple[NDArray[np.bool_], list[str]]:
    """Find rows without a value and rows with a value that no model can work with."""
    too_large, empty = np.abs(x) > TOO_LARGE, np.isnan(x).all(axis=1)
    broken: NDArray[np.bool_] = np.asarray(too_large.any(axis=1))
    columns = format_list([names[int(i)] for i in np.flatnonzero(too_large.any(axis=0))])
    if empty.all():
        raise InputError("every feature is null in every row", remedy="Extract the table again.")
    faults = {
        f"values that are infinite or beyond {TOO_LARGE:.2g} in {columns}": broken,
        "no value in any feature": empty,
    }
    remarks = [
        f"{int(rows.sum())} rows were left out, as they have {what}: {format_list(cases[rows].tolist())}."
        for what, rows in faults.items()
        if rows.any()
    ]
    if (broken | empty).all():
        raise InputError(" ".join(remarks).rstrip("."), remedy="No row is left: extract the table again.")
    return np.asarray(~(broken | empty)), remarks


def _not_empty(x: Floats, names: Sequence[str], *, keep_empty: bool) -> tuple[NDArray[np.bool_], list[str]]:
    empty: NDArray[np.bool_] = np.asarray(np.isnan(x).all(axis=0))
    if not empty.any():
        return ~empty, []
    dropped = [name for name, bad in zip(names, empty, strict=True) if bad]
    remark = f"{len(dropped)} features are null in every row"
    if keep_empty:
        return np.ones_like(empty), [f"{remark} and count as unknown: {format_list(dropped)}."]
    return ~empty, [f"{remark} and were dropped: {format_list(dropped)}."]
