"""Confusion matrices and classification reports at named thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.arrays import Flags, Floats, Labels

HALF = 0.5
COUNTS = ("tp", "fp", "fn", "tn")


def confusion_table(
    names: Sequence[str], y: Labels, p: Floats, called: Flags, *, certified: Mapping[str, float]
) -> pd.DataFrame:
    """Count calls at 0.5, at the chosen and at the certified threshold.

    Parameters
    ----------
    p : ndarray of float64, shape (n_candidates, n_repeats, n_units)
        Calibrated probabilities.
    called : ndarray of bool, shape (n_candidates, n_repeats, n_units)
        Calls at the thresholds that the folds chose, which differ.
    certified : mapping of candidate name to threshold
        Only of candidates that have one.

    Of each class precision, recall, F1 and support are computed from the mean counts, as scikit-learn's
    ``classification_report`` does; NaN where no unit was called so.
    """
    rows = []
    for name, scores, chosen in zip(names, p, called, strict=True):
        calls = [("half", HALF, scores >= HALF), ("chosen", np.nan, chosen)]
        if name in certified:
            calls.append(("certified", certified[name], scores >= certified[name]))
        rows += [{"model": name, "at": at, "threshold": cut, **_counted(flags, y)} for at, cut, flags in calls]
    return pd.DataFrame(rows)


def _counted(called: Flags, y: Labels) -> dict[str, float]:
    positive = y == 1
    flags = (called & positive, called & ~positive, ~called & positive, ~called & ~positive)
    counts = {name: float(each.sum(axis=1).mean()) for name, each in zip(COUNTS, flags, strict=True)}
    tp, fp, fn, tn = counts.values()
    report = {"accuracy": (tp + tn) / y.size}
    for outcome, correct, false_alarms, misses in (("negative", tn, fn, fp), ("positive", tp, fp, fn)):
        report |= {
            f"precision_{outcome}": _proportion(correct, correct + false_alarms),
            f"recall_{outcome}": _proportion(correct, correct + misses),
            f"f1_{outcome}": _proportion(2 * correct, 2 * correct + false_alarms + misses),
            f"support_{outcome}": correct + misses,
        }
    return counts | report


def _proportion(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
