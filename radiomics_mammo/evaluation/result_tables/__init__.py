"""Result tables of a comparison: the registry from which they are computed, written, read and documented.

A new table is a module with a :class:`~radiomics_mammo.evaluation.result_tables.base.ResultTable` and a line here.
"""

from __future__ import annotations

from collections.abc import Mapping

from radiomics_mammo.evaluation.result_tables import (
    comparison,
    decisions,
    embeddings,
    fitting,
    held_out,
    shap,
    validation,
)
from radiomics_mammo.evaluation.result_tables.base import ResultTable

RESULT_TABLES: Mapping[str, ResultTable] = {
    table.name: table
    for table in (
        comparison.SUMMARY,
        comparison.DIFFERENCES,
        comparison.UNCALIBRATED,
        comparison.AUROC,
        comparison.PAIRS,
        comparison.SELECTION_BIAS,
        decisions.OPERATING,
        decisions.RELIABILITY,
        decisions.DECISION_CURVE,
        decisions.CERTIFIED,
        decisions.CONFUSION,
        decisions.SUBGROUPS,
        embeddings.ENSEMBLES,
        fitting.TUNED_PARAMETERS,
        fitting.FEATURE_SELECTION,
        fitting.LEARNING_CURVES,
        held_out.TEST_SUMMARY,
        held_out.TEST_DIFFERENCES,
        held_out.TEST_AUROC,
        held_out.TEST_OPERATING,
        held_out.TEST_CONFUSION,
        held_out.TEST_SUBGROUPS,
        held_out.TEST_CERTIFIED,
        held_out.TEST_RELIABILITY,
        embeddings.TEST_ENSEMBLES,
        held_out.LABEL_SHIFT,
        held_out.COVARIATE_SHIFT,
        held_out.TEST_SHIFTED,
        embeddings.PROBES,
        validation.NEIGHBOURS,
        validation.OUT_OF_RANGE,
        validation.LEAKAGE_CHECKS,
        validation.AUROC_INFLATION,
        shap.SHAP_GROUPS,
        shap.SHAP_CLUSTERS,
        shap.SHAP_PERMUTATION,
        shap.SHAP_FEATURES,
        shap.SHAP_STABILITY,
        shap.SHAP_INTERACTIONS,
    )
}
"""Result tables by name, in the order in which they are computed: a table may use those before it."""
