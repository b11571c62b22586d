"""Cards of cases: everything that is told of one, looked up from the tables of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from radiomics_mammo.evaluation.explanation.waterfall import Terms, case_waterfalls, plain_name, signed
from radiomics_mammo.reports.cases.case_list import attributes_of
from radiomics_mammo.reports.cases.facts import fact, facts
from radiomics_mammo.reports.cases.neighbours import beyond_of, neighbours_of
from radiomics_mammo.reports.cases.outcomes import OUTCOMES, outcomes
from radiomics_mammo.reports.cases.picture_store import ABSENT, Store
from radiomics_mammo.reports.cases.records import Card, CaseAttributes, Neighbour, Pictures, ShownImage
from radiomics_mammo.reports.cases.selection import other_views, same_lesion
from radiomics_mammo.reports.figures.waterfall import draw_waterfall
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run

Meaning = Callable[[str], str]
_SEVERAL = "No picture: a prediction is about several rows of the table."


def no_words(_: str) -> str:
    """Say nothing of any feature."""
    return ""


@dataclass(frozen=True, slots=True, eq=False)
class CaseContext:
    """Everything of a run that cards are made from, looked up by case_id."""

    run: Run
    results: Results
    found: pd.DataFrame
    rows: Mapping[str, Mapping[str, object]]
    attributes: Mapping[str, CaseAttributes]
    beyond: Mapping[str, list[str]]
    store: Store
    meaning: Meaning


def read_context(run: Run, results: Results, *, pictures: Pictures, meaning: Meaning) -> CaseContext:
    """Look everything up that cards are made from."""
    found = outcomes(run)
    rows = {str(row["case_id"]): row for row in run.cases.to_dict("records")}
    beyond = beyond_of(results.out_of_range)
    attributes = attributes_of(
        found,
        rows,  # type: ignore[arg-type]
        classes=run.info.classes,
        beyond=None if results.out_of_range is None else beyond,
    )
    store = Store(pictures, absent=ABSENT if run.info.unit == "lesion" else _SEVERAL, note=phantom_note(run))
    return CaseContext(run, results, found, rows, attributes, beyond, store, meaning)  # type: ignore[arg-type]


def terms_of(context: CaseContext, case_ids: Sequence[str]) -> dict[str, Terms]:
    """Give what the explained candidate's predictions of some cases add up from; empty where nothing was explained."""
    run = context.run
    if run.contributions is None or not run.info.explained:
        return {}
    reached = dict(
        zip(case_ids, context.found["explained"].loc[list(case_ids)].to_numpy(dtype=float).tolist(), strict=True)
    )
    return case_waterfalls(run.contributions, reached, unit=run.info.contribution_unit, rule=run.info.rule)


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


def make_cards(context: CaseContext, case_ids: Sequence[str]) -> dict[str, Card]:
    """Make a card of each of some cases."""
    run = context.run
    terms, values = terms_of(context, case_ids), values_of(run, case_ids)
    near = neighbours_of(context.results.neighbours, case_ids, classes=run.info.classes, store=context.store)
    views, place = other_views(run.cases), {str(name): i for i, name in enumerate(context.found.index)}
    return {
        name: _card(context, name, place[name], terms.get(name), values.get(name, {}), near[name], views.get(name, ()))
        for name in case_ids
    }


def _card(
    context: CaseContext,
    name: str,
    place: int,
    terms: Terms | None,
    values: Mapping[str, float],
    near: Sequence[Neighbour],
    views: Sequence[str],
) -> Card:
    row, attributes = context.rows[name], context.attributes[name]
    drawn = "" if terms is None else draw_waterfall(terms, title=name, values=values, note=phantom_note(context.run))
    return Card(
        anchor=f"case-{place}",
        case_id=name,
        patient_id=str(row["patient_id"]),
        attributes=attributes,
        outcome=OUTCOMES[attributes.outcome],
        probability=probability_sentence(context, name),
        facts=facts(row),
        pictures=pictures_of(context.store, name, views[:1], context.rows),
        waterfall=Markup(drawn),
        explained="" if terms is None else waterfall_title(context.run, terms),
        leading="" if terms is None else leading_words(terms, context.meaning, context.run.info.classes),
        beyond=context.beyond.get(name, ()),
        neighbours=near,
    )


def pictures_of(
    store: Store, name: str, views: Sequence[str], rows: Mapping[str, Mapping[str, object]]
) -> list[ShownImage]:
    """Give the pictures of a case and of its breast's other views; those that are not there only where none is."""
    found = [store.lesion(name, caption="Lesion"), store.whole(name, caption="Whole image")]
    for view in views:
        doubt = "" if same_lesion(rows[name], rows[view]) else " (lesion may be another)"
        found.append(store.view(view, caption=f"Other view, {fact(rows[view], 'view')}{doubt}"))
    return [one for one in found if one is not None]


def probability_sentence(context: CaseContext, name: str) -> str:
    """Describe the label, the probability, how often it was a call, and the explained candidate if another."""
    row, info = context.found.loc[name], context.run.info
    said = (
        f"In truth {context.attributes[name].truth}; probability of {info.classes[1]} {row['p']:.2f}, "
        f"called so in {100 * row['called']:.0f}% of repeats."
    )
    other = info.explained != info.best and not pd.isna(row["explained"])
    return f"{said} {info.candidates[info.explained]}: {row['explained']:.2f}." if other else said


def waterfall_title(run: Run, terms: Terms) -> str:
    """Say whose waterfall it is where the case is told by another model; else nothing."""
    if run.info.explained == run.info.best:
        return ""
    return f"{run.info.candidates[run.info.explained]}: from its average to {terms.predicted:.2f}"


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
