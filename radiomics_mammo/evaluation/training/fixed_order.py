"""Scores whose bits depend on the row alone: sums in one fixed order, without BLAS.

BLAS adds the terms of a product in an order that depends on the processor and on the number of rows, so the last
digits of a linear score would depend on which cases are scored together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = NDArray[np.floating[Any]]

_VALUES = 1_000_000  # of one block of rows


def dot(x: Numbers, weights: Numbers) -> Floats:
    """Compute ``x @ weights``, every row's terms added pairwise in the same order.

    Only multiplications and additions of single numbers are used, which IEEE 754 rounds alike everywhere.
    """
    x, weights = np.asarray(x, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if weights.ndim == 2:
        return np.stack([dot(x, weight) for weight in weights.T], axis=1)
    step = max(1, _VALUES // max(1, weights.size))
    parts = [_add_pairwise(x[start : start + step] * weights) for start in range(0, len(x), step)]
    return np.concatenate([np.zeros(0), *parts])


def squared_distances(x: Floats, points: Floats) -> Floats:
    """Compute squared Euclidean distances, shape (n_rows, n_points), as :func:`dot` adds."""
    return np.stack([dot((x - point) ** 2, np.ones(x.shape[1])) for point in points], axis=1)


def _add_pairwise(terms: Floats) -> Floats:
    """Add up the columns: the second half to the first until one is left."""
    width = terms.shape[1]
    while width > 1:
        half = width // 2
        terms[:, :half] += terms[:, width - half : width]
        width -= half
    return terms[:, 0] if terms.shape[1] else np.zeros(len(terms))
