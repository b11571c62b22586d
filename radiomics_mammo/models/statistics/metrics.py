"""Metrics of a binary prediction, for many integer weightings of the same rows at once.

A bootstrap draw is a weight per row, so the rows are sorted once and every draw is a cumulative sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Counts are whole numbers, so a share such as 0.9 * 10 must not fail by a rounding error.
_SLACK = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Counts above every threshold, from above the highest score to below the lowest.

    Attributes
    ----------
    tp, fp : ndarray of float64, shape (n_draws, n_thresholds + 1)
        Weighted positives and negatives at or above each distinct score, beginning with 0.
    threshold : ndarray of float64, shape (n_thresholds + 1,)
        The scores, descending, beginning with infinity.
    squares : ndarray of float64, shape (n_draws,)
        Weighted mean of (score - label) squared.
    """

    tp: Floats
    fp: Floats
    threshold: Floats
    squares: Floats

    @property
    def positives(self) -> Floats:
        """Weight of all positives, shape (n_draws, 1)."""
        return self.tp[:, -1:]

    @property
    def negatives(self) -> Floats:
        """Weight of all negatives, shape (n_draws, 1)."""
        return self.fp[:, -1:]


@dataclass(frozen=True, slots=True)
class Metric:
    """A line of ``METRICS``: its title, a narrow heading, whether more is better, its formula on a curve."""

    title: str
    heading: str
    higher_is_better: bool
    value: Callable[[Curve], Floats]


def curve(y: NDArray[np.int8], p: Floats, weights: NDArray[np.integer] | None = None) -> Curve:
    """Count positives and negatives above every distinct score.

    Parameters
    ----------
    y : ndarray of int8, shape (n_rows,)
        Labels, 0 or 1.
    p : ndarray of float64, shape (n_rows,)
        Scores; equal scores share a threshold.
    weights : ndarray of int, shape (n_draws, n_rows), optional
        How often each row counts; one draw of ones if absent.
    """
    order = np.argsort(-p, kind="stable")
    ranked, labels = p[order], y[order].astype(np.float64)
    ends = np.append(np.flatnonzero(np.diff(ranked)), p.size - 1)
    w = np.ones((1, p.size)) if weights is None else weights[:, order].astype(np.float64)
    tp = np.zeros((w.shape[0], ends.size + 1))
    fp = np.zeros_like(tp)
    tp[:, 1:] = np.cumsum(w * labels, axis=1)[:, ends]
    fp[:, 1:] = np.cumsum(w * (1.0 - labels), axis=1)[:, ends]
    # Not a matrix product: BLAS adds in an order that depends on the block and on its threads.
    squares = (w * (ranked - labels) ** 2).sum(axis=1) / w.sum(axis=1)
    return Curve(tp, fp, np.concatenate([[np.inf], ranked[ends]]), squares)


def auroc(c: Curve) -> Floats:
    """Area under the ROC curve by trapezoids: a tie counts one half. Undefined (NaN) with one class."""
    area = (np.diff(c.fp, axis=1) * (c.tp[:, 1:] + c.tp[:, :-1]) / 2).sum(axis=1)
    return _share(area, (c.positives * c.negatives)[:, 0])


def average_precision(c: Curve) -> Floats:
    """Sum of precision times the step in recall, as scikit-learn defines it. Undefined without positives."""
    gained = np.diff(c.tp, axis=1)
    precision = _share(c.tp[:, 1:], c.tp[:, 1:] + c.fp[:, 1:], otherwise=0.0)
    return _share((gained * precision).sum(axis=1), c.positives[:, 0])


def brier(c: Curve) -> Floats:
    """Mean squared difference of predicted probability and outcome; lower is better."""
    return c.squares


def sensitivity_at_specificity(c: Curve, *, specificity: float = 0.9) -> Floats:
    """Highest sensitivity among thresholds whose specificity is at least the one given; not interpolated."""
    allowed = c.fp <= (1.0 - specificity) * c.negatives + _SLACK
    best = np.where(allowed, c.tp, 0.0).max(axis=1)
    return _both(c, _share(best, c.positives[:, 0]))


def specificity_at_sensitivity(c: Curve, *, sensitivity: float = 0.9) -> Floats:
    """Highest specificity among thresholds whose sensitivity is at least the one given; not interpolated."""
    reached = c.tp >= sensitivity * c.positives - _SLACK
    fewest = np.where(reached, c.fp, np.inf).min(axis=1)
    return _both(c, 1.0 - _share(fewest, c.negatives[:, 0]))


def _share(part: Floats, whole: Floats, otherwise: float = np.nan) -> Floats:
    shares: Floats = np.divide(part, whole, out=np.full(part.shape, otherwise), where=whole > 0)
    return shares


def _both(c: Curve, value: Floats) -> Floats:
    defined: Floats = np.where((c.positives[:, 0] > 0) & (c.negatives[:, 0] > 0), value, np.nan)
    return defined


METRICS: dict[str, Metric] = {
    "auroc": Metric("AUROC", "AUROC", True, auroc),
    "average_precision": Metric("Average precision", "Average precision", True, average_precision),
    "brier": Metric("Brier score", "Brier score", False, brier),
    "sensitivity_at_90_specificity": Metric(
        "Sensitivity at 90% specificity", "Sens. at 90% spec.", True, sensitivity_at_specificity
    ),
    "specificity_at_90_sensitivity": Metric(
        "Specificity at 90% sensitivity", "Spec. at 90% sens.", True, specificity_at_sensitivity
    ),
}


def scores(y: NDArray[np.int8], p: Floats, weights: NDArray[np.integer] | None = None) -> Floats:
    """Compute every metric of ``METRICS`` for every weighting.

    Returns
    -------
    ndarray of float64, shape (n_metrics, n_draws)
        NaN where a draw lacks a class that the metric needs.
    """
    counted = curve(y, p, weights)
    return np.stack([metric.value(counted) for metric in METRICS.values()])
