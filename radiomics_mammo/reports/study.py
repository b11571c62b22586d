"""From a run to the page's record."""

from __future__ import annotations

import pandas as pd

from radiomics_mammo.reports.cases import Pictures, cases_part
from radiomics_mammo.reports.checklists import checklists
from radiomics_mammo.reports.components import wording
from radiomics_mammo.reports.components.method_facts import citation, is_tuned, method_facts
from radiomics_mammo.reports.components.model_names import competing
from radiomics_mammo.reports.components.page import CohortPart, Opening, Page
from radiomics_mammo.reports.sections.cohort_counts import breakdowns
from radiomics_mammo.reports.sections.cohort_flow import cohort_flow
from radiomics_mammo.reports.sections.comparison import comparison_section, estimates, outcome
from radiomics_mammo.reports.sections.embeddings import embedder_title, forced
from radiomics_mammo.reports.sections.explanation import why_sections
from radiomics_mammo.reports.sections.shap_tables import Meaning
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.runs.run_info import RunInfo

_NOTHING = Results()


def compose(run: Run, results: Results = _NOTHING, *, pictures: Pictures, meaning: Meaning) -> Page:
    """Put the page together.

    Parameters
    ----------
    run : Run
    results : Results
        Tables beyond predictions and summary; a section is there where its table is.
    pictures : Pictures
        Of the cases that :func:`radiomics_mammo.reports.cases.wanted_pictures` names.
    meaning : callable (feature name) -> str
        What a feature means on a mammogram; empty if there is nothing to say.
    """
    info, last = run.info, run.predictions[["fold", "repeat"]].max()
    return Page(
        title=f"Radiomics of {_counted(info)}: {info.classes[1]} or {info.classes[0]}?",
        phantom=info.phantom,
        opening=_opening(run, results),
        cohort=CohortPart(
            cohort_flow(run),
            _cohort_facts(info),
            info.remarks,
            breakdowns(run.cases, outcome(run), units=wording.units(info.unit)),
        ),
        limits=_limits(run, results),
        comparison=comparison_section(run, results),
        why=why_sections(run, results, meaning=meaning),
        cases=cases_part(run, results, pictures=pictures, meaning=meaning),
        method=method_facts(info, folds=int(last["fold"]) + 1, repeats=int(last["repeat"]) + 1),
        checklists=checklists(run, results),
        citation=citation(info),
    )


def _counted(info: RunInfo) -> str:
    """Count what a prediction is about, and the cases that it is made of where those are not the same."""
    what = f"{info.units} {wording.units(info.unit)}"
    return what if info.unit == "lesion" else f"{what} ({info.rows} cases)"


def _opening(run: Run, results: Results) -> Opening:
    info, warnings = run.info, forced(run.info)
    verdict = wording.verdict(
        run.summary,
        run.differences,
        titles=competing(info.candidates),
        best=info.best,
        classes=info.classes,
        phantom=info.phantom,
        unit=info.unit,
        tested=results.test_summary,
    )
    if not info.best:
        return Opening(verdict, [], "", warnings)
    headline = f"{info.candidates[info.best]}: out-of-fold values with 95% intervals"
    if results.test_summary is not None:
        headline += "; those of held-out patients stand under “On patients held out”"
    return Opening(verdict, estimates(run.summary, info.best), headline, warnings)


def _cohort_facts(info: RunInfo) -> list[tuple[str, str]]:
    return [
        ("Features", f"{info.features:,}"),
        *[(f"Embedding by {embedder_title(one)}", f"{one['dims']} features") for one in info.embeddings],
    ]


def _limits(run: Run, results: Results) -> list[str]:
    info = run.info
    return wording.limits(
        compared=len(competing(info.candidates)),
        phantom=info.phantom,
        tested=results.test_summary is not None,
        tuned=is_tuned(info.command),
        spacing_unknown=_without_spacing(run.cases),
        cases=f"{len(run.cases)} {wording.units(info.unit)}",
        group=info.group,
        prevalence="prevalence" in info.candidates,
        explained=run.contributions is not None or results.shap_features is not None,
    )


def _without_spacing(cases: pd.DataFrame) -> int:
    return int(cases["spacing_row_mm"].isna().sum()) if "spacing_row_mm" in cases.columns else 0
