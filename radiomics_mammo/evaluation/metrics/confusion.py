"""Who is called and who is ill, at named thresholds, with the classification report that belongs to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.arrays import Flags, Floats, Labels

HALF = 0.5
CELLS = ("tp", "fp", "fn", "tn")


def confusion_table(
    names: Sequence[str], y: Labels, p: Floats, called: Flags, *, certified: Mapping[str, float]
) -> pd.DataFrame:
    """Count calls at 0.5, at the chosen and at the certified threshold.

    Parameters
    ----------
    names : sequence of str
        The candidates.
    y : ndarray of int8, shape (n_units,)
    p : ndarray of float64, shape (n_arms, n_repeats, n_units)
        Calibrated probabilities.
    called : ndarray of bool, shape (n_arms, n_repeats, n_units)
        Calls at the thresholds that the folds chose, which differ.
    certified : mapping of candidate name to threshold
        Only of candidates that have one.

    Returns
    -------
    pandas.DataFrame
        One row a candidate and threshold: ``model``, ``at`` (``half``, ``chosen``, ``certified``), ``threshold`` (NaN
        where it differs by fold), ``tp``, ``fp``, ``fn``, ``tn`` (means over repeats), ``accuracy``, and of each class
        ``precision_``, ``recall_``, ``f1_`` and ``support_`` followed by ``negative`` or ``positive``, computed from
        those counts as scikit-learn's ``classification_report`` does; NaN where nobody was called so.
    """
    rows = []
    for name, own, chosen in zip(names, p, called, strict=True):
        calls = [("half", HALF, own >= HALF), ("chosen", np.nan, chosen)]
        if name in certified:
            calls.append(("certified", certified[name], own >= certified[name]))
        rows += [{"model": name, "at": at, "threshold": cut, **_counted(flags, y)} for at, cut, flags in calls]
    return pd.DataFrame(rows)


def _counted(called: Flags, y: Labels) -> dict[str, float]:
    sick = y == 1
    flags = (called & sick, called & ~sick, ~called & sick, ~called & ~sick)
    counts = {name: float(one.sum(axis=1).mean()) for name, one in zip(CELLS, flags, strict=True)}
    tp, fp, fn, tn = counts.values()
    report = {"accuracy": (tp + tn) / y.size}
    for said, right, false_alarms, missed in (("negative", tn, fn, fp), ("positive", tp, fp, fn)):
        report |= {
            f"precision_{said}": _share(right, right + false_alarms),
            f"recall_{said}": _share(right, right + missed),
            f"f1_{said}": _share(2 * right, 2 * right + false_alarms + missed),
            f"support_{said}": right + missed,
        }
    return counts | report


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
