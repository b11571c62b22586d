"""The sections of the report, in the order of the page. A new one is one module and one line here.

A section's ``build`` makes a part of the page from the tables of a run; it is left out, with the reason on the page,
where an input that it needs is not there. See :class:`radiomics_mammo.reports.section.Section`.
"""

from __future__ import annotations

from radiomics_mammo.reports import checklists
from radiomics_mammo.reports.cases import section as cases
from radiomics_mammo.reports.section import Section
from radiomics_mammo.reports.sections import (
    class_balancing,
    curves,
    embeddings,
    explanation,
    explanation_groups,
    fold_performance,
    held_out,
    methods,
    models,
    operating,
    paired,
    performance,
    population,
    selection,
)

CHAPTERS = {"comparison": "Model comparison", "explanation": "Model explanation (SHAP)"}
"""Headings over several sections, by slug."""

_SHAP = ("contributions", "values", "shap_features")

SECTIONS: tuple[Section, ...] = (
    Section("population", "Study population", population.build),
    Section("limitations", "Limitations", methods.limitations),
    Section("models", "Model performance", models.build, chapter="comparison"),
    Section("curves", "ROC and precision–recall curves", curves.build, chapter="comparison"),
    Section("folds", "Fold-by-fold performance", fold_performance.build, chapter="comparison"),
    Section("class-balancing", "Class balancing", class_balancing.build, ("differences",), "comparison"),
    Section("paired", "Paired comparison of models", paired.build, ("pairs",), "comparison"),
    Section("ensembles", "Ensembles", embeddings.ensembles, ("ensembles",), "comparison"),
    Section("embeddings", "Image embeddings", embeddings.embedders, ("probes or embeddings",), "comparison"),
    Section(
        "learning-curves", "Learning curves", embeddings.learning_curves, ("learning_curves",), chapter="comparison"
    ),
    Section("held-out", "Held-out test set", held_out.build, ("test_summary",), "comparison"),
    Section(
        "calibration",
        "Calibration and decision curves",
        performance.calibration,
        ("reliability or decision_curve",),
        "comparison",
    ),
    Section("confusion", "Confusion matrices", operating.confusion, ("confusion",), "comparison"),
    Section("operating", "Operating points", operating.operating, ("operating",), "comparison"),
    Section("certified", "Certified sensitivity", operating.certified, ("certified",), "comparison"),
    Section("subgroups", "Subgroup performance", performance.subgroups, ("subgroups",), "comparison"),
    Section(
        "inflation",
        "AUROC inflation by common leakage errors",
        performance.inflation,
        ("auroc_inflation",),
        "comparison",
    ),
    Section("leakage-checks", "Leakage checks", performance.leakage_checks, ("leakage_checks",), "comparison"),
    Section(
        "intervals", "Confidence intervals of the AUROC", selection.intervals, ("auroc or test_auroc",), "comparison"
    ),
    Section("feature-selection", "Feature selection", selection.features, ("feature_selection",), "comparison"),
    Section("settings", "Settings and thresholds", selection.settings, ("tuned_parameters",), "comparison"),
    Section("importance", "Feature importance", explanation.importance, _SHAP, "explanation"),
    Section("concepts", "Features by BI-RADS concept", explanation.concepts, _SHAP, "explanation"),
    Section(
        "groups",
        "Feature families and filters",
        explanation_groups.groups,
        ("shap_groups",),
        "explanation",
    ),
    Section("dependence", "SHAP dependence", explanation.dependence, _SHAP, "explanation"),
    Section(
        "interactions", "Feature interactions", explanation_groups.interactions, ("shap_interactions",), "explanation"
    ),
    Section(
        "stability",
        "Stability of the explanation",
        explanation_groups.stability,
        ("shap_features", "shap_stability"),
        "explanation",
    ),
    Section("clusters", "Correlated features", explanation_groups.clusters, ("shap_clusters",), "explanation"),
    Section("cases", "Cases", cases.build, ("best",)),
    Section("methods", "Methods and provenance", methods.build),
    Section("checklists", "Reporting checklists", checklists.build),
)
"""All sections, in the order of the page."""
