"""From a run to the page's record."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from radiomics_mammo.explain import wording
from radiomics_mammo.explain.arms import competing
from radiomics_mammo.explain.case_cards import Pictures, case_groups, cases_text
from radiomics_mammo.explain.cohort_counts import breakdowns
from radiomics_mammo.explain.comparison_part import comparison_part, estimates, outcome
from radiomics_mammo.explain.contributions import mean_by_case
from radiomics_mammo.explain.method import citation, is_tuned, method_facts
from radiomics_mammo.explain.mistakes import Mistakes, most_confident_mistakes
from radiomics_mammo.explain.page import CasesPart, CohortPart, Opening, Page
from radiomics_mammo.explain.results_part import result_sections
from radiomics_mammo.explain.why_part import Meaning, why_part
from radiomics_mammo.models.run.results import Results
from radiomics_mammo.models.run.runfolder import Run
from radiomics_mammo.models.run.runinfo import RunInfo

_NOTHING = Results()


def compose(run: Run, *, pictures: Pictures, meaning: Meaning, results: Results = _NOTHING) -> Page:
    """Put the page together.

    Parameters
    ----------
    run : Run
    pictures : Pictures
        Of the cases that :func:`mistaken_cases` names.
    meaning : callable (feature name) -> str
        What a feature means on a mammogram; empty if there is nothing to say.
    results : Results
        Tables beyond predictions and summary; a section is there where its table is.
    """
    info, last = run.info, run.predictions[["fold", "repeat"]].max()
    return Page(
        title=f"Radiomics of {info.rows} cases: {info.classes[1]} or {info.classes[0]}?",
        phantom=info.phantom,
        opening=_opening(run),
        cohort=_cohort(run),
        comparison=comparison_part(run, as_trained=results.as_trained),
        why=why_part(run, meaning=meaning),
        cases=_cases(run, pictures),
        limits=wording.limits(
            compared=len(competing(info.arms)),
            phantom=info.phantom,
            tested=results.test_summary is not None,
            tuned=is_tuned(info.command),
            spacing_unknown=_without_spacing(run.cases),
            rows=info.rows,
            group=info.group,
        ),
        method=method_facts(info, folds=int(last["fold"]) + 1, repeats=int(last["repeat"]) + 1),
        citation=citation(info),
        sections=result_sections(run, results),
    )


def mistaken_cases(run: Run) -> list[str]:
    """Name the cases whose pictures the page wants."""
    if not run.info.best:
        return []
    found = _mistakes(run)
    return [str(name) for name in (*found.missed.index, *found.alarms.index)]


def _opening(run: Run) -> Opening:
    info = run.info
    verdict = wording.verdict(
        run.summary,
        run.differences,
        titles=competing(info.arms),
        best=info.best,
        classes=info.classes,
        phantom=info.phantom,
    )
    if not info.best:
        return Opening(verdict, [], "")
    return Opening(verdict, estimates(run.summary, info.best), f"{info.arms[info.best]}, with 95% intervals")


def _cohort(run: Run) -> CohortPart:
    return CohortPart(_cohort_facts(run), breakdowns(run.cases, outcome(run)), run.info.remarks, _failures(run))


def _cohort_facts(run: Run) -> list[tuple[str, str]]:
    info = run.info
    failed = {-1: "not recorded", 0: "none"}.get(info.failures, f"{info.failures} cases could not be measured")
    return [
        ("Cases", f"{info.rows}, of {info.people} people"),
        *([("Predicted by", f"{info.unit}: {info.units}, {info.rule} of its cases")] if info.unit != "lesion" else []),
        (info.classes[1].capitalize(), f"{info.positives} ({100 * info.positives / info.units:.0f}%)"),
        (info.classes[0].capitalize(), f"{info.units - info.positives}"),
        *([("Held out", _held_out(info))] if info.test else []),
        ("Features", f"{info.features}"),
        ("Left out in extraction", failed),
    ]


def _held_out(info: RunInfo) -> str:
    test = info.test
    return f"{test['rows']} cases of {test['people']} people, {test['positives']} of {test['units']} {info.classes[1]}"


def _failures(run: Run) -> list[tuple[str, int]]:
    """Count the failures by cause, the commonest first."""
    if run.failures is None or run.failures.empty:
        return []
    causes = Counter(f"{stage}: {cause}" for stage, cause in run.failures[["stage", "cause"]].itertuples(index=False))
    return causes.most_common(8)


def _mistakes(run: Run) -> Mistakes:
    return most_confident_mistakes(run.predictions, model=run.info.best)


def _cases(run: Run, pictures: Pictures) -> CasesPart:
    info = run.info
    if not info.best:
        return CasesPart("No model that looks at the features was compared.")
    found = _mistakes(run)
    explained = info.best == info.explained and run.contributions is not None
    groups = case_groups(
        found,
        run.cases,
        classes=(info.classes[0], info.classes[1]),
        pictures=pictures,
        contributions=mean_by_case(run.contributions) if explained and run.contributions is not None else None,
    )
    text = cases_text(found, title=info.arms[info.best], positive=info.classes[1], problem=pictures.problem)
    return CasesPart(text, groups)


def _without_spacing(cases: pd.DataFrame) -> int:
    return int(cases["spacing_row_mm"].isna().sum()) if "spacing_row_mm" in cases.columns else 0
