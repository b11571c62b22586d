"""The windows of a breast that are most unlike its other windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.parenchyma.quantiles import quantile

MOST_DEVIATIONS = 10.0
"""A feature counts no more than this, so that a single one cannot decide."""
TO_SD = 1.4826
"""Median absolute deviation to standard deviation, of a normal distribution."""
ROUNDING = 1e-9
"""Features that vary by less than this share of their median do so by rounding alone."""
DECIMALS = 9
"""Scores that differ less are equal, so that every engine's rounding gives the same order."""


def unlikeness(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each window lies from the middle of its own breast: the mean robust z-score of its features.

    A feature's robust z-score is its distance from the median over the windows, in units of 1.4826 median absolute
    deviations, and at most 10. Features that do not vary between the windows say nothing and are left out.
    A breast is compared with itself only: no other breast, and no diagnosis, is looked at.

    Parameters
    ----------
    table : ndarray of float64, shape (n_windows, n_features)
        Undefined features are NaN.

    Returns
    -------
    ndarray of float64, shape (n_windows,)
        0 or more; 0 where no feature can tell.

    References
    ----------
    Iglewicz, B. & Hoaglin, D. (1993). How to Detect and Handle Outliers. ASQC Quality Press (modified z-scores).
    """
    middle = quantile(table, 0.5)
    distance = np.abs(table - middle)
    scale = TO_SD * quantile(distance, 0.5)
    tells = scale > ROUNDING * np.abs(middle)  # NaN does not
    scores = np.minimum(distance[:, tells] / scale[tells], MOST_DEVIATIONS)
    counted = (~np.isnan(scores)).sum(axis=1)
    mean: NDArray[np.float64] = np.where(np.isnan(scores), 0.0, scores).sum(axis=1) / np.maximum(counted, 1)
    return mean


def most_suspicious(scores: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Which windows have the highest scores; of equal ones (to nine decimals) the first by position.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_windows,)
    count : int
        How many; all where there are fewer.

    Returns
    -------
    ndarray of int64, shape (min(count, n_windows),)
        Highest first.
    """
    return np.argsort(-np.round(scores, DECIMALS), kind="stable")[:count].astype(np.int64)
