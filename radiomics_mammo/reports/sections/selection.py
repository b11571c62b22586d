"""Confidence intervals of the AUROC, feature selection, and chosen settings."""

from __future__ import annotations

from radiomics_mammo.reports.components.columns import Column, Row, number, percent, report_table, titled, words
from radiomics_mammo.reports.components.model_names import marked
from radiomics_mammo.reports.components.numbers import estimate
from radiomics_mammo.reports.components.page import PagePart
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.section import ReportInputs

_MAX_FEATURES = 60
"""Rows of a table by feature; the run's own file has all."""
_STABILITY = "stability_"


def _interval(row: Row, kind: str) -> str:
    return estimate(row, "auroc", f"{kind}_low", f"{kind}_high").interval or "–"


_INTERVALS = (
    Column("Model", "model"),
    Column("AUROC", "auroc", number),
    Column("Clustered (Obuchowski)", "obuchowski", _interval),
    Column("DeLong", "delong", _interval),
    Column("Bootstrap of patients", "bootstrap", _interval),
)


def intervals(inputs: ReportInputs) -> PagePart:
    """Build the section of confidence intervals."""
    titles, results = marked(inputs.run.info.candidates), inputs.results
    sets = (("cross-validation", "auroc", results.auroc), ("held-out test set", "test-auroc", results.test_auroc))
    return PagePart(
        tables=[
            report_table(
                titled(table, titles),
                _INTERVALS,
                sentence("selection.intervals_caption", where=where),
                folded=f"Three 95% intervals of each AUROC ({where})",
                name=name,
            )
            for where, name, table in sets
            if table is not None and len(table)
        ]
    )


def features(inputs: ReportInputs) -> PagePart:
    """Build the section of feature selection."""
    table = inputs.results.feature_selection
    assert table is not None  # what the section needs
    methods = [name for name in table.columns if f"{_STABILITY}{name}" in table.columns]
    order = table[methods].mean(axis=1).sort_values(ascending=False, kind="stable").index[:_MAX_FEATURES]
    caption = sentence(
        "selection.features_caption",
        shown=_MAX_FEATURES if len(table) > _MAX_FEATURES else 0,
        total=len(table),
        stability={name: float(table[f"{_STABILITY}{name}"].iloc[0]) for name in methods},
    )
    columns = [Column("Feature", "feature"), *(Column(name, name, percent) for name in methods)]
    page_table = report_table(
        table.loc[order], columns, caption, folded="Features selected in each fold", name="selection"
    )
    return PagePart(tables=[page_table])


def _fold(row: Row, key: str) -> str:
    return "all" if row[key] < 0 else f"{row[key]:.0f}"


_SETTINGS = (
    Column("Model", "model"),
    Column("Repeat", "repeat", _fold),
    Column("Fold", "fold", _fold),
    Column("AUROC, inner", "inner_auroc", number),
    Column("Threshold", "threshold", number),
    words("Settings", "parameters"),
)


def settings(inputs: ReportInputs) -> PagePart:
    """Build the section of the settings and thresholds that the inner folds chose."""
    info, table = inputs.run.info, inputs.results.tuned_parameters
    assert table is not None  # what the section needs
    page_table = report_table(
        titled(table, info.candidates),
        _SETTINGS,
        sentence("selection.settings_caption", tested=bool(info.test)),
        folded="Settings and thresholds of every fold",
        name="tuned",
    )
    return PagePart(tables=[page_table])
