"""Reporting checklists, answered as far as a run can answer them. A new one is one file and one line."""

from __future__ import annotations

from collections import Counter

from radiomics_mammo.reports.checklists.base import (
    AUTHORS,
    NO,
    NOT_APPLICABLE,
    PARTLY,
    YES,
    Answer,
    Checklist,
    Facts,
    facts_of,
)
from radiomics_mammo.reports.checklists.claim import CLAIM_2024
from radiomics_mammo.reports.checklists.metrics import METRICS_2024
from radiomics_mammo.reports.checklists.tripod_ai import TRIPOD_AI
from radiomics_mammo.reports.components.page import PagePart, ReportTable
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run

CHECKLISTS = (METRICS_2024, CLAIM_2024, TRIPOD_AI)

_CANNOT = (
    "A run cannot know the clinical context, who was recruited and how, ethics, dates, funding, or how the reference "
    "standard came about."
)
_HEADINGS = ("No.", "Item", "Answer", "Evidence")


def checklists(run: Run, results: Results) -> list[PagePart]:
    """Answer every checklist for a run.

    Parameters
    ----------
    run : Run
    results : Results
        Its other tables; what is missing changes answers.

    Returns
    -------
    list of Section
        One a checklist: how much of it the run answers, what it leaves open, and a table with the evidence. ``yes`` is
        said only where the run itself shows what the item asks for.
    """
    facts = facts_of(run, results)
    return [_section(one, facts) for one in CHECKLISTS]


def _section(checklist: Checklist, facts: Facts) -> PagePart:
    answers = [item.ask(facts) for item in checklist.items]
    rows = [
        [item.number, f"{item.topic}: {item.text}", answer.answer, answer.evidence]
        for item, answer in zip(checklist.items, answers, strict=True)
    ]
    left = [item.number for item, answer in zip(checklist.items, answers, strict=True) if answer.answer == AUTHORS]
    table = ReportTable(
        f"{checklist.title}, item by item, in our own words",
        _HEADINGS,
        rows,
        words=_HEADINGS[1:],
        stacked=True,
        folded=f"All {len(rows)} items",
        name=f"checklist-{checklist.slug}",
    )
    text = [f"{_counted(answers)} {_left(left)}", f"After {checklist.source}. No score is given: it takes all answers."]
    return PagePart(f"checklist-{checklist.slug}", checklist.title, text, tables=[table])


def _counted(answers: list[Answer]) -> str:
    found = Counter(one.answer for one in answers)
    own = sum(found[kind] for kind in (YES, PARTLY, NO))
    parts = ", ".join(f"{found[kind]} {kind}" for kind in (YES, PARTLY, NO) if found[kind])
    without = found[NOT_APPLICABLE]
    not_applicable = f" {without} {'does' if without == 1 else 'do'} not apply." if without else ""
    return f"Of {len(answers)} items this run answers {own} itself ({parts}).{not_applicable}"


def _left(numbers: list[str]) -> str:
    return f"{len(numbers)} are for the authors: {', '.join(numbers)}. {_CANNOT}" if numbers else ""
