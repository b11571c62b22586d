"""The report of a run: walks the registry of sections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import pandas as pd

from radiomics_mammo.reports.cases.records import Pictures
from radiomics_mammo.reports.components.model_names import without_baselines
from radiomics_mammo.reports.components.numbers import estimate, records, select_estimate, units
from radiomics_mammo.reports.components.page import Estimate, Opening, Page, PagePart
from radiomics_mammo.reports.components.run_facts import citation
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.components.tables import shown_metrics
from radiomics_mammo.reports.section import Meaning, ReportInputs, Section, no_meaning
from radiomics_mammo.reports.sections import CHAPTERS, SECTIONS
from radiomics_mammo.reports.sections.class_balancing import effect_in_auroc
from radiomics_mammo.reports.sections.embeddings import forced_warnings
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run


def compose(
    run: Run,
    results: Results | None = None,
    *,
    pictures: Pictures | None = None,
    meaning: Meaning = no_meaning,
    sections: Sequence[Section] = SECTIONS,
) -> Page:
    """Build the report of a run, with the sections whose tables are there."""
    inputs, info = ReportInputs(run, results or Results(), pictures or Pictures(), meaning), run.info
    parts, left_out = build_sections(inputs, sections)
    positive, negative = info.classes[1], info.classes[0]
    names = {"unit": info.unit, "units": units(info.unit), "positive": positive, "negative": negative}
    return Page(
        title=sentence("population.title", n=info.units, rows=info.rows, **names),
        phantom=info.phantom,
        opening=_opening(inputs),
        parts=parts,
        left_out=left_out,
        citation=citation(info),
    )


def build_sections(
    inputs: ReportInputs, sections: Sequence[Section] = SECTIONS
) -> tuple[list[PagePart], list[tuple[str, str]]]:
    """Build the sections whose inputs are there; list the others with the reasons."""
    built: list[tuple[str, PagePart]] = []
    left_out: list[tuple[str, str]] = []
    for section in sections:
        missing = section.missing(inputs)
        part = None if missing else section.build(inputs)
        if part is None:
            left_out.append((section.title, sentence("population.left_out", missing=missing)))
        else:
            built.append((section.chapter, replace(part, slug=section.slug, title=section.title)))
    parts: list[PagePart] = []
    for chapter, members in groupby(built, key=lambda entry: entry[0]):
        chapter_parts = [part for _, part in members]
        parts += [PagePart(chapter, CHAPTERS[chapter], parts=chapter_parts)] if chapter else chapter_parts
    return parts, left_out


def _opening(inputs: ReportInputs) -> Opening:
    info, warnings, tested = inputs.run.info, forced_warnings(inputs.run.info), inputs.results.test_summary
    if not info.best:
        return Opening(sentence("verdict.no_model"), [], "", warnings)
    best_tested = tested is not None and bool((tested["model"] == info.best).any())
    auroc = {"model": info.best, "metric": "auroc"}
    best = sentence(
        "verdict.best",
        n_models=len(without_baselines(info.candidates)),
        title=info.candidates[info.best],
        classes=info.classes,
        unit=info.unit,
        units=units(info.unit),
        phantom=info.phantom,
        auroc=select_estimate(inputs.run.summary, **auroc),
        test_auroc=select_estimate(tested, **auroc) if tested is not None and best_tested else None,
    )
    title = sentence("verdict.key_figures", title=info.candidates[info.best], tested=tested is not None)
    verdict = f"{best} {resampling_sentence(inputs.run.differences, info.candidates)}"
    return Opening(verdict, _estimates(inputs.run.summary, info.best), title, warnings)


def _estimates(summary: pd.DataFrame, model: str) -> list[Estimate]:
    return [
        replace(estimate(select_estimate(summary, model=model, metric=name)), title=metric.title)
        for name, metric in shown_metrics(summary).items()
    ]


def resampling_sentence(differences: pd.DataFrame, titles: dict[str, str]) -> str:
    """Return the sentence on class balancing, random oversampling first."""
    auroc = differences[differences["metric"] == "auroc"]
    pairs = [
        row
        | {"word": effect_in_auroc(auroc.iloc[[i]]), "random": row["model"].endswith("+oversampling")}
        | {name: titles[row[name]] for name in ("model", "against")}
        for i, row in enumerate(records(auroc))
    ]
    pairs.sort(key=lambda row: not row["random"])
    return sentence("verdict.resampling", pairs=pairs, oversampling=bool(pairs and pairs[0]["random"]))
