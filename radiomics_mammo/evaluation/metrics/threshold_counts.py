"""Counts above every threshold, for many weightings of the same rows.

A bootstrap draw is a weight per row, so the rows are sorted once and every draw is a cumulative sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.metrics.arrays import Floats, Labels


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Counts above every threshold, from above the highest score to below the lowest.

    Attributes
    ----------
    tp, fp : ndarray of float64, shape (n_draws, n_thresholds + 1)
        Weighted positives and negatives at or above each distinct score, beginning with 0.
    threshold : ndarray of float64, shape (n_thresholds + 1,)
        The scores, descending, beginning with infinity.
    score, label : ndarray of float64, shape (n_rows,)
        The rows by descending score.
    weight : ndarray of float64, shape (n_draws, n_rows)
        In the order of ``score``.
    end : ndarray of int64, shape (n_thresholds,)
        The last row of each distinct score.
    """

    tp: Floats
    fp: Floats
    threshold: Floats
    score: Floats
    label: Floats
    weight: Floats
    end: NDArray[np.intp]

    @property
    def positives(self) -> Floats:
        """Weight of all positives, shape (n_draws,)."""
        return self.tp[:, -1]

    @property
    def negatives(self) -> Floats:
        """Weight of all negatives, shape (n_draws,)."""
        return self.fp[:, -1]

    def total(self, values: Floats) -> Floats:
        """Sum a value of each row over the rows, weighted; shape (n_draws,)."""
        # Not a matrix product: BLAS adds in an order that depends on the block of draws and on its threads.
        sums: Floats = (self.weight * values).sum(axis=1)
        return sums


def curve(y: Labels, p: Floats, weights: NDArray[np.integer] | None = None) -> Curve:
    """Count positives and negatives above every distinct score, a row a draw."""
    order = np.argsort(-p, kind="stable")
    score, label = p[order], y[order].astype(np.float64)
    end = np.append(np.flatnonzero(np.diff(score)), p.size - 1)
    weight = np.ones((1, p.size)) if weights is None else weights[:, order].astype(np.float64)
    tp = _rising(weight * label, end)
    fp = _rising(weight, end) - tp  # whole numbers: exact
    return Curve(tp, fp, np.concatenate([[np.inf], score[end]]), score, label, weight, end)


def _rising(values: Floats, end: NDArray[np.intp]) -> Floats:
    """Cumulate each draw's values up to each distinct score, beginning with 0."""
    sums = np.zeros((values.shape[0], end.size + 1))
    if end.size == values.shape[1]:  # no ties: nothing to leave out
        np.cumsum(values, axis=1, out=sums[:, 1:])
    else:
        sums[:, 1:] = np.cumsum(values, axis=1)[:, end]
    return sums
