"""Outlyingness of the windows of a breast among those at about the same depth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.features.parenchyma.quantiles import quantile

MOST_DEVIATIONS = 10.0
"""A feature counts no more than this, so that a single one cannot decide."""
TO_SD = 1.4826
"""Median absolute deviation to standard deviation, of a normal distribution."""
FEWEST_NEAR = 9
"""Windows, at least, with which a window is compared."""
ROUNDING = 1e-9
"""Features that vary by less than this multiple of their median do so by rounding alone."""
DECIMALS = 9
"""Scores that differ less are equal, so that every engine's rounding gives the same order."""


def outlyingness(table: NDArray[np.float64], depths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute each window's outlyingness: the mean of its robust z-scores.

    A feature's robust z-score is its distance from the median, in units of 1.4826 median absolute deviations, and at
    most 10. Median and deviation are taken over the third of the windows of the same breast, at least nine, that are
    nearest in depth: the breast thins towards the skin, so that windows at its margin would always be outlying among
    all windows. Features that do not vary are left out.

    Iglewicz & Hoaglin, How to Detect and Handle Outliers, 1993 (modified z-scores).
    """
    order = np.argsort(depths, kind="stable")
    starts, near = _groups(len(order))
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.abs(np.arange(len(order))[:, None] - near // 2 - starts).argmin(axis=1)
    peers = table[order[starts + np.arange(near)[:, None]]].reshape(near, len(starts) * table.shape[1])
    middles = quantile(peers, 0.5)
    scales = TO_SD * quantile(np.abs(peers - middles), 0.5)
    middle, scale = (each.reshape(len(starts), -1)[group] for each in (middles, scales))
    varies = (scale > ROUNDING * np.abs(middle)) & ~np.isnan(table)  # False for an undefined scale
    scores = np.zeros(table.shape)
    np.divide(np.abs(table - middle), scale, out=scores, where=varies)
    mean: NDArray[np.float64] = np.minimum(scores, MOST_DEVIATIONS).sum(axis=1) / np.maximum(varies.sum(axis=1), 1)
    return mean


def _groups(count: int) -> tuple[NDArray[np.int64], int]:
    """Return where, in order of depth, overlapping groups begin, and how many windows each has.

    But for the ends, a window is at most a sixteenth of a group from the middle of its group.
    """
    near = min(count, max(FEWEST_NEAR, -(-count // 3)))
    starts = np.arange(0, count - near + 1, max(1, near // 8))
    return np.unique(np.append(starts, count - near)), near


def most_outlying(scores: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return the windows of the highest scores; of equal ones, the first first."""
    return np.argsort(-np.round(scores, DECIMALS), kind="stable")[:count].astype(np.int64)
