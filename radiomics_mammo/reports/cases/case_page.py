"""The page of one case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.explanation.waterfall import Terms, number, plain_name, signed
from radiomics_mammo.reports.cases.cards import (
    CaseContext,
    explained_title,
    leading_sentence,
    leading_values,
    phantom_note,
    pictures_of,
    probability_sentence,
    read_context,
    waterfall_terms,
)
from radiomics_mammo.reports.cases.facts import facts
from radiomics_mammo.reports.cases.neighbours import nearest_cases_of, similarity_text
from radiomics_mammo.reports.cases.outcomes import OUTCOMES
from radiomics_mammo.reports.cases.records import Neighbour, Picture, Pictures, ShownImage, WantedPictures
from radiomics_mammo.reports.cases.selection import other_views, pictures_for
from radiomics_mammo.reports.components.columns import Column, report_table, words
from radiomics_mammo.reports.components.numbers import records
from radiomics_mammo.reports.components.page import ReportTable, fill
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.figures.waterfall import draw_waterfall
from radiomics_mammo.reports.section import Meaning, no_meaning
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run

_CLOSE = 5
_STEPS = 20
_WIDTH = 620


@dataclass(frozen=True, slots=True)
class CasePage:
    """Content of the page of one case; fields as in ``records.Card``."""

    title: str
    phantom: bool
    outcome: str
    tag: str
    probability: str
    model: str
    facts: Sequence[tuple[str, str]]
    pictures: Sequence[ShownImage]
    problem: str
    waterfall: Markup
    explained: str
    leading: str
    out_of_range: Sequence[str]
    neighbours: Sequence[Neighbour]
    similarity: str
    repeats: ReportTable
    contributions: ReportTable | None
    store: dict[str, Picture]


def check_case(run: Run, case_id: str) -> None:
    """Raise where the run does not have a case."""
    if not run.info.best:
        raise InputError(
            "no model that uses the features was compared, so there are no cases to show",
            path=run.folder,
            remedy="Compare one with --models.",
        )
    names = run.cases["case_id"].astype(str).tolist()
    if case_id in names:
        return
    holding = [name for name in names if case_id.lower() in name.lower()]
    near = list(dict.fromkeys([*holding, *get_close_matches(case_id, names, n=_CLOSE, cutoff=0.5)]))[:_CLOSE]
    remedy = f"Similar ids: {', '.join(near)}." if near else f"Its ids look like {', '.join(names[:3])}."
    raise InputError(f"there is no case {case_id!r}", path=run.folder, remedy=remedy)


def pictures_of_case(run: Run, results: Results, case_id: str) -> WantedPictures:
    """Return the images that the page of a case shows."""
    if run.info.unit != "lesion":
        return WantedPictures()
    wanted = pictures_for(run, results, [case_id])
    return WantedPictures(wanted.cards, other_views(run.cases).get(case_id, ()), wanted.neighbours)


def case_page(run: Run, results: Results, case_id: str, *, pictures: Pictures, meaning: Meaning = no_meaning) -> str:
    """Return the page of one case as self-contained HTML."""
    check_case(run, case_id)
    context = read_context(run, results, pictures=pictures, meaning=meaning)
    info, row, attributes, note = run.info, context.rows[case_id], context.attributes[case_id], phantom_note(run)
    terms = waterfall_terms(context, [case_id]).get(case_id)
    values = leading_values(run, [case_id]).get(case_id, {})
    waterfall, leading, title = Markup(), "", ""
    if terms is not None:
        waterfall = draw_waterfall(terms, title=case_id, values=values, most=_STEPS, width=_WIDTH, note=note)
        leading, title = leading_sentence(terms, meaning, info.classes), explained_title(run, terms)
    near = nearest_cases_of(results.neighbours, [case_id], classes=info.classes, store=context.store)
    page = CasePage(
        title=case_id,
        phantom=info.phantom,
        outcome=OUTCOMES[attributes.outcome],
        tag=attributes.outcome,
        probability=probability_sentence(context, case_id),
        model=info.candidates[info.best],
        facts=[("Patient", str(row["patient_id"])), *([("Clinical data", facts(row))] if facts(row) else [])],
        pictures=pictures_of(context.store, case_id, other_views(run.cases).get(case_id, ()), context.rows),
        problem=pictures.problem,
        waterfall=waterfall,
        explained=title,
        leading=leading,
        out_of_range=context.out_of_range.get(case_id, ()),
        neighbours=near[case_id],
        similarity=similarity_text(run),
        repeats=_repeats(context, case_id),
        contributions=None if terms is None else _contributions(terms, values, meaning),
        store=context.store.stored,
    )
    return fill("case.html.j2", page=page)


def _repeats(context: CaseContext, case_id: str) -> ReportTable:
    """Show the probability by every model in every repeat."""
    info, table = context.run.info, context.run.predictions
    table = table[table["case_id"].astype(str) == case_id]
    repeats = sorted(table["repeat"].unique())
    rows = []
    for candidate, subset in table.groupby("model", sort=False):
        by_repeat = {row["repeat"]: row for row in records(subset)}
        cells = [_probability(by_repeat.get(i)) for i in repeats]
        rows.append([info.candidates.get(str(candidate), str(candidate)), *cells, f"{subset['p'].mean():.3f}"])
    caption = sentence("cases.repeats_caption", positive=info.classes[1])
    return ReportTable(caption, ["Model", *(f"Repeat {i + 1}" for i in repeats), "Mean"], rows)


def _probability(row: Mapping[str, Any] | None) -> str:
    return "–" if row is None else f"{row['p']:.3f}{' +' if row['called'] else ''}"


_CONTRIBUTIONS = (
    Column("Feature", "feature"),
    Column("Contribution", "contribution"),
    Column("Value", "value"),
    words("Meaning on a mammogram", "meaning"),
)


def _contributions(terms: Terms, values: dict[str, float], meaning: Meaning) -> ReportTable:
    """Show the contributions of all features."""
    rows = [
        {
            "feature": plain_name(name),
            "contribution": signed(contribution, digits=4),
            "value": number(values[name]) if np.isfinite(values.get(name, np.nan)) else "–",
            "meaning": meaning(name),
        }
        for name, contribution in terms.leading(len(terms.features))[0]
    ]
    caption = sentence(
        "cases.contributions_caption",
        unit=terms.unit,
        calibrated=terms.calibrated,
        start=signed(terms.start, digits=4),
        end=signed(terms.end, digits=4),
        last=(terms.last[0], signed(terms.last[1], digits=4)),
        reached=terms.predicted,
    )
    return report_table(pd.DataFrame(rows), _CONTRIBUTIONS, caption, stacked=True)
