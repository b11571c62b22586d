"""Decision curve analysis (Vickers & Elkin 2006)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.arrays import Codes, Counts, Floats, Labels, sum_patients
from radiomics_mammo.evaluation.metrics.bootstrap import draw_patients

THRESHOLDS = np.arange(1, 61) / 100.0
"""Probabilities at which one would act: 0.01 … 0.60."""

ALL, NONE = "treat all", "treat none"


def decision_curve(
    names: Sequence[str],
    y: Labels,
    p: Floats,
    group: Codes,
    *,
    thresholds: Floats = THRESHOLDS,
    draws: int = 1_000,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Compute net benefit TP/n - FP/n * t/(1-t) over thresholds t.

    Predictions must be probabilities. A value is the mean over repeats; the band is pointwise, by drawing patients.

    ``p`` has shape (n_candidates, n_repeats, n_units); thresholds ascend between 0 and 1. Without draws there is no
    band.
    """
    counts = draw_patients(int(group.max()) + 1, draws=draws, seed=seed) if draws else None
    everyone = np.full((1, y.size), np.inf)
    parts = []
    for name, repeats in zip([*names, ALL], [*p, everyone], strict=True):
        value, low, high = _benefit(y, repeats, group, thresholds, counts, level)
        parts.append(_lines(name, thresholds, value, low, high))
    nothing = np.zeros(thresholds.size)
    return pd.concat([*parts, _lines(NONE, thresholds, nothing, nothing, nothing)], ignore_index=True)


def _benefit(
    y: Labels, repeats: Floats, group: Codes, thresholds: Floats, counts: Counts | None, level: float
) -> tuple[Floats, Floats, Floats]:
    """Compute net benefit and its band, each of shape (n_thresholds,)."""
    true_positives, false_positives = _treated(y, repeats, group, thresholds)
    patients = sum_patients(np.full(y.size, repeats.shape[0]), group)
    odds = thresholds / (1.0 - thresholds)
    value = (true_positives.sum(axis=0) - odds * false_positives.sum(axis=0)) / patients.sum()
    if counts is None:
        unknown = np.full(value.shape, np.nan)
        return value, unknown, unknown
    times = counts.astype(np.float64)  # products of whole numbers: exact in any order
    drawn = (times @ true_positives - odds * (times @ false_positives)) / (times @ patients)[:, None]
    low, high = np.quantile(drawn, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=0)
    return value, low, high


def _treated(y: Labels, repeats: Floats, group: Codes, thresholds: Floats) -> tuple[Floats, Floats]:
    """Count positives and negatives at or above each threshold, both of shape (n_patients, n_thresholds)."""
    n_patients, n_bins = int(group.max()) + 1, thresholds.size + 1
    reached = np.searchsorted(thresholds, repeats, side="right")  # how many thresholds a unit is at or above
    counted = []
    for outcome in (1, 0):
        rows = y == outcome
        bin_of = (group[rows] * n_bins + reached[:, rows]).ravel()
        each = np.bincount(bin_of, minlength=n_patients * n_bins).reshape(n_patients, n_bins)
        counted.append(np.cumsum(each[:, :0:-1], axis=1)[:, ::-1].astype(np.float64))
    return counted[0], counted[1]


def _lines(name: str, thresholds: Floats, value: Floats, low: Floats, high: Floats) -> pd.DataFrame:
    return pd.DataFrame({"model": name, "threshold": thresholds, "net_benefit": value, "low": low, "high": high})
