"""The cases of a page: cards of the mistakes and of the typical ones, and the list of all."""

from __future__ import annotations

from collections.abc import Mapping

from radiomics_mammo.evaluation.explanation.waterfall import are_calibrated
from radiomics_mammo.reports.cases.cards import Meaning, make_cards, no_words, read_context
from radiomics_mammo.reports.cases.case_list import filters_of, lines_of
from radiomics_mammo.reports.cases.neighbours import likeness
from radiomics_mammo.reports.cases.records import Card, CasesPart, Group, Pictures
from radiomics_mammo.reports.cases.selection import Chosen, choose
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run


def cases_part(run: Run, results: Results, *, pictures: Pictures, meaning: Meaning = no_words) -> CasesPart:
    """Put the cases of a page together.

    Parameters
    ----------
    run : Run
    results : Results
        ``neighbours`` and ``out_of_range`` are told where they are there.
    pictures : Pictures
        Of the cases that :func:`radiomics_mammo.reports.cases.selection.wanted_pictures` names.
    meaning : callable (feature name) -> str
        What a feature means on a mammogram; empty if there is nothing to say.

    Raises
    ------
    InputError
        The predictions do not say what was called positive.
    """
    if not run.info.best:
        return CasesPart(["No model that looks at the features was compared, so there are no cases to show."])
    context = read_context(run, results, pictures=pictures, meaning=meaning)
    chosen = choose(context.found, results.neighbours, classes=run.info.classes, alike=likeness(run))
    wanted = [name for group in chosen for name in group.case_ids]
    cards = make_cards(context, wanted)
    groups = [_group(group, cards) for group in chosen]
    lines, caption = lines_of(
        context.found, context.rows, context.attributes, {name: card.anchor for name, card in cards.items()}
    )
    return CasesPart(
        _text(run, results, pictures.problem),
        groups,
        lines,
        caption,
        filters_of(context.attributes.values()),
        context.store.kept,
    )


def _group(group: Chosen, cards: Mapping[str, Card]) -> Group:
    return Group(group.slug, group.title, group.text, [cards[name] for name in group.case_ids])


def _text(run: Run, results: Results, problem: str) -> list[str]:
    info = run.info
    rows = "" if info.unit == "lesion" else f" A case is here a {info.unit}: {info.rule} of its rows."
    text = [
        f"Cases are told by {info.candidates[info.best]}, the best model: false negatives, false positives, "
        f"outcomes and "
        f"probabilities are its own. Each is out of fold; a probability is the mean over the repeats, and a case "
        f"counts as called {info.classes[1]} where at least half of the repeats' models, each at the threshold that "
        f"its training patients gave, called it so.{rows} {_explained(run)}".rstrip()
    ]
    if run.contributions is not None and info.explained:
        text.append(_waterfalls(are_calibrated(run.contributions, unit=info.contribution_unit), info.contribution_unit))
    if results.neighbours is not None:
        text.append(
            "Neighbours are the training cases of the fold that left the case out (first repeat) whose features are "
            "most alike; a distance of 1 is about one standard deviation in every feature. Never the same patient. "
            f"{likeness(run)}".rstrip()
        )
    return [*text, problem] if problem else text


def _explained(run: Run) -> str:
    info = run.info
    if not info.explained:
        return "No tree model was compared, so there are no waterfalls."
    if info.explained == info.best:
        return ""
    return (
        f"Waterfalls explain another model, {info.candidates[info.explained]}, because SHAP explains trees: its "
        f"probability "
        "stands beside, and may lie on the other side of its threshold."
    )


def _waterfalls(calibrated: bool, unit: str) -> str:
    """Say what the steps of a waterfall are, and where they end."""
    if calibrated:
        steps = (
            "each step is a feature's SHAP value in calibrated log-odds, averaged over the repeats. The mean of "
            "probabilities is not the probability of mean log-odds: where that shows, a last step, averaging over "
            "repeats, takes it up."
        )
    else:
        steps = (
            f"each step is a feature's SHAP value in {unit} before calibration, averaged over the repeats. The "
            "features end at the model's own value before calibration; the last step, averaging and calibration, leads "
            "from there to the probability."
        )
    return (
        f"A waterfall leads from its model's average to the probability that this model gives the case: {steps} It "
        "explains the model, not the disease; features that go together share their credit by chance."
    )
