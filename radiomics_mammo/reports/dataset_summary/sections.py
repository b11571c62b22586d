"""The page's sections, from the tables. A column's name is no name of a drawing's parts: it may be markup."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiomics_mammo.reports.components.numbers import percent, records
from radiomics_mammo.reports.components.page import Figure, PagePart
from radiomics_mammo.reports.dataset_summary import report_tables as page_tables
from radiomics_mammo.reports.dataset_summary.base import Column, Dataset, Tables
from radiomics_mammo.reports.dataset_summary.figures import bars_figure, histogram_figure, matrix_figure, missing_figure
from radiomics_mammo.reports.dataset_summary.tables import sites, strata
from radiomics_mammo.reports.figures.forest import ForestRow, forest_figure

_BEFORE = ("metadata", "scanner", "split", "other")
_MOST_NUMBERS = 4
_DRAWN = 0.005  # of all patients: a smaller group's interval would stretch the axis for nothing


def sections(dataset: Dataset, tables: Tables) -> list[PagePart]:
    """Put the sections together; one is there where its table has rows."""
    found = [
        PagePart("columns", "What is there", _opening(dataset), tables=[page_tables.columns_table(tables["columns"])]),
        _missing(dataset, tables),
        _belonging(dataset, tables),
        _labels(dataset, tables),
        _distributions(dataset, tables),
        _rates(dataset, tables),
        _associations(dataset, tables),
        _scanners(tables),
        _splits(dataset, tables),
    ]
    return [one for one in found if one is not None]


def _opening(dataset: Dataset) -> list[str]:
    said = "No picture was opened: all of this is from the list of cases. The CSV files beside this page hold all rows."
    return [said, *(f"{one[:1].upper()}{one[1:].rstrip('.')}." for one in dataset.remarks)]


def _note(dataset: Dataset) -> str:
    return "phantom" if dataset.phantom else ""


def _missing(dataset: Dataset, tables: Tables) -> PagePart | None:
    table = tables["missing"]
    if table.empty:
        return None
    whole = table[table["by"] == ""].set_index("column")[["share"]].rename(columns={"share": "all"}) * 100
    drawn = [Figure(missing_figure(whole, name="missing", by="", note=_note(dataset)), "Missing values.", "missing")]
    by = sites(dataset) or strata(dataset)[:1]
    for name in by:
        own = table[table["by"] == name]
        order = [level for level in dataset.levels[name].cat.categories if (own["level"] == level).any()]
        wide = own.pivot(index="column", columns="level", values="share").reindex(own["column"].unique())[order] * 100
        title = dataset.columns[name].title.lower()
        svg = missing_figure(wide, name="missing-by", by=title, note=_note(dataset))
        drawn.append(Figure(svg, f"Missing values by {title}.", f"missing-by-{name}"))
    telling = page_tables.missing_label_table(tables["columns"], dataset.label)
    shown = [page_tables.missing_table(table, dataset, name) for name in strata(dataset) if (table["by"] == name).any()]
    return PagePart("missing", "Missing values", figures=drawn, tables=[*shown, *([telling] if telling else [])])


def _belonging(dataset: Dataset, tables: Tables) -> PagePart:
    table, drawn = tables["units"], []
    for what in (f"{dataset.rows} per patient", f"{dataset.rows} per breast"):
        own = table[table["what"] == what]
        if len(own) > 1:
            bars = [
                (str(row["number"]), float(row["units"]), f"{row['units']:,}")
                for row in records(own.head(page_tables.MOST))
            ]
            name = f"units-{what.replace(' ', '-')}"
            svg = bars_figure(bars, name=name, title=what.capitalize(), note=_note(dataset))
            drawn.append(Figure(svg, f"{what.capitalize()}.", name))
    shown = [page_tables.units_table(table)] if len(table) else []
    return PagePart("units", "What belongs together", figures=drawn, tables=shown)


def _labels(dataset: Dataset, tables: Tables) -> PagePart | None:
    if tables["balance"].empty:
        return None
    shown = [page_tables.balance_table(tables["balance"])]
    if len(tables["disagreements"]):
        shown.append(page_tables.disagreements_table(tables["disagreements"]))
    text = f"Positive is {dataset.label} = 1" if dataset.label != "pathology" else "Positive is a MALIGNANT pathology"
    return PagePart("label", "The label", [f"{text}; a unit is positive when any of its rows is."], tables=shown)


def _distributions(dataset: Dataset, tables: Tables) -> PagePart | None:
    table, drawn = tables["counts"], []
    if table.empty:
        return None
    for i, one in enumerate(dataset.columns.values()):
        own = page_tables.frequent(table[table["column"] == one.name])
        if one.kind == "category" and one.distinct > 1:
            bars = [
                (row["level"], float(row["rows"]), f"{row['rows']:,} ({percent(row['share'])})") for row in records(own)
            ]
            svg = bars_figure(bars, name=f"count-{i}", title=one.title, note=_note(dataset))
            drawn.append(Figure(svg, _caption(dataset, one), f"count-{one.name}"))
    shown = [page_tables.counts_table(table, dataset)]
    if len(tables["numbers"]):
        shown.insert(0, page_tables.numbers_table(tables["numbers"], dataset))
    figures = [*_histograms(dataset), *drawn]
    return PagePart("counts", "How it is distributed", figures=figures, tables=shown)


def _caption(dataset: Dataset, one: Column) -> str:
    """Say how many values there are, how many of them are shown, and how many rows have none."""
    shown = f"the {page_tables.MOST} most frequent of " if one.distinct >= page_tables.MOST else ""
    absent = len(dataset.frame) - one.filled
    gaps = f"{absent:,} {dataset.rows} have none" if absent else f"all {dataset.rows} have one"
    return f"{one.title}: {shown}{one.distinct} values; {gaps}."


def _histograms(dataset: Dataset) -> list[Figure]:
    """Draw each number by the label and by site."""
    found: list[Figure] = []
    numeric = [one for one in dataset.columns.values() if one.kind == "number"][:_MOST_NUMBERS]
    for i, one in enumerate(numeric):
        values = dataset.frame[one.name].astype("float64")
        for by in [name for name in (dataset.label, *sites(dataset)) if name] or [""]:
            levels = dataset.grouped_by(by) if by else pd.Series("all", index=values.index)
            grouped = values.dropna().groupby(levels, observed=True)
            parts = {
                f"{by} {level}".strip(): np.asarray(own, dtype=np.float64) for level, own in grouped if len(own) > 1
            }
            if parts:
                name = f"numbers-{one.name}-{by or 'all'}"
                svg = histogram_figure(
                    parts, name=f"numbers-{i}-{len(found)}", what=one.title.lower(), note=_note(dataset)
                )
                found.append(Figure(svg, f"{one.title} by {by}." if by else f"{one.title}.", name))
    return found


def _rates(dataset: Dataset, tables: Tables) -> PagePart | None:
    table = tables["rates"]
    if table.empty:
        return None
    before = table[table["role"].isin(_BEFORE)]
    after, drawn, shown = table[~table["role"].isin(_BEFORE)], [], []
    least = max(5, round(_DRAWN * dataset.patients))
    lines = {"all": float((dataset.y == 1).sum() / (dataset.y >= 0).sum())}
    for role, title in (("metadata", "what is known before"), ("scanner", "where it was taken")):
        own = page_tables.frequent(before[(before["role"] == role) & (before["patients"] >= least)])
        rows = [
            ForestRow(f"{dataset.columns[row['column']].title}: {row['level']}", row["rate"], row["low"], row["high"])
            for row in records(own)
        ]
        if rows:
            svg = forest_figure(rows, name=f"rates-{role}", what="share of positives", lines=lines, note=_note(dataset))
            drawn.append(
                Figure(
                    svg,
                    f"Share of positives by {title}, with clustered 95% intervals; groups of {least} patients or more.",
                    f"rates-{role}",
                )
            )
    if len(before):
        caption = "Positives in each group, with Wilson 95% intervals clustered by patient"
        shown.append(page_tables.rates_table(before, dataset, caption=caption, name="rates"))
    if len(after):
        caption = "Positives by what is known afterwards, or is an opinion"
        shown.append(page_tables.rates_table(after, dataset, caption=caption, folded=caption, name="rates-afterwards"))
    return PagePart("rates", "Where the positives are", figures=drawn, tables=shown)


def _associations(dataset: Dataset, tables: Tables) -> PagePart | None:
    table, shown = tables["associations"], []
    names = list(dict.fromkeys([*table["a"], *table["b"]]))
    if len(tables["predictors"]):
        shown.append(page_tables.predictors_table(tables["predictors"]))
    drawn = []
    if len(names) > 2:
        v = pd.DataFrame(np.nan, index=names, columns=names)
        for row in records(table):
            v.loc[row["b"], row["a"]] = v.loc[row["a"], row["b"]] = row["v"]
        said = "Cramér’s V of every two columns over the rows that have both: 0 tells nothing, 1 all. Numbers in bands."
        every = sum(one.countable and one.distinct > 1 for one in dataset.columns.values())
        if every > len(names):
            said += f" Of {every} columns {len(names)} are compared: those of known meaning first, then as they stand."
        drawn.append(Figure(matrix_figure(v, name="associations", note=_note(dataset)), said, "associations"))
    title = "What tells the label, and what tells what"
    return PagePart("associations", title, figures=drawn, tables=shown) if drawn or shown else None


def _scanners(tables: Tables) -> PagePart | None:
    table = tables["scanners"]
    if table.empty:
        return None
    return PagePart("scanners", "Sites and machines", tables=[page_tables.scanners_table(table)])


def _splits(dataset: Dataset, tables: Tables) -> PagePart | None:
    table = tables["splits"]
    if table.empty:
        return None
    text = ["How much each column goes with the split is in the matrix above (Cramér’s V)."]
    parts = [page_tables.parts_table(tables["parts"])] if len(tables["parts"]) else []
    return PagePart("splits", "Training and test", text, tables=[*parts, page_tables.splits_table(table, dataset)])
