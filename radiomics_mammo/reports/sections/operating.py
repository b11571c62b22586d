"""Confusion matrices, operating points and certified sensitivity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from radiomics_mammo.reports.components.columns import Column, count, decimals, number, report_table, titled, words
from radiomics_mammo.reports.components.model_names import marked
from radiomics_mammo.reports.components.numbers import records
from radiomics_mammo.reports.components.page import Figure, PagePart, ReportTable
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.components.tables import CERTIFIED, OPERATING
from radiomics_mammo.reports.figures.confusion import Matrix, confusion_figure
from radiomics_mammo.reports.section import ReportInputs
from radiomics_mammo.runs.results import DEFAULT_SENSITIVITY
from radiomics_mammo.runs.run_info import RunInfo

THRESHOLDS = {"half": "At 0.5", "chosen": "At the operating threshold", "certified": "At the certified threshold"}
"""Titles of the values of the column ``at``."""


def _threshold(row: Mapping[str, Any], key: str) -> str:
    return "by fold" if row[key] != row[key] else number(row, key)


_AT = words("Threshold", "at", lambda row, key: THRESHOLDS.get(row[key], str(row[key])))
_COUNTS = (
    Column("Model", "model"),
    _AT,
    Column("At", "threshold", _threshold),
    *(Column(name.upper(), name, decimals(".1f")) for name in ("tp", "fn", "fp", "tn")),
    Column("Accuracy", "accuracy", number),
)
_REPORT = (
    Column("Model", "model"),
    _AT,
    words("Class", "class"),
    Column("Precision", "precision", number),
    Column("Recall", "recall", number),
    Column("F1", "f1", number),
    Column("Support", "support", count),
)


def confusion(inputs: ReportInputs) -> PagePart:
    """Build the section of confusion matrices."""
    table = inputs.results.confusion
    assert table is not None  # what the section needs
    return PagePart(
        figures=confusion_figures(table, inputs, name="confusion"),
        tables=confusion_tables(table, inputs.run.info, where="cross-validation"),
    )


def confusion_figures(table: pd.DataFrame, inputs: ReportInputs, *, name: str) -> list[Figure]:
    """Draw the matrices of the best model and of the dense heads."""
    info, heads = inputs.run.info, inputs.results.learning_curves
    wanted = dict.fromkeys([info.best, *([] if heads is None else heads["model"].unique())])
    figures: list[Figure] = []
    for model in wanted:
        subset = table[table["model"] == model]
        if len(subset):
            title, slug = info.candidates.get(model, model), f"{name}-{len(figures) + 1}" if figures else name
            matrices = [
                Matrix(THRESHOLDS.get(row["at"], str(row["at"])), *(float(row[n]) for n in ("tp", "fp", "fn", "tn")))
                for row in records(subset)
            ]
            svg = confusion_figure(matrices, classes=info.classes, model=title, name=slug, note=inputs.note)
            figures.append(Figure(svg, sentence("performance.confusion_caption", title=title), name=slug))
    return figures


def confusion_tables(table: pd.DataFrame, info: RunInfo, *, where: str) -> list[ReportTable]:
    """Show the counts and the classification reports of all candidates."""
    table = titled(table, marked(info.candidates))
    by_class = [
        {"model": row["model"], "at": row["at"], "class": title}
        | {name: row[f"{name}_{side}"] for name in ("precision", "recall", "f1", "support")}
        for row in records(table)
        for side, title in zip(("negative", "positive"), info.classes, strict=True)
    ]
    return [
        report_table(
            table,
            _COUNTS,
            sentence("performance.counts_caption", where=where),
            folded=f"Confusion matrices of all models ({where})",
        ),
        report_table(
            pd.DataFrame(by_class),
            _REPORT,
            sentence("performance.report_caption", where=where),
            folded=f"Classification reports of all models ({where})",
        ),
    ]


def operating(inputs: ReportInputs) -> PagePart:
    """Build the section of operating points."""
    table = inputs.results.operating
    assert table is not None  # what the section needs
    caption = sentence("performance.operating_caption")
    return PagePart(tables=[report_table(titled(table, marked(inputs.run.info.candidates)), OPERATING, caption)])


def certified(inputs: ReportInputs) -> PagePart:
    """Build the section of certified sensitivity."""
    info, table = inputs.run.info, inputs.results.certified
    assert table is not None  # what the section needs
    title = info.candidates.get(info.best, "the best model")
    text = sentence("performance.certified", positive=info.classes[1], title=title)
    texts = [text, *certified_sentences(table, info)]
    checked = inputs.results.test_certified
    if checked is not None and len(checked):
        against = checked.loc[checked["high"] < checked["target"], "target"]
        table = table.assign(test=np.where(table["target"].isin(against), "contradicted", "not contradicted"))
        if len(against):
            texts.append(sentence("performance.certificates_contradicted", targets=against.tolist()))
    page_table = report_table(table, CERTIFIED, sentence("performance.certified_caption"))
    return PagePart(text=texts, tables=[page_table])


def certified_sentences(table: pd.DataFrame, info: RunInfo) -> list[str]:
    """Return the sentence of the requested sensitivity, if the table has it."""
    requested = table[(table["target"] - info.command.get("sensitivity", DEFAULT_SENSITIVITY)).abs() < 1e-9]
    return [str(text) for text in requested["sentence"]]
