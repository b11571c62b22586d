"""Calibration and decision curves, subgroup performance, leakage checks and AUROC inflation."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from markupsafe import Markup

from radiomics_mammo.evaluation.training.registry import REFERENCE_MODEL
from radiomics_mammo.reports.components.columns import report_table
from radiomics_mammo.reports.components.model_names import RADIOLOGISTS, selected_for_figure
from radiomics_mammo.reports.components.numbers import records
from radiomics_mammo.reports.components.page import Figure, PagePart
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.components.tables import INFLATION, LEAKAGE_CHECKS, SUBGROUPS, subgroup_name
from radiomics_mammo.reports.figures.decision_curve import decision_figure
from radiomics_mammo.reports.figures.forest import ForestRow, forest_figure
from radiomics_mammo.reports.figures.reliability import Calibration, reliability_figure
from radiomics_mammo.reports.section import ReportInputs
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.runs.run_info import RunInfo

_DECISION_CURVES = 4


def calibration(inputs: ReportInputs) -> PagePart:
    """Build the section of calibration and decision curves."""
    results, figures = inputs.results, []
    if results.reliability is not None and len(results.reliability):
        models = _calibrations(results.reliability, inputs.run.info)
        caption = sentence("performance.reliability", title=models[0].title)
        figures.append(Figure(reliability_figure(models, note=inputs.note), caption))
    if results.decision_curve is not None and len(results.decision_curve):
        titles = _decision_titles(results.decision_curve, inputs.run)
        svg = decision_figure(results.decision_curve, titles=titles, radiologists=RADIOLOGISTS, note=inputs.note)
        figures.append(Figure(svg, sentence("performance.decision_curve", title=next(iter(titles.values())))))
    return PagePart(figures=figures)


def _calibrations(table: pd.DataFrame, info: RunInfo) -> list[Calibration]:
    if "model" not in table:
        return [Calibration(info.candidates.get(info.best, "The model"), table)]
    bins = {str(name): subset for name, subset in table.groupby("model", sort=False)}
    wanted = (info.best, REFERENCE_MODEL, REFERENCE_MODEL.partition("+")[0])
    names = list(dict.fromkeys(name for name in wanted if name in bins)) or list(bins)[:1]
    return [Calibration(info.candidates.get(name, name), bins[name]) for name in names]


def _decision_titles(table: pd.DataFrame, run: Run) -> Mapping[str, str]:
    present = set(table["model"])
    candidates = {name: title for name, title in run.info.candidates.items() if name in present}
    rows = run.summary[run.summary["metric"] == "auroc"]
    auroc = {str(name): float(value) for name, value in zip(rows["model"], rows["value"], strict=True)}
    ranked = selected_for_figure(candidates, auroc=auroc, best=run.info.best, always=(REFERENCE_MODEL,))
    shown = {run.info.best, REFERENCE_MODEL, *ranked[:_DECISION_CURVES]}
    return {name: candidates[name] for name in ranked if name in shown}


def subgroups(inputs: ReportInputs) -> PagePart:
    """Build the section of subgroup performance."""
    info, table = inputs.run.info, inputs.results.subgroups
    assert table is not None  # what the section needs
    if "model" in table and (table["model"] == info.best).any():
        table = table[table["model"] == info.best]
    title = info.candidates.get(info.best, "The best model")
    svg, caption = _subgroup_forest(table, inputs.note), sentence("performance.subgroup_forest", title=title)
    return PagePart(
        text=[sentence("performance.subgroups")],
        figures=[Figure(svg, caption, name="subgroup-forest")],
        tables=[report_table(table, SUBGROUPS, sentence("performance.subgroup_table", title=title))],
    )


def _subgroup_forest(table: pd.DataFrame, note: str) -> Markup:
    rows = [
        ForestRow(subgroup_name(row), float(row["auroc"]), float(row["low"]), float(row["high"]))
        for row in records(table)
    ]
    everyone = {"All": rows[0].value} if rows[0].value == rows[0].value else {}
    return forest_figure(rows, name="subgroup-forest", what="AUROC by subgroup", lines=everyone, note=note)


def inflation(inputs: ReportInputs) -> PagePart:
    """Build the section of AUROC inflation by leaky protocols."""
    assert inputs.results.auroc_inflation is not None  # what the section needs
    caption = sentence("leakage.inflation_caption")
    table = report_table(inputs.results.auroc_inflation, INFLATION, caption, stacked=True)
    return PagePart(text=[sentence("leakage.inflation")], tables=[table])


def leakage_checks(inputs: ReportInputs) -> PagePart:
    """Build the section of leakage checks."""
    assert inputs.results.leakage_checks is not None  # what the section needs
    caption = sentence("leakage.checks_caption")
    table = report_table(inputs.results.leakage_checks, LEAKAGE_CHECKS, caption, stacked=True)
    failed = sum(row[1] == "FAILED" for row in table.rows)
    return PagePart(text=[sentence("leakage.checks", failed=failed, checks=len(table.rows))], tables=[table])
