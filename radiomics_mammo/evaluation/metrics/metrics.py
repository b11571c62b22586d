"""Metrics of a binary prediction, for many integer weightings of the same rows at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.metrics.arrays import Floats, Labels
from radiomics_mammo.evaluation.metrics.calibration import calibration_intercept, calibration_slope, ece
from radiomics_mammo.evaluation.metrics.threshold_counts import Curve, curve

__all__ = ["METRICS", "Curve", "Metric", "auroc", "curve", "scores"]

# Counts are whole numbers, so a share such as 0.9 * 10 must not fail by a rounding error.
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Metric:
    """A line of ``METRICS``.

    Attributes
    ----------
    title, heading : str
        In full, and for a narrow column.
    value : callable (Curve) -> ndarray of float64, shape (n_draws,)
    shown : bool
        Whether the narrow tables have it.
    """

    title: str
    heading: str
    value: Callable[[Curve], Floats]
    shown: bool = True


def auroc(c: Curve) -> Floats:
    """Area under the ROC curve by trapezoids: a tie counts one half. Undefined (NaN) with one class."""
    area = (np.diff(c.fp, axis=1) * (c.tp[:, 1:] + c.tp[:, :-1]) / 2).sum(axis=1)
    return _share(area, c.positives * c.negatives)


def average_precision(c: Curve) -> Floats:
    """Sum of precision times the step in recall, as scikit-learn defines it. Undefined without positives."""
    gained = np.diff(c.tp, axis=1)
    called = c.tp[:, 1:] + c.fp[:, 1:]
    precision = c.tp[:, 1:] / np.maximum(called, 1.0)  # of nobody called, nobody is found: 0 / 1
    return _share((gained * precision).sum(axis=1), c.positives)


def brier(c: Curve) -> Floats:
    """Mean squared difference of predicted probability and outcome; lower is better."""
    return c.total((c.score - c.label) ** 2) / (c.positives + c.negatives)


def sensitivity_at_specificity(c: Curve, *, specificity: float = 0.9) -> Floats:
    """Highest sensitivity among thresholds whose specificity is at least the one given; not interpolated."""
    allowed = c.fp <= (1.0 - specificity) * c.negatives[:, None] + _SLACK
    best = np.where(allowed, c.tp, 0.0).max(axis=1)
    return _both(c, _share(best, c.positives))


def specificity_at_sensitivity(c: Curve, *, sensitivity: float = 0.9) -> Floats:
    """Highest specificity among thresholds whose sensitivity is at least the one given; not interpolated."""
    reached = c.tp >= sensitivity * c.positives[:, None] - _SLACK
    fewest = np.where(reached, c.fp, np.inf).min(axis=1)
    return _both(c, 1.0 - _share(fewest, c.negatives))


def pf1(c: Curve) -> Floats:
    """Probabilistic F1 of the probabilities as they are, as the RSNA 2022 challenge on Kaggle scored it.

    Each prediction, cut to 0 … 1, counts as that fraction of a call: pTP is their sum over positives, pFP over
    negatives; precision pTP / (pTP + pFP), recall pTP / positives. This is the cF1 of Yacouby & Axman (2020) for
    the positive class (their cFN is the sum of 1 - p over positives, so the recall is the same); they average over
    classes, Kaggle does not. It rewards confidence: a calibrated prediction at a low prevalence scores little,
    however well it ranks. 0 where positives get no probability; undefined (NaN) without positives.
    """
    called = np.clip(c.score, 0.0, 1.0)
    found = c.total(called * c.label)
    return _f1(found, c.total(called), c.positives)


def pf1_called(c: Curve) -> Floats:
    """Probabilistic F1 of predictions turned into 0 and 1 at the best threshold first, as the winners submitted them.

    The formula of :func:`pf1` on calls is the ordinary F1. The threshold is the one with the highest F1 on the very
    predictions that are scored, chosen again in every draw: a slightly hopeful figure, to be compared with the
    challenge's only together with that remark. Undefined (NaN) without positives.
    """
    every = _f1(c.tp[:, 1:], c.tp[:, 1:] + c.fp[:, 1:], c.positives[:, None])
    best: Floats = every.max(axis=1)
    return best


def _f1(found: Floats, called: Floats, positives: Floats) -> Floats:
    return np.where(positives > 0, 2.0 * found / np.where(positives > 0, called + positives, 1.0), np.nan)


def _share(part: Floats, whole: Floats) -> Floats:
    shares: Floats = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return shares


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
