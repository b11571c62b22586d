"""What became of each case: its probability, whether it was called positive, and whether that was right."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiomics_mammo.errors import InputError
from radiomics_mammo.runs.run_files import PREDICTIONS
from radiomics_mammo.runs.run_folder import Run

OUTCOMES = {"FN": "false negative", "FP": "false positive", "TP": "true positive", "TN": "true negative"}


def outcomes(run: Run) -> pd.DataFrame:
    """Sum the repeats of a case up, by the best candidate.

    Parameters
    ----------
    run : Run
        With a best candidate.

    Returns
    -------
    pandas.DataFrame
        Indexed by case_id (as text) in the order of ``run.cases``; ``y``; ``p``, the mean probability over the
        repeats; ``called``, the share of repeats whose threshold it reached; ``outcome``, of ``OUTCOMES``: positive
        where at least half of the repeats called it so; ``explained``, the mean probability by the candidate that SHAP
        explains, NaN without one.

    Raises
    ------
    InputError
        The predictions do not say what was called positive.
    """
    table = run.predictions
    if "called" not in table.columns:
        raise InputError(
            "the predictions do not say which cases were called positive (no column called)",
            path=run.folder / PREDICTIONS,
            remedy="Run python -m radiomics_mammo.compare again with --overwrite.",
        )
    own = _of_candidate(table, run.info.best)
    found = own.groupby("case_id", sort=False).agg(y=("y", "first"), p=("p", "mean"), called=("called", "mean"))
    explained = _of_candidate(table, run.info.explained).groupby("case_id", sort=False)["p"].mean()
    found = found.loc[[name for name in run.cases["case_id"].astype(str) if name in found.index]]
    positive, malignant = found["called"] >= 0.5, found["y"] == 1
    outcome = np.select(
        [malignant & ~positive, ~malignant & positive, malignant & positive], ["FN", "FP", "TP"], default="TN"
    )
    return found.assign(outcome=outcome, explained=explained.reindex(found.index))


def _of_candidate(table: pd.DataFrame, candidate: str) -> pd.DataFrame:
    own = table[table["model"] == candidate]
    return own.assign(case_id=own["case_id"].astype(str), called=own["called"].astype(float))
