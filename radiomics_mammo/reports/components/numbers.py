"""Numbers as text: three decimals, percent, p-values, counts, intervals; a dash where undefined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from radiomics_mammo.reports.components.page import Estimate

UNDEFINED = "–"
_PLURALS = {"image": "images", "breast": "breasts", "patient": "patients"}


def number(value: float, *, signed: bool = False) -> str:
    """Format three decimals with a true minus sign; no sign where all are 0."""
    if value != value:
        return UNDEFINED
    if round(value, 3) == 0:
        return "0.000"
    return f"{value:{'+.3f' if signed else '.3f'}}".replace("-", "−")


def percent(value: float) -> str:
    """Format a proportion in percent with one decimal."""
    return UNDEFINED if value != value else f"{100 * value:.1f}%"


def p_value(value: float) -> str:
    """Format a p-value with three decimals; ``<0.001`` where it is smaller."""
    if value != value:
        return UNDEFINED
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def count(value: float) -> str:
    """Format a count with a comma between thousands."""
    return UNDEFINED if value != value else f"{round(value):,}"


def estimate(
    row: Mapping[str, Any], value: str = "value", low: str = "low", high: str = "high", *, signed: bool = False
) -> Estimate:
    """Format a value with its interval; no interval where it is undefined."""
    text = number(float(row[value]), signed=signed)
    if any(pd.isna(row[name]) for name in (low, high)):
        return Estimate(text)
    return Estimate(text, f"{number(row[low], signed=signed)} to {number(row[high], signed=signed)}")


def percent_estimate(row: Mapping[str, Any], value: str, low: str = "low", high: str = "high") -> Estimate:
    """Format a proportion with its interval in percent."""
    interval = "" if pd.isna(row[low]) else f"{percent(row[low])} to {percent(row[high])}"
    return Estimate(percent(row[value]), interval)


def with_interval(cell: Estimate) -> str:
    """Format an estimate in one line: ``0.712 (0.650 to 0.780)``."""
    return f"{cell.value} ({cell.interval})" if cell.interval else cell.value


def units(unit: str) -> str:
    """Return the plural of the prediction unit; ``cases`` for lesions."""
    return _PLURALS.get(unit, "cases")


def records(table: pd.DataFrame) -> Sequence[dict[str, Any]]:
    """Return the rows of a table, each by column."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def select_estimate(table: pd.DataFrame, **where: str) -> dict[str, float]:
    """Return value, low and high of the one row of a summary that matches."""
    rows = table
    for column, wanted in where.items():
        rows = rows[rows[column] == wanted]
    return {name: float(rows[name].iloc[0]) for name in ("value", "low", "high")}
