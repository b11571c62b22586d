"""Result tables on the SHAP values of the explained model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radiomics_mammo.evaluation.result_tables.base import ResultTable, TableContext, bounds, flag, integer, number, text

if TYPE_CHECKING:
    import pandas as pd

    from radiomics_mammo.evaluation.explanation.explain import ShapResults


def _shap(context: TableContext) -> ShapResults:
    assert context.shap is not None
    return context.shap


def _groups(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.explanation.shap_groups import group_table

    return group_table(_shap(context).by_case)


def _clusters(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.explanation.shap_groups import cluster_table

    shap = _shap(context)
    return cluster_table(shap.values.set_index("case_id").loc[shap.by_case.index], shap.by_case)


def _permutation(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.explanation.shap_stability import permutation_table

    return permutation_table(_shap(context).permuted)


def _features(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.explanation.shap_stability import feature_table, fold_sizes
    from radiomics_mammo.evaluation.explanation.shap_values import importance

    shap = _shap(context)
    return feature_table(
        importance(shap.contributions),
        fold_sizes(shap.contributions),
        list(shap.names),
        permuted=shap.permuted,
        clusters=context.tables["shap_clusters"],
    )


def _stability(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.explanation.shap_stability import fold_sizes, stability_table

    shap = _shap(context)
    return stability_table(
        fold_sizes(shap.contributions),
        context.tables["shap_features"],
        null=context.tables["shap_permutation"],
        rows=shap.permuted.rows,
        interaction_rows=sum(rows for rows, _ in shap.interactions or []),
    )


def _interactions(context: TableContext) -> pd.DataFrame:
    from radiomics_mammo.evaluation.explanation.shap_groups import interaction_table

    shap = _shap(context)
    assert shap.interactions is not None
    return interaction_table(shap.names, shap.interactions)


SHAP_GROUPS = ResultTable(
    name="shap_groups",
    title="SHAP values summed by feature family, filter and BI-RADS concept",
    columns=(
        text("kind", "family, filter, concept or family_filter"),
        text("group", "group"),
        text("family", "feature family, empty where the kind does not fix it"),
        text("filter", "filter, empty where the kind does not fix it"),
        number("importance", "mean absolute value of the signed sum"),
    ),
    compute=_groups,
    needs=("SHAP",),
)
SHAP_CLUSTERS = ResultTable(
    name="shap_clusters",
    title="clusters of correlated features among the leading ones",
    columns=(
        integer("cluster", "from 1, the most important"),
        text("feature", "feature"),
        number("importance", "mean absolute SHAP value"),
        number("cluster_importance", "mean absolute value of the cluster's signed sum"),
        number("correlation", "mean absolute rank correlation in the cluster", null="the only feature of its cluster"),
    ),
    compute=_clusters,
    needs=("SHAP",),
)
SHAP_PERMUTATION = ResultTable(
    name="shap_permutation",
    title="the explanation on permuted labels, one row a permutation",
    columns=(
        integer("permutation", "permutation"),
        number("auroc", "AUROC within folds"),
        number("jaccard", "mean overlap of leading features between folds"),
        number("largest", "largest importance of a feature"),
    ),
    compute=_permutation,
    needs=("SHAP",),
)
SHAP_FEATURES = ResultTable(
    name="shap_features",
    title="importance of every feature, with its stability over folds",
    columns=(
        text("feature", "feature"),
        number("importance", "mean absolute SHAP value"),
        number("rank_mean", "mean rank over folds"),
        number("rank_sd", "standard deviation of the rank"),
        number("permutation_high", "95% quantile of the largest importance on permuted labels"),
        flag("above_chance", "whether the importance exceeds it"),
        integer("cluster", "cluster; 0 for features that are not among the leading ones"),
    ),
    compute=_features,
    needs=("SHAP",),
)
SHAP_STABILITY = ResultTable(
    name="shap_stability",
    title="agreement of the folds on the leading features, beside permuted labels",
    columns=(
        text("statistic", "statistic"),
        number("value", "value"),
        *bounds(of="lowest and highest", null="it has no range"),
        number("chance", "value on permuted labels", null="it has none"),
        text("verdict", "verdict; empty where there is none"),
    ),
    compute=_stability,
    needs=("SHAP",),
)
SHAP_INTERACTIONS = ResultTable(
    name="shap_interactions",
    title="the strongest pairwise SHAP interactions",
    columns=(
        text("first", "feature with the larger main effect"),
        text("second", "feature"),
        number("strength", "mean absolute interaction"),
    ),
    compute=_interactions,
    needs=("interactions",),
)
