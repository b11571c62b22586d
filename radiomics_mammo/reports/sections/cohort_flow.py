"""How the cases found became predictions, as boxes of counts."""

from __future__ import annotations

from collections import Counter

from radiomics_mammo.reports.components.page import Flow, FlowStep
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.runs.run_info import RunInfo

_MOST = 8
"""Causes that are told apart."""


def cohort_flow(run: Run) -> Flow:
    """Count from the cases found to the patients of each class, apart for those held out.

    Rows that a table has and the comparison left out are no step of their own: the remarks of the run say why.
    """
    info = run.info
    kept = info.rows + int(info.test.get("rows", 0))
    steps = []
    if info.failures > 0:
        found = f"{kept + info.failures:,} cases"
        steps = [
            FlowStep("Found", found, ["beside those that the remarks below leave out"] if info.remarks else []),
            FlowStep("Without a row", f"{info.failures:,} could not be measured", _causes(run), aside=True),
        ]
    steps.append(FlowStep("With a row of features", f"{kept:,} cases", [_completeness(info)]))
    parts = {name: getattr(info, name) for name in ("rows", "units", "patients", "positives")}
    branches = [("Cross-validated" if info.test else "Cross-validated, all of them", _steps(info, parts))]
    if info.test:
        branches.append(("Held out: no part in training or in any choice", _steps(info, info.test)))
    return Flow(steps, branches)


def _completeness(info: RunInfo) -> str:
    if info.failures == 0:
        return "every case found was measured"
    return "how many cases could not be measured is not recorded" if info.failures < 0 else "measured"


def _steps(info: RunInfo, counts: dict[str, int]) -> list[FlowStep]:
    negative, positive = info.classes
    units, positives = counts["units"], counts["positives"]
    by_unit = (
        [FlowStep("Predicted together", f"{units:,} × {info.unit}", [f"{info.rule} of its cases"])]
        if info.unit != "lesion"
        else []
    )
    return [
        FlowStep("Cases", f"{counts['rows']:,}"),
        *by_unit,
        FlowStep("Patients", f"{counts['patients']:,}"),
        FlowStep(
            "Classes",
            f"{positives:,} {positive}, {units - positives:,} {negative}",
            [f"{100 * positives / units:.1f}% {positive}"],
        ),
    ]


def _causes(run: Run) -> list[str]:
    """Count the failures by cause, the commonest first."""
    table = run.failures
    if table is None or table.empty:
        return []
    causes = Counter(f"{stage}: {cause}" for stage, cause in table[["stage", "cause"]].itertuples(index=False))
    said = [f"{count} × {cause}" for cause, count in causes.most_common(_MOST)]
    rest = len(table) - sum(count for _, count in causes.most_common(_MOST))
    return [*said, f"{rest} for other causes"] if rest else said
