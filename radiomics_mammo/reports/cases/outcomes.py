"""Outcome of each case: mean probability, classification, and whether it is correct."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiomics_mammo.errors import InputError
from radiomics_mammo.runs.run_files import PREDICTIONS
from radiomics_mammo.runs.run_folder import Run

OUTCOMES = {"FN": "false negative", "FP": "false positive", "TP": "true positive", "TN": "true negative"}


def outcomes(run: Run) -> pd.DataFrame:
    """Compute each case's mean over the repeats, by the best model.

    ``called`` is the proportion of repeats whose threshold ``p``, the mean probability, reached; ``outcome`` is
    positive where at least half of the repeats classified it as positive; ``explained`` is the mean probability by the
    model that SHAP explains, NaN without one.
    """
    table = run.predictions
    if "called" not in table.columns:
        raise InputError(
            "the predictions have no column called",
            path=run.folder / PREDICTIONS,
            remedy="Run python -m radiomics_mammo.compare again with --overwrite.",
        )
    rows = _of_candidate(table, run.info.best)
    table = rows.groupby("case_id", sort=False).agg(y=("y", "first"), p=("p", "mean"), called=("called", "mean"))
    explained = _of_candidate(run.predictions, run.info.explained).groupby("case_id", sort=False)["p"].mean()
    table = table.loc[[name for name in run.cases["case_id"].astype(str) if name in table.index]]
    called, positive = table["called"] >= 0.5, table["y"] == 1
    outcome = np.select([positive & ~called, ~positive & called, positive & called], ["FN", "FP", "TP"], default="TN")
    return table.assign(outcome=outcome, explained=explained.reindex(table.index))


def _of_candidate(table: pd.DataFrame, candidate: str) -> pd.DataFrame:
    rows = table[table["model"] == candidate]
    return rows.assign(case_id=rows["case_id"].astype(str), called=rows["called"].astype(float))
