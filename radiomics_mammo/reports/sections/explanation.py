"""What the best tree model looks at, as the page shows it: in numbers, in figures and in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.explanation.birads_concepts import BIRADS_CONCEPTS
from radiomics_mammo.evaluation.explanation.shap_values import mean_by_case
from radiomics_mammo.reports.components.page import Figure, PagePart
from radiomics_mammo.reports.figures.shap import TOP, bar_figure, beeswarm_figure
from radiomics_mammo.reports.sections.shap_sections import (
    clusters_part,
    dependence_part,
    groups_part,
    interactions_part,
    stability_part,
    stability_sentence,
)
from radiomics_mammo.reports.sections.shap_tables import Meaning, descriptor_table
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.runs.run_info import RunInfo
from radiomics_mammo.tables.feature_table import is_embedding

_TITLE = "What the model looks at"
_MODEL_ONLY = (
    "SHAP values say how this model comes to its probabilities, not how the disease comes about; another model as good "
    "may look at other features."
)


_POINTS = 5_000
"""Cases that are drawn as points, evenly spaced; more would only cost time."""


def why_sections(run: Run, results: Results, *, meaning: Meaning) -> list[PagePart]:
    """Put the part "why" together: one section, with a sub-section for each question that the run has a table for.

    Parameters
    ----------
    run : Run
    results : Results
        The tables ``shap_*``.
    meaning : callable (feature name) -> str
        What a feature means on a mammogram; empty if there is nothing to say.
    """
    if run.contributions is None or run.values is None or results.shap_features is None:
        return [PagePart("why", _TITLE, ["No tree model was compared, so there is nothing to explain."])]
    features = results.shap_features
    if (features["importance"] <= 0).all():
        return [PagePart("why", _TITLE, [_about(run.info), "No feature moved any prediction."])]
    by_case = mean_by_case(run.contributions)
    values = run.values.set_index("case_id").loc[by_case.index]
    note = "phantom" if run.info.phantom else ""
    some = np.linspace(0, len(by_case) - 1, min(len(by_case), _POINTS)).astype(np.int64)
    text = [_about(run.info), _MODEL_ONLY]
    if results.shap_stability is not None:
        text.append(stability_sentence(results.shap_stability))
    lead = features.iloc[:TOP]
    parts = (
        PagePart(
            "why-words",
            "In a radiologist's words",
            [_notions(results.shap_groups, run.info)],
            tables=[descriptor_table(run, by_case, lead, meaning=meaning)],
        ),
        groups_part(results.shap_groups, run.info, note),
        dependence_part(run, by_case.iloc[some], values.iloc[some], features, note),
        interactions_part(results, run.info, note),
        stability_part(results, note),
        clusters_part(results.shap_clusters, run.info, note),
    )
    leading = by_case[list(lead["feature"])].iloc[some]
    figures = _figures(leading, values.iloc[some], features, run.info, note)
    return [PagePart("why", _TITLE, text, figures=figures, parts=[part for part in parts if part is not None])]


def _about(info: RunInfo) -> str:
    unit = info.contribution_unit
    other = info.explained != info.best and info.best in info.candidates
    best = f" The highest AUROC has {info.candidates[info.best]}, which is not explained here." if other else ""
    return (
        f"What {info.candidates[info.explained]} looks at, by its SHAP values on held-out cases only: each case by the "
        f"models of the folds that did not see its patient. Values are in {unit}, before calibration.{best}"
    )


def _figures(
    leading: pd.DataFrame, values: pd.DataFrame, features: pd.DataFrame, info: RunInfo, note: str
) -> list[Figure]:
    embedded = features["feature"].map(is_embedding).astype(bool)
    kind = features if embedded.all() else features[~embedded]
    chance = float(kind["permutation_high"].iloc[0])
    sizes = pd.Series(features["importance"].to_numpy(), index=features["feature"])
    beyond = "" if np.isnan(chance) else " Shuffled labels take the largest to the dashed line."
    if beyond and embedded.any() and not embedded.all():
        own = ", ".join(f"{one:.2g}" for one in features.loc[embedded, "permutation_high"])
        beyond = f" Shuffled labels take the largest radiomic feature to the dashed line, a network to {own}."
    return [
        Figure(
            bar_figure(sizes, unit=info.contribution_unit, note=note, chance=chance),
            f"How much each feature moves the prediction, on average over held-out cases.{beyond}",
        ),
        Figure(
            beeswarm_figure(leading, values, unit=info.contribution_unit, classes=info.classes, note=note),
            f"Each point is one held-out case{_thinned(leading, info)}: its place is how far the feature moved the "
            "prediction, its colour the feature's value (grey: undefined).",
        ),
    ]


def _thinned(drawn: pd.DataFrame, info: RunInfo) -> str:
    return f" ({len(drawn)} of {info.units}, evenly spaced)" if len(drawn) < info.units else ""


def _notions(groups: pd.DataFrame | None, info: RunInfo) -> str:
    if groups is None:
        return "Features by what a radiologist would look at to see what they measure."
    own = groups[groups["kind"] == "concept"]
    said = ", ".join(
        f"{BIRADS_CONCEPTS.get(str(one.group), str(one.group)).lower()} {one.importance:.2g}"
        for one in own.itertuples()
    )
    return (
        "Features by what a radiologist would look at to see what they measure, after the concepts of BI-RADS, which "
        "has no word for texture inside a lesion; in a whole breast texture is the pattern of the parenchyma. What the "
        f"features of a concept move together, summed with their sign ({info.contribution_unit}): {said}."
    )
