"""Who is in the cohort, counted by the columns that a reader asks about."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.reports.components.page import ReportTable

COLUMNS = {
    "abnormality_type": "Type of abnormality",
    "split": "Official split",
    "view": "View",
    "laterality": "Side",
    "breast_density": "Breast density",
    "pathology": "Pathology",
}
_MOST = 8


def breakdowns(cases: pd.DataFrame, y: NDArray[np.int8], *, units: str = "cases") -> list[ReportTable]:
    """Count cases and positives by each of ``COLUMNS`` that is there and takes at least two values.

    Parameters
    ----------
    cases : pandas.DataFrame
        Identity columns, one row for all that is predicted together.
    y : ndarray of int8, shape (n_cases,)
    units : str
        What a row is, in the plural.
    """
    headings = ["Value", units.capitalize(), "Positive", "Share"]
    found = []
    for column, title in COLUMNS.items():
        if column in cases.columns:
            text = cases[column].map(_text)
            if text.nunique() > 1:
                found.append(ReportTable(title, headings, _counted(text, y), name=f"cohort-{column}"))
    return found


def _text(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)) or value == "":
        return "not given"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _counted(text: pd.Series, y: NDArray[np.int8]) -> list[list[str]]:
    counts = pd.DataFrame({"value": text.to_numpy(), "y": y}).groupby("value")["y"].agg(["size", "sum"])
    counts = counts.sort_values("size", ascending=False, kind="stable")
    shown = counts.head(_MOST).sort_index()
    rows = [_row(str(value), int(n), int(positives)) for value, n, positives in shown.itertuples()]
    rest = counts.iloc[_MOST:]
    if len(rest):
        rows.append(_row(f"{len(rest)} other values", int(rest["size"].sum()), int(rest["sum"].sum())))
    return rows


def _row(value: str, n: int, positives: int) -> list[str]:
    return [value, str(n), str(positives), f"{100 * positives / n:.0f}%"]
