"""Model explanation: SHAP importance, features by BI-RADS concept, dependence of SHAP values on feature values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.explanation.birads_concepts import BIRADS_CONCEPTS, concept_of
from radiomics_mammo.evaluation.explanation.shap_values import mean_by_case
from radiomics_mammo.reports.components.columns import Column, Row, decimals, report_table, words
from radiomics_mammo.reports.components.page import Figure, PagePart, ReportTable
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.figures.shap import TOP, bar_figure, beeswarm_figure
from radiomics_mammo.reports.figures.shap_dependence import CLEAR, SHOWN, colours, dependence_figure, rank_rho
from radiomics_mammo.reports.section import Meaning, ReportInputs
from radiomics_mammo.reports.sections.explanation_groups import stability_sentence
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.tables.feature_table import is_embedding

_MAX_POINTS = 5_000
"""Cases that are drawn as points, evenly spaced."""


@dataclass(frozen=True, slots=True, eq=False)
class _Explained:
    """Features by importance; SHAP values (means over repeats) by case, and those of the drawn cases with values."""

    features: pd.DataFrame
    by_case: pd.DataFrame
    drawn: pd.DataFrame
    values: pd.DataFrame

    @classmethod
    def of(cls, inputs: ReportInputs) -> _Explained:
        run, features = inputs.run, inputs.results.shap_features
        assert run.contributions is not None and run.values is not None and features is not None  # what is needed
        by_case = mean_by_case(run.contributions)
        rows = np.linspace(0, len(by_case) - 1, min(len(by_case), _MAX_POINTS)).astype(np.int64)
        values = run.values.set_index("case_id").loc[by_case.index]
        return cls(features, by_case, by_case.iloc[rows], values.iloc[rows])

    @property
    def nothing(self) -> bool:
        return bool((self.features["importance"] <= 0).all())

    @property
    def leading(self) -> pd.DataFrame:
        return self.features.iloc[:TOP]


def importance(inputs: ReportInputs) -> PagePart:
    """Build the section of feature importance."""
    info, explained = inputs.run.info, _Explained.of(inputs)
    better = info.best if info.explained != info.best else ""
    about = sentence(
        "explanation.about",
        title=info.candidates[info.explained],
        unit=info.contribution_unit,
        best=info.candidates.get(better, ""),
    )
    if explained.nothing:
        return PagePart(text=[about, sentence("explanation.nothing")])
    text = [about, sentence("explanation.model_only")]
    if inputs.results.shap_stability is not None:
        text.append(stability_sentence(inputs.results.shap_stability))
    return PagePart(text=text, figures=_figures(inputs, explained))


def _figures(inputs: ReportInputs, explained: _Explained) -> list[Figure]:
    info, features = inputs.run.info, explained.features
    embedded = features["feature"].map(is_embedding).astype(bool)
    radiomic = features if embedded.all() else features[~embedded]
    chance = float(radiomic["permutation_high"].iloc[0])
    mixed = embedded.any() and not embedded.all()
    sizes = pd.Series(features["importance"].to_numpy(), index=features["feature"])
    leading = explained.drawn[list(explained.leading["feature"])]
    bars = sentence(
        "explanation.bars_caption",
        chance=chance,
        networks=features.loc[embedded, "permutation_high"].tolist() if mixed else [],
    )
    points = sentence("explanation.beeswarm_caption", drawn=len(leading), units=info.units)
    unit, note = info.contribution_unit, inputs.note
    return [
        Figure(bar_figure(sizes, unit=unit, note=note, chance=chance), bars),
        Figure(beeswarm_figure(leading, explained.values, unit=unit, classes=info.classes, note=note), points),
    ]


def concepts(inputs: ReportInputs) -> PagePart | None:
    """Build the section of the leading features by BI-RADS concept."""
    explained, groups = _Explained.of(inputs), inputs.results.shap_groups
    if explained.nothing:
        return None
    sizes = {}
    if groups is not None:
        subset = groups[groups["kind"] == "concept"]
        sizes = {
            BIRADS_CONCEPTS.get(str(name), str(name)).lower(): size
            for name, size in zip(subset["group"], subset["importance"], strict=True)
        }
    text = sentence("explanation.concepts", sizes=sizes, unit=inputs.run.info.contribution_unit)
    table = _concept_table(inputs.run, explained.by_case, explained.leading, inputs.meaning)
    return PagePart(text=[text], tables=[table])


def _rank(row: Row, key: str) -> str:
    spread = row["rank_sd"]
    return f"{row[key]:.1f}" if np.isnan(spread) else f"{row[key]:.1f} ± {spread:.1f}"


_CONCEPT_COLUMNS = (
    Column("Feature", "feature"),
    words("BI-RADS concept", "concept", lambda row, key: BIRADS_CONCEPTS[row[key]]),
    Column("Mean |SHAP|", "importance", decimals(".3g")),
    words("Above chance", "above_chance", lambda row, key: "yes" if row[key] else "no"),
    Column("Mean rank", "rank_mean", _rank),
    words("High values favour", "direction"),
    Column("Cluster", "cluster", lambda row, key: str(row[key]) if row[key] else "–"),
    words("Meaning on a mammogram", "meaning"),
)


def _concept_table(run: Run, by_case: pd.DataFrame, features: pd.DataFrame, meaning: Meaning) -> ReportTable:
    """Show the leading features grouped by concept, the concept of the most important feature first."""
    names = [str(name) for name in features["feature"]]
    concepts_of = [concept_of(name) for name in names]
    order = {concept: i for i, concept in enumerate(dict.fromkeys(concepts_of))}  # features are sorted by importance
    table = features.assign(
        concept=concepts_of,
        direction=[direction(run, by_case, name) for name in names],
        meaning=[
            sentence("explanation.embedding", whole=name.endswith("_Embedding")) if c == "embedding" else meaning(name)
            for name, c in zip(names, concepts_of, strict=True)
        ],
    )
    table = table.sort_values("concept", key=lambda column: column.map(order), kind="stable")
    return report_table(table, _CONCEPT_COLUMNS, sentence("explanation.concepts_caption"), stacked=True)


def direction(run: Run, by_case: pd.DataFrame, name: str) -> str:
    """Return the class that high values favour, by rank correlation."""
    if run.values is None or name not in run.values.columns:
        return "–"
    rho = rank_rho(run.values.set_index("case_id")[name].loc[by_case.index], by_case[name])
    if np.isnan(rho):
        return "unclear"
    if abs(rho) < CLEAR:
        return "both"
    return run.info.classes[1] if rho > 0 else run.info.classes[0]


def dependence(inputs: ReportInputs) -> PagePart | None:
    """Build the section of SHAP dependence; None where no value of a leading feature is known."""
    run, explained = inputs.run, _Explained.of(inputs)
    names = [str(name) for name in explained.features["feature"] if name in explained.values.columns][:SHOWN]
    if explained.nothing or not names:
        return None
    by = colours(run.cases, list(explained.drawn.index))
    unit = run.info.contribution_unit
    svg = dependence_figure(explained.drawn[names], explained.values, by, unit=unit, note=inputs.note)
    return PagePart(figures=[Figure(svg, sentence("explanation.dependence_caption", colour=by.title.lower()))])
