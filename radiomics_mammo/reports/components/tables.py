"""Tables that the report and the model card share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from radiomics_mammo.evaluation.metrics.metrics import METRICS, Metric
from radiomics_mammo.reports.components.columns import (
    BETWEEN,
    Column,
    count,
    interval,
    number,
    p_value,
    percent,
    report_table,
    titled,
    words,
)
from radiomics_mammo.reports.components.numbers import number as decimal_number
from radiomics_mammo.reports.components.numbers import records
from radiomics_mammo.reports.components.page import ReportTable


def shown_metrics(summary: pd.DataFrame) -> dict[str, Metric]:
    """Return the metrics of a summary that the tables of the page show."""
    present = set(summary["metric"])
    return {name: metric for name, metric in METRICS.items() if metric.shown and name in present}


def wide_metrics(table: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Reshape a summary to one row a model: each metric with its limits."""
    rows = []
    for key, subset in table.groupby(list(keys) or ["model"], sort=False):
        row: dict[str, Any] = dict(zip(keys or ("model",), key, strict=True))
        for metric in records(subset):
            name = metric["metric"]
            row |= {name: metric["value"], f"{name}_low": metric["low"], f"{name}_high": metric["high"]}
        rows.append(row)
    return pd.DataFrame(rows)


def metric_columns(summary: pd.DataFrame, *, signed: bool = False) -> list[Column]:
    """Return a column for each metric of a summary that the page shows."""
    shown = shown_metrics(summary)
    return [Column(metric.heading, name, interval(signed=signed)) for name, metric in shown.items()]


def metrics_table(summary: pd.DataFrame, titles: Mapping[str, str], *, caption: str) -> ReportTable:
    """Show the metrics of every model."""
    columns = [Column("Model", "model"), *metric_columns(summary)]
    return report_table(titled(wide_metrics(summary), titles), columns, caption)


def resampling_table(
    table: pd.DataFrame,
    titles: Mapping[str, str],
    *,
    caption: str,
    verdicts: Mapping[Any, str] | None = None,
    last: Column | None = None,
) -> ReportTable:
    """Show the differences between models with and without resampling."""
    wide = wide_metrics(table, "model", "against")
    pairs = list(zip(wide["model"], wide["against"], strict=True))
    names = [f"{titles.get(model, model)} minus {titles.get(against, against)}" for model, against in pairs]
    wide = wide.assign(model=names, verdict=[(verdicts or {}).get(pair, "") for pair in pairs])
    columns = [Column("Model", "model"), *metric_columns(table, signed=True), *([last] if last else [])]
    return report_table(wide, columns, caption)


OPERATING = (
    Column("Model", "model"),
    Column("Sensitivity", "sensitivity", interval(), optional=True),
    Column("Specificity", "specificity", interval(), optional=True),
    Column("PPV", "ppv", interval(), optional=True),
    Column("NPV", "npv", interval(), optional=True),
    Column("Call rate", "call_rate", interval(), optional=True),
    Column("F1", "f1", interval(), optional=True),
    Column("TP", "tp", count, optional=True),
    Column("FN", "fn", count, optional=True),
    Column("FP", "fp", count, optional=True),
)
"""Results of the classification at each model's operating threshold."""


def _misses(row: Mapping[str, Any], _: str) -> str:
    return f"{'–' if pd.isna(row['threshold']) else count(row, 'misses')} of {count(row, 'patients')}"


CERTIFIED = (
    Column("Sensitivity", "target", percent),
    Column("Confidence", "confidence", percent),
    Column("Threshold", "threshold", number),
    Column("Specificity", "specificity", interval(), optional=True),
    Column("Call rate", "call_rate", interval(), optional=True),
    Column("Upper threshold", "upper", number),
    Column("Between", "in_band", percent, optional=True),
    Column("FN patients", "misses", _misses, optional=True),
    Column("Patients needed", "needed", count, optional=True),
    Column("Test set", "test", optional=True),
)
"""Certified sensitivities by patient, with their thresholds."""

CERTIFIED_TEST = (
    Column("Certified", "target", percent),
    Column("Threshold", "threshold", number),
    Column("FN patients", "misses", lambda row, _: f"{count(row, 'misses')} of {count(row, 'patients')}"),
    Column("Sensitivity", "sensitivity", BETWEEN),
    Column("Specificity", "specificity", number),
)
"""Results of the certified thresholds on the test set."""


def subgroup_name(row: Mapping[str, Any], _: str = "") -> str:
    """Return the name of a row by subgroup: the column's title and the level."""
    everyone = pd.isna(row["column"]) or not row["column"]
    return str(row["level"]) if everyone else f"{row['title']}: {row['level']}"


SUBGROUPS = (
    Column("Subgroup", "level", subgroup_name),
    Column("Units", "n", count),
    Column("Patients", "patients", count),
    Column("Positive", "positives", count),
    Column("AUROC", "auroc", BETWEEN),
    Column("Sensitivity", "sensitivity", interval(), optional=True),
    Column("Specificity", "specificity", interval(), optional=True),
    words("Remark", "remark"),
)
"""One model by subgroup, with sizes."""


def _row_split(row: Mapping[str, Any], key: str) -> str:
    """Format what splitting by row alone adds; empty where it is no part of the error."""
    return "" if pd.isna(row[key]) else decimal_number(row[key] - row["without_leakage"], signed=True)


INFLATION = (
    Column("Error", "title", lambda row, key: f"{row[key]} ({row['baseline_model']})"),
    Column("AUROC with leakage", "auroc", BETWEEN),
    Column("AUROC without", "without_leakage", number),
    Column("Inflation", "inflation", interval(signed=True)),
    Column("Of which row-wise split", "row_split_only", _row_split, optional=True),
    words("Published example", "published"),
)
"""AUROC of leaky protocols and of the protocol without leakage."""


def _passed(row: Mapping[str, Any], key: str) -> str:
    return "passed" if str(row[key]).lower() in ("true", "1") else "FAILED"


LEAKAGE_CHECKS = (
    Column("Check", "check", lambda row, key: str(row[key]).replace("_", " ")),
    words("Result", "passed", _passed),
    words("Observation", "sentence"),
)
"""The leakage checks that run after every comparison."""


def _of_units(n: str) -> Any:
    return lambda row, key: f"{percent(row, key)} of {count(row, n)}"


LABEL_SHIFT = (
    Column("Units", "level", subgroup_name),
    Column("Training", "train", _of_units("n_train")),
    Column("Test", "test", _of_units("n_test")),
    Column("Difference", "difference", interval("low", "high", signed=True)),
    Column("p", "p", p_value),
)
"""Proportion of positives among training and test units."""

COVARIATE_SHIFT = (
    Column("Column", "column"),
    Column("AUROC, test against training", "auroc", interval("low", "high")),
)
"""How well features tell test units from training units."""
