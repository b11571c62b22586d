"""Tables of the explanation: the leading features in words, and clusters of features that say the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.explanation.birads_concepts import BIRADS_CONCEPTS, concept_of
from radiomics_mammo.reports.components.page import ReportTable
from radiomics_mammo.reports.figures.shap_dependence import CLEAR, rank_rho
from radiomics_mammo.runs.run_folder import Run

Meaning = Callable[[str], str]

_WHOLE = "What a network saw, all its outputs together: it has no single meaning."
_OUTPUT = "One output of a network: it has no meaning that has a name."


def descriptor_table(run: Run, by_case: pd.DataFrame, features: pd.DataFrame, *, meaning: Meaning) -> ReportTable:
    """Put the leading features into words, grouped by concept, the concept that weighs most first.

    Parameters
    ----------
    run : Run
    by_case : pandas.DataFrame
        Contributions of all cases, means over repeats.
    features : pandas.DataFrame
        ``shap_features``, the leading lines.
    meaning : callable (feature name) -> str
        What a feature means on a mammogram; empty if there is nothing to say.
    """
    concepts = [concept_of(str(name)) for name in features["feature"]]
    order = {concept: i for i, concept in enumerate(dict.fromkeys(concepts))}  # features come the largest first
    first, second = run.info.classes[0], run.info.classes[1]
    found = []
    for concept, one in zip(concepts, features.to_dict("records"), strict=True):
        name = str(one["feature"])
        cells = [
            name,
            BIRADS_CONCEPTS[concept],
            f"{one['importance']:.3g}",
            "yes" if one["above_chance"] else "no",
            _rank(one["rank_mean"], one["rank_sd"]),
            direction(run, by_case, name, classes=(first, second)),
            str(one["cluster"]) if one["cluster"] else "–",
            _embedded(name) if concept == "embedding" else meaning(name),
        ]
        found.append((order[concept], cells))
    headings = [
        "Feature",
        "Speaks of",
        "Mean |SHAP|",
        "Beyond chance",
        "Mean rank",
        "High values speak for",
        "Cluster",
        "What it means on a mammogram",
    ]
    caption = "The leading features in words, by what they speak of; beyond chance is what shuffled labels do not reach"
    rows = [cells for _, cells in sorted(found, key=lambda one: one[0])]
    return ReportTable(caption, headings, rows, words=[headings[i] for i in (1, 3, 5, 7)], stacked=True)


def _embedded(name: str) -> str:
    return _WHOLE if name.endswith("_Embedding") else _OUTPUT


def _rank(mean: float, spread: float) -> str:
    return f"{mean:.1f}" if np.isnan(spread) else f"{mean:.1f} ± {spread:.1f}"


def direction(run: Run, by_case: pd.DataFrame, name: str, *, classes: tuple[str, str]) -> str:
    """Name the class that high values speak for, by the rank correlation of value and contribution."""
    if run.values is None or name not in run.values.columns:
        return "–"
    rho = rank_rho(run.values.set_index("case_id")[name].loc[by_case.index], by_case[name])
    if np.isnan(rho):
        return "unclear"
    if abs(rho) < CLEAR:
        return "both"
    return classes[1] if rho > 0 else classes[0]


def cluster_table(clusters: pd.DataFrame) -> ReportTable:
    """List clusters of two features or more: what they weigh together, and each member."""
    rows = []
    for number, own in clusters.groupby("cluster", sort=True):
        if len(own) > 1:
            members = ", ".join(f"{one.feature} ({one.importance:.2g})" for one in own.itertuples())
            close = f"{own['correlation'].mean():.2f}"
            rows.append([str(number), f"{own['cluster_importance'].iloc[0]:.3g}", close, members])
    headings = ["Cluster", "Mean |sum|", "Mean correlation", "Features, and what each weighs alone"]
    return ReportTable("Leading features that say the same", headings, rows, words=[headings[3]], stacked=True)
