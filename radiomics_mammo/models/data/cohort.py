"""From a table to the rows that are compared on: every way in which they can be unfit is said here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.models.data.labels import parse_labels
from radiomics_mammo.models.records import Cohort

_SHOWN = 5
_TOO_LARGE = 1e150  # its square overflows, and so does a standard deviation


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a table.

    Attributes
    ----------
    label, group : str
        Columns with the outcome and with the person.
    positive, negative : tuple of str
        Values of a label that is not 0/1 (see :func:`radiomics_mammo.models.data.labels.parse_labels`).
    also_features : tuple of str
        Identity columns that are let in as features, by name.
    drop_unlabelled : bool
        Leave rows without a label out instead of refusing the table.
    """

    label: str = "malignant"
    group: str = "patient_id"
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    also_features: tuple[str, ...] = ()
    drop_unlabelled: bool = False


def prepare_cohort(frame: pd.DataFrame, features: Sequence[str], *, question: Question) -> Cohort:
    """Check a table against a question and turn it into arrays.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row a case.
    features : sequence of str
        Its feature columns. Nothing else becomes a feature unless ``question.also_features`` names it.
    question : Question
        Label, group and what is let in or out.

    Raises
    ------
    InputError
        Naming the column and rows at fault, and the remedy.
    """
    identity = [name for name in frame.columns if name not in set(features)]
    _need_columns(frame, identity, question)
    _refuse_duplicates(frame)
    frame, y, classes, remarks = _labelled(frame, question)
    _refuse_null_groups(frame, question.group)
    names, x, dropped = _feature_matrix(frame, features, question)
    # Ids are names of people, not numbers: 7 and 7.0 are the same person whatever the column's type.
    group, _ = pd.factorize(frame[question.group].map(_name))
    rows = _identity_rows(frame[identity], question.group)
    remarks += dropped + _split_people(frame, question.group) + _twins(x, group, rows)
    return Cohort(
        x=x,
        y=y,
        group=group.astype(np.int64),
        features=names,
        rows=rows,
        label=question.label,
        group_column=question.group,
        classes=classes,
        remarks=tuple(remarks),
    )


def _name(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _listed(values: Sequence[object]) -> str:
    return ", ".join(str(v) for v in values[:_SHOWN]) + (
        f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
    )


def _need_columns(frame: pd.DataFrame, identity: list[str], question: Question) -> None:
    if question.label not in frame.columns:
        two = [name for name in identity if frame[name].nunique() == 2 and name != "phantom"]
        raise InputError(
            f"no column is called {question.label!r} to be the label",
            remedy=f"Columns with two values: {_listed(two) or 'none'}. "
            f"All columns besides features: {', '.join(identity)}.",
        )
    if question.group not in frame.columns:
        raise InputError(
            f"no column is called {question.group!r} to group by person",
            remedy=f"Name one with --group; columns besides features: {', '.join(identity)}.",
        )
    if "case_id" not in frame.columns:
        raise InputError("the table has no column case_id", remedy="Add one that names every row once.")
    if question.label == question.group:
        raise InputError("label and group are the same column", remedy="Choose another --group.")
    if len(frame) == 0:
        raise InputError("the table has no rows", remedy="See the failures table beside it for the reasons.")


def _refuse_duplicates(frame: pd.DataFrame) -> None:
    doubled = frame.loc[frame["case_id"].duplicated(), "case_id"].unique().tolist()
    if doubled:
        raise InputError(
            f"case_id is not unique: {_listed(doubled)}",
            remedy="Every row needs its own case_id; take the repeated rows out.",
        )
    if frame["case_id"].isna().any():
        raise InputError(f"case_id is empty in {int(frame['case_id'].isna().sum())} rows", remedy="Fill it in.")


def _labelled(
    frame: pd.DataFrame, question: Question
) -> tuple[pd.DataFrame, NDArray[np.int8], tuple[str, str], list[str]]:
    labels = parse_labels(frame[question.label], positive=question.positive, negative=question.negative)
    known = labels.y >= 0
    missing = int((~known).sum())
    if missing and not question.drop_unlabelled:
        raise InputError(
            f"label column {question.label!r} is empty in {missing} rows "
            f"({_listed(frame.loc[~known, 'case_id'].tolist())})",
            remedy="Fill it in, or leave those rows out with --drop-unlabelled.",
        )
    remarks = [f"{missing} rows without a label were left out."] if missing else []
    return frame.loc[known].reset_index(drop=True), labels.y[known], labels.classes, remarks


def _refuse_null_groups(frame: pd.DataFrame, group: str) -> None:
    null = frame[group].isna() | (frame[group].map(lambda value: str(value).strip()) == "")
    if null.any():
        raise InputError(
            f"group column {group!r} is empty in {int(null.sum())} rows "
            f"({_listed(frame.loc[null, 'case_id'].tolist())})",
            remedy="Every row needs its person, or the split leaks: fill it in, or take the rows out.",
        )


def _feature_matrix(
    frame: pd.DataFrame, features: Sequence[str], question: Question
) -> tuple[tuple[str, ...], NDArray[np.float64], list[str]]:
    also = [name for name in question.also_features if name not in features]
    for name in also:
        if name not in frame.columns:
            raise InputError(f"no column is called {name!r}", remedy="Check --also-feature.")
        if name in (question.label, question.group, "case_id", "patient_id"):
            raise InputError(f"{name!r} cannot be a feature", remedy="It is the label or names the person.")
    names = tuple(name for name in (*features, *also) if name != question.label)
    if not names:
        raise InputError(
            "the table has no feature columns",
            remedy="Features are named filter_family_Feature, as original_glcm_Contrast; "
            "let another column in by name with --also-feature.",
        )
    x = np.column_stack([_numbers(frame, name) for name in names])
    _refuse_infinite(x, names, frame["case_id"].tolist())
    empty: NDArray[np.bool_] = np.asarray(np.isnan(x).all(axis=0))
    if empty.all():
        raise InputError("every feature is null in every row", remedy="Extract the table again.")
    remarks = []
    if empty.any():
        gone = [name for name, bad in zip(names, empty, strict=True) if bad]
        remarks.append(f"{len(gone)} features are null in every row and were dropped: {_listed(gone)}.")
    if also:
        remarks.append(f"Let in as features by name, beside the radiomic ones: {', '.join(also)}.")
    kept = tuple(name for name, bad in zip(names, empty, strict=True) if not bad)
    return kept, np.ascontiguousarray(x[:, ~empty]), remarks


def _numbers(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    try:
        return np.asarray(pd.to_numeric(frame[name]).astype("Float64").to_numpy(np.float64, na_value=np.nan))
    except (ValueError, TypeError) as error:
        raise InputError(
            f"column {name!r} is not numeric ({error})",
            remedy="A feature must be a number in every row, or empty where undefined.",
        ) from error


def _refuse_infinite(x: NDArray[np.float64], names: Sequence[str], case_ids: Sequence[object]) -> None:
    bad = np.abs(x) > _TOO_LARGE  # False for NaN
    if bad.any():
        columns = [names[int(i)] for i in np.flatnonzero(bad.any(axis=0))]
        rows = [case_ids[int(i)] for i in np.flatnonzero(bad.any(axis=1))]
        raise InputError(
            f"infinite or absurdly large values in {_listed(columns)}, rows {_listed(rows)}",
            remedy="Leave the cell empty where a feature is undefined, or take the rows out.",
        )


def _identity_rows(identity: pd.DataFrame, group: str) -> pd.DataFrame:
    rows = identity.copy()
    rows["case_id"] = rows["case_id"].astype(str)
    rows["patient_id"] = identity[group].map(_name)
    for name in [column for column in rows.columns if rows[column].dtype.kind == "O"]:
        rows[name] = rows[name].map(str, na_action="ignore")  # Parquet wants one type a column
    return rows[["case_id", "patient_id", *(n for n in rows.columns if n not in ("case_id", "patient_id"))]]


def _split_people(frame: pd.DataFrame, group: str) -> list[str]:
    if group == "patient_id" or "patient_id" not in frame.columns:
        return []
    groups = frame.groupby("patient_id", observed=True)[group].nunique()
    torn = int((groups > 1).sum())
    if not torn:
        return []
    return [
        f"{torn} people have rows in several groups of {group!r}: training and test rows can come from one "
        "person, and the figures are then too good. Group by patient_id."
    ]


def _twins(x: NDArray[np.float64], group: NDArray[np.int64], rows: pd.DataFrame) -> list[str]:
    """Say which rows have the same features in every digit although their people differ."""
    hashed = pd.util.hash_pandas_object(pd.DataFrame(x), index=False)
    people = pd.Series(group).groupby(hashed.to_numpy()).transform("nunique").to_numpy()
    shared = np.flatnonzero(people > 1)
    if shared.size == 0:
        return []
    names = rows["case_id"].iloc[shared].tolist()
    return [
        f"{shared.size} rows of different people have identical features ({_listed(names)}): "
        "the same image under two names would leak between folds."
    ]
