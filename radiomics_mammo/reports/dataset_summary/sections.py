"""Sections of the page of a data set summary, in the order of the page; one is there where its tables have rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from radiomics_mammo.reports.components.columns import report_table
from radiomics_mammo.reports.components.numbers import percent, records
from radiomics_mammo.reports.components.page import Figure, PagePart
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.dataset_summary import report_tables as tables
from radiomics_mammo.reports.dataset_summary.base import Dataset, Tables
from radiomics_mammo.reports.dataset_summary.figures import bars_figure, histogram_figure, matrix_figure, missing_figure
from radiomics_mammo.reports.dataset_summary.tables import sites, strata
from radiomics_mammo.reports.figures.forest import ForestRow, forest_figure

_BEFORE = ("metadata", "scanner", "split", "other")
_MAX_NUMBERS = 4
_MIN_PROPORTION = 0.005  # of all patients: the interval of a smaller group would stretch the axis


@dataclass(frozen=True, slots=True)
class SummarySection:
    """A section: slug, heading, the function that builds it, the table it needs."""

    slug: str
    title: str
    build: Callable[[Dataset, Tables], PagePart | None]
    needs: str = ""


def sections(dataset: Dataset, frames: Tables) -> list[PagePart]:
    """Build the sections whose table has rows."""
    parts = []
    for section in SECTIONS:
        part = section.build(dataset, frames) if not section.needs or len(frames[section.needs]) else None
        if part is not None:
            parts.append(replace(part, slug=section.slug, title=section.title))
    return parts


def _note(dataset: Dataset) -> str:
    return "phantom" if dataset.phantom else ""


def _columns(dataset: Dataset, frames: Tables) -> PagePart:
    remarks = [f"{each[:1].upper()}{each[1:].rstrip('.')}." for each in dataset.remarks]
    table = report_table(frames["columns"], tables.COLUMNS, "Columns", stacked=True, name="columns")
    return PagePart(text=[sentence("dataset_summary.source"), *remarks], tables=[table])


def _missing(dataset: Dataset, frames: Tables) -> PagePart:
    table = frames["missing"]
    overall = table[table["by"] == ""].set_index("column")[["proportion"]].rename(columns={"proportion": "all"}) * 100
    svg = missing_figure(overall, name="missing", by="", note=_note(dataset))
    figures = [Figure(svg, "Missing values.", "missing")]
    for name in sites(dataset) or strata(dataset)[:1]:
        subset = table[table["by"] == name]
        order = [level for level in dataset.levels[name].cat.categories if (subset["level"] == level).any()]
        wide = subset.pivot(index="column", columns="level", values="proportion")
        wide = wide.reindex(subset["column"].unique())[order] * 100
        title = dataset.columns[name].title.lower()
        svg = missing_figure(wide, name="missing-by", by=title, note=_note(dataset))
        figures.append(Figure(svg, f"Missing values by {title}.", f"missing-by-{name}"))
    shown = [tables.missing_table(table, dataset, name) for name in strata(dataset) if (table["by"] == name).any()]
    by_label = frames["columns"][frames["columns"]["label_auroc"].notna()]
    if len(by_label):
        caption = sentence("dataset_summary.missing_by_label_caption", label=dataset.label)
        shown.append(report_table(by_label, tables.MISSING_BY_LABEL, caption, name="missing-by-label"))
    return PagePart(figures=figures, tables=shown)


def _units(dataset: Dataset, frames: Tables) -> PagePart:
    table, figures = frames["units"], []
    for what in (f"{dataset.rows} per patient", f"{dataset.rows} per breast"):
        subset = table[table["what"] == what]
        if len(subset) > 1:
            rows = records(subset.head(tables.MAX_LEVELS))
            bars = [(str(row["number"]), float(row["units"]), f"{row['units']:,}") for row in rows]
            name = f"units-{what.replace(' ', '-')}"
            svg = bars_figure(bars, name=name, title=what.capitalize(), note=_note(dataset))
            figures.append(Figure(svg, f"{what.capitalize()}.", name))
    return PagePart(figures=figures, tables=[tables.units_table(table)] if len(table) else [])


def _label(dataset: Dataset, frames: Tables) -> PagePart:
    caption = sentence("dataset_summary.balance_caption")
    shown = [report_table(frames["balance"], tables.BALANCE, caption, name="balance")]
    if len(frames["disagreements"]):
        caption = sentence("dataset_summary.disagreements_caption")
        shown.append(report_table(frames["disagreements"], tables.DISAGREEMENTS, caption, name="disagreements"))
    return PagePart(text=[sentence("dataset_summary.label", label=dataset.label)], tables=shown)


def _distributions(dataset: Dataset, frames: Tables) -> PagePart:
    table, figures = frames["counts"], _histograms(dataset)
    for i, column in enumerate(dataset.columns.values()):
        if column.kind == "category" and column.distinct > 1:
            rows = records(tables.frequent(table[table["column"] == column.name]))
            bars = [
                (row["level"], float(row["rows"]), f"{row['rows']:,} ({percent(row['proportion'])})") for row in rows
            ]
            svg = bars_figure(bars, name=f"count-{i}", title=column.title, note=_note(dataset))
            caption = sentence(
                "dataset_summary.bars_caption",
                column=column,
                shown=tables.MAX_LEVELS if column.distinct >= tables.MAX_LEVELS else 0,
                missing=len(dataset.frame) - column.filled,
                rows=dataset.rows,
            )
            figures.append(Figure(svg, caption, f"count-{column.name}"))
    numbers = [tables.numbers_table(frames["numbers"], dataset)] if len(frames["numbers"]) else []
    return PagePart(figures=figures, tables=[*numbers, tables.counts_table(table, dataset)])


def _histograms(dataset: Dataset) -> list[Figure]:
    """Draw each number by the label and by site."""
    figures: list[Figure] = []
    numeric = [column for column in dataset.columns.values() if column.kind == "number"][:_MAX_NUMBERS]
    for i, column in enumerate(numeric):
        values = dataset.frame[column.name].astype("float64")
        for by in [name for name in (dataset.label, *sites(dataset)) if name] or [""]:
            levels = dataset.grouped_by(by) if by else pd.Series("all", index=values.index)
            grouped = values.dropna().groupby(levels, observed=True)
            parts = {
                f"{by} {level}".strip(): np.asarray(rows, dtype=np.float64) for level, rows in grouped if len(rows) > 1
            }
            if parts:
                name = f"numbers-{i}-{len(figures)}"
                svg = histogram_figure(parts, name=name, what=column.title.lower(), note=_note(dataset))
                caption = f"{column.title} by {by}." if by else f"{column.title}."
                figures.append(Figure(svg, caption, f"numbers-{column.name}-{by or 'all'}"))
    return figures


def _rates(dataset: Dataset, frames: Tables) -> PagePart:
    table = frames["rates"]
    before, after = (table[known] for known in (table["role"].isin(_BEFORE), ~table["role"].isin(_BEFORE)))
    least = max(5, round(_MIN_PROPORTION * dataset.patients))
    lines = {"all": float((dataset.y == 1).sum() / (dataset.y >= 0).sum())}
    figures, shown = [], []
    for role, title in (("metadata", "clinical data"), ("scanner", "site and scanner")):
        subset = tables.frequent(before[(before["role"] == role) & (before["patients"] >= least)])
        rows = [
            ForestRow(f"{dataset.columns[row['column']].title}: {row['level']}", row["rate"], row["low"], row["high"])
            for row in records(subset)
        ]
        if rows:
            svg = forest_figure(rows, name=f"rates-{role}", what="prevalence", lines=lines, note=_note(dataset))
            caption = sentence("dataset_summary.forest_caption", by=title, least=least)
            figures.append(Figure(svg, caption, f"rates-{role}"))
    if len(before):
        caption = sentence("dataset_summary.rates_caption")
        shown.append(tables.rates_table(before, dataset, caption=caption, name="rates"))
    if len(after):
        caption = sentence("dataset_summary.rates_after_caption")
        shown.append(tables.rates_table(after, dataset, caption=caption, folded=caption, name="rates-afterwards"))
    return PagePart(figures=figures, tables=shown)


def _associations(dataset: Dataset, frames: Tables) -> PagePart | None:
    table, predictors = frames["associations"], frames["predictors"]
    names = list(dict.fromkeys([*table["a"], *table["b"]]))
    caption = sentence("dataset_summary.predictors_caption")
    shown = [report_table(predictors, tables.PREDICTORS, caption, name="predictors")] if len(predictors) else []
    figures = []
    if len(names) > 2:
        v = pd.DataFrame(np.nan, index=names, columns=names)
        for row in records(table):
            v.loc[row["b"], row["a"]] = v.loc[row["a"], row["b"]] = row["v"]
        total = sum(column.countable and column.distinct > 1 for column in dataset.columns.values())
        caption = sentence("dataset_summary.matrix_caption", shown=len(names), total=total)
        svg = matrix_figure(v, name="associations", note=_note(dataset))
        figures.append(Figure(svg, caption, "associations"))
    return PagePart(figures=figures, tables=shown) if figures or shown else None


def _scanners(_: Dataset, frames: Tables) -> PagePart:
    return PagePart(
        tables=[report_table(frames["scanners"], tables.SCANNERS, "Machines of each site", name="scanners")]
    )


def _splits(dataset: Dataset, frames: Tables) -> PagePart:
    parts = [tables.parts_table(frames["parts"])] if len(frames["parts"]) else []
    text = sentence("dataset_summary.splits")
    return PagePart(text=[text], tables=[*parts, tables.splits_table(frames["splits"], dataset)])


SECTIONS = (
    SummarySection("columns", "Columns", _columns),
    SummarySection("missing", "Missing values", _missing, "missing"),
    SummarySection("units", "Patients, breasts and images", _units),
    SummarySection("label", "Label", _label, "balance"),
    SummarySection("counts", "Distributions", _distributions, "counts"),
    SummarySection("rates", "Prevalence by group", _rates, "rates"),
    SummarySection("associations", "Predictors of the label and associations", _associations),
    SummarySection("scanners", "Sites and machines", _scanners, "scanners"),
    SummarySection("splits", "Training and test", _splits, "splits"),
)
"""All sections, in the order of the page."""
