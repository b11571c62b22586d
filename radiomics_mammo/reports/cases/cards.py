"""Cards of cases, from the tables of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from radiomics_mammo.evaluation.explanation.waterfall import Terms, case_waterfalls, plain_name, signed
from radiomics_mammo.reports.cases.case_list import case_attributes
from radiomics_mammo.reports.cases.facts import fact, facts
from radiomics_mammo.reports.cases.neighbours import nearest_cases_of, out_of_range_text
from radiomics_mammo.reports.cases.outcomes import OUTCOMES, outcomes
from radiomics_mammo.reports.cases.picture_store import ABSENT, PictureStore
from radiomics_mammo.reports.cases.records import Card, CaseAttributes, Neighbour, Pictures, ShownImage
from radiomics_mammo.reports.cases.selection import is_same_lesion, other_views
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.figures.waterfall import draw_waterfall
from radiomics_mammo.reports.section import Meaning
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run


@dataclass(frozen=True, slots=True, eq=False)
class CaseContext:
    """The tables of a run that cards are made from, by case_id."""

    run: Run
    results: Results
    predictions: pd.DataFrame
    rows: Mapping[str, Mapping[str, object]]
    attributes: Mapping[str, CaseAttributes]
    out_of_range: Mapping[str, list[str]]
    store: PictureStore
    meaning: Meaning


def read_context(run: Run, results: Results, *, pictures: Pictures, meaning: Meaning) -> CaseContext:
    """Read what cards are made from."""
    predictions = outcomes(run)
    rows = {str(row["case_id"]): row for row in run.cases.to_dict("records")}
    out_of_range = out_of_range_text(results.out_of_range)
    attributes = case_attributes(
        predictions,
        rows,  # type: ignore[arg-type]
        classes=run.info.classes,
        out_of_range=None if results.out_of_range is None else out_of_range,
    )
    store = PictureStore(
        pictures, absent=ABSENT if run.info.unit == "lesion" else sentence("cases.several_rows"), note=phantom_note(run)
    )
    return CaseContext(run, results, predictions, rows, attributes, out_of_range, store, meaning)  # type: ignore[arg-type]


def waterfall_terms(context: CaseContext, case_ids: Sequence[str]) -> dict[str, Terms]:
    """Return the waterfalls of the explained model for some cases."""
    run = context.run
    if run.contributions is None or not run.info.explained:
        return {}
    reached = dict(
        zip(case_ids, context.predictions["explained"].loc[list(case_ids)].to_numpy(dtype=float).tolist(), strict=True)
    )
    return case_waterfalls(run.contributions, reached, unit=run.info.contribution_unit, rule=run.info.rule)


def leading_values(run: Run, case_ids: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return the values of the leading features in some cases."""
    if run.values is None:
        return {}
    table = run.values.assign(case_id=run.values["case_id"].astype(str)).set_index("case_id")
    table = table.loc[[name for name in case_ids if name in table.index]]
    return {
        str(name): dict(zip(map(str, table.columns), values, strict=True))
        for name, values in zip(table.index, table.to_numpy(dtype=float).tolist(), strict=True)
    }


def make_cards(context: CaseContext, case_ids: Sequence[str]) -> dict[str, Card]:
    """Build the cards of some cases."""
    run = context.run
    terms, values = waterfall_terms(context, case_ids), leading_values(run, case_ids)
    near = nearest_cases_of(context.results.neighbours, case_ids, classes=run.info.classes, store=context.store)
    views, place = other_views(run.cases), {str(name): i for i, name in enumerate(context.predictions.index)}
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
        explained="" if terms is None else explained_title(context.run, terms),
        leading="" if terms is None else leading_sentence(terms, context.meaning, context.run.info.classes),
        out_of_range=context.out_of_range.get(name, ()),
        neighbours=near,
    )


def pictures_of(
    store: PictureStore, name: str, views: Sequence[str], rows: Mapping[str, Mapping[str, object]]
) -> list[ShownImage]:
    """Return the images of a case and of the other views of the breast."""
    images = [store.lesion(name, caption="Lesion"), store.whole(name, caption="Full image")]
    for view in views:
        doubt = "" if is_same_lesion(rows[name], rows[view]) else " (lesion may be another)"
        images.append(store.view(view, caption=f"Other view, {fact(rows[view], 'view')}{doubt}"))
    return [image for image in images if image is not None]


def probability_sentence(context: CaseContext, name: str) -> str:
    """Return the sentence on reference standard, probability and classification."""
    row, info = context.predictions.loc[name], context.run.info
    other = info.explained != info.best and not pd.isna(row["explained"])
    return sentence(
        "cases.probability",
        truth=context.attributes[name].truth,
        positive=info.classes[1],
        row=row,
        explained=info.candidates[info.explained] if other else "",
    )


def explained_title(run: Run, terms: Terms) -> str:
    """Return the title of a waterfall of another model than the best; empty for the best."""
    info = run.info
    if info.explained == info.best:
        return ""
    return sentence("cases.explained", title=info.candidates[info.explained], probability=terms.predicted)


def leading_sentence(terms: Terms, meaning: Meaning, classes: Sequence[str]) -> str:
    """Return the sentence on the feature with the largest contribution."""
    (name, value), *_ = terms.leading(1)[0]
    towards = "" if value == 0 else classes[1] if value > 0 else classes[0]
    return sentence(
        "cases.leading", feature=plain_name(name), towards=towards, value=signed(value), meaning=meaning(name)
    )


def phantom_note(run: Run) -> str:
    """Return the note of figures of simulated images."""
    return "phantom" if run.info.phantom else ""
