"""The cases of the report: cards of errors and of typical cases, and the list of all."""

from __future__ import annotations

from radiomics_mammo.evaluation.explanation.waterfall import are_calibrated
from radiomics_mammo.reports.cases.cards import make_cards, read_context
from radiomics_mammo.reports.cases.case_list import list_cases, list_filters
from radiomics_mammo.reports.cases.neighbours import similarity_text
from radiomics_mammo.reports.cases.records import CasesPart, Group
from radiomics_mammo.reports.cases.selection import select_cases
from radiomics_mammo.reports.components.page import PagePart
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.section import ReportInputs


def build(inputs: ReportInputs) -> PagePart:
    """Build the section."""
    run, results = inputs.run, inputs.results
    context = read_context(run, results, pictures=inputs.pictures, meaning=inputs.meaning)
    similarity = similarity_text(run)
    groups = select_cases(context.predictions, results.neighbours, classes=run.info.classes, similarity=similarity)
    cards = make_cards(context, [name for group in groups for name in group.case_ids])
    anchors = {name: card.anchor for name, card in cards.items()}
    lines, caption = list_cases(context.predictions, context.rows, context.attributes, anchors)
    problem = inputs.pictures.problem
    return PagePart(
        text=[*_text(inputs), *([problem] if problem else [])],
        cases=CasesPart(
            [Group(group.slug, group.title, group.text, [cards[name] for name in group.case_ids]) for group in groups],
            lines,
            caption,
            list_filters(context.attributes.values()),
            context.store.stored,
        ),
    )


def _text(inputs: ReportInputs) -> list[str]:
    run, info = inputs.run, inputs.run.info
    intro = sentence(
        "cases.intro",
        title=info.candidates[info.best],
        positive=info.classes[1],
        unit=info.unit,
        rule=info.rule,
        explained=info.candidates.get(info.explained, ""),
        best=info.candidates[info.best],
    )
    text = [intro]
    if run.contributions is not None and info.explained:
        calibrated = are_calibrated(run.contributions, unit=info.contribution_unit)
        text.append(sentence("cases.waterfalls", calibrated=calibrated, unit=info.contribution_unit))
    if inputs.results.neighbours is not None:
        text.append(sentence("cases.neighbours", similarity=similarity_text(run)))
    return text
