"""Held-out test set: metrics, operating points and prevalence of patients without part in training."""

from __future__ import annotations

import pandas as pd

from radiomics_mammo.reports.components.columns import report_table, titled
from radiomics_mammo.reports.components.model_names import marked
from radiomics_mammo.reports.components.numbers import records
from radiomics_mammo.reports.components.page import PagePart, ReportTable
from radiomics_mammo.reports.components.sentences import sentence
from radiomics_mammo.reports.components.tables import (
    CERTIFIED_TEST,
    COVARIATE_SHIFT,
    LABEL_SHIFT,
    OPERATING,
    metrics_table,
    resampling_table,
)
from radiomics_mammo.reports.section import ReportInputs
from radiomics_mammo.reports.sections.operating import certified_sentences, confusion_figures, confusion_tables


def build(inputs: ReportInputs) -> PagePart:
    """Build the section."""
    info, results, titles = inputs.run.info, inputs.results, marked(inputs.run.info.candidates)
    text: list[str] = []
    tables: list[ReportTable] = []
    if results.test_summary is not None:
        text.append(sentence("performance.held_out"))
        tables.append(metrics_table(results.test_summary, titles, caption="Held-out test set, with 95% intervals"))
    if results.test_differences is not None and len(results.test_differences):
        caption = sentence("class_balancing.test_caption")
        tables.append(resampling_table(results.test_differences, info.candidates, caption=caption))
    if results.test_operating is not None:
        caption = sentence("performance.test_operating_caption")
        tables.append(report_table(titled(results.test_operating, titles), OPERATING, caption))
    figures = []
    if results.test_confusion is not None and len(results.test_confusion):
        figures = confusion_figures(results.test_confusion, inputs, name="test-confusion")
        tables += confusion_tables(results.test_confusion, info, where="held-out test set")
    if results.test_certified is not None and len(results.test_certified):
        text += certified_sentences(results.test_certified, info)
        tables.append(
            report_table(results.test_certified, CERTIFIED_TEST, sentence("performance.certified_test_caption"))
        )
    if results.label_shift is not None and len(results.label_shift):
        text.append(label_shift_sentence(results.label_shift, positive=info.classes[1]))
        tables.append(report_table(results.label_shift, LABEL_SHIFT, sentence("performance.label_shift_caption")))
    if results.covariate_shift is not None and len(results.covariate_shift):
        text.append(covariate_shift_sentence(results.covariate_shift))
        caption = sentence("performance.covariate_shift_caption")
        tables.append(report_table(results.covariate_shift, COVARIATE_SHIFT, caption))
    if results.test_shifted is not None:
        caption = sentence("performance.test_shifted_caption")
        tables.append(metrics_table(results.test_shifted, titles, caption=caption))
    return PagePart(text=text, figures=figures, tables=tables)


def covariate_shift_sentence(table: pd.DataFrame) -> str:
    """Return the sentence on the difference in features between training and test."""
    row, *others = records(table)
    shifted = not pd.isna(row["low"]) and row["low"] > 0.5
    return sentence("performance.covariate_shift", row=row, shifted=shifted, leading=[r["column"] for r in others[:3]])


def label_shift_sentence(table: pd.DataFrame, *, positive: str) -> str:
    """Return the sentence on the difference in prevalence between training and test."""
    row = records(table)[0]
    shifted = not (pd.isna(row["low"]) or row["low"] <= 0 <= row["high"])
    return sentence("performance.label_shift", row=row, positive=positive, shifted=shifted)
