"""Cells of a table as text and as numbers, alike for every part that reads them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import Floats

_SHOWN = 5
TOO_LARGE = float(np.finfo(np.float32).max)
"""Tree models compute in float32: such a value is a broken measurement."""


def text(value: object) -> str:
    """Write a cell as text, stripped; a null is empty, and 7.0 is 7.

    A null elsewhere in a column turns its integers into floats, and 7 and 7.0 are the same patient.
    """
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def cell_texts(column: pd.Series) -> list[str]:
    """Write every cell of a column as text (see :func:`text`)."""
    return [text(value) for value in column.tolist()]


def format_list(values: Sequence[object], *, most: int = _SHOWN) -> str:
    """Name the first few values and count the others, for messages."""
    return ", ".join(str(v) for v in values[:most]) + (f" and {len(values) - most} more" if len(values) > most else "")


def parse_numbers(column: pd.Series) -> Floats | None:
    """Parse a column as float64, NaN for nulls; None where it holds text, dates or durations."""
    if column.dtype.kind in "mM":
        return None
    try:
        return np.asarray(pd.to_numeric(column).astype("Float64").to_numpy(np.float64, na_value=np.nan))
    except (ValueError, TypeError):
        return None


def numbers(frame: pd.DataFrame, name: str) -> Floats:
    """Return a column that has to be numeric.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``case_id``, which the message names rows by.
    name : str

    Returns
    -------
    ndarray of float64, shape (n_rows,)
        NaN where the cell is empty.

    Raises
    ------
    InputError
        A cell holds text; the first such rows are named.
    """
    values = parse_numbers(frame[name])
    if values is not None:
        return values
    entries = pd.Series(cell_texts(frame[name]), index=frame.index, dtype=object)
    bad = (entries != "") & pd.to_numeric(entries, errors="coerce").isna()
    named = [f"{case} ({cell!r})" for case, cell in zip(frame.loc[bad, "case_id"], entries[bad], strict=True)]
    raise InputError(
        f"column {name!r} is not numeric: {format_list(named) or frame[name].dtype}",
        remedy="A feature must be a number in every row, or empty where undefined.",
    )


def check_finite(x: NDArray[np.float64], names: Sequence[str], case_ids: Sequence[object]) -> None:
    """Refuse values that no model can work with.

    Parameters
    ----------
    x : ndarray of float64, shape (n_rows, n_columns)
    names, case_ids : sequence
        Of the columns and of the rows.

    Raises
    ------
    InputError
        A value is infinite or beyond float32's largest, 3.4e38; columns and rows are named.
    """
    bad = (x > TOO_LARGE) | (x < -TOO_LARGE)  # False for NaN
    if bad.any():
        columns = [names[int(i)] for i in np.flatnonzero(bad.any(axis=0))]
        rows = [case_ids[int(i)] for i in np.flatnonzero(bad.any(axis=1))]
        raise InputError(
            f"values that are infinite or beyond {TOO_LARGE:.2g} in {format_list(columns)}, rows {format_list(rows)}",
            remedy="Leave the cell empty where a feature is undefined, or take the rows out.",
        )
