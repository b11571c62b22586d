"""Ensembles, image embeddings and learning curves of dense heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from radiomics_mammo.reports.components.columns import BETWEEN, Column, count, interval, p_value, report_table, words
from radiomics_mammo.reports.components.numbers import number, records
from radiomics_mammo.reports.components.page import Figure, PagePart, ReportTable
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.components.tables import metric_columns, wide_metrics
from radiomics_mammo.reports.figures.learning_curve import FIGURES, KEYS, at_chosen, learning_figure
from radiomics_mammo.reports.section import ReportInputs
from radiomics_mammo.runs.run_info import RunInfo

_METRICS = ("auroc", "average_precision", "brier")
NOT_RECORDED = "not recorded"


def ensembles(inputs: ReportInputs) -> PagePart:
    """Build the section of ensembles: each against its best single member."""
    table, tested, titles = inputs.results.ensembles, inputs.results.test_ensembles, inputs.run.info.candidates
    assert table is not None  # what the section needs
    tables = [_ensembles(table, titles, tested=False)]
    tables += [] if tested is None else [_ensembles(tested, titles, tested=True)]
    text = [
        sentence("embeddings.ensemble", ensemble=row[0], best=row[1], difference=row[2], verdict=row[-2])
        for row in tables[0].rows
    ]
    return PagePart(text=[" ".join(text)], tables=tables)


def _ensembles(table: pd.DataFrame, titles: Mapping[str, str], *, tested: bool) -> ReportTable:
    table = table[table["metric"].isin(_METRICS)]
    auroc = table[table["metric"] == "auroc"].set_index(["ensemble", "against"])
    wide = wide_metrics(table, "ensemble", "against")
    rows = auroc.loc[list(zip(wide["ensemble"], wide["against"], strict=True))]
    wide = wide.assign(
        p_holm=rows["p_holm"].to_numpy(),
        verdict=rows["verdict"].to_numpy(),
        members=["; ".join(titles.get(name, name) for name in str(names).split("; ")) for names in rows["members"]],
        ensemble=[titles.get(name, name) for name in wide["ensemble"]],
        against=[titles.get(name, name) for name in wide["against"]],
    )
    columns = [
        Column("Ensemble", "ensemble"),
        words("Minus", "against"),
        *metric_columns(table, signed=True),
        Column("p, Holm", "p_holm", p_value),
        words("Verdict", "verdict"),
        words("Members", "members"),
    ]
    return report_table(wide, columns, sentence("embeddings.ensembles_caption", tested=tested), stacked=True)


def forced_warnings(info: RunInfo) -> list[str]:
    """Return warnings on weights that may have been trained on the cases of this run."""
    return [
        sentence("embeddings.forced", name=each["name"], collections=_recorded(each, "trained_on"))
        for each in info.embeddings
        if each.get("forced")
    ]


def embedders(inputs: ReportInputs) -> PagePart:
    """Build the section of image embeddings: linear probes, source of the weights."""
    info, probes = inputs.run.info, inputs.results.probes
    tables = [] if probes is None or probes.empty else [_probes(probes, info)]
    tables += [_weights(info)] if info.embeddings else []
    return PagePart(text=[sentence("embeddings.probes")], tables=tables, warnings=forced_warnings(info))


def _probes(table: pd.DataFrame, info: RunInfo) -> ReportTable:
    titles = {each["prefix"]: embedder_title(each) for each in info.embeddings}
    table = table.assign(embedder=[titles.get(name, name) for name in table["embedder"]])
    columns = [Column("Embedder", "embedder"), Column("Features", "dims", count), Column("AUROC", "auroc", BETWEEN)]
    if table["test_auroc"].notna().any():
        columns.append(Column("AUROC, test set", "test_auroc", interval("test_low", "test_high")))
    return report_table(table, columns, sentence("embeddings.probes_caption"), name="probes")


def _weights(info: RunInfo) -> ReportTable:
    rows = [
        {"title": embedder_title(each), "dims": each["dims"], "input": _input(each), "collections": _collections(each)}
        | {name: _recorded(each, name) for name in ("source", "licence", "sha256")}
        for each in info.embeddings
    ]
    columns = (
        Column("Embedder", "title"),
        Column("Features", "dims"),
        words("Input image", "input"),
        words("Source", "source"),
        words("Licence", "licence"),
        words("Known collections in training", "collections"),
        words("SHA-256", "sha256"),
    )
    return report_table(pd.DataFrame(rows), columns, "Source of the weights", stacked=True, name="weights")


def embedder_title(embedder: Mapping[str, Any]) -> str:
    """Return the name of an embedder and its input, where it is recorded."""
    return f"{embedder['name']} on {embedder['input']}" if "input" in embedder else str(embedder["name"])


def _input(embedder: Mapping[str, Any]) -> str:
    """Return size, context around the lesion, channels and flips of the input image."""
    parts = [f"{embedder['size']} px"] if "size" in embedder else []
    parts += [f"{name} {embedder[name]}" for name in ("context", "channels") if embedder.get(name)]
    parts += ["averaged over flips"] if embedder.get("flip") else []
    return ", ".join(parts) or NOT_RECORDED


def _collections(embedder: Mapping[str, Any]) -> str:
    names = "none" if embedder.get("trained_on") == [] else _recorded(embedder, "trained_on")
    return f"{names} (FORCED)" if embedder.get("forced") else names


def _recorded(embedder: Mapping[str, Any], name: str) -> str:
    value = embedder.get(name)
    return ", ".join(str(part) for part in value) if isinstance(value, list | tuple) else str(value or NOT_RECORDED)


def learning_curves(inputs: ReportInputs) -> PagePart:
    """Build the section of learning curves of dense heads."""
    table, info = inputs.results.learning_curves, inputs.run.info
    assert table is not None  # what the section needs
    figures = []
    for i, (model, subset) in enumerate(table.groupby("model", sort=False), start=1):
        title, name = info.candidates.get(str(model), str(model)), f"learning-{i}"
        svg = learning_figure(subset, title=title, name=name, note=inputs.note)
        figures.append(Figure(svg, sentence("embeddings.learning_caption", title=title), name=name))
    return PagePart(text=[sentence("embeddings.learning")], figures=figures, tables=[_epochs(table, info)])


def _epochs(table: pd.DataFrame, info: RunInfo) -> ReportTable:
    rows: list[list[str]] = []
    parts = ("training", "validation")
    for (model, *key), subset in at_chosen(table).groupby(["model", *KEYS], sort=False):
        by_part = {str(row["part"]): row for row in records(subset)}
        cells = [
            number(float(by_part[part][column])) if part in by_part else "–" for column in FIGURES for part in parts
        ]
        title = info.candidates.get(str(model), str(model))
        rows.append([title, *(f"{value:.0f}" for value in key), f"{subset['chosen'].iloc[0]:.0f}", *cells])
    return ReportTable(
        sentence("embeddings.epochs_caption", tested=bool(info.test)),
        [
            "Model",
            "Repeat",
            "Fold",
            "Inner",
            "Epoch",
            *(f"{word}, {part}" for word in FIGURES.values() for part in parts),
        ],
        rows,
        folded=f"All {len(rows)} training runs",
        name="epochs",
    )
