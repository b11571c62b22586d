"""Paired comparison of models: differences in AUROC on the same patients."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.paired_comparison import pair_table
from radiomics_mammo.reports.components.columns import Column, interval, p_value, report_table, words
from radiomics_mammo.reports.components.model_names import COMPARED_WITH_BEST, marked
from radiomics_mammo.reports.components.numbers import estimate, records
from radiomics_mammo.reports.components.page import PagePart, ReportTable
from radiomics_mammo.reports.components.sentences import paragraphs, sentence
from radiomics_mammo.reports.section import ReportInputs
from radiomics_mammo.runs.run_folder import Run

_COLUMNS = (
    Column("Model", "title"),
    Column("Difference", "difference", interval("low", "high", signed=True)),
    Column("p", "p", p_value),
    Column("p, Holm", "p_holm", p_value),
    Column("p over folds", "fold_p", p_value, optional=True),
    words("Verdict", "verdict"),
)


def build(inputs: ReportInputs) -> PagePart:
    """Build the section."""
    run, results, titles = inputs.run, inputs.results, inputs.run.info.candidates
    assert results.pairs is not None  # what the section needs
    references = [str(name) for name in results.pairs["against"].unique()]
    best = [
        {"title": titles[row["against"]], "difference": estimate(row, "difference", signed=True)}
        for row in records(best_against(run))
    ]
    return PagePart(
        text=paragraphs(
            "paired.text",
            reference=titles.get(references[0], references[0]) if len(references) == 1 else "",
            selection=selection(results.selection_bias, titles) if inputs.has("selection_bias") else "",
            best=titles.get(run.info.best, ""),
            differences=best,
        ),
        tables=[_table(results.pairs, marked(titles), single_reference=len(references) == 1)],
    )


def _table(pairs: pd.DataFrame, titles: dict[str, str], *, single_reference: bool) -> ReportTable:
    names = [
        titles.get(model, model) + ("" if single_reference else f" minus {titles.get(against, against)}")
        for model, against in zip(pairs["model"], pairs["against"], strict=True)
    ]
    caption = sentence("paired.caption", over_folds="fold_p" in pairs)
    return report_table(pairs.assign(title=names), _COLUMNS, caption)


def selection(table: pd.DataFrame | None, titles: dict[str, str]) -> str:
    """Return the sentence on the selection bias of the best model's AUROC (BBC-CV)."""
    assert table is not None  # what the caller has checked
    row = records(table)[0]
    return sentence("paired.selection_bias", title=titles.get(row["name"], row["name"]), row=row)


def best_against(run: Run) -> pd.DataFrame:
    """Compare the best model with each of ``COMPARED_WITH_BEST`` that is a candidate."""
    best = run.info.best
    others = [name for name in COMPARED_WITH_BEST if name in run.info.candidates and name != best]
    if not best or not others:
        return pd.DataFrame(columns=["model", "against", "difference", "low", "high"])
    predictions = run.predictions[run.predictions["model"] == best]
    units = predictions.drop_duplicates("case_id").set_index("case_id")
    y = units["y"].to_numpy(dtype=np.int8)
    group = pd.factorize(units["patient_id"])[0].astype(np.int64)
    fold_of = predictions.pivot(index="repeat", columns="case_id", values="fold")[units.index].to_numpy(dtype=np.int16)
    wide = run.predictions.pivot(index=["model", "repeat"], columns="case_id", values="p")[units.index]
    tables = []
    for other in others:
        p = np.stack([wide.loc[name].to_numpy(dtype=np.float64) for name in (best, other)])
        tables.append(pair_table([best, other], y, p, group, fold_of, against={best: other}))
    return pd.concat(tables, ignore_index=True)[["model", "against", "difference", "low", "high"]]
