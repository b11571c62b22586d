"""From a run to the page's record."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from radiomics_mammo.explain import wording
from radiomics_mammo.explain.arms import competing
from radiomics_mammo.explain.case_cards import Pictures, case_groups, cases_text
from radiomics_mammo.explain.cohort_counts import breakdowns
from radiomics_mammo.explain.cohort_flow import cohort_flow
from radiomics_mammo.explain.comparison_part import comparison_section, estimates, outcome
from radiomics_mammo.explain.contributions import mean_by_case
from radiomics_mammo.explain.embedding_part import forced
from radiomics_mammo.explain.method import citation, is_tuned, method_facts
from radiomics_mammo.explain.mistakes import Mistakes, most_confident_mistakes
from radiomics_mammo.explain.page import CasesPart, CohortPart, Figure, Opening, Page, Section, Sheet
from radiomics_mammo.explain.why_part import Meaning, why_part
from radiomics_mammo.models.run.results import Results
from radiomics_mammo.models.run.runfolder import Run
from radiomics_mammo.models.run.runinfo import RunInfo

_NOTHING = Results()


def compose(run: Run, results: Results = _NOTHING, *, pictures: Pictures, meaning: Meaning) -> Page:
    """Put the page together.

    Parameters
    ----------
    run : Run
    results : Results
        Tables beyond predictions and summary; a section is there where its table is.
    pictures : Pictures
        Of the cases that :func:`mistaken_cases` names.
    meaning : callable (feature name) -> str
        What a feature means on a mammogram; empty if there is nothing to say.
    """
    info, last = run.info, run.predictions[["fold", "repeat"]].max()
    return Page(
        title=f"Radiomics of {info.rows} cases: {info.classes[1]} or {info.classes[0]}?",
        phantom=info.phantom,
        opening=_opening(run),
        cohort=CohortPart(cohort_flow(run), _cohort_facts(info), info.remarks, breakdowns(run.cases, outcome(run))),
        limits=_limits(run, results),
        comparison=comparison_section(run, results),
        why=_why(run, meaning),
        cases=_cases(run, pictures),
        method=method_facts(info, folds=int(last["fold"]) + 1, repeats=int(last["repeat"]) + 1),
        checklists=[],
        citation=citation(info),
    )


def mistaken_cases(run: Run) -> list[str]:
    """Name the cases whose pictures the page wants."""
    if not run.info.best:
        return []
    found = _mistakes(run)
    return [str(name) for name in (*found.missed.index, *found.alarms.index)]


def _opening(run: Run) -> Opening:
    info, warnings = run.info, forced(run.info)
    verdict = wording.verdict(
        run.summary,
        run.differences,
        titles=competing(info.arms),
        best=info.best,
        classes=info.classes,
        phantom=info.phantom,
    )
    if not info.best:
        return Opening(verdict, [], "", warnings)
    headline = f"{info.arms[info.best]}, with 95% intervals"
    return Opening(verdict, estimates(run.summary, info.best), headline, warnings)


def _cohort_facts(info: RunInfo) -> list[tuple[str, str]]:
    return [
        ("Features", f"{info.features:,}"),
        *[(f"Embedding by {one['name']}", f"{one['dims']} features of the {one['input']}") for one in info.embeddings],
    ]


def _limits(run: Run, results: Results) -> list[str]:
    info = run.info
    return wording.limits(
        compared=len(competing(info.arms)),
        phantom=info.phantom,
        tested=results.test_summary is not None,
        tuned=is_tuned(info.command),
        spacing_unknown=_without_spacing(run.cases),
        rows=info.rows,
        group=info.group,
    )


def _why(run: Run, meaning: Meaning) -> list[Section]:
    part = why_part(run, meaning=meaning)
    if not part.features:
        return [Section("why", "What the model looks at", [part.text])]
    figures = [
        Figure(Markup(part.bar), "How much each feature moves the prediction, on average over held-out cases."),
        Figure(
            Markup(part.beeswarm),
            "Each point is one held-out case: its place is how far the feature moved the prediction, its colour the "
            "feature's value (grey: undefined).",
        ),
    ]
    headings = ["Feature", "Mean |SHAP|", "High values speak for", "What it means on a mammogram"]
    rows = [[one.name, one.size, one.direction, one.meaning] for one in part.features]
    sheet = Sheet("The leading features in words", headings, rows, words=headings[2:], stacked=True)
    return [Section("why", "What the model looks at", [part.text], figures, [sheet])]


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
