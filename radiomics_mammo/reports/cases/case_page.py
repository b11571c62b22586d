"""One case's own page: everything that is known of it, in large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from markupsafe import Markup

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.explanation.waterfall import Terms, number, plain_name, signed
from radiomics_mammo.reports.cases.cards import (
    CaseContext,
    Meaning,
    leading_words,
    no_words,
    phantom_note,
    pictures_of,
    probability_sentence,
    read_context,
    terms_of,
    values_of,
    waterfall_title,
)
from radiomics_mammo.reports.cases.facts import facts
from radiomics_mammo.reports.cases.neighbours import likeness, neighbours_of
from radiomics_mammo.reports.cases.outcomes import OUTCOMES
from radiomics_mammo.reports.cases.records import Neighbour, Picture, Pictures, ShownImage, Wanted
from radiomics_mammo.reports.cases.selection import other_views, wanted_for
from radiomics_mammo.reports.components.page import ReportTable, fill
from radiomics_mammo.reports.figures.waterfall import draw_waterfall
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run

_CLOSE = 5
_STEPS = 20
_WIDTH = 620


@dataclass(frozen=True, slots=True)
class CasePage:
    """What one case's page shows; fields are those of :class:`~radiomics_mammo.reports.cases.records.Card`."""

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
    beyond: Sequence[str]
    neighbours: Sequence[Neighbour]
    alike: str
    repeats: ReportTable
    contributions: ReportTable | None
    store: dict[str, Picture]


def check_case(run: Run, case_id: str) -> None:
    """Refuse a case that the run does not have.

    Raises
    ------
    InputError
        Naming cases that are called nearly so; or the run has no model to show.
    """
    if not run.info.best:
        raise InputError(
            "no model that looks at the features was compared, so there are no cases to show",
            path=run.folder,
            remedy="Compare one with --models.",
        )
    names = run.cases["case_id"].astype(str).tolist()
    if case_id in names:
        return
    holding = [name for name in names if case_id.lower() in name.lower()]
    near = list(dict.fromkeys([*holding, *get_close_matches(case_id, names, n=_CLOSE, cutoff=0.5)]))[:_CLOSE]
    said = f"Close to it: {', '.join(near)}." if near else f"Its cases are called such as {', '.join(names[:3])}."
    raise InputError(f"no case is called {case_id!r}", path=run.folder, remedy=said)


def wanted_of_case(run: Run, results: Results, case_id: str) -> Wanted:
    """Name the pictures that one case's page shows: its own, all other views of the breast, its neighbours."""
    if run.info.unit != "lesion":
        return Wanted()
    wanted = wanted_for(run, results, [case_id])
    return Wanted(wanted.cards, other_views(run.cases).get(case_id, ()), wanted.neighbours)


def case_page(run: Run, results: Results, case_id: str, *, pictures: Pictures, meaning: Meaning = no_words) -> str:
    """Write one case's page as HTML that needs nothing else.

    Parameters
    ----------
    run, results
    case_id : str
    pictures : Pictures
        Of the cases that :func:`wanted_of_case` names.
    meaning : callable (feature name) -> str

    Raises
    ------
    InputError
        As :func:`check_case`.
    """
    check_case(run, case_id)
    context = read_context(run, results, pictures=pictures, meaning=meaning)
    info, row, attributes = run.info, context.rows[case_id], context.attributes[case_id]
    terms = terms_of(context, [case_id]).get(case_id)
    values = values_of(run, [case_id]).get(case_id, {})
    note = phantom_note(run)
    page = CasePage(
        title=case_id,
        phantom=info.phantom,
        outcome=OUTCOMES[attributes.outcome],
        tag=attributes.outcome,
        probability=probability_sentence(context, case_id),
        model=info.candidates[info.best],
        facts=[("Patient", str(row["patient_id"])), *([("The table says", facts(row))] if facts(row) else [])],
        pictures=pictures_of(context.store, case_id, other_views(run.cases).get(case_id, ()), context.rows),
        problem=pictures.problem,
        waterfall=Markup()
        if terms is None
        else draw_waterfall(terms, title=case_id, values=values, most=_STEPS, width=_WIDTH, note=note),
        explained="" if terms is None else waterfall_title(run, terms),
        leading="" if terms is None else leading_words(terms, meaning, info.classes),
        beyond=context.beyond.get(case_id, ()),
        neighbours=neighbours_of(results.neighbours, [case_id], classes=info.classes, store=context.store)[case_id],
        alike=likeness(run),
        repeats=_repeats(context, case_id),
        contributions=None if terms is None else _contributions(terms, values, meaning),
        store=context.store.kept,
    )
    return fill("case.html.j2", page=page)


def _repeats(context: CaseContext, case_id: str) -> ReportTable:
    """Lay out what every candidate said of the case in every repeat."""
    info, table = context.run.info, context.run.predictions
    own = table[table["case_id"].astype(str) == case_id]
    repeats = sorted(own["repeat"].unique())
    rows = []
    for candidate, part in own.groupby("model", sort=False):
        by_repeat = {row["repeat"]: row for row in part.to_dict("records")}
        cells = [
            f"{by_repeat[i]['p']:.3f}{'' if not by_repeat[i]['called'] else ' +'}" if i in by_repeat else "–"
            for i in repeats
        ]
        rows.append([info.candidates.get(str(candidate), str(candidate)), *cells, f"{part['p'].mean():.3f}"])
    caption = f"Out-of-fold probability of {info.classes[1]} by every model and repeat; + where it was called so"
    return ReportTable(caption, ["Model", *(f"Repeat {i + 1}" for i in repeats), "Mean"], rows)


def _contributions(terms: Terms, values: dict[str, float], meaning: Meaning) -> ReportTable:
    kind = (
        f"{'calibrated ' if terms.calibrated else ''}{terms.unit}{'' if terms.calibrated else ', before calibration'}"
    )
    rows, last = [], terms.last
    for name, value in terms.leading(len(terms.features))[0]:
        own = number(values[name]) if name in values and values[name] == values[name] else "–"
        rows.append([plain_name(name), signed(value, digits=4), own, meaning(name)])
    caption = (
        f"All contributions ({kind}): from {signed(terms.start, digits=4)}, the average of the model, to "
        f"{signed(terms.end, digits=4)}; {last[0].lower()}, {signed(last[1], digits=4)}, leads to the probability "
        f"{terms.predicted:.4f}"
    )
    headings = ["Feature", "Contribution", "Value", "What it means on a mammogram"]
    return ReportTable(caption, headings, rows, words=headings[-1:], stacked=True)
