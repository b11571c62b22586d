"""Otsu's threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def otsu_threshold(values: NDArray[Any], *, bins: int | None = None) -> float:
    """Compute the threshold of greatest between-class variance (Otsu 1979).

    Values above it are the upper class; among cuts in a gap of the histogram it is the middle one. With ``bins`` it
    cuts between the bins of a histogram, which is faster; by default between any two values, which are finite and not
    all equal. IEEE Trans. Syst. Man Cybern. 9(1), 62-66.
    """
    if bins is None:
        mean = float(values.mean())
        points, counts = np.sort(values) - mean, np.ones(values.size, dtype=np.int64)
    else:
        counts, edges = np.histogram(values, bins=bins)
        centres = 0.5 * (edges[:-1] + edges[1:])
        points = centres - (counts * centres).sum() / counts.sum()
    lower = np.cumsum(counts)[:-1]
    between = np.cumsum(counts * points)[:-1] ** 2 / (lower * (counts.sum() - lower))
    if bins is None:
        # Among equal values this is largest at either end of them (a square over a concave term): no cut parts equals.
        best = int(between.argmax())
        return float((points[best] + points[best + 1]) / 2.0 + mean)
    return float(edges[1:-1][between >= between.max() * (1.0 - 1e-12)].mean())
