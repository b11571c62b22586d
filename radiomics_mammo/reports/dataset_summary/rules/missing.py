"""Rules on missing values: where they are, and what a model could learn from them."""

from __future__ import annotations

import pandas as pd

from radiomics_mammo.reports.components.numbers import number, percent, records
from radiomics_mammo.reports.dataset_summary.base import GIVEN_TWICE, Dataset, Facts, Finding
from radiomics_mammo.reports.dataset_summary.estimates import tells
from radiomics_mammo.reports.dataset_summary.report_tables import said_auroc

_APART = 0.5
"""Shares of missing values this far apart tell where a row is from."""

_MANY = 0.2
_TELLING = 0.55
_PLACES = ("site_id", "site", "machine_id", "machine")


def gives_the_place_away(facts: Facts) -> list[Finding]:
    """A value that is missing at one site and not at another says which site it is."""
    found = []
    for name, by, own in _by_place(facts.tables["missing"]):
        least, *_, most = sorted(records(own), key=lambda row: float(row["share"]))
        if most["share"] - least["share"] < _APART:
            continue
        place = facts.dataset.columns[by].title.lower()
        found.append(
            Finding(
                "caution" if facts.dataset.columns[name].role in GIVEN_TWICE else "danger",
                "missing-place",
                f"{name} is missing in {percent(most['share'])} of {facts.dataset.rows} at {place} {most['level']} and "
                f"in {percent(least['share'])} at {place} {least['level']}, so that it is missing tells {place} "
                f"{most['level']} from the rest (AUROC {number(most['auroc'])}): missingness gives the {place} away.",
                _use_of(facts.dataset, name, place),
            )
        )
    return found


def _use_of(dataset: Dataset, name: str, place: str) -> str:
    if dataset.columns[name].role in GIVEN_TWICE:
        return f"It can be no feature anyway; as a stratum it describes one {place}, not the others."
    return (
        f"Do not give {name}, nor an indicator that it is missing, to a model; use it to describe subgroups within the "
        f"{place} that has it."
    )


def differs_by_part(facts: Facts) -> list[Finding]:
    """A value that one kind of abnormality, or one side of the split, does not have tells that one."""
    missing, found = facts.tables["missing"], []
    for by in ("abnormality_type", "split"):
        told: list[str] = []
        for name, own in missing[missing["by"] == by].groupby("column", sort=False):
            least, *_, most = sorted(records(own), key=lambda row: float(row["share"]))
            if most["share"] - least["share"] >= _APART:
                told.append(f"{name} ({percent(most['share'])} of {most['level']})")
        if told:
            found.append(
                Finding(
                    "caution",
                    "missing-part",
                    f"Missing in one {by} and not in the other: {', '.join(told)}.",
                    f"Compare within one {by}, or leave these columns out.",
                )
            )
    return found


def tells_the_label(facts: Facts) -> list[Finding]:
    """Missing values that are commoner in one class are a leak, or a habit of those who filled the table in."""
    columns = facts.tables["columns"]
    told = columns[(columns["label_auroc"] >= _TELLING) & tells(columns["label_auroc"], columns["low"])]
    if told.empty:
        return []
    said = ", ".join(f"{row['column']} {said_auroc(row, 'label_auroc')}" for row in records(told))
    return [
        Finding(
            "caution",
            "missing-label",
            f"That a value is missing tells {facts.dataset.label}, with an AUROC for {said}.",
            "Find out why before such a column, or an indicator of it, becomes a feature.",
        )
    ]


def much_is_missing(facts: Facts) -> list[Finding]:
    """Columns with few values describe few cases."""
    columns = facts.tables["columns"]
    gaps = columns[(columns["missing"] > 0) & (columns["filled"] > 0)]
    many, few = gaps[gaps["share_missing"] >= _MANY], gaps[gaps["share_missing"] < _MANY]
    found = []
    for severity, own in (("caution", many), ("note", few)):
        if len(own):
            said = ", ".join(f"{row['column']} {_amount(row)}" for row in records(own))
            found.append(
                Finding(
                    severity,
                    "missing-values",
                    f"Missing values: {said}, of {len(facts.dataset.frame):,} {facts.dataset.rows}.",
                    "A row without a value is a group of its own (“not given”) in every table here; impute within the "
                    "fold, never before the split.",
                )
            )
    return found


def coded_zero(facts: Facts) -> list[Finding]:
    """A grade of 0 where grades begin at 1 is a missing value that looks like a number."""
    found = []
    for name in ("assessment", "subtlety", "breast_density"):
        if name in facts.dataset.frame.columns:
            zeros = int((pd.to_numeric(facts.dataset.frame[name], errors="coerce") == 0).fillna(False).sum())
            if zeros:
                found.append(
                    Finding(
                        "caution",
                        "coded-zero",
                        f"{name} is 0 in {zeros:,} {facts.dataset.rows}: grades begin at 1, and CBIS-DDSM writes 0 for "
                        "missing (and, as an assessment, for incomplete).",
                        f"Empty those cells before {name} is used; as a number 0 would be the mildest grade.",
                    )
                )
    return found


def known_later(facts: Facts) -> list[Finding]:
    """Columns that the list of cases leaves empty."""
    empty = [one.name for one in facts.dataset.columns.values() if one.kind == "empty"]
    if not empty:
        return []
    return [
        Finding(
            "note",
            "empty-columns",
            f"Empty in this list: {', '.join(empty)}. No picture was opened: what only pictures tell is not here.",
            "Extract the features; their table has what the pictures tell.",
        )
    ]


def _by_place(missing: pd.DataFrame) -> list[tuple[str, str, pd.DataFrame]]:
    """Give each column's shares by site; by machine where no site is known."""
    there = [by for by in _PLACES if (missing["by"] == by).any()]
    own = missing[missing["by"] == there[0]] if there else missing.iloc[:0]
    return [(str(name), there[0], rows) for name, rows in own.groupby("column", sort=False)]


def _amount(row: dict[str, float]) -> str:
    return percent(row["share_missing"]) if row["share_missing"] >= 0.001 else f"in {row['missing']:,}"
