"""Reporting checklists, answered as far as a run can. A new one is one module and one line in ``CHECKLISTS``."""

from __future__ import annotations

from collections import Counter

from radiomics_mammo.reports.checklists.base import AUTHORS, NO, NOT_APPLICABLE, PARTLY, YES, Checklist, Facts, facts_of
from radiomics_mammo.reports.checklists.claim import CLAIM_2024
from radiomics_mammo.reports.checklists.metrics import METRICS_2024
from radiomics_mammo.reports.checklists.tripod_ai import TRIPOD_AI
from radiomics_mammo.reports.components.page import PagePart, ReportTable
from radiomics_mammo.reports.components.sentences import paragraphs
from radiomics_mammo.reports.section import ReportInputs
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run

CHECKLISTS = (METRICS_2024, CLAIM_2024, TRIPOD_AI)

_HEADINGS = ("No.", "Item", "Answer", "Evidence")


def build(inputs: ReportInputs) -> PagePart:
    """Build the section: a part for each checklist."""
    return PagePart(parts=checklists(inputs.run, inputs.results))


def checklists(run: Run, results: Results) -> list[PagePart]:
    """Answer every checklist for a run; ``yes`` only where the run itself shows it."""
    facts = facts_of(run, results)
    return [_part(checklist, facts) for checklist in CHECKLISTS]


def _part(checklist: Checklist, facts: Facts) -> PagePart:
    answers = [item.ask(facts) for item in checklist.items]
    rows = [
        [item.number, f"{item.topic}: {item.text}", answer.answer, answer.evidence]
        for item, answer in zip(checklist.items, answers, strict=True)
    ]
    counts = Counter(answer.answer for answer in answers)
    text = paragraphs(
        "checklists.summary",
        items=len(rows),
        counts={kind: counts[kind] for kind in (YES, PARTLY, NO) if counts[kind]},
        not_applicable=counts[NOT_APPLICABLE],
        authors=[row[0] for row in rows if row[2] == AUTHORS],
        source=checklist.source,
    )
    table = ReportTable(
        f"{checklist.title}: all items, paraphrased",
        _HEADINGS,
        rows,
        words=_HEADINGS[1:],
        stacked=True,
        folded=f"All {len(rows)} items",
        name=f"checklist-{checklist.slug}",
    )
    return PagePart(f"checklist-{checklist.slug}", checklist.title, text, tables=[table])
