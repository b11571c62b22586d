"""Tables of results as the page shows them; a column that is not there leaves its cells out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from radiomics_mammo.evaluation.metrics.metrics import METRICS
from radiomics_mammo.reports.components.page import Estimate, ReportTable
from radiomics_mammo.reports.components.wording import number

_ALONE = "Of which splitting rows"


def spanned(row: Mapping[str, Any], value: str, low: str, high: str, *, signed: bool = False) -> Estimate:
    """Write a cell of three columns: the value with its interval below; a dash alone where undefined."""
    said = number(float(row[value]), signed=signed)
    if any(pd.isna(row[name]) for name in (low, high)):
        return Estimate(value, said, "")
    return Estimate(value, said, f"{number(row[low], signed=signed)} to {number(row[high], signed=signed)}")


def share(value: float) -> str:
    """Write a share in percent with one decimal; a dash where undefined."""
    return "–" if value != value else f"{100 * value:.1f}%"


def p_value(value: float) -> str:
    """Write a p-value: ``<0.001`` where it is smaller; a dash where undefined."""
    if value != value:
        return "–"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def whole(value: float) -> str:
    """Write a count; a dash where there is none."""
    return "–" if value != value else f"{round(value):,}"


def paired_table(table: pd.DataFrame, titles: Mapping[str, str]) -> ReportTable:
    """Each candidate against another: difference in AUROC, p-values, verdict."""
    one = table["against"].nunique() == 1
    rows: list[list[str | Estimate]] = [
        [
            titles.get(row["model"], row["model"])
            + ("" if one else f" minus {titles.get(row['against'], row['against'])}"),
            spanned(row, "difference", "low", "high", signed=True),
            p_value(row["p"]),
            p_value(row["p_holm"]),
            *([p_value(row["fold_p"])] if "fold_p" in row else []),
            str(row["verdict"]),
        ]
        for row in records(table)
    ]
    over_folds = ["p over folds"] if "fold_p" in table else []
    return ReportTable(
        "Paired differences in AUROC, clustered by patient (Obuchowski); p is corrected for the number of comparisons "
        "by Holm's method, and a gain or loss is only called where that p is below 0.05. No gain: none shown; a wide "
        "interval does not show that there is none"
        + ("; the p over folds is Nadeau and Bengio's" if over_folds else ""),
        ["Model", "Difference", "p", "p, Holm", *over_folds, "Verdict"],
        rows,
        words=["Verdict"],
    )


def metrics_table(table: pd.DataFrame, titles: Mapping[str, str], *, caption: str) -> ReportTable:
    """Every candidate's metrics, of those that are shown."""
    there = set(table["metric"])
    shown = {name: metric for name, metric in METRICS.items() if metric.shown and name in there}
    rows: list[list[str | Estimate]] = []
    for model, own in table.groupby("model", sort=False):
        found = {row["metric"]: row for row in records(own)}
        cells = [spanned(found[name], "value", "low", "high") for name in shown]
        rows.append([titles.get(str(model), str(model)), *cells])
    return ReportTable(caption, ["Model", *(metric.heading for metric in shown.values())], rows)


def operating_table(table: pd.DataFrame, titles: Mapping[str, str], *, caption: str) -> ReportTable:
    """What comes of each candidate's calls at its operating threshold."""
    figures = {
        "sensitivity": "Sensitivity",
        "specificity": "Specificity",
        "ppv": "PPV",
        "npv": "NPV",
        "call_rate": "Called",
        "f1": "F1",
    }
    there = {name: title for name, title in figures.items() if name in table}
    counts = {"tp": "Found", "fn": "Missed", "fp": "False alarms"}
    rows: list[list[str | Estimate]] = [
        [
            titles.get(str(row["model"]), str(row["model"])),
            *(spanned(row, name, f"{name}_low", f"{name}_high") for name in there),
            *(whole(row[name]) for name in counts if name in row),
        ]
        for row in records(table)
    ]
    headings = ["Model", *there.values(), *(title for name, title in counts.items() if name in table)]
    return ReportTable(caption, headings, rows)


def certified_table(table: pd.DataFrame) -> ReportTable:
    """What each certified sensitivity takes and costs."""
    rows: list[list[str | Estimate]] = [
        [
            share(row["target"]),
            share(row["confidence"]),
            number(row["threshold"]),
            spanned(row, "specificity", "specificity_low", "specificity_high"),
            spanned(row, "call_rate", "call_rate_low", "call_rate_high"),
            number(row["upper"]),
            share(row["in_band"]),
            f"{'–' if pd.isna(row['threshold']) else whole(row['misses'])} of {whole(row['patients'])}",
            whole(row["needed"]),
        ]
        for row in records(table)
    ]
    return ReportTable(
        "Certified sensitivity by patient, of out-of-fold predictions: exact binomial bounds, tested in a fixed order. "
        "Below the threshold a case is ruled out, from the upper one on it is positive, and between them a patient "
        "decides",
        ["Sensitivity", "Confidence", "Threshold", "Specificity", "Called", "Upper", "In between", "Missed", "Needed"],
        rows,
    )


def certified_test_table(table: pd.DataFrame) -> ReportTable:
    """What the certified thresholds did to patients held out."""
    rows: list[list[str | Estimate]] = [
        [
            share(row["target"]),
            number(row["threshold"]),
            f"{whole(row['misses'])} of {whole(row['patients'])}",
            spanned(row, "sensitivity", "low", "high"),
            number(row["specificity"]),
        ]
        for row in records(table)
    ]
    return ReportTable(
        "The certified thresholds on held-out patients: sensitivity by patient with its exact 95% interval",
        ["Certified", "Threshold", "Missed", "Sensitivity", "Specificity"],
        rows,
    )


def resampling_table(table: pd.DataFrame, titles: Mapping[str, str], *, caption: str) -> ReportTable:
    """Differences of resampled twins in the metrics that are there, of those that are shown."""
    there = set(table["metric"])
    shown = {name: metric for name, metric in METRICS.items() if metric.shown and name in there}
    rows: list[list[str | Estimate]] = []
    for (model, against), own in table.groupby(["model", "against"], sort=False):
        found = {row["metric"]: row for row in records(own)}
        cells = [spanned(found[name], "value", "low", "high", signed=True) for name in shown]
        rows.append([f"{titles.get(str(model), model)} minus {titles.get(str(against), against)}", *cells])
    return ReportTable(caption, ["Model", *(metric.heading for metric in shown.values())], rows)


def subgroup_table(table: pd.DataFrame, *, title: str) -> ReportTable:
    """One candidate by subgroup, with sizes."""
    called = "sensitivity" in table
    rows: list[list[str | Estimate]] = [
        [
            subgroup_name(row),
            whole(row["n"]),
            whole(row["patients"]),
            whole(row["positives"]),
            spanned(row, "auroc", "low", "high"),
            *(
                [spanned(row, name, f"{name}_low", f"{name}_high") for name in ("sensitivity", "specificity")]
                if called
                else []
            ),
            str(row["remark"]),
        ]
        for row in records(table.assign(remark=_words(table["remark"])))
    ]
    calls = ["Sensitivity", "Specificity"] if called else []
    return ReportTable(
        f"{title} by subgroup, with clustered 95% intervals",
        ["Subgroup", "Units", "Patients", "Positive", "AUROC", *calls, "Remark"],
        rows,
        words=["Remark"],
    )


def subgroup_name(row: Mapping[str, Any]) -> str:
    """Name a line of a table by subgroup: the column's title and the level; the level alone for everybody."""
    everybody = pd.isna(row["column"]) or not row["column"]
    return str(row["level"]) if everybody else f"{row['title']}: {row['level']}"


def inflation_table(table: pd.DataFrame) -> ReportTable:
    """What the same data scores when done wrong on purpose."""
    apart = "row_split_only" in table
    rows: list[list[str | Estimate]] = [
        [
            f"{row['title']} ({row['baseline_model']})",
            spanned(row, "auroc", "low", "high"),
            number(row["without_leakage"]),
            spanned(row, "inflation", "inflation_low", "inflation_high", signed=True),
            *([_split_alone(row)] if apart else []),
            "" if pd.isna(row["published"]) else str(row["published"]),
        ]
        for row in records(table)
    ]
    return ReportTable(
        "The same data, done wrong on purpose with a quick learner: what the mistake would have bought",
        ["Mistake", "AUROC, wrong", "AUROC, right", "Price", *([_ALONE] if apart else []), "As published"],
        rows,
        words=["As published"],
        stacked=True,
    )


def _split_alone(row: Mapping[str, Any]) -> str:
    """Write what splitting rows alone adds to the right way; nothing where that is no part of the mistake."""
    return "" if pd.isna(row["row_split_only"]) else number(row["row_split_only"] - row["without_leakage"], signed=True)


def leakage_checks_table(table: pd.DataFrame) -> ReportTable:
    """The checks that run every time."""
    rows: list[list[str | Estimate]] = [
        [str(row["check"]).replace("_", " "), "passed" if _true(row["passed"]) else "FAILED", str(row["sentence"])]
        for row in records(table)
    ]
    return ReportTable(
        "Checks of the table and of the splits, by quick models: they would fail if a label or a patient had got "
        "around "
        "a split. What the compared models do within a fold is not looked at here",
        ["Check", "Result", "What was found"],
        rows,
        words=["Result", "What was found"],
        stacked=True,
    )


def label_shift_table(table: pd.DataFrame) -> ReportTable:
    """How frequent the outcome is among training and test patients."""
    rows: list[list[str | Estimate]] = [
        [
            subgroup_name(row),
            f"{share(row['train'])} of {whole(row['n_train'])}",
            f"{share(row['test'])} of {whole(row['n_test'])}",
            spanned(row, "difference", "low", "high", signed=True),
            p_value(row["p"]),
        ]
        for row in records(table)
    ]
    return ReportTable(
        "Share of positives among training and test units, with clustered 95% intervals",
        ["Units", "Training", "Test", "Difference", "p"],
        rows,
    )


def records(table: pd.DataFrame) -> Sequence[dict[str, Any]]:
    """Give the rows of a table by column."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _words(column: pd.Series) -> list[str]:
    """Write cells as text; a column without any words comes back from CSV as numbers."""
    return ["" if pd.isna(cell) else str(cell) for cell in column.tolist()]


def _true(value: object) -> bool:
    return str(value).lower() in ("true", "1")
