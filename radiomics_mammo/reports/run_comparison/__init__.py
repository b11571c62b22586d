"""Comparison of two runs on one page: their differences, and the effect on the cases of both."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from radiomics_mammo.reports.components.numbers import records
from radiomics_mammo.reports.components.page import Figure, PagePart, fill
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.figures.forest import ForestRow, forest_figure
from radiomics_mammo.reports.run_comparison import tables
from radiomics_mammo.reports.run_comparison.paired import Overlap, calls, differences, obstacles, overlap, pairs_of
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run

_DRAWS = 300


def run_comparison_page(a: Run, b: Run, results_a: Results, results_b: Results) -> str:
    """Return the comparison of two runs, second minus first, as HTML.

    Where labels, units or patients of the runs do not agree, the page states so and has no differences.
    """
    names, common = _names(a, b), overlap(a, b)
    problems = obstacles(a.info, b.info, common)
    pairs = pairs_of(a.info, b.info)
    table = differences(a, b, common, pairs, draws=_DRAWS) if pairs and not problems else None
    sections = [
        _data(a, b, common, names),
        _metrics(a, b, results_a, results_b, names),
        *([] if table is None else [_differences(a, b, common, table, names)]),
        *([] if problems else _calls(a, b, common, names)),
    ]
    return fill(
        "run_comparison.html.j2",
        title=f"Comparison of two runs: {names[0]} and {names[1]}",
        verdict=_verdict(a, b, table, problems, common, names),
        phantom=a.info.phantom or b.info.phantom,
        sections=sections,
    )


def _names(a: Run, b: Run) -> tuple[str, str]:
    """Return the names of the run folders; A and B distinguish two of one name."""
    first, second = a.folder.name, b.folder.name
    return (first, second) if first != second else (f"{first} (A)", f"{second} (B)")


def _verdict(
    a: Run, b: Run, table: pd.DataFrame | None, problems: Sequence[str], common: Overlap, names: tuple[str, str]
) -> str:
    if problems or table is None:
        return sentence("run_comparison.no_comparison", problems=problems)
    row, titles = records(table)[0], tables.titles_of(a, b)
    models = [
        {"title": titles[row[side]], "run": name, "auroc": row[f"auroc_{side}"]}
        for side, name in zip(("a", "b"), names, strict=True)
    ]
    best = bool(a.info.best and b.info.best)
    return sentence("run_comparison.verdict", n=len(common.cases), models=models, best=best, row=row)


def _data(a: Run, b: Run, common: Overlap, names: tuple[str, str]) -> PagePart:
    settings = tables.settings_table(a.info, b.info, names)
    page_tables = [tables.data_table(a.info, b.info, names), tables.overlap_table(common, names)]
    if settings is None:
        return PagePart("data", "Data and settings", [sentence("run_comparison.same_settings")], tables=page_tables)
    return PagePart("data", "Data and settings", tables=[*page_tables, settings])


def _metrics(a: Run, b: Run, results_a: Results, results_b: Results, names: tuple[str, str]) -> PagePart:
    titles = tables.titles_of(a, b)
    caption = sentence("run_comparison.metrics_caption")
    page_tables = [tables.side_by_side_table(a.summary, b.summary, titles, names, caption=caption)]
    extra = [
        (name, [title for key, title in run.info.candidates.items() if key not in other.info.candidates])
        for name, run, other in ((names[0], a, b), (names[1], b, a))
    ]
    text = [sentence("run_comparison.extra_models", run=name, models=models) for name, models in extra if models]
    first, second = results_a.test_summary, results_b.test_summary
    if first is not None and second is not None and a.info.test and b.info.test:
        same = all(a.info.test[key] == b.info.test[key] for key in ("sha256", "units"))
        caption = sentence("run_comparison.test_caption", same=same)
        page_tables.append(tables.side_by_side_table(first, second, titles, names, caption=caption))
    return PagePart("performance", "Model performance", text, tables=page_tables)


def _differences(a: Run, b: Run, common: Overlap, table: pd.DataFrame, names: tuple[str, str]) -> PagePart:
    titles = tables.titles_of(a, b)
    rows = [
        ForestRow(tables.pair_title(row, titles), row["auroc"], row["auroc_low"], row["auroc_high"])
        for row in records(table)
    ]
    note = "phantom" if a.info.phantom else ""
    what = f"AUROC of {names[1]} minus {names[0]}"
    svg = forest_figure(rows, name="runs-differences", what=what, lines={"no difference": 0.0}, note=note)
    text = sentence("run_comparison.folds", same=common.same_folds, partial=bool(common.only_a or common.only_b))
    return PagePart(
        "differences",
        "Paired differences",
        [text],
        [Figure(svg, sentence("run_comparison.forest_caption"))],
        [tables.difference_table(table, titles, names, draws=_DRAWS)],
    )


def _calls(a: Run, b: Run, common: Overlap, names: tuple[str, str]) -> list[PagePart]:
    """Compare the classifications of the best models; nothing where a run has none."""
    first, second = calls(a, common.cases), calls(b, common.cases)
    if first is None or second is None:
        return []
    text = sentence(
        "run_comparison.calls",
        n=len(common.cases),
        names=names,
        classes=a.info.classes,
        counts=tables.change_counts(first, second, common),
    )
    page_table = tables.changed_table(first, second, common, a.info.classes, names)
    return [PagePart("reclassified", "Reclassified cases", [text], tables=[page_table] if page_table else [])]
