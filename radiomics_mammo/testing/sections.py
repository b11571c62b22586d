"""Conformance check of a report section."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from radiomics_mammo.evaluation.summary import prediction_table
from radiomics_mammo.evaluation.training.registry import candidate_title
from radiomics_mammo.reports.components.page import Estimate, PagePart, slug
from radiomics_mammo.reports.section import ReportInputs, Section
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run
from radiomics_mammo.runs.run_info import RunInfo
from radiomics_mammo.testing.result_tables import small_context

FORBIDDEN = (
    "arm|bench|bought|canar(y|ies)|costs?|everybody|found|guess(ing|es)?|hers?|honest(y|ly)?|lets? go|looks|"
    "mistakes?|nobody|notions?|price[ds]?|readers say|said|she|sheets?|told|twins?|whoever|winners?|worth|yardsticks?"
)
"""Words that a report does not use, as a regular expression."""
_ALT = 20  # characters of an alternative text that describes a figure


def check_section(section: Section, *, inputs: ReportInputs | None = None) -> None:
    """Check a report section on a small run.

    Its slug is an anchor; it is built twice the same, and with nothing but the inputs that it needs; headings and ids
    are unique; every table has a caption, every figure a caption and an alternative text; no cell is NaN; no
    word is one of ``FORBIDDEN``.

    ``inputs`` are of a run that meets the needs of the section; by default :func:`small_inputs`.

    Examples
    --------
    >>> from radiomics_mammo.reports.components.page import PagePart
    >>> from radiomics_mammo.reports.section import Section
    >>> from radiomics_mammo.testing.sections import check_section
    >>> def build(inputs):
    ...     return PagePart(text=[f"{len(inputs.run.cases)} cases were analysed."])
    >>> check_section(Section("number-of-cases", "Number of cases", build))
    """
    inputs = small_inputs() if inputs is None else inputs
    name = section.slug
    assert name and name == slug(name), f"{name!r} is no anchor: small letters, digits and hyphens"
    assert section.title and "?" not in section.title, f"{name}: the title is no heading"
    missing = section.missing(inputs)
    assert not missing, f"{name}: the run does not meet its needs ({', '.join(missing)})"
    part = section.build(inputs)
    assert part is not None, f"{name}: nothing is built although its needs are met"
    part = replace(part, slug=name, title=section.title)
    assert section.build(inputs) == replace(part, slug="", title=""), f"{name}: built twice, it differs"
    _check_needs(section, inputs)
    _check_part(part)


def _check_needs(section: Section, inputs: ReportInputs) -> None:
    needed = {option for need in section.needs for option in need.split(" or ")}
    only = Results({table: frame for table, frame in inputs.results.tables.items() if table in needed})
    section.build(replace(inputs, results=only))
    assert not section.needs or section.missing(_without(inputs)), f"{section.slug}: its needs can not be missing"


def _without(inputs: ReportInputs) -> ReportInputs:
    run = inputs.run
    info = replace(run.info, best="", embeddings=[])
    bare = replace(run, info=info, differences=run.differences.iloc[:0], contributions=None, values=None)
    return replace(inputs, run=bare, results=Results())


def _check_part(part: PagePart) -> None:
    parts = list(_walk(part))
    for what, values in (("slug", [each.slug for each in parts]), ("heading", [each.title for each in parts])):
        repeated = [value for value, n in Counter(values).items() if n > 1]
        assert not repeated, f"{part.slug}: {what} {repeated[0]!r} occurs twice"
    for each in parts:
        for table in each.tables:
            assert table.caption, f"{each.slug}: a table has no caption"
            widths = {len(row) for row in table.rows} | {len(table.headings)}
            assert len(widths) == 1, f"{each.slug}: rows of {table.caption!r} differ in length"
        for figure in each.figures:
            assert figure.caption, f"{each.slug}: a figure has no caption"
            alt = re.search(r'aria-label="([^"]*)"', figure.svg)
            assert alt and len(alt[1]) >= _ALT, f"{each.slug}: a figure has no alternative text"
    ids = Counter(
        text for each in parts for figure in each.figures for text in re.findall(r'\bid="([^"]+)"', figure.svg)
    )
    repeated = [value for value, n in ids.items() if n > 1]
    assert not repeated, f"{part.slug}: id {repeated[0]!r} occurs twice"
    for words in _texts(part):
        assert not re.search(r"\b(nan|None|NaT)\b", words), f"{part.slug}: a missing value is printed: {words!r}"
        forbidden = re.search(rf"\b({FORBIDDEN})\b", words, flags=re.IGNORECASE)
        assert not forbidden, f"{part.slug}: the word {forbidden[0]!r} in {words!r}"


def _walk(part: PagePart) -> Iterator[PagePart]:
    yield part
    for member in part.parts:
        yield from _walk(member)


def _texts(part: PagePart) -> Iterator[str]:
    """Yield all words of a part that a reader sees."""
    for each in _walk(part):
        yield from (each.title, *each.text, *each.warnings, *each.items)
        yield from (text for pair in (*each.terms, *each.facts) for text in pair)
        yield from (figure.caption for figure in each.figures)
        yield from (re.sub(r"<[^>]*>", " ", figure.svg) for figure in each.figures)
        for table in each.tables:
            yield from (table.caption, table.folded, *table.headings)
            for row in table.rows:
                yield from (cell.value if isinstance(cell, Estimate) else cell for cell in row)


@cache
def small_inputs() -> ReportInputs:
    """Return a small run with every result table.

    Examples
    --------
    >>> from radiomics_mammo.testing.sections import small_inputs
    >>> inputs = small_inputs()
    >>> inputs.has("pairs"), inputs.run.info.best
    (True, 'probe')
    """
    context = small_context()
    plan, cohort, shap = context.plan, context.plan.cohort, context.shap
    assert shap is not None and context.best is not None and plan.test is not None
    weights = dict.fromkeys(("source", "licence", "sha256"), "not recorded")
    embedder = {"name": "toy", "input": "crop", "prefix": "crop_embToy", "dims": 6, "trained_on": [], **weights}
    info = RunInfo(
        command={"bootstrap": 20, "also_features": [], "trials": 1, "sensitivity": 0.9},
        table="table.parquet",
        table_sha256="0" * 64,
        provenance={},
        phantom=True,
        label=cohort.label,
        group=cohort.group_column,
        unit=cohort.units.kind,
        rule=cohort.units.rule,
        classes=list(cohort.classes),
        candidates={candidate.name: candidate_title(candidate) for candidate in plan.candidates},
        rows=int(cohort.y.size),
        units=int(cohort.units.y.size),
        patients=cohort.n_patients,
        positives=int(cohort.units.y.sum()),
        features=len(cohort.features),
        seeds={"folds": 0, "models": 0, "bootstrap": 0},
        device={"tree_method": "hist", "device": "cpu"},
        versions={"radiomics_mammo": "0"},
        best=context.best.name,
        explained="xgboost",
        final_model="",
        contribution_unit="log-odds",
        embeddings=[embedder],
    )
    run = Run(
        folder=Path("run"),
        info=info,
        predictions=prediction_table(plan, context.outcome),
        cases=cohort.units.rows,
        summary=context.tables["summary"],
        differences=context.tables["differences"],
        contributions=shap.contributions,
        values=shap.values,
        failures=None,
    )
    return ReportInputs(run, Results(context.tables))
