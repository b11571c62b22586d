"""The precision-recall curve with a band, by drawing patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiomics_mammo.evaluation.metrics.arrays import Codes, Counts, Floats, Labels
from radiomics_mammo.evaluation.metrics.confidence_band import POINTS, curve_with_band
from radiomics_mammo.evaluation.metrics.threshold_counts import Curve


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionRecall:
    """Precision over a grid of recalls, each of shape (n_points,).

    Attributes
    ----------
    low, high : ndarray of float64
        Pointwise 95% percentile band over draws of patients; NaN without ``counts``.
    """

    recall: Floats
    precision: Floats
    low: Floats
    high: Floats


def precision_recall(y: Labels, p: Floats, group: Codes, *, counts: Counts | None = None) -> PrecisionRecall:
    """Average the repeats' precision at fixed recalls; NaN without a positive row.

    The precision at a recall is that of the highest threshold that reaches it: a step, as average precision sums it,
    because a straight line between two points of this curve is too good (Davis & Goadrich, ICML 2006).
    """
    grid = np.linspace(0.0, 1.0, POINTS)
    return PrecisionRecall(grid, *curve_with_band(_at, grid, y, p, group, counts=counts))


def _at(c: Curve, grid: Floats) -> Floats:
    """Return the precision at the first threshold that reaches each recall."""
    precision_at = np.full((c.tp.shape[0], grid.size), np.nan)
    for draw in np.flatnonzero(c.positives > 0):
        tp, called = c.tp[draw, 1:], c.tp[draw, 1:] + c.fp[draw, 1:]
        # The tolerance lets a recall of exactly 0.3 count as reached by 3 of 10; a threshold without drawn units is
        # skipped.
        first = np.searchsorted(tp, grid * tp[-1] * (1 - 1e-12))
        first = np.maximum(first, int(np.argmax(called > 0)))
        precision_at[draw] = tp[first] / called[first]
    return precision_at
