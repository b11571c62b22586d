"""Tables for those who want to look closer, folded away."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from radiomics_mammo.reports.components.method_facts import learners
from radiomics_mammo.reports.components.model_names import marked
from radiomics_mammo.reports.components.page import Estimate, PagePart, ReportTable
from radiomics_mammo.reports.components.tables import records, share
from radiomics_mammo.reports.components.wording import number
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_info import RunInfo

_MOST = 60
"""Lines of a table by feature; all are in the run's own file."""

_INTERVALS = {"obuchowski": "Clustered (Obuchowski)", "delong": "DeLong", "bootstrap": "Bootstrap of patients"}
_STABILITY = "stability_"
Rows = list[Sequence[str | Estimate]]


def more_tables(info: RunInfo, results: Results) -> PagePart | None:
    """Show the intervals side by side, the choice of features and the chosen settings, where there are any."""
    page_tables: list[ReportTable] = []
    if results.auroc is not None and len(results.auroc):
        page_tables.append(_intervals(results.auroc, info, who="out of fold", name="auroc"))
    if results.test_auroc is not None and len(results.test_auroc):
        page_tables.append(_intervals(results.test_auroc, info, who="on held-out patients", name="test-auroc"))
    if results.feature_selection is not None and len(results.feature_selection):
        page_tables.append(_selection(results.feature_selection))
    if results.tuned_parameters is not None and len(results.tuned_parameters):
        page_tables.append(_tuned(results.tuned_parameters, info))
    return PagePart("more", "More tables", tables=page_tables) if page_tables else None


def _intervals(table: pd.DataFrame, info: RunInfo, *, who: str, name: str) -> ReportTable:
    titles = marked(info.candidates)
    rows: Rows = [
        [
            titles.get(row["model"], row["model"]),
            number(row["auroc"]),
            *(_span(row, kind) for kind in _INTERVALS),
        ]
        for row in records(table)
    ]
    return ReportTable(
        f"Three 95% intervals of each AUROC, {who}. DeLong takes every unit for a patient of her own, so it is too "
        "narrow where patients have several",
        ["Model", "AUROC", *_INTERVALS.values()],
        rows,
        folded=f"AUROC {who}: three ways to its interval",
        name=name,
    )


def _span(row: dict[str, float], kind: str) -> str:
    low, high = row[f"{kind}_low"], row[f"{kind}_high"]
    return "–" if low != low else f"{number(low)} to {number(high)}"


def _selection(table: pd.DataFrame) -> ReportTable:
    methods = [name for name in table.columns if f"{_STABILITY}{name}" in table.columns]
    order = table[methods].mean(axis=1).sort_values(ascending=False, kind="stable").index[:_MOST]
    rows: Rows = [
        [str(row["feature"]), *(share(float(row[name])) for name in methods)] for row in records(table.loc[order])
    ]
    steady = ", ".join(f"{name} {number(float(table[f'{_STABILITY}{name}'].iloc[0]))}" for name in methods)
    which = f"the {_MOST} most often chosen of {len(table)} features" if len(table) > _MOST else "all features"
    return ReportTable(
        f"How often a feature is among the 20 best of a method, over the outer folds ({which}). Stability (Nogueira "
        f"2018; 1: all folds agree, 0: as by chance): {steady}",
        ["Feature", *methods],
        rows,
        folded="Which features the folds chose",
        name="selection",
    )


def _tuned(table: pd.DataFrame, info: RunInfo) -> ReportTable:
    rows: Rows = [
        [
            info.candidates.get(row["model"], row["model"]),
            "all" if row["repeat"] < 0 else f"{row['repeat']:.0f}",
            "all" if row["fold"] < 0 else f"{row['fold']:.0f}",
            number(row["inner_auroc"]),
            number(row["threshold"]),
            str(row["parameters"]),
        ]
        for row in records(table)
    ]
    return ReportTable(
        "What the inner folds chose: settings, their AUROC within the training patients, and the operating threshold. "
        f"all: of the model that is trained on {learners(info)}",
        ["Model", "Repeat", "Fold", "AUROC, inner", "Threshold", "Settings"],
        rows,
        words=["Settings"],
        folded="Settings and thresholds of every fold",
        name="tuned",
    )
