"""The cases of a page: cards of the mistakes and of the typical ones, and the list of all."""

from __future__ import annotations

from collections.abc import Mapping

from radiomics_mammo.explain.cases.cards import Meaning, make_cards, no_words, open_desk
from radiomics_mammo.explain.cases.chosen import Chosen, choose
from radiomics_mammo.explain.cases.listing import filters_of, lines_of
from radiomics_mammo.explain.cases.outcomes import model_shown
from radiomics_mammo.explain.cases.records import Card, CasesPart, Group, Pictures
from radiomics_mammo.models.run.results import Results
from radiomics_mammo.models.run.runfolder import Run


def cases_part(run: Run, results: Results, *, pictures: Pictures, meaning: Meaning = no_words) -> CasesPart:
    """Put the cases of a page together.

    Parameters
    ----------
    run : Run
    results : Results
        ``neighbours`` and ``out_of_range`` are told where they are there.
    pictures : Pictures
        Of the cases that :func:`radiomics_mammo.explain.cases.chosen.wanted_pictures` names.
    meaning : callable (feature name) -> str
        What a feature means on a mammogram; empty if there is nothing to say.

    Raises
    ------
    InputError
        The predictions do not say what was called positive.
    """
    if not model_shown(run):
        return CasesPart(["No model that looks at the features was compared, so there are no cases to show."])
    desk = open_desk(run, results, pictures=pictures, meaning=meaning)
    chosen = choose(desk.found, results.neighbours, classes=run.info.classes)
    wanted = [name for group in chosen for name in group.case_ids]
    cards = make_cards(desk, wanted)
    groups = [_group(group, cards) for group in chosen]
    lines, caption = lines_of(desk.found, desk.rows, desk.tags, {name: card.anchor for name, card in cards.items()})
    return CasesPart(
        _text(run, results, pictures.problem),
        groups,
        lines,
        caption,
        filters_of(desk.tags.values()),
        desk.store.kept,
    )


def _group(group: Chosen, cards: Mapping[str, Card]) -> Group:
    return Group(group.slug, group.title, group.text, [cards[name] for name in group.case_ids])


def _text(run: Run, results: Results, problem: str) -> list[str]:
    info, shown = run.info, model_shown(run)
    rows = "" if info.unit == "lesion" else f" A case is here a {info.unit}: {info.rule} of its rows."
    text = [
        f"Predictions are those of {info.arms[shown]}, {_whose(run)} Each is out of fold; a probability is the mean "
        f"over the repeats, and a case counts as called {info.classes[1]} where at least half of the repeats' models, "
        f"each at the threshold that its training people gave, called it so.{rows}",
    ]
    if run.contributions is not None and info.explained:
        text.append(
            "A waterfall leads from the model's average to the case's probability: each feature's SHAP value, averaged "
            "over the repeats in log-odds, so that its end may differ a little from the mean probability. It explains "
            "the model, not the disease; features that go together share their credit by chance."
        )
    if results.neighbours is not None:
        text.append(
            "Neighbours are the training cases of the fold that left the case out (first repeat) whose features are "
            "most alike; a distance of 1 is about one standard deviation in every feature. Never the same person."
        )
    return [*text, problem] if problem else text


def _whose(run: Run) -> str:
    info = run.info
    if not info.explained:
        return "the best; no tree model was compared, so there are no waterfalls."
    if info.explained == info.best:
        return "the best and the one that is explained."
    return (
        f"the one that is explained; the best is {info.arms[info.best]}, whose probability stands beside."
        if info.best
        else "the one that is explained."
    )
