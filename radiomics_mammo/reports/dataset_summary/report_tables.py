"""Tables of the summary as the page shows them; the CSV files beside it have every row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from radiomics_mammo.reports.components.numbers import count, estimate, number, percent, records
from radiomics_mammo.reports.components.page import Estimate, ReportTable
from radiomics_mammo.reports.dataset_summary.base import Dataset, plural

MOST = 12
"""Levels of a column that the page shows: the most frequent."""

_ROLES = {
    "label": "the label",
    "afterwards": "known afterwards",
    "opinion": "readers' opinion",
    "metadata": "known before",
    "scanner": "where and how",
    "split": "official split",
    "identity": "a name",
    "other": "–",
}


def said_auroc(row: Mapping[str, Any], name: str = "auroc") -> str:
    """Write an AUROC with its interval, where it has one."""
    cell = estimate(row, name, "low", "high")
    return f"{cell.value} ({cell.interval})" if cell.interval else cell.value


def frequent(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of each column's most frequent levels, in their order."""
    rank = table.groupby("column")["rows"].rank(ascending=False, method="first")
    return table[rank <= MOST]


def columns_table(table: pd.DataFrame) -> ReportTable:
    """What there is."""
    rows = [
        [
            row["column"],
            _ROLES[row["role"]],
            count(row["filled"]),
            percent(row["share_missing"]),
            count(row["distinct"]),
            row["holds"],
        ]
        for row in records(table)
    ]
    return ReportTable(
        "Columns",
        ["Column", "Role", "Filled", "Missing", "Values", "Holds"],
        rows,
        words=["Role", "Holds"],
        stacked=True,
        name="columns",
    )


def missing_table(table: pd.DataFrame, dataset: Dataset, by: str) -> ReportTable:
    """Missing values by the levels of one column."""
    own = table[table["by"] == by]
    wide = own.pivot(index="column", columns="level", values="share").reindex(own["column"].unique())
    order = [str(one) for one in dataset.levels[by].cat.categories if one in wide.columns]
    told = own.groupby("column")["auroc"].max()
    rows = [
        [str(column), *(percent(float(row[level])) for level in order), number(float(told[str(column)]))]
        for column, row in wide.iterrows()
    ]
    title = dataset.columns[by].title.lower()
    caption = (
        f"Missing values by {title}, and how well they tell the {title} that they tell best from the others (AUROC)"
    )
    return ReportTable(caption, ["Column", *order, "AUROC"], rows, name=f"missing-by-{by}")


def missing_label_table(table: pd.DataFrame, label: str) -> ReportTable | None:
    """How well it tells the label that a value is missing; nothing where no value is."""
    own = table[table["label_auroc"].notna()]
    if own.empty:
        return None
    rows = [[row["column"], count(row["missing"]), estimate(row, "label_auroc", "low", "high")] for row in records(own)]
    caption = f"How well it tells {label} that a value is missing: AUROC with its clustered 95% interval"
    return ReportTable(caption, ["Column", "Missing", "AUROC"], rows, name="missing-tells")


def units_table(table: pd.DataFrame) -> ReportTable:
    """How many of one are in another."""
    rows = []
    for what, own in table.groupby("what", sort=False):
        n, total = own["units"].sum(), (own["number"] * own["units"]).sum()
        spread = ", ".join(f"{row['units']:,} × {row['number']}" for row in records(own.head(6)))
        more = "" if len(own) <= 6 else f" and up to {own['number'].max()}"
        rows.append(
            [str(what), f"{total / n:.2f}", count(own["number"].min()), count(own["number"].max()), spread + more]
        )
    return ReportTable(
        "How many there are of one in another",
        ["What", "Mean", "Least", "Most", "How often"],
        rows,
        words=["How often"],
        stacked=True,
        name="units",
    )


def balance_table(table: pd.DataFrame) -> ReportTable:
    """How many are positive at each level, and what the same answer for all scores."""
    rows: list[list[str | Estimate]] = [
        [
            plural(row["unit"]).capitalize(),
            count(row["units"]),
            count(row["positives"]),
            _percent(row, "share"),
            percent(row["accuracy"]),
            number(row["pf1_share"]),
            number(row["pf1_all"]),
            number(row["brier"]),
        ]
        for row in records(table)
    ]
    return ReportTable(
        "Positives at each level, with Wilson 95% intervals clustered by patient, and what the same answer for all "
        "scores: accuracy of the commoner class, probabilistic F1 of the share and of 1 for all, Brier score of the "
        "share (the AUROC is 0.5)",
        ["Level", "Units", "Positive", "Share", "Accuracy", "pF1, share", "pF1, 1", "Brier"],
        rows,
        name="balance",
    )


def disagreements_table(table: pd.DataFrame) -> ReportTable:
    """What differs within a breast or a patient."""
    rows = [
        [f"{row['column']} in a {row['unit']}", count(row["units"]), count(row["differ"])] for row in records(table)
    ]
    caption = "Is it one value? Units with two rows or more that have a value, and those whose rows differ"
    return ReportTable(caption, ["What", "Units", "Differ"], rows, name="disagreements")


def counts_table(table: pd.DataFrame, dataset: Dataset) -> ReportTable:
    """Every level, counted."""
    rows = [
        [
            f"{dataset.columns[row['column']].title}: {row['level']}",
            count(row["rows"]),
            percent(row["share"]),
            count(row["patients"]),
        ]
        for row in records(frequent(table))
    ]
    headings = ["Value", dataset.rows.capitalize(), "Share", "Patients"]
    return ReportTable("All values counted", headings, rows, folded="All values counted, as a table", name="counts")


def numbers_table(table: pd.DataFrame, dataset: Dataset) -> ReportTable:
    """Numbers, of all and by group."""
    rows = [
        [
            f"{row['column']}: {dataset.columns[row['by']].title.lower() + ' ' if row['by'] else ''}{row['level']}",
            count(row["rows"]),
            f"{row['mean']:.1f}",
            f"{row['sd']:.1f}",
            f"{row['min']:g}",
            f"{row['p25']:g}",
            f"{row['median']:g}",
            f"{row['p75']:g}",
            f"{row['max']:g}",
        ]
        for row in records(table)
    ]
    headings = ["Of", dataset.rows.capitalize(), "Mean", "SD", "Least", "25%", "Median", "75%", "Most"]
    return ReportTable("Numbers, of all and by group", headings, rows, name="numbers")


def rates_table(table: pd.DataFrame, dataset: Dataset, *, caption: str, folded: str = "", name: str) -> ReportTable:
    """How many are positive in each level."""
    rows: list[list[str | Estimate]] = [
        [
            f"{dataset.columns[row['column']].title}: {row['level']}",
            count(row["rows"]),
            count(row["patients"]),
            count(row["positives"]),
            _percent(row, "rate"),
        ]
        for row in records(frequent(table))
    ]
    headings = ["Value", dataset.rows.capitalize(), "Patients", "Positive", "Share"]
    return ReportTable(caption, headings, rows, folded=folded, name=name)


def predictors_table(table: pd.DataFrame) -> ReportTable:
    """What each column alone would be worth."""
    rows: list[list[str | Estimate]] = [
        [row["column"], _ROLES[row["role"]], count(row["rows"]), estimate(row, "auroc", "low", "high")]
        for row in records(table)
    ]
    return ReportTable(
        "How well a column alone, or all of a role together, ranks positives above negatives: AUROC with its clustered "
        "95% interval. Numbers as they are, either way round; categories by the share of positives among other "
        "patients "
        "(five folds), where below 0.5 is no better than 0.5",
        ["Column", "Role", "Rows", "AUROC"],
        rows,
        words=["Role"],
        name="predictors",
    )


def scanners_table(table: pd.DataFrame) -> ReportTable:
    """Machines by site."""
    rows = [
        [f"{row['site']}: {row['machine']}", *(count(row[name]) for name in ("rows", "patients", "positives"))]
        for row in records(table)
    ]
    return ReportTable(
        "Machines of each site", ["Site: machine", "Rows", "Patients", "Positive"], rows, name="scanners"
    )


def parts_table(table: pd.DataFrame) -> ReportTable:
    """Types of abnormality on the sides of the split."""
    columns = list(dict.fromkeys(zip(table["type"], table["split"], strict=True)))
    counts = {(row["type"], row["split"], row["pathology"]): row for row in records(table)}
    rows = [["Patients", *(count(counts[kind, side, "all"]["patients"]) for kind, side in columns)]]
    for pathology in dict.fromkeys(table["pathology"]):
        found = [counts.get((kind, side, pathology), {"rows": 0}) for kind, side in columns]
        said = "All lesions" if pathology == "all" else pathology
        rows.append([said, *(count(row["rows"]) for row in found)])
    headings = ["Counted", *(f"{kind}, {side}" for kind, side in columns)]
    return ReportTable("Lesions of each type on each side of the split, by pathology", headings, rows, name="parts")


def splits_table(table: pd.DataFrame, dataset: Dataset) -> ReportTable:
    """Every level on each side of the split."""
    sides = list(dict.fromkeys(table["split"]))
    shares = {(row["column"], row["level"], row["split"]): row["share"] for row in records(table)}
    together = table.groupby(["column", "level"], sort=False)["rows"].sum().reset_index()
    rows = [
        [
            f"{_title(dataset, row['column'])}: {row['level']}",
            *(
                f"{percent(shares[row['column'], row['level'], side])} of {_total(table, row['column'], side)}"
                for side in sides
            ),
        ]
        for row in records(frequent(together))
    ]
    return ReportTable("Each value's share on each side of the split", ["Value", *sides], rows, name="splits")


def _title(dataset: Dataset, column: str) -> str:
    return "Patients" if column == "patient" else dataset.columns[column].title


def _total(table: pd.DataFrame, column: str, side: str) -> str:
    own = table[(table["column"] == column) & (table["split"] == side)]
    return count(own["rows"].sum())


def _percent(row: Mapping[str, Any], name: str) -> Estimate:
    low, high = (percent(row[end]) for end in ("low", "high"))
    return Estimate(name, percent(row[name]), f"{low} to {high}" if row["low"] == row["low"] else "")
