"""Rules on sites, machines, splits and kinds of patients: where the label is commoner, and what stands for what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.subgroups import NOT_GIVEN
from radiomics_mammo.reports.components.numbers import percent, records
from radiomics_mammo.reports.dataset_summary.base import Dataset, Facts, Finding, some
from radiomics_mammo.reports.dataset_summary.estimates import tells
from radiomics_mammo.reports.dataset_summary.report_tables import said_auroc

_FEW = 10
_SHIFT = 0.1


def nested(facts: Facts) -> list[Finding]:
    """A machine that stands at one site tells the site."""
    own = facts.tables["scanners"]
    sites = own.groupby("machine")["site"].nunique()
    if own["site"].nunique() < 2 or sites.empty:
        return []
    one = int((sites == 1).sum())
    if one < len(sites) / 2:
        return []
    said = f"All {len(sites)} machines stand" if one == len(sites) else f"{one} of {len(sites)} machines stand"
    return [
        Finding(
            "caution",
            "nested-machines",
            f"{said} at one site only: what a model learns of a machine it learns of the site, and the two cannot be "
            "told apart.",
            "Report by site and by machine; test on a site that was not trained on.",
        )
    ]


def scanner_tells(facts: Facts) -> list[Finding]:
    """Sites and machines where the label is commoner can stand in for the disease."""
    own = facts.tables["predictors"]
    own = own[(own["role"] == "scanner") & tells(own["auroc"], own["low"])]
    return [
        Finding(
            "danger",
            "scanner-tells",
            f"Without any picture, {_what(row)} ranks positives with an AUROC of {said_auroc(row)}.",
            "Report by site and machine; do not give them to a model; a model must do better than this within a site.",
        )
        for row in records(own.head(1))
    ]


def metadata_tells(facts: Facts) -> list[Finding]:
    """What is known without a picture is the bar that pictures have to clear."""
    own = facts.tables["predictors"]
    own = own[(own["role"] == "metadata") & tells(own["auroc"], own["low"])]
    if own.empty:
        return []
    said = ", ".join(f"{_what(row)} {said_auroc(row)}" for row in records(own))
    return [
        Finding(
            "note",
            "metadata-tells",
            f"Without any picture, AUROC of {said}.",
            "Compare with the metadata baseline; a gain over it is what the pictures bring.",
        )
    ]


def rates_differ(facts: Facts) -> list[Finding]:
    """Where the intervals of two levels do not meet, a mixture of levels decides the result."""
    own, found = facts.tables["rates"], []
    for name, rows in own[own["role"].isin(["metadata", "scanner", "split", "other"])].groupby("column", sort=False):
        given = sorted(records(rows[rows["level"] != NOT_GIVEN]), key=lambda row: float(row["rate"]))
        if len(given) < 2:
            continue
        least, *_, most = given
        if most["low"] > least["high"]:
            role = facts.dataset.columns[str(name)].role
            found.append(
                Finding(
                    "caution" if role in ("scanner", "split") else "note",
                    "rates-differ",
                    f"{facts.dataset.columns[str(name)].title}: {percent(most['rate'])} positive in {most['level']} "
                    f"({_span(most)}), {percent(least['rate'])} in {least['level']} ({_span(least)}).",
                    f"Report by {name}; groups of another mixture will score otherwise.",
                )
            )
    return found


def small_places(facts: Facts) -> list[Finding]:
    """Sites and machines with few positives cannot be judged apart."""
    own = facts.tables["rates"]
    own = own[(own["role"] == "scanner") & (own["positives"] < _FEW) & (own["level"] != NOT_GIVEN)]
    if own.empty:
        return []
    said = ", ".join(
        f"{facts.dataset.columns[row['column']].title.lower()} {row['level']} ({row['positives']})"
        for row in records(own)
    )
    return [
        Finding(
            "note",
            "small-places",
            f"Fewer than {_FEW} positive {facts.dataset.rows} at {said}.",
            "An AUROC there is of no use; pool them, or say that they were not judged.",
        )
    ]


def sides_differ(facts: Facts) -> list[Finding]:
    """What is mixed otherwise on the two sides of a split makes the test another question than the training."""
    associations = facts.tables["associations"]
    split = next((one.name for one in facts.dataset.of_role("split") if one.distinct > 1), "")
    if not split or associations.empty:
        return []
    own = associations[(associations["a"] == split) | (associations["b"] == split)]
    other = own["a"].where(own["a"] != split, own["b"])
    strong = own.assign(other=other)[own["v"] >= _SHIFT]
    label = _label_shift(facts.dataset, facts.tables["rates"], split)
    if strong.empty and not label:
        return []
    mixed = ", ".join(f"{row['other']} (V {row['v']:.2f})" for row in records(strong))
    said = "; ".join(part for part in (label, f"mixed otherwise: {mixed}" if mixed else "") if part)
    return [
        Finding(
            "caution",
            "sides-differ",
            f"The sides of the split differ: {said}.",
            "Expect the test to differ from cross-validation; report by these columns.",
        )
    ]


def _label_shift(dataset: Dataset, rates: pd.DataFrame, split: str) -> str:
    """Say how the share of positives differs between the sides, within kinds of abnormality too."""
    rows = rates[rates["column"] == split]
    parts = []
    if len(rows) > 1 and rows["low"].max() > rows["high"].min():
        parts = [f"{percent(row['rate'])} positive in {row['level']}" for row in records(rows)]
    if "abnormality_type" not in dataset.levels:
        return ", ".join(parts)
    kinds, sides = dataset.levels["abnormality_type"], dataset.levels[split]
    known = pd.Series(np.where(dataset.y >= 0, dataset.y, np.nan))
    by = known.groupby([kinds, sides], observed=True).mean().unstack()
    for kind, shares in by.iterrows():
        if len(shares.dropna()) > 1 and shares.max() - shares.min() >= _SHIFT / 2:
            parts.append(f"{kind} {', '.join(f'{percent(value)} in {side}' for side, value in shares.items())}")
    return ", ".join(parts)


def implants(facts: Facts) -> list[Finding]:
    """Implants are bright, large and no breast."""
    name = next((one for one in facts.dataset.levels if one.lower() == "implant"), None)
    if name is None:
        return []
    has = (facts.dataset.levels[name].isin(["1", "True", "true"])).to_numpy()
    if not has.any():
        return []
    patients = np.unique(facts.dataset.group[has]).size
    return [
        Finding(
            "note",
            "implants",
            f"{some(int(has.sum()), facts.dataset.row)} of {some(patients, 'patient')} show an implant.",
            "Leave them out or report them apart: texture and density of the whole breast would measure the implant.",
        )
    ]


def both_kinds(facts: Facts) -> list[Finding]:
    """Patients with masses and calcifications tie the two collections together."""
    if "abnormality_type" not in facts.dataset.levels:
        return []
    kinds = facts.dataset.levels["abnormality_type"].groupby(facts.dataset.group).nunique()
    n = int((kinds > 1).sum())
    if not n:
        return []
    return [
        Finding(
            "note",
            "both-kinds",
            f"{some(n, 'patient')} {'has' if n == 1 else 'have'} both masses and calcifications: the two collections "
            "share patients.",
            "Split by patient_id across both, not within each.",
        )
    ]


def _what(row: Mapping[str, Any]) -> str:
    return f"{row['column']} together" if row["column"].startswith("all ") else row["column"]


def _span(row: Mapping[str, Any]) -> str:
    return f"{percent(row['low'])} to {percent(row['high'])}"
