"""Rules on sites, machines, splits and types of cases: differences in prevalence, and associations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.subgroups import NOT_GIVEN
from radiomics_mammo.reports.components.numbers import estimate, records
from radiomics_mammo.reports.components.sentences import plural
from radiomics_mammo.reports.dataset_summary.base import Dataset, Facts, Finding, finding
from radiomics_mammo.reports.dataset_summary.estimates import is_above_half

_FEW = 10
_SHIFT = 0.1


def nested_machines(facts: Facts) -> list[Finding]:
    """Find machines at one site only: they identify it."""
    table = facts.tables["scanners"]
    sites = table.groupby("machine")["site"].nunique()
    single = int((sites == 1).sum())
    if table["site"].nunique() < 2 or sites.empty or single < len(sites) / 2:
        return []
    return [finding("nested-machines", "caution", machines=len(sites), single=single)]


def _predictors(facts: Facts, role: str) -> list[dict[str, object]]:
    """Return the columns of a role whose AUROC is above one half."""
    table = facts.tables["predictors"]
    table = table[(table["role"] == role) & is_above_half(table["auroc"], table["low"])]
    return [
        {
            "name": f"{row['column']} together" if row["column"].startswith("all ") else row["column"],
            "auroc": estimate(row, "auroc"),
        }
        for row in records(table)
    ]


def label_by_scanner(facts: Facts) -> list[Finding]:
    """Find sites and machines that predict the label."""
    columns = _predictors(facts, "scanner")[:1]
    return [finding("label-by-scanner", "danger", column=each["name"], auroc=each["auroc"]) for each in columns]


def label_by_metadata(facts: Facts) -> list[Finding]:
    """Find clinical data that predict the label: the baseline of a model of images."""
    columns = _predictors(facts, "metadata")
    return [finding("label-by-metadata", "note", columns=columns)] if columns else []


def rates_differ(facts: Facts) -> list[Finding]:
    """Find columns with levels whose intervals of the prevalence do not overlap."""
    table, findings = facts.tables["rates"], []
    table = table[table["role"].isin(["metadata", "scanner", "split", "other"]) & (table["level"] != NOT_GIVEN)]
    for name, rows in table.groupby("column", sort=False):
        least, most = (sorted(records(rows), key=lambda row: float(row["rate"]))[i] for i in (0, -1))
        if most["low"] > least["high"]:
            column = facts.dataset.columns[str(name)]
            severity = "caution" if column.role in ("scanner", "split") else "note"
            findings.append(finding("rates-differ", severity, column=name, title=column.title, most=most, least=least))
    return findings


def small_sites(facts: Facts) -> list[Finding]:
    """Find sites and machines with too few positives to be evaluated."""
    table = facts.tables["rates"]
    table = table[(table["role"] == "scanner") & (table["positives"] < _FEW) & (table["level"] != NOT_GIVEN)]
    places = [{**row, "title": facts.dataset.columns[row["column"]].title} for row in records(table)]
    return [finding("small-sites", "note", least=_FEW, rows=facts.dataset.rows, places=places)] if places else []


def splits_differ(facts: Facts) -> list[Finding]:
    """Find parts of a split that differ in composition."""
    associations = facts.tables["associations"]
    split = next((each.name for each in facts.dataset.of_role("split") if each.distinct > 1), "")
    if not split or associations.empty:
        return []
    table = associations[((associations["a"] == split) | (associations["b"] == split)) & (associations["v"] >= _SHIFT)]
    columns = {row["b"] if row["a"] == split else row["a"]: row["v"] for row in records(table)}
    rows = facts.tables["rates"]
    rows = rows[rows["column"] == split]
    rates = records(rows) if len(rows) > 1 and rows["low"].max() > rows["high"].min() else []
    types = _rates_by_type(facts.dataset, split)
    if not columns and not rates and not types:
        return []
    return [finding("splits-differ", "caution", rates=rates, types=types, columns=columns)]


def _rates_by_type(dataset: Dataset, split: str) -> dict[str, dict[str, float]]:
    """Return the prevalence in each part of the split, of the types of abnormality where it differs."""
    if "abnormality_type" not in dataset.levels:
        return {}
    known = pd.Series(np.where(dataset.y >= 0, dataset.y, np.nan))
    keys = [dataset.levels["abnormality_type"], dataset.levels[split]]
    table = known.groupby(keys, observed=True).mean().unstack()
    return {
        str(kind): {str(part): rate for part, rate in rates.items()}
        for kind, rates in table.iterrows()
        if len(rates.dropna()) > 1 and rates.max() - rates.min() >= _SHIFT / 2
    }


def implants(facts: Facts) -> list[Finding]:
    """Find implants, which are bright and large, and no breast tissue."""
    dataset = facts.dataset
    name = next((each for each in dataset.levels if each.lower() == "implant"), None)
    has = np.zeros(0, bool) if name is None else dataset.levels[name].isin(["1", "True", "true"]).to_numpy()
    if not has.any():
        return []
    patients = plural(np.unique(dataset.group[has]).size, "patient")
    return [finding("implants", "note", rows=plural(int(has.sum()), dataset.row), patients=patients)]


def mass_and_calcification(facts: Facts) -> list[Finding]:
    """Find patients with masses and calcifications: they are in both collections."""
    if "abnormality_type" not in facts.dataset.levels:
        return []
    n = int((facts.dataset.levels["abnormality_type"].groupby(facts.dataset.group).nunique() > 1).sum())
    return [finding("mass-and-calcification", "note", n=n)] if n else []
