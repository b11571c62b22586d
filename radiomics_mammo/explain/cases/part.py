"""The cases of a page: cards of the mistakes and of the typical ones, and the list of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from radiomics_mammo.explain.cases.chosen import Chosen, choose, other_views
from radiomics_mammo.explain.cases.facts import fact, facts
from radiomics_mammo.explain.cases.listing import filters_of, lines_of, tags_of
from radiomics_mammo.explain.cases.nearby import beyond_of, neighbours_of
from radiomics_mammo.explain.cases.outcomes import OUTCOMES, model_shown, outcomes
from radiomics_mammo.explain.cases.records import Card, CasesPart, Group, Neighbour, Pictures, Shown, Tags
from radiomics_mammo.explain.cases.store import ABSENT, Store
from radiomics_mammo.explain.waterfall import Terms, case_terms, draw_waterfall, plain_name, signed
from radiomics_mammo.models.run.results import Results
from radiomics_mammo.models.run.runfolder import Run

Meaning = Callable[[str], str]
_SEVERAL = "No picture: a prediction is about several rows of the table."


def no_words(_: str) -> str:
    """Say nothing of any feature."""
    return ""


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


@dataclass(frozen=True, slots=True, eq=False)
class Desk:
    """Everything of a run that cards are made from, looked up by case_id."""

    run: Run
    results: Results
    found: pd.DataFrame
    rows: Mapping[str, Mapping[str, object]]
    tags: Mapping[str, Tags]
    beyond: Mapping[str, list[str]]
    store: Store
    meaning: Meaning


def open_desk(run: Run, results: Results, *, pictures: Pictures, meaning: Meaning) -> Desk:
    """Look everything up that cards are made from."""
    found = outcomes(run)
    rows = {str(row["case_id"]): row for row in run.cases.to_dict("records")}
    beyond = beyond_of(results.out_of_range)
    tags = tags_of(
        found,
        rows,  # type: ignore[arg-type]
        classes=run.info.classes,
        beyond=None if results.out_of_range is None else beyond,
    )
    store = Store(pictures, absent=ABSENT if run.info.unit == "lesion" else _SEVERAL, note=phantom_note(run))
    return Desk(run, results, found, rows, tags, beyond, store, meaning)  # type: ignore[arg-type]


def terms_of(run: Run, case_ids: Sequence[str]) -> dict[str, Terms]:
    """Give what the explained arm's predictions of some cases add up from; empty where nothing was explained."""
    if run.contributions is None or not run.info.explained:
        return {}
    return case_terms(run.contributions, case_ids, unit=run.info.contribution_unit, rule=run.info.rule)


def values_of(run: Run, case_ids: Sequence[str]) -> dict[str, dict[str, float]]:
    """Give the values of the leading features in some cases."""
    if run.values is None:
        return {}
    table = run.values.assign(case_id=run.values["case_id"].astype(str)).set_index("case_id")
    own = table.loc[[name for name in case_ids if name in table.index]]
    features = [str(column) for column in own.columns]
    return {
        str(name): dict(zip(features, values, strict=True))
        for name, values in zip(own.index, own.to_numpy(dtype=float).tolist(), strict=True)
    }


def make_cards(desk: Desk, case_ids: Sequence[str]) -> dict[str, Card]:
    """Make a card of each of some cases."""
    run = desk.run
    terms, values = terms_of(run, case_ids), values_of(run, case_ids)
    near = neighbours_of(desk.results.neighbours, case_ids, classes=run.info.classes, store=desk.store)
    views, place = other_views(run.cases), {str(name): i for i, name in enumerate(desk.found.index)}
    return {
        name: _card(desk, name, place[name], terms.get(name), values.get(name, {}), near[name], views.get(name, ()))
        for name in case_ids
    }


def _card(
    desk: Desk,
    name: str,
    place: int,
    terms: Terms | None,
    values: Mapping[str, float],
    near: Sequence[Neighbour],
    views: Sequence[str],
) -> Card:
    row, tags = desk.rows[name], desk.tags[name]
    drawn = "" if terms is None else draw_waterfall(terms, title=name, values=values, note=phantom_note(desk.run))
    return Card(
        anchor=f"case-{place}",
        case_id=name,
        patient_id=str(row["patient_id"]),
        tags=tags,
        outcome=OUTCOMES[tags.outcome],
        probability=probability_sentence(desk, name),
        facts=facts(row),
        pictures=pictures_of(desk.store, name, views[:1], desk.rows),
        waterfall=Markup(drawn),
        leading="" if terms is None else leading_words(terms, desk.meaning, desk.run.info.classes),
        beyond=desk.beyond.get(name, ()),
        neighbours=near,
    )


def pictures_of(store: Store, name: str, views: Sequence[str], rows: Mapping[str, Mapping[str, object]]) -> list[Shown]:
    """Give the pictures of a case and of its breast's other views; those that are not there only where none is."""
    found = [store.lesion(name, caption="Lesion"), store.whole(name, caption="Whole image")]
    found += [store.view(view, caption=f"Other view, {fact(rows[view], 'view')}") for view in views]
    return [one for one in found if one is not None]


def probability_sentence(desk: Desk, name: str) -> str:
    """Say the truth, the probability, how often that was a call, and what the best arm says, if that is another."""
    row, info = desk.found.loc[name], desk.run.info
    said = (
        f"In truth {desk.tags[name].truth}; probability of {info.classes[1]} {row['p']:.2f}, "
        f"called so in {100 * row['called']:.0f}% of repeats."
    )
    other = info.best and info.best != model_shown(desk.run) and not pd.isna(row["best"])
    return f"{said} {info.arms[info.best]}: {row['best']:.2f}." if other else said


def leading_words(terms: Terms, meaning: Meaning, classes: Sequence[str]) -> str:
    """Say what moved the prediction most, whither, and what that feature means."""
    (name, value), *_ = terms.leading(1)[0]
    if value == 0:
        return "No feature moved this prediction."
    towards = classes[1] if value > 0 else classes[0]
    said = f"Most weight: {plain_name(name)}, towards {towards} ({signed(value)})."
    words = meaning(name)
    return f"{said} {words}" if words else said


def phantom_note(run: Run) -> str:
    """Mark what is drawn of simulated images."""
    return "phantom" if run.info.phantom else ""


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
