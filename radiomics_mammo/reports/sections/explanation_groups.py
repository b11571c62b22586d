"""Model explanation: feature groups, interactions, stability over folds, clusters of correlated features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from radiomics_mammo.evaluation.explanation.birads_concepts import FAMILY_TITLES
from radiomics_mammo.reports.components.columns import Column, decimals, report_table, words
from radiomics_mammo.reports.components.numbers import records
from radiomics_mammo.reports.components.page import Figure, PagePart, ReportTable
from radiomics_mammo.reports.components.sentences import paragraphs, sentence
from radiomics_mammo.reports.figures.shap import TOP, rank_figure, short_name, size_bars
from radiomics_mammo.reports.figures.shap_dependence import heat_figure
from radiomics_mammo.reports.section import ReportInputs

_TITLES: Mapping[str, Callable[[str], str]] = {"family": lambda name: FAMILY_TITLES.get(name, name), "filter": str}


def stability_sentence(table: pd.DataFrame) -> str:
    """Return the sentence on whether the folds agree more than with permuted labels."""
    rows = {row["statistic"]: row for row in records(table)}
    return sentence(
        "explanation.stability",
        top=int(rows["leading"]["value"]),
        overlap=rows["jaccard"],
        permutations=int(rows["permutations"]["value"]),
        permuted=rows.get("permuted_jaccard"),
        auroc=rows.get("permuted_auroc"),
        above=int(rows["above_chance"]["value"]) if "above_chance" in rows else 0,
    )


def groups(inputs: ReportInputs) -> PagePart:
    """Build the section of feature families and image filters."""
    table, info = inputs.results.shap_groups, inputs.run.info
    assert table is not None  # what the section needs
    figures = []
    for kind, title in _TITLES.items():
        subset = table[table["kind"] == kind].iloc[:TOP]
        if len(subset) > 1:
            labels = [title(str(name)) for name in subset["group"]]
            figures.append(
                Figure(
                    _group_bars(inputs, subset["importance"], labels, kind, what=f"each {kind} of features", ink=2),
                    sentence("explanation.group_caption", kind=kind),
                )
            )
    filters = table.loc[table["kind"] == "filter", "group"]
    if len(filters) > 1:
        svg = heat_figure(table[table["kind"] == "family_filter"], unit=info.contribution_unit, note=inputs.note)
        figures.append(Figure(svg, sentence("explanation.heat_caption")))
    only = str(filters.iloc[0]) if len(filters) == 1 else ""
    return PagePart(text=paragraphs("explanation.groups", only_filter=only), figures=figures)


def _group_bars(
    inputs: ReportInputs, sizes: pd.Series, labels: list[str], name: str, *, what: str, ink: int, alt: str = ""
) -> Markup:
    listed = alt or ", ".join(f"{label} {size:.3g}" for label, size in zip(labels, sizes, strict=True))
    return size_bars(
        sizes.to_numpy(dtype=np.float64),
        labels,
        axis=f"Mean |sum of SHAP values| ({inputs.run.info.contribution_unit})",
        name=name,
        alt=sentence("explanation.bars_alt", what=what, note=inputs.note, listed=listed),
        note=inputs.note,
        ink=ink,
    )


def interactions(inputs: ReportInputs) -> PagePart:
    """Build the section of feature interactions."""
    table, stability = inputs.results.shap_interactions, inputs.results.shap_stability
    assert table is not None  # what the section needs
    pairs = records(table)
    svg = size_bars(
        table["strength"].to_numpy(dtype=np.float64),
        [f"{_single_line(row['first'])}\n× {_single_line(row['second'])}" for row in pairs],
        axis=f"Mean |SHAP interaction| ({inputs.run.info.contribution_unit})",
        name="interactions",
        alt=sentence("explanation.interactions_alt", pairs=pairs, note=inputs.note),
        note=inputs.note,
        ink=3,
    )
    n = [] if stability is None else stability.loc[stability["statistic"] == "interaction_rows", "value"].tolist()
    return PagePart(
        text=[sentence("explanation.interactions", cases=int(n[0]) if n else 0)],
        figures=[Figure(svg, sentence("explanation.interactions_caption"))],
    )


def stability(inputs: ReportInputs) -> PagePart:
    """Build the section of the stability of the explanation."""
    table, features = inputs.results.shap_stability, inputs.results.shap_features
    assert table is not None and features is not None  # what the section needs
    rows = {row["statistic"]: row for row in records(table)}
    text = []
    if rows["permutations"]["value"]:
        values: dict[str, Any] = {
            "permutations": int(rows["permutations"]["value"]),
            "cases": int(rows["permuted_rows"]["value"]),
            "auroc": rows["permuted_auroc"],
        }
        text = [sentence("explanation.permutation", **values)]
    return PagePart(
        text=text, figures=[Figure(rank_figure(features, note=inputs.note), sentence("explanation.rank_caption"))]
    )


def clusters(inputs: ReportInputs) -> PagePart:
    """Build the section of clusters of correlated features."""
    table = inputs.results.shap_clusters
    assert table is not None  # what the section needs
    sizes = table["cluster"].value_counts()
    leading = table.drop_duplicates("cluster").sort_values("cluster").iloc[:TOP]
    rows = records(leading)
    labels = [
        f"{row['cluster']}: {short_name(row['feature'])}"
        + (f", and {sizes[row['cluster']] - 1} more" if sizes[row["cluster"]] > 1 else "")
        for row in rows
    ]
    listed = ", ".join(
        f"cluster {row['cluster']} of {sizes[row['cluster']]} {row['cluster_importance']:.3g}" for row in rows
    )
    svg = _group_bars(
        inputs,
        leading["cluster_importance"],
        labels,
        "clusters",
        what="each cluster of correlated features",
        ink=4,
        alt=listed,
    )
    caption = sentence("explanation.clusters_caption", n=len(table))
    page_table = _cluster_table(table)
    return PagePart(
        text=[sentence("explanation.clusters")],
        figures=[Figure(svg, caption)],
        tables=[page_table] if page_table.rows else [],
    )


_CLUSTER_COLUMNS = (
    Column("Cluster", "cluster"),
    Column("Mean |sum|", "importance", decimals(".3g")),
    Column("Mean correlation", "correlation", decimals(".2f")),
    words("Features, with mean |SHAP| of each", "members"),
)


def _cluster_table(clusters: pd.DataFrame) -> ReportTable:
    """Show the clusters of two features or more."""
    rows = [
        {
            "cluster": number,
            "importance": subset["cluster_importance"].iloc[0],
            "correlation": subset["correlation"].mean(),
            "members": ", ".join(f"{row['feature']} ({row['importance']:.2g})" for row in records(subset)),
        }
        for number, subset in clusters.groupby("cluster", sort=True)
        if len(subset) > 1
    ]
    return report_table(pd.DataFrame(rows), _CLUSTER_COLUMNS, "Correlated leading features", stacked=True)


def _single_line(feature: str) -> str:
    return " ".join(short_name(feature).split("\n"))
