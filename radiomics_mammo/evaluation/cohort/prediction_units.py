"""Prediction units: rows of an image, a breast or a patient aggregated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.parse_cells import cell_texts, format_list
from radiomics_mammo.evaluation.cohort.records import Cohort, Floats, Units

UNITS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "lesion": ((),),
    "image": (("image_id",), ("laterality", "view"), ("image_path",)),
    "breast": (("laterality",),),
    "patient": ((),),
}
"""Columns that identify the units of a patient; the first alternative that the table has."""

_NULLABLE = {"i": pd.Int64Dtype(), "u": pd.UInt64Dtype(), "b": pd.BooleanDtype()}
"""Whole numbers stay whole beside a null."""


def _noisy_or(score: Floats, starts: NDArray[np.int64]) -> Floats:
    if score.size and not (np.nanmin(score) >= 0 and np.nanmax(score) <= 1):
        raise InputError(
            "noisy-or is for probabilities, and these scores are below 0 or above 1",
            remedy="Choose --aggregate max or mean.",
        )
    return 1.0 - np.multiply.reduceat(1.0 - score, starts, axis=-1)


def _max(score: Floats, starts: NDArray[np.int64]) -> Floats:
    return np.maximum.reduceat(score, starts, axis=-1)


def _mean(score: Floats, starts: NDArray[np.int64]) -> Floats:
    counts = np.diff(np.append(starts, score.shape[-1]))
    return np.asarray(np.add.reduceat(score, starts, axis=-1) / counts)


RULES: Mapping[str, Callable[[Floats, NDArray[np.int64]], Floats]] = {
    "max": _max,
    "mean": _mean,
    "noisy-or": _noisy_or,
}
"""How the scores of a unit's rows, which lie side by side from each start on, become one."""


def make_units(
    rows: pd.DataFrame, y: NDArray[np.int8], group: NDArray[np.int64], *, kind: str = "lesion", rule: str = "max"
) -> Units:
    """Return which rows are one unit; it is positive when any of its rows is.

    Parameters
    ----------
    rows : pandas.DataFrame
        ``case_id``, ``patient_id`` and the other identity columns.
    y : ndarray of int8, shape (n_rows,)
    group : ndarray of int64, shape (n_rows,)
    kind : str
        Of ``UNITS``: each row (``lesion``); a patient's image (``image_id``, else laterality and view, else
        ``image_path``), breast (``laterality``), or all rows (``patient``).
    rule : str
        Of ``RULES``.

    Raises
    ------
    InputError
        Kind or rule is unknown, the table lacks the column that identifies the units, or it is empty in a row.
    """
    for value, valid, option in ((kind, UNITS, "--unit"), (rule, RULES, "--aggregate")):
        if value not in valid:
            raise InputError(f"{option} {value!r} is unknown", remedy=f"Choose one of {', '.join(valid)}.")
    if kind == "lesion":
        of = np.arange(len(rows), dtype=np.int64)
        return Units(kind, rule, of, y, group, _described(rows, of, rows["case_id"].tolist()))
    keys = [cell_texts(rows[name]) for name in ("patient_id", *_columns(rows, kind))]
    codes, names = pd.factorize(pd.MultiIndex.from_arrays(keys))
    of = codes.astype(np.int64)
    starts = np.unique(of, return_index=True)[1]
    positive = np.zeros(starts.size, dtype=np.int8)
    np.maximum.at(positive, of, y)
    joined = ["_".join(name) if isinstance(name, tuple) else str(name) for name in names]
    return Units(kind, rule, of, positive, group[starts], _described(rows, of, joined))


def aggregate(score: Floats, of: NDArray[np.int64], rule: str) -> Floats:
    """Make the scores of a unit's rows one.

    Parameters
    ----------
    score : ndarray of float64, shape (..., n_rows)
        NaN in a row makes its unit NaN.
    of : ndarray of int64, shape (n_rows,)
        The unit of each row.
    rule : str
        Of ``RULES``: the highest score, the mean, or ``noisy-or``, 1 - Π (1 - p): the probability that at least
        one row is positive were they independent (Pearl 1988).

    Returns
    -------
    ndarray of float64, shape (..., n_units)
        In the order of ``numpy.unique(of)``.

    Raises
    ------
    InputError
        The rule is unknown, or ``noisy-or`` is asked of scores that are no probabilities.
    """
    if rule not in RULES:
        raise InputError(f"--aggregate {rule!r} is unknown", remedy=f"Choose one of {', '.join(RULES)}.")
    order = np.argsort(of, kind="stable")
    starts = np.unique(of[order], return_index=True)[1].astype(np.int64)
    ordered = np.asarray(score, dtype=np.float64)[..., order]
    return RULES[rule](ordered, starts) if starts.size else ordered


def unit_names(cohort: Cohort) -> list[str]:
    """Return the name of each row's unit."""
    return [str(name) for name in cohort.units.rows["case_id"].to_numpy()[cohort.units.of]]


def unit_values(cohort: Cohort, features: Sequence[str]) -> pd.DataFrame:
    """Return ``case_id`` of the units and some features, averaged over a unit's rows."""
    table = cohort.values(features).assign(case_id=unit_names(cohort))
    return table.groupby("case_id", sort=False, as_index=False).mean()


def _columns(rows: pd.DataFrame, kind: str) -> tuple[str, ...]:
    choices = UNITS[kind]
    available = [names for names in choices if set(names) <= set(rows.columns)]
    if not available:
        wanted = "; or ".join(" and ".join(names) for names in choices)
        raise InputError(
            f"--unit {kind} needs the column {wanted}, which the table lacks",
            remedy="Add it to the table, or choose another --unit.",
        )
    for name in available[0]:
        empty = np.array(cell_texts(rows[name])) == ""
        if empty.any():
            raise InputError(
                f"--unit {kind} needs the column {name!r}, which is empty in {int(empty.sum())} rows "
                f"({format_list(rows.loc[empty, 'case_id'].tolist())})",
                remedy="Fill it in, or choose another --unit.",
            )
    return available[0]


def _described(rows: pd.DataFrame, of: NDArray[np.int64], names: Sequence[str]) -> pd.DataFrame:
    """Return one row a unit: name, patient, number of rows, common cells."""
    starts = np.unique(of, return_index=True)[1]
    identity = {
        "case_id": list(names),
        "patient_id": rows["patient_id"].iloc[starts].tolist(),
        "cases": np.bincount(of),
    }
    others = {
        name: _agreed(rows[name], of, starts) for name in rows.columns if name not in ("case_id", "patient_id", "cases")
    }
    return pd.DataFrame(identity | others)


def _agreed(column: pd.Series, of: NDArray[np.int64], starts: NDArray[np.intp]) -> pd.Series:
    first = column.iloc[starts].reset_index(drop=True)
    codes, _ = pd.factorize(column)
    mixed = np.zeros(starts.size, dtype=np.bool_)
    mixed[of[codes != codes[starts][of]]] = True
    if not mixed.any():
        return first
    nullable = _NULLABLE.get(first.dtype.kind)
    return (first.astype(nullable) if nullable else first).mask(mixed)
