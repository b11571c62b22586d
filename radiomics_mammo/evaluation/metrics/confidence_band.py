"""A curve over a grid, averaged over repeats, with a band by drawing patients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from radiomics_mammo.evaluation.metrics.arrays import Codes, Counts, Floats, Labels
from radiomics_mammo.evaluation.metrics.bootstrap import blocks_of
from radiomics_mammo.evaluation.metrics.threshold_counts import Curve, curve

POINTS = 201
At = Callable[[Curve, Floats], Floats]
"""Gives a curve's height at each point of a grid for each draw, shape (n_draws, n_points); NaN for draws without."""


def curve_with_band(
    at: At, grid: Floats, y: Labels, p: Floats, group: Codes, *, counts: Counts | None
) -> tuple[Floats, Floats, Floats]:
    """Average the repeats' curves at fixed points.

    Parameters
    ----------
    p : ndarray of float64, shape (n_repeats, n_rows)
        Out-of-fold predictions.
    counts : ndarray of int32, shape (n_draws, n_patients), or None
        From :func:`radiomics_mammo.evaluation.metrics.bootstrap.draw_patients`, for the band.

    Returns
    -------
    value, low, high : ndarray of float64, shape (n_points,)
        The pointwise 95% percentile band over the draws that have a curve; NaN without draws, or where none has.
    """
    value = np.mean([at(curve(y, each), grid)[0] for each in p], axis=0)
    undefined = np.full(grid.size, np.nan)
    if counts is None:
        return value, undefined, undefined
    drawn = [
        np.mean([at(curve(y, each, counts[block][:, group]), grid) for each in p], axis=0)
        for block in blocks_of(counts.shape[0], y.size)
    ]
    heights = np.concatenate(drawn)
    defined = heights[~np.isnan(heights).any(axis=1)]
    if not len(defined):
        return value, undefined, undefined
    low, high = np.quantile(defined, [0.025, 0.975], axis=0)
    return value, low, high
