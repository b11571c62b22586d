"""The ROC curve with a band, by drawing patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.metrics.arrays import Counts, Floats
from radiomics_mammo.evaluation.metrics.confidence_band import POINTS, curve_with_band
from radiomics_mammo.evaluation.metrics.threshold_counts import Curve


@dataclass(frozen=True, slots=True, eq=False)
class Roc:
    """Sensitivity over a grid of false positive rates, each of shape (n_points,).

    Attributes
    ----------
    low, high : ndarray of float64
        Pointwise 95% percentile band over draws of patients; NaN without ``counts``.
    """

    fpr: Floats
    tpr: Floats
    low: Floats
    high: Floats


def roc(y: NDArray[np.int8], p: Floats, group: NDArray[np.int64], *, counts: Counts | None = None) -> Roc:
    """Average the repeats' ROC curves at fixed false positive rates."""
    grid = np.linspace(0.0, 1.0, POINTS)
    return Roc(grid, *curve_with_band(_at, grid, y, p, group, counts=counts))


def _at(c: Curve, grid: Floats) -> Floats:
    """Interpolate sensitivity at the grid; shape (n_draws, n_points)."""
    tpr_at = np.full((c.tp.shape[0], grid.size), np.nan)
    defined = np.flatnonzero((c.positives > 0) & (c.negatives > 0))
    for draw in defined:
        fpr, tpr = c.fp[draw] / c.fp[draw, -1], c.tp[draw] / c.tp[draw, -1]
        # Of a vertical step the upper end counts, as the reader's eye takes it.
        last = np.append(np.flatnonzero(np.diff(fpr)), fpr.size - 1)
        tpr_at[draw] = np.interp(grid, fpr[last], tpr[last])
    return tpr_at
