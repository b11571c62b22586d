"""Tables of the page of a data set summary; the CSV files beside it have every row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from radiomics_mammo.reports.components.columns import (
    BETWEEN,
    Column,
    Row,
    count,
    decimals,
    interval,
    number,
    percent,
    report_table,
    words,
)
from radiomics_mammo.reports.components.numbers import count as format_count
from radiomics_mammo.reports.components.numbers import percent as format_percent
from radiomics_mammo.reports.components.numbers import records
from radiomics_mammo.reports.components.page import ReportTable
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.dataset_summary.base import Dataset, plural

MAX_LEVELS = 12
"""Levels of a column that the page shows: the most frequent."""

_ROLES = {
    "label": "label",
    "afterwards": "known after diagnosis",
    "opinion": "reader assessment",
    "metadata": "clinical",
    "scanner": "site or scanner",
    "split": "official split",
    "identity": "identifier",
    "other": "–",
}
_PROPORTION = interval("low", "high", as_percent=True)


def _role(row: Row, key: str) -> str:
    return _ROLES[row[key]]


COLUMNS = (
    Column("Column", "column"),
    words("Role", "role", _role),
    Column("Filled", "filled", count),
    Column("Missing", "proportion_missing", percent),
    Column("Values", "distinct", count),
    words("Content", "holds"),
)
MISSING_BY_LABEL = (
    Column("Column", "column"),
    Column("Missing", "missing", count),
    Column("AUROC", "label_auroc", BETWEEN),
)
BALANCE = (
    Column("Level", "unit", lambda row, key: plural(row[key]).capitalize()),
    Column("Units", "units", count),
    Column("Positive", "positives", count),
    Column("Prevalence", "proportion", _PROPORTION),
    Column("Accuracy", "accuracy", percent),
    Column("pF1, prevalence", "pf1_prevalence", number),
    Column("pF1, 1", "pf1_one", number),
    Column("Brier", "brier", number),
)
DISAGREEMENTS = (
    Column("Column and unit", "column", lambda row, _: f"{row['column']} in a {row['unit']}"),
    Column("Units", "units", count),
    Column("Differ", "differ", count),
)
PREDICTORS = (
    Column("Column", "column"),
    words("Role", "role", _role),
    Column("Rows", "rows", count),
    Column("AUROC", "auroc", BETWEEN),
)
SCANNERS = (
    Column("Site: machine", "site", lambda row, _: f"{row['site']}: {row['machine']}"),
    Column("Rows", "rows", count),
    Column("Patients", "patients", count),
    Column("Positive", "positives", count),
)


def frequent(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of each column's most frequent levels, in their order."""
    rank = table.groupby("column")["rows"].rank(ascending=False, method="first")
    return table[rank <= MAX_LEVELS]


def missing_table(table: pd.DataFrame, dataset: Dataset, by: str) -> ReportTable:
    """Show missing values by the levels of one column."""
    table = table[table["by"] == by]
    wide = table.pivot(index="column", columns="level", values="proportion").reindex(table["column"].unique())
    levels = [str(each) for each in dataset.levels[by].cat.categories if each in wide.columns]
    wide = wide.assign(auroc_of_missing=table.groupby("column")["auroc"].max()).reset_index()
    columns = [
        Column("Column", "column"),
        *(Column(level, level, percent) for level in levels),
        Column("AUROC", "auroc_of_missing", number),
    ]
    caption = sentence("dataset_summary.missing_caption", by=dataset.columns[by].title.lower())
    return report_table(wide, columns, caption, name=f"missing-by-{by}")


def units_table(table: pd.DataFrame) -> ReportTable:
    """Show how many parts units have."""
    rows = []
    for what, subset in table.groupby("what", sort=False):
        listed = ", ".join(f"{row['units']:,} × {row['number']}" for row in records(subset.head(6)))
        more = "" if len(subset) <= 6 else f" and up to {subset['number'].max()}"
        mean = (subset["number"] * subset["units"]).sum() / subset["units"].sum()
        least, most = subset["number"].min(), subset["number"].max()
        rows.append({"what": what, "mean": mean, "least": least, "most": most, "listed": listed + more})
    columns = (
        Column("Parts per unit", "what"),
        Column("Mean", "mean", decimals(".2f")),
        Column("Minimum", "least", count),
        Column("Maximum", "most", count),
        words("Frequency", "listed"),
    )
    return report_table(pd.DataFrame(rows), columns, "Number of parts in each unit", stacked=True, name="units")


def level_column(dataset: Dataset) -> Column:
    """Return the column that names a level by its column's title."""
    return Column("Value", "level", lambda row, key: f"{dataset.columns[row['column']].title}: {row[key]}")


def counts_table(table: pd.DataFrame, dataset: Dataset) -> ReportTable:
    """Show every level with its count."""
    columns = (
        level_column(dataset),
        Column(dataset.rows.capitalize(), "rows", count),
        Column("Proportion", "proportion", percent),
        Column("Patients", "patients", count),
    )
    return report_table(frequent(table), columns, "Counts of all values", folded="Counts of all values", name="counts")


def numbers_table(table: pd.DataFrame, dataset: Dataset) -> ReportTable:
    """Show the distribution of numbers, of all rows and by group."""

    def group(row: Row, _: str) -> str:
        by = f"{dataset.columns[row['by']].title.lower()} " if row["by"] else ""
        return f"{row['column']}: {by}{row['level']}"

    quantiles = {"min": "Minimum", "p25": "25%", "median": "Median", "p75": "75%", "max": "Maximum"}
    columns = (
        Column("Column", "column", group),
        Column(dataset.rows.capitalize(), "rows", count),
        Column("Mean", "mean", decimals(".1f")),
        Column("SD", "sd", decimals(".1f")),
        *(Column(title, key, decimals("g")) for key, title in quantiles.items()),
    )
    return report_table(table, columns, "Numeric columns, of all rows and by group", name="numbers")


def rates_table(table: pd.DataFrame, dataset: Dataset, *, caption: str, folded: str = "", name: str) -> ReportTable:
    """Show the prevalence of each level."""
    columns = (
        level_column(dataset),
        Column(dataset.rows.capitalize(), "rows", count),
        Column("Patients", "patients", count),
        Column("Positive", "positives", count),
        Column("Prevalence", "rate", _PROPORTION),
    )
    return report_table(frequent(table), columns, caption, folded=folded, name=name)


def parts_table(table: pd.DataFrame) -> ReportTable:
    """Show the types of abnormality in each part of the split."""
    keys = list(dict.fromkeys(zip(table["type"], table["split"], strict=True)))
    counts = {(row["type"], row["split"], row["pathology"]): row for row in records(table)}
    rows = [["Patients", *(format_count(counts[kind, split, "all"]["patients"]) for kind, split in keys)]]
    for pathology in dict.fromkeys(table["pathology"]):
        cells = [counts.get((kind, split, pathology), {"rows": 0}) for kind, split in keys]
        title = "All lesions" if pathology == "all" else str(pathology)
        rows.append([title, *(format_count(row["rows"]) for row in cells)])
    headings = ["Number of", *(f"{kind}, {split}" for kind, split in keys)]
    return ReportTable("Lesions of each type in each part of the split, by pathology", headings, rows, name="parts")


def splits_table(table: pd.DataFrame, dataset: Dataset) -> ReportTable:
    """Show the proportion of every level in each part of the split."""
    totals = table.groupby(["column", "split"])["rows"].sum()
    together = table.groupby(["column", "level"], sort=False)["rows"].sum().reset_index()
    proportions = {(row["column"], row["level"], row["split"]): row["proportion"] for row in records(table)}

    def title(row: Row, _: str) -> str:
        name = "Patients" if row["column"] == "patient" else dataset.columns[row["column"]].title
        return f"{name}: {row['level']}"

    def part(row: Mapping[str, Any], split: str) -> str:
        proportion = proportions[row["column"], row["level"], split]
        return f"{format_percent(proportion)} of {format_count(totals[row['column'], split])}"

    columns = [Column("Value", "level", title), *(Column(each, each, part) for each in dict.fromkeys(table["split"]))]
    return report_table(
        frequent(together), columns, "Proportion of each value in each part of the split", name="splits"
    )
