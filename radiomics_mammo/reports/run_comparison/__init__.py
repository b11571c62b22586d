"""One page that compares two runs: what differs between them, and what that changed on the cases of both."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from radiomics_mammo.reports.components.page import Figure, PagePart, fill
from radiomics_mammo.reports.components.tables import records
from radiomics_mammo.reports.components.wording import number
from radiomics_mammo.reports.figures.forest import ForestRow, forest_figure
from radiomics_mammo.reports.run_comparison import tables
from radiomics_mammo.reports.run_comparison.paired import Overlap, calls, differences, obstacles, overlap, pairs_of
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run

_DRAWS = 300
_FEWER = "Only the cases in common are compared, and the models of both runs were trained on other patients besides."


def two_runs_page(a: Run, b: Run, results_a: Results, results_b: Results) -> str:
    """Compare two runs on a self-contained page.

    Parameters
    ----------
    a, b : Run
        Differences are the second minus the first.
    results_a, results_b : Results
        Their other tables.

    Returns
    -------
    str
        HTML without anything from the network; whatever comes from a table is shown as text. Where labels, units or
        patients of the runs do not agree, it says so and draws no difference.
    """
    names, found = _names(a, b), overlap(a, b)
    wrong = obstacles(a.info, b.info, found)
    pairs = pairs_of(a.info, b.info)
    table = differences(a, b, found, pairs, draws=_DRAWS) if pairs and not wrong else None
    sections = [
        _data(a, b, found, names),
        _metrics(a, b, results_a, results_b, names),
        *([] if table is None else [_differences(a, b, found, table, names)]),
        *([] if wrong else _calls(a, b, found, names)),
    ]
    return fill(
        "run_comparison.html.j2",
        title=f"Two runs: {names[0]} and {names[1]}",
        verdict=_verdict(a, b, table, wrong, found, names),
        phantom=a.info.phantom or b.info.phantom,
        sections=sections,
    )


def _names(a: Run, b: Run) -> tuple[str, str]:
    """Name the runs by their folders; A and B tell two of one name apart."""
    first, second = a.folder.name, b.folder.name
    return (first, second) if first != second else (f"{first} (A)", f"{second} (B)")


def _verdict(
    a: Run, b: Run, table: pd.DataFrame | None, wrong: Sequence[str], found: Overlap, names: tuple[str, str]
) -> str:
    if wrong:
        return f"These runs cannot be compared: {'; '.join(wrong)}. Their figures stand side by side, nothing else."
    if table is None:
        return "The runs have no model in common, so nothing is compared."
    row, titles = records(table)[0], tables.titles_of(a, b)
    value, low, high = (number(row[f"auroc{end}"], signed=True) for end in ("", "_low", "_high"))
    first, second = titles[row["a"]], titles[row["b"]]
    if a.info.best and b.info.best:
        first, second = f"the best of {names[0]} ({first})", f"the best of {names[1]} ({second})"
    else:
        first, second = f"{first} of {names[0]}", f"{second} of {names[1]}"
    return (
        f"On the {len(found.cases):,} cases that both runs predicted, {first} has an AUROC of {number(row['auroc_a'])} "
        f"and {second} one of {number(row['auroc_b'])}. The difference is {value} ({low} to {high}): {row['verdict']}."
    )


def _data(a: Run, b: Run, found: Overlap, names: tuple[str, str]) -> PagePart:
    settings = tables.settings_table(a.info, b.info, names)
    page_tables = [tables.data_table(a.info, b.info, names), tables.overlap_table(found, names)]
    text = [] if settings else ["All settings, seeds and versions are the same."]
    return PagePart("differs", "What differs", text, tables=[*page_tables, *([settings] if settings else [])])


def _metrics(a: Run, b: Run, results_a: Results, results_b: Results, names: tuple[str, str]) -> PagePart:
    titles = tables.titles_of(a, b)
    caption = "Out-of-fold values of each run on its own cases, with 95% intervals"
    page_tables = [tables.side_by_side_table(a.summary, b.summary, titles, names, caption=caption)]
    text = [
        f"Only in {name}: "
        f"{', '.join(title for name, title in one.info.candidates.items() if name not in other.info.candidates)}."
        for name, one, other in ((names[0], a, b), (names[1], b, a))
        if set(one.info.candidates) - set(other.info.candidates)
    ]
    tested = [one.test_summary for one in (results_a, results_b)]
    if tested[0] is not None and tested[1] is not None and a.info.test and b.info.test:
        same = a.info.test["sha256"] == b.info.test["sha256"] and a.info.test["units"] == b.info.test["units"]
        caption = f"The same on held-out patients; the test sets are {'the same' if same else 'not the same'}"
        page_tables.append(tables.side_by_side_table(tested[0], tested[1], titles, names, caption=caption))
    return PagePart("side-by-side", "Side by side", text, tables=page_tables)


def _differences(a: Run, b: Run, found: Overlap, table: pd.DataFrame, names: tuple[str, str]) -> PagePart:
    titles = tables.titles_of(a, b)
    text = [
        "Both runs put every case into the same folds."
        if found.same_folds
        else "The runs divided the cases into other folds, so a part of every difference is the chance of the split."
    ]
    if found.only_a or found.only_b:
        text.append(_FEWER)
    rows = [
        ForestRow(tables.pair_title(row, titles), row["auroc"], row["auroc_low"], row["auroc_high"])
        for row in records(table)
    ]
    note = "phantom" if a.info.phantom else ""
    what = f"AUROC of {names[1]} minus {names[0]}"
    drawn = forest_figure(rows, name="runs-differences", what=what, lines={"no difference": 0.0}, note=note)
    caption = "Differences in AUROC on the cases in common, with 95% intervals clustered by patient."
    page_tables = [tables.difference_table(table, titles, names, draws=_DRAWS)]
    return PagePart("differences", "Paired differences", text, [Figure(drawn, caption)], page_tables)


def _calls(a: Run, b: Run, found: Overlap, names: tuple[str, str]) -> list[PagePart]:
    """Compare the best models' calls; nothing where a run has none."""
    first, second = calls(a, found.cases), calls(b, found.cases)
    if first is None or second is None:
        return []
    counts, (negative, positive) = tables.change_counts(first, second, found), a.info.classes
    text = (
        f"A case is called {positive} where most repeats of the run's best model called it so. Of {len(found.cases):,} "
        f"cases {sum(counts.values())} changed from {names[0]} to {names[1]}: of the {positive} ones {counts['found']} "
        f"are found that were missed and {counts['missed']} missed that were found; of the {negative} ones "
        f"{counts['let_go']} are let go that were called and {counts['alarmed']} called that were let go."
    )
    page_table = tables.changed_table(first, second, found, a.info.classes, names)
    return [PagePart("calls", "Calls that changed", [text], tables=[page_table] if page_table else [])]
