"""Patient, side and view of each row of a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.tables.aggregation.grouping import BREAST, SIDES, Codes, Nest, make_nest

NEEDED = ("patient_id", "laterality", "view")
_SIDE_OF = {"L": 0, "LEFT": 0, "R": 1, "RIGHT": 1}


def nest_of(frame: pd.DataFrame) -> Nest:
    """Find the breasts and patients of a table of images.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``patient_id``, ``laterality`` (``L``, ``R``, ``LEFT``, ``RIGHT``) and ``view``.

    Raises
    ------
    InputError
        A column is missing, empty in a row, or holds another side; or a case is in the table twice.
    """
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing:
        raise InputError(
            f"no column is called {' or '.join(missing)}, by which images become breasts and patients",
            remedy="Add it to the table (in a CSV joined on case_id), or aggregate the table of images instead.",
        )
    if "case_id" in frame.columns and frame["case_id"].duplicated().any():
        twice = str(frame.loc[frame["case_id"].duplicated(), "case_id"].iloc[0])
        raise InputError(f"case_id is not unique: {twice}", remedy="Take the repeated rows out.")
    patient, _ = pd.factorize(_texts(frame, "patient_id"))
    view, _ = pd.factorize(np.char.upper(_texts(frame, "view").astype(str)))
    sides = [_SIDE_OF.get(text.upper(), -1) for text in _texts(frame, "laterality")]
    if -1 in sides:
        raise InputError(
            f"laterality is {frame['laterality'].iloc[sides.index(-1)]!r} in {sides.count(-1)} rows "
            f"(first: {_name(frame, sides.index(-1))})",
            remedy="Write L or R, LEFT or RIGHT.",
        )
    return make_nest(_codes(patient), np.array(sides, dtype=np.int64), _codes(view))


def unit_names(frame: pd.DataFrame, nest: Nest, level: str) -> list[str]:
    """Name the units: a patient by ``patient_id``; a breast by ``prediction_id``, else ``{patient_id}_{L|R}``.

    Raises
    ------
    InputError
        ``prediction_id`` is empty, or is not one for each breast.
    """
    unit = nest.unit_of_rows(level)
    _, first = np.unique(unit, return_index=True)
    patients = _texts(frame, "patient_id")[first]
    if level != BREAST:
        return [str(name) for name in patients]
    if "prediction_id" not in frame.columns:
        return [f"{name}_{SIDES[side][0]}" for name, side in zip(patients, nest.breast_side, strict=True)]
    names = _texts(frame, "prediction_id")
    if pd.Series(names).groupby(unit).nunique().gt(1).any() or len(set(names)) != first.size:
        raise InputError(
            "prediction_id is not one for each breast",
            remedy="Correct it, or take the column out: breasts are named by patient_id and laterality then.",
        )
    return [str(name) for name in names[first]]


def _codes(codes: NDArray[np.intp]) -> Codes:
    return np.asarray(codes, dtype=np.int64)


def _texts(frame: pd.DataFrame, name: str) -> NDArray[np.object_]:
    """Return a key column as text; 7.0 is 7, and no value may be empty."""
    column = frame[name]
    if column.dtype.kind == "f" and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    texts = column.map(lambda value: str(value).strip(), na_action="ignore").fillna("").to_numpy(dtype=object)
    empty = np.flatnonzero(texts == "")
    if empty.size:
        raise InputError(
            f"{name} is empty in {empty.size} rows (first: {_name(frame, int(empty[0]))})",
            remedy="Fill it in, or take the rows out.",
        )
    return np.asarray(texts)


def _name(frame: pd.DataFrame, row: int) -> str:
    return str(frame["case_id"].iloc[row]) if "case_id" in frame.columns else f"row {row + 1}"
