"""Calibration from outside: fitted on out-of-fold scores of real patients, after any resampling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CALIBRATIONS = ("sigmoid", "isotonic", "none")
_FITTED = 1e-3  # nearer to 0 or 1 a forest's share of trees says no more, and one such row must not bend the line
_APPLIED = 1e-6  # much nearer, so that the order of small scores is kept


@dataclass(frozen=True, slots=True)
class Calibrator:
    """From a raw score to a probability; plain numbers, so that it can be written as JSON.

    Attributes
    ----------
    kind : str
        ``sigmoid`` (Platt 1999, on the logit of the score), ``isotonic`` (Zadrozny & Elkan 2002) or ``none``.
    x, y : tuple of float
        Of ``sigmoid``: the intercept and slope in ``y``. Of ``isotonic``: knots and their values.
    """

    kind: str = "none"
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    def __call__(self, score: Floats) -> Floats:
        """Turn raw scores in [0, 1] into probabilities; never decreasing in the score."""
        if self.kind == "none":
            return np.asarray(score, dtype=np.float64)
        if self.kind == "sigmoid":
            intercept, slope = self.y
            return expit(intercept + slope * logit(score, least=_APPLIED))
        return np.interp(score, self.x, self.y)


def fit_calibrator(score: Floats, y: NDArray[np.int8], *, kind: str = "sigmoid") -> Calibrator:
    """Fit on raw scores that were predicted for patients that the scoring model had not seen.

    Parameters
    ----------
    kind : str
        One of ``CALIBRATIONS``. A sigmoid that would turn the order round is replaced by a constant.
    """
    if kind == "none":
        return Calibrator()
    if kind == "isotonic":
        return _isotonic(score, y)
    intercept, slope = _platt(logit(score), y)
    return Calibrator("sigmoid", (), (intercept, slope))


def logit(p: Floats, *, least: float = _FITTED) -> Floats:
    """Log-odds of scores, moved inwards to ``least`` and 1 - ``least``."""
    clipped = np.clip(p, least, 1 - least)
    return np.asarray(np.log(clipped / (1 - clipped)))


def expit(z: Floats) -> Floats:
    """Give the probability of log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(z, -700, 700))))


def _platt(z: Floats, y: NDArray[np.int8]) -> tuple[float, float]:
    from sklearn.linear_model import LogisticRegression

    if np.ptp(z) == 0:
        return _constant(y)
    centre, width = float(z.mean()), float(z.std())
    fitted: Any = LogisticRegression(C=1e6, max_iter=1_000).fit(((z - centre) / width).reshape(-1, 1), y)
    slope = float(fitted.coef_[0, 0]) / width
    if slope < 0:  # the scores are no better than chance: every case gets the prevalence
        return _constant(y)
    return float(fitted.intercept_[0]) - slope * centre, slope


def _constant(y: NDArray[np.int8]) -> tuple[float, float]:
    return float(logit(np.array([y.mean()]), least=_APPLIED)[0]), 0.0


def _isotonic(score: Floats, y: NDArray[np.int8]) -> Calibrator:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(score, y)
    # No probability is exactly 0 or 1, as n patients cannot show that.
    certain = 0.5 / y.size
    values = np.clip(fitted.y_thresholds_, certain, 1 - certain)
    return Calibrator("isotonic", tuple(fitted.X_thresholds_.tolist()), tuple(values.tolist()))
