"""Columns of feature tables under other usual names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from radiomics_mammo.core.column_names import understood

if TYPE_CHECKING:
    import pandas as pd

IDS = ("case_id", "patient_id")


def with_usual_names(frame: pd.DataFrame, wanted: Sequence[str] = IDS) -> tuple[pd.DataFrame, list[str]]:
    """Add the columns that a table has under another name only.

    Parameters
    ----------
    frame : pandas.DataFrame
    wanted : sequence of str
        Columns to find, keys of :data:`~radiomics_mammo.core.column_names.ALIASES`; one that is there is unchanged.

    Returns
    -------
    frame : pandas.DataFrame
        With copies under the usual names in front; the columns themselves stay.
    remarks : list of str
        What was understood, and which of several columns is to be chosen.
    """
    copies, remarks = {}, []
    absent = [name for name in wanted if name not in frame.columns]
    for meaning, names in understood(list(frame.columns), wanted=absent).items():
        columns = [frame[name] for name in names if _fits(frame[name], meaning)]
        if columns and all(column.equals(columns[0]) for column in columns):
            copies[meaning] = columns[0]
            remarks.append(f"{meaning} is read from the column {columns[0].name!r}.")
        elif columns:
            choice = " or ".join(repr(column.name) for column in columns)
            remarks.append(f"{meaning} may be {choice}: rename the right one {meaning}.")
    added = [name for name in wanted if name in copies]
    return frame.assign(**copies)[[*added, *frame.columns]], remarks


def _fits(column: pd.Series, meaning: str) -> bool:
    """Return whether the cells can be what the name says: cases differ, and a flag of patients is no name."""
    if meaning == "case_id":
        return column.is_unique and not column.hasnans
    return meaning != "patient_id" or column.nunique() > 2 or len(column) <= 4
