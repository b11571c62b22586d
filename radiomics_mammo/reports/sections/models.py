"""Model performance: AUROCs as a forest plot, all metrics as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup

from radiomics_mammo.evaluation.metrics.metrics import Metric
from radiomics_mammo.evaluation.training.registry import REFERENCE_MODEL
from radiomics_mammo.reports.components.columns import Column, decimals, report_table
from radiomics_mammo.reports.components.model_names import marked, row_mark
from radiomics_mammo.reports.components.numbers import select_estimate
from radiomics_mammo.reports.components.page import Figure, PagePart, ReportTable
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.components.tables import metric_columns, shown_metrics, wide_metrics
from radiomics_mammo.reports.figures.forest import ForestRow, forest_figure
from radiomics_mammo.reports.section import ReportInputs
from radiomics_mammo.runs.run_info import RunInfo


def build(inputs: ReportInputs) -> PagePart:
    """Build the section."""
    run, info = inputs.run, inputs.run.info
    mean_p = run.predictions.groupby("model")["p"].mean()
    metrics, tested = shown_metrics(run.summary), inputs.results.test_summary
    text = []
    if info.best:
        brier = select_estimate(run.summary, model=info.best, metric="brier")["value"]
        text = [
            sentence(
                "models.calibration",
                title=info.candidates[info.best],
                mean_p=float(mean_p.get(info.best, np.nan)),
                prevalence=info.positives / info.units,
                brier=brier,
            )
        ]
    caption = sentence("models.forest_caption", tested=tested is not None)
    return PagePart(
        text=text,
        figures=[Figure(_forest(inputs, tested), caption, name="auroc-forest")],
        tables=[_table(inputs, mean_p, metrics)],
        terms=_terms(info, metrics),
    )


def _table(inputs: ReportInputs, mean_p: pd.Series, metrics: dict[str, Metric]) -> ReportTable:
    run, info = inputs.run, inputs.run.info
    titles = {
        name: f"{title}{' (best AUROC)' if name == info.best else ''}"
        for name, title in marked(info.candidates).items()
    }
    table = wide_metrics(run.summary).sort_values("auroc", ascending=False, kind="stable")
    table = table.assign(mean_p=table["model"].map(mean_p), title=table["model"].map(titles))
    return report_table(
        table,
        [Column("Model", "title"), *metric_columns(run.summary), Column("Mean probability", "mean_p", decimals(".3f"))],
        sentence("models.table_caption", slope="calibration_slope" in metrics),
        marks=[row_mark(name, info.best) for name in table["model"]],
        name="models",
    )


def _terms(info: RunInfo, metrics: dict[str, Metric]) -> list[tuple[str, str]]:
    """Return the definitions of the metrics."""
    return [
        (metric.title, sentence("models.definition", metric=name, negative=info.classes[0], positive=info.classes[1]))
        for name, metric in metrics.items()
    ]


def _forest(inputs: ReportInputs, tested: pd.DataFrame | None) -> Markup:
    summary, info = inputs.run.summary, inputs.run.info
    lines = {"Chance": 0.5}
    if REFERENCE_MODEL in info.candidates:
        reference = select_estimate(summary, model=REFERENCE_MODEL, metric="auroc")
        lines[info.candidates[REFERENCE_MODEL]] = reference["value"]
    return forest_figure(
        sorted(_aurocs(summary, info), key=lambda row: -row.value),
        name="forest",
        what="AUROC, with 95% intervals",
        lines=lines,
        second=[] if tested is None else _aurocs(tested, info),
        kinds=("Cross-validation", "Held-out test set"),
        note=inputs.note,
    )


def _aurocs(summary: pd.DataFrame, info: RunInfo) -> list[ForestRow]:
    present = set(summary.loc[summary["metric"] == "auroc", "model"])
    return [
        ForestRow(title, **select_estimate(summary, model=name, metric="auroc"), mark=row_mark(name, info.best))
        for name, title in info.candidates.items()
        if name in present
    ]
