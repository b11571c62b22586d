"""ROC and precision-recall curves, averaged over repeats, with a band by drawing patients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from radiomics_mammo.evaluation.metrics.arrays import Codes, Counts, Floats, Labels
from radiomics_mammo.evaluation.metrics.bootstrap import blocks_of
from radiomics_mammo.evaluation.metrics.threshold_counts import Curve, curve

POINTS = 201
At = Callable[[Curve, Floats], Floats]
"""Gives a curve's height at each point of a grid for each draw, shape (n_draws, n_points); NaN for draws without."""


@dataclass(frozen=True, slots=True, eq=False)
class MeanCurve:
    """Mean height ``y`` of the repeats' curves over a grid ``x`` from 0 to 1.

    ``low`` and ``high`` are the pointwise 95% percentile band over draws of patients; NaN without draws.
    """

    x: Floats
    y: Floats
    low: Floats
    high: Floats


def roc(y: Labels, p: Floats, group: Codes, *, counts: Counts | None = None) -> MeanCurve:
    """Average the repeats' sensitivity at fixed false positive rates."""
    return _mean_curve(_sensitivity_at, y, p, group, counts)


def precision_recall(y: Labels, p: Floats, group: Codes, *, counts: Counts | None = None) -> MeanCurve:
    """Average the repeats' precision at fixed recalls; NaN without a positive row.

    The precision at a recall is that of the highest threshold that reaches it: a step, as average precision sums it,
    because a straight line between two points of this curve is too good (Davis & Goadrich, ICML 2006).
    """
    return _mean_curve(_precision_at, y, p, group, counts)


def _mean_curve(at: At, y: Labels, p: Floats, group: Codes, counts: Counts | None) -> MeanCurve:
    """Average over repeats; ``p`` has shape (n_repeats, n_rows), ``counts`` is from ``draw_patients``."""
    grid = np.linspace(0.0, 1.0, POINTS)
    value = np.mean([at(curve(y, each), grid)[0] for each in p], axis=0)
    undefined = np.full(grid.size, np.nan)
    if counts is None:
        return MeanCurve(grid, value, undefined, undefined)
    drawn = [
        np.mean([at(curve(y, each, counts[block][:, group]), grid) for each in p], axis=0)
        for block in blocks_of(counts.shape[0], y.size)
    ]
    heights = np.concatenate(drawn)
    defined = heights[~np.isnan(heights).any(axis=1)]
    if not len(defined):
        return MeanCurve(grid, value, undefined, undefined)
    return MeanCurve(grid, value, *np.quantile(defined, [0.025, 0.975], axis=0))


def _sensitivity_at(c: Curve, grid: Floats) -> Floats:
    tpr_at = np.full((c.tp.shape[0], grid.size), np.nan)
    defined = np.flatnonzero((c.positives > 0) & (c.negatives > 0))
    for draw in defined:
        fpr, tpr = c.fp[draw] / c.fp[draw, -1], c.tp[draw] / c.tp[draw, -1]
        # Of a vertical step the upper end counts, as the reader's eye takes it.
        last = np.append(np.flatnonzero(np.diff(fpr)), fpr.size - 1)
        tpr_at[draw] = np.interp(grid, fpr[last], tpr[last])
    return tpr_at


def _precision_at(c: Curve, grid: Floats) -> Floats:
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
