"""Sub-sections of the explanation: groups, dependence, interactions, stability and clusters of features."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from radiomics_mammo.evaluation.explanation.birads_concepts import FAMILY_TITLES
from radiomics_mammo.evaluation.explanation.shap_stability import FEW, NOTHING, STABLE
from radiomics_mammo.reports.components.page import Figure, PagePart
from radiomics_mammo.reports.figures.shap import TOP, rank_figure, short_name, size_bars
from radiomics_mammo.reports.figures.shap_dependence import SHOWN, colours, dependence_figure, heat_figure
from radiomics_mammo.reports.sections.shap_tables import cluster_table
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.runs.run_info import RunInfo

_TOGETHER = "Which features are weighed together"
_CREDIT = (
    "Features that go together share their credit in whatever way the trees happened to split: within a cluster the "
    "order means little, and what the cluster moves together counts. Of two features whose ranks correlate at 0.95 or "
    "more the model was given one, which stands for both."
)


def stability_sentence(table: pd.DataFrame) -> str:
    """Say whether the folds agree on what matters more than they would on labels that tell nothing.

    Parameters
    ----------
    table : pandas.DataFrame
        ``shap_stability``.
    """
    rows = {str(row["statistic"]): row for row in table.to_dict("records")}
    overlap, top = rows["jaccard"], int(rows["leading"]["value"])
    said = (
        f"Of the {top} leading features two folds share {overlap['value']:.2f} (Jaccard index; pairs from "
        f"{overlap['low']:.2f} to {overlap['high']:.2f})"
        if top > 1
        else f"Two folds have the same leading feature in {100 * overlap['value']:.0f}% of pairs"
    )
    count = int(rows["permutations"]["value"])
    if not count:
        return f"{said}. What chance would give was not worked out."
    auroc, above = rows["permuted_auroc"], int(rows["above_chance"]["value"])
    chance = (
        f"with labels shuffled between patients the same model gives {overlap['chance']:.2f} on "
        f"average{_highest(rows)} "
        f"(folds share training cases, so that noise looks stable, too), and an AUROC of {auroc['value']:.2f}"
    )
    alone = "1 feature weighs" if above == 1 else f"{above} features weigh"
    verdict = {
        STABLE: f"That is more than any of {count} shufflings gave: the folds agree more than chance would have them",
        FEW: f"That is not above the highest of {count} shufflings: beyond the few that weigh more than chance nothing "
        "is stable",
        NOTHING: f"That is not above the highest of {count} shufflings: nothing stable",
    }.get(str(overlap["verdict"]), "What that comes to this version has no words for")
    return f"{said}; {chance}. {verdict}; {alone} more than the largest of its kind does by chance."


def _highest(rows: Mapping[str, Mapping[Hashable, Any]]) -> str:
    """Give the highest overlap of all shufflings, which the verdict is by; nothing where a run does not tell."""
    found = rows.get("permuted_jaccard")
    return "" if found is None else f", {found['high']:.2f} at most"


def groups_part(groups: pd.DataFrame | None, info: RunInfo, note: str) -> PagePart | None:
    """What families and filters of features move together, from ``shap_groups``; None without it."""
    if groups is None or groups.empty:
        return None
    text = [
        "Contributions of a group are summed with their sign in each case before the absolute value is averaged: what "
        "two features of a group give and take back counts as nothing. The outputs of networks count as one group."
    ]
    titles: dict[str, Callable[[str], str]] = {
        "family": lambda name: FAMILY_TITLES.get(name, name),
        "filter": lambda name: name,
    }
    figures = []
    for kind, title in titles.items():
        own = groups[groups["kind"] == kind]
        if len(own) > 1:
            drawn = _group_bars(own.iloc[:TOP], kind, title, info, note)
            figures.append(Figure(drawn, f"What features of one {kind} move together."))
    filters = groups.loc[groups["kind"] == "filter", "group"]
    if len(filters) > 1:
        cells = groups[groups["kind"] == "family_filter"]
        drawn = heat_figure(cells, unit=info.contribution_unit, note=note)
        figures.append(Figure(drawn, "Families and filters: what the features of both move together."))
    else:
        text.append(
            f"All features are of one filter ({filters.iloc[0]}), so there is nothing to compare between filters."
        )
    return PagePart("why-groups", "By family and by filter", text, figures=figures)


def _group_bars(own: pd.DataFrame, kind: str, title: Callable[[str], str], info: RunInfo, note: str) -> Markup:
    labels = [title(str(name)) for name in own["group"]]
    said = ", ".join(f"{label} {size:.3g}" for label, size in zip(labels, own["importance"], strict=True))
    marked = f" ({note})" if note else ""
    return size_bars(
        own["importance"].to_numpy(dtype=np.float64),
        labels,
        axis=f"Mean |sum of SHAP values| ({info.contribution_unit})",
        name=kind,
        alt=f"Bars of what each {kind} of features moves on held-out cases{marked}: {said}.",
        note=note,
        ink=2,
    )


def dependence_part(
    run: Run, by_case: pd.DataFrame, values: pd.DataFrame, features: pd.DataFrame, note: str
) -> PagePart | None:
    """How the values of the leading features turn into contributions; None where no value is known."""
    names = [str(name) for name in features["feature"] if name in values.columns][:SHOWN]
    if not names:
        return None
    by = colours(run.cases, list(by_case.index))
    drawn = dependence_figure(by_case[names], values, by, unit=run.info.contribution_unit, note=note)
    coloured = f", coloured by {by.title.lower()}" if by.title else ""
    caption = (
        f"The features that weigh most{coloured}: one point a held-out case, its value to the right, what the value "
        "moved upwards. Points at one value differ where the model weighs features together."
    )
    return PagePart("why-dependence", "How values turn into contributions", figures=[Figure(drawn, caption)])


def interactions_part(results: Results, info: RunInfo, note: str) -> PagePart:
    """The pairs that the model weighs together, from ``shap_interactions``, or why they are not known."""
    table = results.shap_interactions
    if table is None:
        said = (
            f"Interactions are worked out for XGBoost only: for {info.candidates[info.explained]} they take too long."
        )
        return PagePart("why-interactions", _TOGETHER, [said])
    if table.empty:
        return PagePart("why-interactions", _TOGETHER, ["No two features are."])
    pairs = [(_one_line(str(one.first)), _one_line(str(one.second))) for one in table.itertuples()]
    said = ", ".join(f"{one.first} with {one.second} {one.strength:.2g}" for one in table.itertuples())
    marked = f" ({note})" if note else ""
    drawn = size_bars(
        table["strength"].to_numpy(dtype=np.float64),
        [f"{first}\n× {second}" for first, second in pairs],
        axis=f"Mean |SHAP interaction| ({info.contribution_unit})",
        name="interactions",
        alt=f"Bars of the strongest interactions on held-out cases{marked}: {said}.",
        note=note,
        ink=3,
    )
    text = (
        "What a pair moves beyond what each of the two moves by itself, both halves of it, on "
        f"{_cases_looked_at(results.shap_stability)}held-out cases of the first repeat."
    )
    caption = "The strongest pairs; a small bar beside those of single features means that the model mostly adds up."
    return PagePart("why-interactions", _TOGETHER, [text], [Figure(drawn, caption)])


def _cases_looked_at(stability: pd.DataFrame | None) -> str:
    if stability is None:
        return ""
    count = stability.loc[stability["statistic"] == "interaction_rows", "value"]
    return f"{count.iloc[0]:.0f} evenly spaced " if len(count) else ""


def stability_part(results: Results, note: str) -> PagePart | None:
    """Mean ranks over folds, and what shuffled labels give, from ``shap_stability``; None without it."""
    table, features = results.shap_stability, results.shap_features
    if table is None or features is None:
        return None
    rows = {str(row["statistic"]): row["value"] for row in table.to_dict("records")}
    text = []
    if rows["permutations"]:
        auroc = table.loc[table["statistic"] == "permuted_auroc"].iloc[0]
        text.append(
            "Chance is what the same model gives, with the settings that each fold chose, on labels that were given to "
            f"other patients: {rows['permutations']:.0f} times over {rows['permuted_rows']:.0f} cases and the folds of "
            f"the first repeat. Its AUROC on held-out cases was then {auroc['value']:.3f} ({auroc['low']:.3f} to "
            f"{auroc['high']:.3f}), where 0.5 is right. Of tables of noise one in {rows['permutations'] + 1:.0f} seems "
            "more stable than chance."
        )
    caption = (
        "The mean rank of each leading feature over folds and repeats, and its standard deviation; 1 is the first."
    )
    return PagePart(
        "why-stability", "Would other cases give the same?", text, [Figure(rank_figure(features, note=note), caption)]
    )


def clusters_part(table: pd.DataFrame | None, info: RunInfo, note: str) -> PagePart | None:
    """Leading features that go together, from ``shap_clusters``, and a warning; None without it."""
    if table is None or table.empty:
        return None
    sizes = table["cluster"].value_counts()
    own = table.drop_duplicates("cluster").sort_values("cluster").iloc[:TOP].to_dict("records")
    labels = [_cluster_label(one["feature"], int(sizes[one["cluster"]]), one["cluster"]) for one in own]
    together = [float(one["cluster_importance"]) for one in own]
    said = ", ".join(
        f"cluster {one['cluster']} of {sizes[one['cluster']]} {size:.3g}"
        for one, size in zip(own, together, strict=True)
    )
    marked = f" ({note})" if note else ""
    drawn = size_bars(
        np.array(together),
        labels,
        axis=f"Mean |sum of SHAP values| ({info.contribution_unit})",
        name="clusters",
        alt=f"Bars of what clusters of correlated features move together{marked}: {said}.",
        note=note,
        ink=4,
    )
    caption = f"What each cluster of the {len(table)} leading features moves together, named after its largest."
    page_table = cluster_table(table)
    figures = [Figure(drawn, caption)]
    return PagePart(
        "why-clusters", "Which features say the same", [_CREDIT], figures, [page_table] if page_table.rows else []
    )


def _cluster_label(feature: str, size: int, number: int) -> str:
    more = f", and {size - 1} more" if size > 1 else ""
    return f"{number}: {short_name(feature)}{more}"


def _one_line(feature: str) -> str:
    return " ".join(short_name(feature).split("\n"))
