"""Tables of the page from data frames: columns are declared as records, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from radiomics_mammo.reports.components import numbers
from radiomics_mammo.reports.components.page import Estimate, ReportTable

Row = Mapping[str, Any]
Format = Callable[[Row, str], str | Estimate]


def text(row: Row, key: str) -> str:
    """Format a value as it is; empty where missing."""
    return "" if pd.isna(row[key]) else str(row[key])


def number(row: Row, key: str) -> str:
    """Format three decimals."""
    return numbers.number(float(row[key]))


def signed(row: Row, key: str) -> str:
    """Format three decimals with a sign."""
    return numbers.number(float(row[key]), signed=True)


def percent(row: Row, key: str) -> str:
    """Format a proportion in percent."""
    return numbers.percent(float(row[key]))


def p_value(row: Row, key: str) -> str:
    """Format a p-value."""
    return numbers.p_value(float(row[key]))


def count(row: Row, key: str) -> str:
    """Format a count."""
    return numbers.count(float(row[key]))


def decimals(spec: str) -> Format:
    """Return a format by a format specification (``.1f``, ``g``)."""
    return lambda row, key: format(row[key], spec)


def interval(low: str = "", high: str = "", *, signed: bool = False, as_percent: bool = False) -> Format:
    """Return a format of a value with its interval, ``KEY_low`` and ``KEY_high``."""

    def cell(row: Row, key: str) -> Estimate:
        ends = low or f"{key}_low", high or f"{key}_high"
        if as_percent:
            return numbers.percent_estimate(row, key, *ends)
        return numbers.estimate(row, key, *ends, signed=signed)

    return cell


BETWEEN = interval("low", "high")
"""A value whose interval is in the columns ``low`` and ``high``."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table of the page.

    Attributes
    ----------
    key : str
        The column of the data frame; a column that the frame lacks is left out where ``optional``.
    """

    title: str
    key: str
    format: Format = text
    align: Literal["right", "left"] = "right"
    optional: bool = False


def words(title: str, key: str, format: Format = text, *, optional: bool = False) -> Column:
    """Return a column of words, aligned to the left."""
    return Column(title, key, format, "left", optional)


def report_table(
    frame: pd.DataFrame,
    columns: Sequence[Column],
    caption: str,
    *,
    marks: Sequence[str] = (),
    stacked: bool = False,
    folded: str = "",
    name: str = "",
) -> ReportTable:
    """Build a table of the page from a data frame; the first column names the row."""
    present = [column for column in columns if not column.optional or column.key in frame.columns]
    return ReportTable(
        caption,
        [column.title for column in present],
        [[column.format(row, column.key) for column in present] for row in numbers.records(frame)],
        words=[column.title for column in present if column.align == "left"],
        marks=marks,
        stacked=stacked,
        folded=folded,
        name=name,
    )


def titled(frame: pd.DataFrame, titles: Mapping[str, str], *columns: str) -> pd.DataFrame:
    """Return the frame with titles in the place of the models' names."""
    return frame.assign(
        **{name: [titles.get(str(model), str(model)) for model in frame[name]] for name in columns or ("model",)}
    )
