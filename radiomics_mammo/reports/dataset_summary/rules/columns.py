"""Rules on columns: missing, infinite, impossible and constant values, free text, simulated images."""

from __future__ import annotations

from typing import Any

import pandas as pd

from radiomics_mammo.reports.components.numbers import estimate, records
from radiomics_mammo.reports.dataset_summary.base import NO_FEATURES, Column, Facts, Finding, finding
from radiomics_mammo.reports.dataset_summary.estimates import is_above_half
from radiomics_mammo.tables.feature_table import plain

_DIFFERENCE = 0.5
"""Proportions of missing values that differ by as much identify a group."""
_MANY = 0.2
_PREDICTIVE = 0.55
_SITES = ("site_id", "site", "machine_id", "machine")
_AGES = (18.0, 110.0)
_GRADES = ("assessment", "subtlety", "breast_density")


def phantom(facts: Facts) -> list[Finding]:
    """Find simulated images."""
    return [finding("phantom", "danger")] if facts.dataset.phantom else []


def _extremes(rows: pd.DataFrame) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the levels with most and least missing values; None where they hardly differ."""
    least, *_, most = sorted(records(rows), key=lambda row: float(row["proportion"]))
    return (most, least) if most["proportion"] - least["proportion"] >= _DIFFERENCE else None


def missing_by_site(facts: Facts) -> list[Finding]:
    """Find values that are missing at one site and not at another: they identify it."""
    missing, findings, dataset = facts.tables["missing"], [], facts.dataset
    by = next((name for name in _SITES if (missing["by"] == name).any()), "")
    for name, rows in missing[missing["by"] == by].groupby("column", sort=False) if by else ():
        extremes = _extremes(rows)
        if extremes:
            twice = dataset.columns[str(name)].role in NO_FEATURES
            values = {"column": name, "rows": dataset.rows, "site": dataset.columns[by].title.lower(), "twice": twice}
            most, least = extremes
            severity = "caution" if twice else "danger"
            findings.append(finding("missing-by-site", severity, most=most, least=least, **values))
    return findings


def missing_by_group(facts: Facts) -> list[Finding]:
    """Find values that one type of abnormality, or one part of the split, does not have."""
    missing, findings = facts.tables["missing"], []
    for by in ("abnormality_type", "split"):
        columns = []
        for name, rows in missing[missing["by"] == by].groupby("column", sort=False):
            extremes = _extremes(rows)
            if extremes:
                columns.append({"name": name, **extremes[0]})
        if columns:
            findings.append(finding("missing-by-group", "caution", by=by, columns=columns))
    return findings


def missing_by_label(facts: Facts) -> list[Finding]:
    """Find missing values that are more frequent in one class: they leak the label."""
    table = facts.tables["columns"]
    table = table[(table["label_auroc"] >= _PREDICTIVE) & is_above_half(table["label_auroc"], table["low"])]
    columns = [{"name": row["column"], "auroc": estimate(row, "label_auroc")} for row in records(table)]
    return [finding("missing-by-label", "caution", label=facts.dataset.label, columns=columns)] if columns else []


def missing_values(facts: Facts) -> list[Finding]:
    """Find columns with missing values."""
    table, n = facts.tables["columns"], len(facts.dataset.frame)
    gaps = table[(table["missing"] > 0) & (table["filled"] > 0)]
    many = gaps["proportion_missing"] >= _MANY
    return [
        finding("missing-values", severity, columns=records(rows), n=n, rows=facts.dataset.rows)
        for severity, rows in (("caution", gaps[many]), ("note", gaps[~many]))
        if len(rows)
    ]


def coded_zero(facts: Facts) -> list[Finding]:
    """Find grades of 0 where grades begin at 1: they are missing values."""
    frame = facts.dataset.frame
    zeros = {
        name: int((pd.to_numeric(frame[name], errors="coerce") == 0).fillna(False).sum())
        for name in _GRADES
        if name in frame.columns
    }
    rows = facts.dataset.rows
    return [finding("coded-zero", "caution", column=name, n=n, rows=rows) for name, n in zeros.items() if n]


def infinite(facts: Facts) -> list[Finding]:
    """Find infinite values: a failed measurement, or a division by zero."""
    counts = facts.dataset.infinite
    return [finding("infinite", "caution", counts=counts, unit=facts.dataset.row)] if counts else []


def _ages(facts: Facts) -> list[Column]:
    return [each for each in facts.dataset.columns.values() if plain(each.name) == "age" and each.kind == "number"]


def ages(facts: Facts) -> list[Finding]:
    """Find ages below 18 or above 110: errors, or codes."""
    findings = []
    for column in _ages(facts):
        values = facts.dataset.frame[column.name].astype("Float64")
        n = int(((values < _AGES[0]) | (values > _AGES[1])).fillna(False).sum())
        if n:
            unit = facts.dataset.row
            findings.append(finding("ages", "caution", column=column.name, low=_AGES[0], high=_AGES[1], n=n, unit=unit))
    return findings


def capped_ages(facts: Facts) -> list[Finding]:
    """Find a highest age of many patients: it stands for all above."""
    findings = []
    for column in _ages(facts):
        values = facts.dataset.frame[column.name].astype("Float64").groupby(facts.dataset.group).first().dropna()
        counts = values.value_counts().sort_index()
        if counts.iloc[-1] >= 5 and counts.iloc[-1] > 3 * counts.iloc[-4:-1].mean():
            findings.append(finding("capped-ages", "note", n=int(counts.iloc[-1]), top=counts.index[-1]))
    return findings


def constant(facts: Facts) -> list[Finding]:
    """Find columns of one value."""
    names = [each.name for each in facts.dataset.columns.values() if each.countable and each.distinct == 1]
    return [finding("constant", "note", columns=names)] if names and len(facts.dataset.frame) > 1 else []


def free_text(facts: Facts) -> list[Finding]:
    """Find free text, which is counted and never shown."""
    columns = [each for each in facts.dataset.columns.values() if each.kind == "text"]
    return [finding("text", "note", columns=columns)] if columns else []


def empty_columns(facts: Facts) -> list[Finding]:
    """Find columns without any value."""
    columns = [each.name for each in facts.dataset.columns.values() if each.kind == "empty"]
    return [finding("empty-columns", "note", columns=columns)] if columns else []
