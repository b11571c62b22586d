"""Study population: the flow of cases, and counts by clinical column."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.reports.components.numbers import units
from radiomics_mammo.reports.components.page import Flow, FlowStep, PagePart, ReportTable
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.section import ReportInputs
from radiomics_mammo.reports.sections.embeddings import embedder_title
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.runs.run_info import RunInfo

COLUMNS = {
    "abnormality_type": "Type of abnormality",
    "split": "Official split",
    "view": "View",
    "laterality": "Side",
    "breast_density": "Breast density",
    "pathology": "Pathology",
}
_MAX_CAUSES = 8
_MAX_VALUES = 8


def build(inputs: ReportInputs) -> PagePart:
    """Build the section."""
    info = inputs.run.info
    embedders = [(f"Embedding by {embedder_title(each)}", f"{each['dims']} features") for each in info.embeddings]
    return PagePart(
        flow=cohort_flow(inputs.run),
        facts=[("Features", f"{info.features:,}"), *embedders],
        items=info.remarks,
        tables=breakdowns(inputs.run.cases, inputs.y, units=units(info.unit)),
        columns=True,
    )


def cohort_flow(run: Run) -> Flow:
    """Count from the listed cases to the patients of each class.

    Rows that a table has and the comparison excluded are no step: the run's remarks give the reason.
    """
    info = run.info
    measured = info.rows + int(info.test.get("rows", 0))
    steps = []
    if info.failures > 0:
        note = [sentence("population.excluded")] if info.remarks else []
        steps = [
            FlowStep("Cases in the collection", f"{measured + info.failures:,} cases", note),
            FlowStep("Without features", f"{info.failures:,} could not be measured", _causes(run), aside=True),
        ]
    steps.append(FlowStep("With features", f"{measured:,} cases", [sentence("population.complete", n=info.failures)]))
    counts = {name: getattr(info, name) for name in ("rows", "units", "patients", "positives")}
    branches = [("Cross-validation" if info.test else "Cross-validation (all cases)", _steps(info, counts))]
    if info.test:
        branches.append(("Held-out test set (no part in training or model selection)", _steps(info, info.test)))
    return Flow(steps, branches)


def _steps(info: RunInfo, counts: dict[str, int]) -> list[FlowStep]:
    negative, positive = info.classes
    n, positives = counts["units"], counts["positives"]
    unit = [FlowStep(f"Predictions by {info.unit}", f"{n:,} × {info.unit}", [f"{info.rule} of its cases"])]
    return [
        FlowStep("Cases", f"{counts['rows']:,}"),
        *(unit if info.unit != "lesion" else []),
        FlowStep("Patients", f"{counts['patients']:,}"),
        FlowStep(
            "Classes",
            f"{positives:,} {positive}, {n - positives:,} {negative}",
            [f"{100 * positives / n:.1f}% {positive}"],
        ),
    ]


def _causes(run: Run) -> list[str]:
    """Count the failures by cause, the most frequent first."""
    table = run.failures
    if table is None or table.empty:
        return []
    causes = Counter(f"{stage}: {cause}" for stage, cause in table[["stage", "cause"]].itertuples(index=False))
    shown = causes.most_common(_MAX_CAUSES)
    rest = len(table) - sum(n for _, n in shown)
    return [*(f"{n} × {cause}" for cause, n in shown), *([f"{rest} for other causes"] if rest else [])]


def breakdowns(cases: pd.DataFrame, y: NDArray[np.int8], *, units: str = "cases") -> list[ReportTable]:
    """Count cases and positives by each of ``COLUMNS`` that takes at least two values."""
    headings = ["Value", units.capitalize(), "Positive", "%"]
    values = {name: cases[name].map(_text) for name in COLUMNS if name in cases.columns}
    return [
        ReportTable(COLUMNS[name], headings, _counted(column, y), name=f"population-{name}")
        for name, column in values.items()
        if column.nunique() > 1
    ]


def _text(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)) or value == "":
        return "not given"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _counted(text: pd.Series, y: NDArray[np.int8]) -> list[list[str]]:
    counts = pd.DataFrame({"value": text.to_numpy(), "y": y}).groupby("value")["y"].agg(["size", "sum"])
    counts = counts.sort_values("size", ascending=False, kind="stable")
    rows = [
        _row(str(value), int(n), int(positives))
        for value, n, positives in counts.head(_MAX_VALUES).sort_index().itertuples()
    ]
    rest = counts.iloc[_MAX_VALUES:]
    if len(rest):
        rows.append(_row(f"{len(rest)} other values", int(rest["size"].sum()), int(rest["sum"].sum())))
    return rows


def _row(value: str, n: int, positives: int) -> list[str]:
    return [value, str(n), str(positives), f"{100 * positives / n:.0f}%"]
