"""The cases that a model got most wrong."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class Mistakes:
    """Cases on the wrong side, the most confident first.

    Attributes
    ----------
    missed, alarms : pandas.DataFrame
        False negatives and false positives, indexed by case_id, with the columns p, y and patient_id.
    threshold : float
        The cut: as many cases are called positive as there are positive ones (ties aside).
    n_missed, n_alarms : int
        How many there are in all.
    """

    missed: pd.DataFrame
    alarms: pd.DataFrame
    threshold: float
    n_missed: int
    n_alarms: int


def most_confident_mistakes(predictions: pd.DataFrame, *, model: str, most: int = 6) -> Mistakes:
    """Find the positives that a model scores lowest and the negatives that it scores highest.

    The score of a case is the mean of its out-of-fold probabilities over the repeats. The cut calls as many
    cases positive as there are: it needs no calibrated probability and no threshold tuned to the cases.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Columns case_id, patient_id, model, p, y.
    model : str
    most : int
        How many of each kind.
    """
    own = predictions[predictions["model"] == model]
    cases = own.groupby("case_id", sort=False).agg(
        p=("p", "mean"), y=("y", "first"), patient_id=("patient_id", "first")
    )
    threshold = float(cases["p"].nlargest(int(cases["y"].sum())).min())
    missed = cases[(cases["y"] == 1) & (cases["p"] < threshold)].sort_values("p", kind="stable")
    alarms = cases[(cases["y"] == 0) & (cases["p"] >= threshold)].sort_values("p", kind="stable", ascending=False)
    return Mistakes(missed.head(most), alarms.head(most), threshold, len(missed), len(alarms))
