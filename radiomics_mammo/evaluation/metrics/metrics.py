"""Metrics of a binary prediction, for many weightings of the same rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.metrics.arrays import Floats, Labels
from radiomics_mammo.evaluation.metrics.calibration import calibration_intercept, calibration_slope, ece
from radiomics_mammo.evaluation.metrics.threshold_counts import Curve, curve

__all__ = ["METRICS", "Curve", "Metric", "auroc", "curve", "scores"]

# Counts are whole numbers, so a count such as 0.9 * 10 must not fail by a rounding error.
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Metric:
    """A line of ``METRICS``.

    ``value`` gives one number a draw; ``shown`` says whether the narrow tables have it.
    """

    title: str
    heading: str
    value: Callable[[Curve], Floats]
    shown: bool = True


def auroc(c: Curve) -> Floats:
    """Compute the area under the ROC curve; NaN with one class."""
    area = (np.diff(c.fp, axis=1) * (c.tp[:, 1:] + c.tp[:, :-1]) / 2).sum(axis=1)
    return _proportion(area, c.positives * c.negatives)


def average_precision(c: Curve) -> Floats:
    """Compute average precision as scikit-learn does; NaN without positives."""
    gained = np.diff(c.tp, axis=1)
    called = c.tp[:, 1:] + c.fp[:, 1:]
    precision = c.tp[:, 1:] / np.maximum(called, 1.0)  # without calls 0 / 1
    return _proportion((gained * precision).sum(axis=1), c.positives)


def brier(c: Curve) -> Floats:
    """Compute the mean squared difference of probability and outcome."""
    return c.total((c.score - c.label) ** 2) / (c.positives + c.negatives)


def sensitivity_at_specificity(c: Curve, *, specificity: float = 0.9) -> Floats:
    """Compute the highest sensitivity at a specificity, not interpolated."""
    allowed = c.fp <= (1.0 - specificity) * c.negatives[:, None] + _SLACK
    best = np.where(allowed, c.tp, 0.0).max(axis=1)
    return _both(c, _proportion(best, c.positives))


def specificity_at_sensitivity(c: Curve, *, sensitivity: float = 0.9) -> Floats:
    """Compute the highest specificity at a sensitivity, not interpolated."""
    reached = c.tp >= sensitivity * c.positives[:, None] - _SLACK
    fewest = np.where(reached, c.fp, np.inf).min(axis=1)
    return _both(c, 1.0 - _proportion(fewest, c.negatives))


def pf1(c: Curve) -> Floats:
    """Compute the probabilistic F1 of the RSNA 2022 challenge on Kaggle.

    Each prediction, cut to 0 … 1, counts as that fraction of a call: pTP is their sum over positives, pFP over
    negatives; precision pTP / (pTP + pFP), recall pTP / positives. This is the cF1 of Yacouby & Axman (2020) for
    the positive class (their cFN is the sum of 1 - p over positives, so the recall is the same); they average over
    classes, Kaggle does not. It rewards confidence: a calibrated prediction at a low prevalence scores little,
    however well it ranks. 0 where positives get no probability; undefined (NaN) without positives.
    """
    called = np.clip(c.score, 0.0, 1.0)
    true_positives = c.total(called * c.label)
    return _f1(true_positives, c.total(called), c.positives)


def pf1_called(c: Curve) -> Floats:
    """Compute the probabilistic F1 of calls at the best threshold.

    The formula of :func:`pf1` on calls is the ordinary F1. The threshold is the one with the highest F1 on the very
    predictions that are scored, chosen again in every draw: a slightly hopeful figure, to be compared with the
    challenge's only together with that remark. Undefined (NaN) without positives.
    """
    every = _f1(c.tp[:, 1:], c.tp[:, 1:] + c.fp[:, 1:], c.positives[:, None])
    best: Floats = every.max(axis=1)
    return best


def _f1(true_positives: Floats, called: Floats, positives: Floats) -> Floats:
    return np.where(positives > 0, 2.0 * true_positives / np.where(positives > 0, called + positives, 1.0), np.nan)


def _proportion(part: Floats, whole: Floats) -> Floats:
    proportions: Floats = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return proportions


def _both(c: Curve, value: Floats) -> Floats:
    defined: Floats = np.where((c.positives > 0) & (c.negatives > 0), value, np.nan)
    return defined


METRICS: dict[str, Metric] = {
    "auroc": Metric("AUROC", "AUROC", auroc),
    "average_precision": Metric("Average precision", "Average precision", average_precision),
    "brier": Metric("Brier score", "Brier score", brier),
    "sensitivity_at_90_specificity": Metric(
        "Sensitivity at 90% specificity", "Sens. at 90% spec.", sensitivity_at_specificity
    ),
    "specificity_at_90_sensitivity": Metric(
        "Specificity at 90% sensitivity", "Spec. at 90% sens.", specificity_at_sensitivity
    ),
    "calibration_slope": Metric("Calibration slope", "Calibr. slope", calibration_slope),
    "calibration_intercept": Metric(
        "Calibration in the large", "Calibr. in the large", calibration_intercept, shown=False
    ),
    "ece": Metric("Calibration error, ten bins of equal size", "ECE", ece, shown=False),
    "pf1": Metric("Probabilistic F1", "pF1", pf1, shown=False),
    "pf1_called": Metric("Probabilistic F1 of calls at the best threshold", "pF1 of calls", pf1_called, False),
}


def scores(y: Labels, p: Floats, weights: NDArray[np.integer] | None = None) -> Floats:
    """Compute every metric of ``METRICS`` for every weighting.

    Returns
    -------
    ndarray of float64, shape (n_metrics, n_draws)
        NaN where a draw lacks a class that the metric needs, or where the classes do not overlap (slope).
    """
    counted = curve(y, p, weights)
    return np.stack([metric.value(counted) for metric in METRICS.values()])
