"""Proportions and AUROCs of a list of cases, with intervals clustered by patient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.metrics.arrays import Codes, Flags, Floats, Labels
from radiomics_mammo.evaluation.metrics.auroc_variance import auroc_interval, obuchowski
from radiomics_mammo.evaluation.metrics.proportions import Proportion, clustered_proportion

FOLDS = 5
MIN_CLASS = 5
"""Fewest positives and negatives that an AUROC is computed of."""


class Interval(NamedTuple):
    """A value and its 95% interval; NaN where undefined."""

    value: float
    low: float
    high: float


UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))


def proportion_of(part: Flags, group: Codes) -> Proportion:
    """Compute the proportion of rows with a flag, clustered by patient."""
    if not part.size:
        return Proportion(*UNKNOWN, variance=float("nan"), patients=0)
    return clustered_proportion(part[None], np.ones((1, part.size)), _renumbered(group))


def auroc_of(y: Labels, score: Floats, group: Codes) -> Interval:
    """Compute an AUROC with its clustered interval; NaN with few of a class."""
    if min(int((y == 1).sum()), int((y == 0).sum())) < MIN_CLASS:
        return UNKNOWN
    estimate = obuchowski(y, score[None, None], _renumbered(group))
    value = float(estimate.value[0])
    return Interval(value, *auroc_interval(value, float(estimate.covariance[0, 0])))


def is_above_half(value: pd.Series, low: pd.Series) -> pd.Series:
    """Return whether intervals of AUROCs are above one half, or the AUROC is 1."""
    return (low > 0.5) | (value >= 1.0)


def both_directions(estimate: Interval) -> Interval:
    """Return the AUROC of the score or of its negative, whichever is above one half."""
    value, low, high = estimate
    return Interval(1.0 - value, 1.0 - high, 1.0 - low) if value < 0.5 else estimate


def risk(levels: Sequence[NDArray[np.integer]], y: Labels, group: Codes, *, seed: int = 0) -> Floats:
    """Compute a score of rows from their levels' prevalence elsewhere (naive Bayes).

    Five folds of patients; in each, the logarithm of a level's proportion of positives in the four others over the
    proportion of all (one row at that proportion added, so that empty levels say nothing), summed over the columns as
    naive Bayes does. So a level that happens to hold many positives of one fold gains nothing from them.
    """
    patients = _renumbered(group)
    n_patients = int(patients.max()) + 1
    fold = np.random.default_rng(seed).permutation(n_patients)[patients] % FOLDS
    score = np.zeros(y.size)
    for codes in levels:
        score += _risk_of(codes.astype(np.int64), y, fold)
    return score


def _risk_of(codes: NDArray[np.int64], y: Labels, fold: NDArray[np.int64]) -> Floats:
    score, n_levels = np.zeros(y.size), int(codes.max()) + 1
    for test_fold in range(FOLDS):
        other, here = fold != test_fold, fold == test_fold
        prior = float(y[other].mean()) if other.any() else 0.0
        if prior in (0.0, 1.0):
            continue
        rows = np.bincount(codes[other], minlength=n_levels)
        positives = np.bincount(codes[other], weights=y[other], minlength=n_levels)
        proportion = (positives + prior) / (rows + 1.0)
        score[here] = np.log(proportion / prior)[codes[here]]
    return score


def cramers_v(a: pd.Series, b: pd.Series) -> float:
    """Compute Cramér's V of two categoricals; NaN where one has one value."""
    from scipy.stats.contingency import association

    i, j = a.cat.codes.to_numpy(np.int64), b.cat.codes.to_numpy(np.int64)
    both = (i >= 0) & (j >= 0)
    rows, columns = len(a.cat.categories), len(b.cat.categories)
    counts = np.bincount(i[both] * columns + j[both], minlength=rows * columns).reshape(rows, columns)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape) < 2:
        return float("nan")
    return float(association(counts, method="cramer"))


def _renumbered(group: Codes) -> Codes:
    return np.asarray(np.unique(group, return_inverse=True)[1], dtype=np.int64)
