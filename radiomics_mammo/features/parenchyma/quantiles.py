"""Mean, standard deviation and quantiles of each feature over the windows in which it is defined."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def mean(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the mean of each column's defined entries; NaN where it has none."""
    defined = ~np.isnan(table)
    count = defined.sum(axis=0)
    total = np.where(defined, table, 0.0).sum(axis=0)
    return _over(total, count)


def standard_deviation(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute each column's standard deviation (divisor n - 1); NaN below two."""
    defined = ~np.isnan(table)
    squares = np.where(defined, table - mean(table), 0.0) ** 2
    spread: NDArray[np.float64] = np.sqrt(_over(squares.sum(axis=0), defined.sum(axis=0) - 1))
    return spread


def quantile(table: NDArray[np.float64], probability: float) -> NDArray[np.float64]:
    """Compute a quantile of each column (Hyndman & Fan's type 7); NaN without entry."""
    return sorted_quantile(np.sort(table, axis=0), probability)


def sorted_quantile(rising: NDArray[np.float64], probability: float) -> NDArray[np.float64]:
    """Compute :func:`quantile` of columns that are sorted already, NaN last."""
    if not len(rising):
        return np.full(rising.shape[1], np.nan)
    count = (~np.isnan(rising)).sum(axis=0)
    place = probability * np.maximum(count - 1, 0)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    columns = np.arange(rising.shape[1])
    below, above = rising[low, columns], rising[high, columns]
    values: NDArray[np.float64] = below + (above - below) * (place - low)
    return values


def _over(total: NDArray[np.float64], count: NDArray[np.int64]) -> NDArray[np.float64]:
    ratio = np.full(total.shape, np.nan)
    np.divide(total, count, out=ratio, where=count > 0)
    return ratio
