"""Calibration slope, intercept and error of the rows of a curve.

Slope and intercept are logistic regressions of the outcome on the logit of the prediction (Cox 1958; Van Calster
et al. 2019), fitted by Newton steps for all draws at once.
"""

from __future__ import annotations

import numpy as np

from radiomics_mammo.evaluation.metrics.arrays import Flags, Floats
from radiomics_mammo.evaluation.metrics.threshold_counts import Curve

CLIP = 1e-6
"""A prediction below this, or above 1 minus this, is taken as this: its logit would be infinite."""

BINS = 10

_STEPS = 300
_CLOSE = 1e-5  # of the step just made: the error that it leaves is of the order of its square


def calibration_slope(c: Curve) -> Floats:
    """Compute the calibration slope; 1 is ideal, below 1 is overconfident.

    Undefined (NaN) with one class, with one distinct prediction, and where a threshold separates the classes.
    """
    x = _logit(c.score)
    defined = _overlap(c, x)
    slope = np.full(defined.size, np.nan)
    if defined.any():
        middle, spread = float(x.mean()), float(x.std())
        fitted = _fit_line((x - middle) / spread, c.label, c.weight[defined])
        slope[defined] = fitted / spread
    return slope


def calibration_intercept(c: Curve) -> Floats:
    """Compute calibration in the large, the intercept at slope 1; 0 is ideal.

    Above 0 there were more positives than predicted. Undefined (NaN) with one class.
    """
    x = _logit(c.score)
    both = (c.positives > 0) & (c.negatives > 0)
    shift = np.full(both.size, np.nan)
    if both.any():
        begin = _climb_to_shift(x, c.label, np.ones((1, x.size)), np.zeros(1))
        shift[both] = _climb_to_shift(x, c.label, c.weight[both], np.nan_to_num(begin))
    return shift


def ece(c: Curve, *, bins: int = BINS) -> Floats:
    """Compute the expected calibration error over bins of equal mass.

    Each bin holds the same weight of rows, by rank of the prediction. A row on a border is shared between its
    bins, and equal predictions are shared alike, so that neither order nor repetition of rows matters (after
    Nixon et al. 2019, whose bins hold whole rows).
    """
    cumulated = np.cumsum(c.weight * (c.label - c.score), axis=1)[:, c.end]
    mass = c.tp + c.fp
    parts = np.linspace(0.0, 1.0, bins + 1)
    errors = [
        np.abs(np.diff(np.interp(parts * m[-1], m, np.concatenate([[0.0], d])))).sum() / m[-1]
        for m, d in zip(mass, cumulated, strict=True)
    ]
    return np.array(errors)


def _fit_line(z: Floats, label: Floats, weight: Floats) -> Floats:
    """Fit intercept and slope of each draw; return the slopes, (n_draws,)."""
    begin = _climb_to_line(z, label, np.ones((1, z.size)), np.zeros((2, 1)))
    slopes: Floats = _climb_to_line(z, label, weight, np.nan_to_num(begin))[1]
    return slopes


# All draws begin at one point, whatever block they come in: the same draw has the same bits, and the predictions of
# the first step are computed once. NaN where the greatest likelihood is not reached.


def _climb_to_line(z: Floats, label: Floats, weight: Floats, begin: Floats) -> Floats:
    """Return intercept and slope of each draw, shape (2, n_draws)."""
    at, current = np.repeat(begin, weight.shape[0], axis=1), begin
    moving = np.arange(weight.shape[0])
    for _ in range(_STEPS):
        step = _line_step(z, label, weight if moving.size == weight.shape[0] else weight[moving], current)
        length = np.abs(step).max(axis=0)
        at[:, moving] += step * _safe(np.abs(step[0] + np.outer([z.min(), z.max()], step[1])).max(axis=0))
        moving = moving[length > _CLOSE]
        if moving.size == 0:
            return at
        current = at[:, moving]
    at[:, moving] = np.nan
    return at


def _line_step(z: Floats, label: Floats, weight: Floats, at: Floats) -> Floats:
    """Return the Newton step of each draw, (2, n_draws); NaN if flat."""
    mu = _expit(at[0][:, None] + at[1][:, None] * z)
    off, bend = weight * (label - mu), weight * (mu * (1.0 - mu))
    g0, g1 = off.sum(axis=1), np.einsum("ij,j->i", off, z)
    h00, h01, h11 = bend.sum(axis=1), np.einsum("ij,j->i", bend, z), np.einsum("ij,j->i", bend, z * z)
    det = h00 * h11 - h01 * h01
    det[det <= 0] = np.nan
    return np.stack([(h11 * g0 - h01 * g1) / det, (h00 * g1 - h01 * g0) / det])


def _climb_to_shift(x: Floats, label: Floats, weight: Floats, begin: Floats) -> Floats:
    """Return the shift of each draw, shape (n_draws,), from ``begin`` of shape (1,)."""
    at, current = np.repeat(begin, weight.shape[0]), begin
    moving = np.arange(weight.shape[0])
    for _ in range(_STEPS):
        w = weight if moving.size == weight.shape[0] else weight[moving]
        mu = _expit(current[:, None] + x)
        step = (w * (label - mu)).sum(axis=1) / (w * (mu * (1.0 - mu))).sum(axis=1)
        at[moving] += step * _safe(np.abs(step))
        moving = moving[np.abs(step) > _CLOSE]
        if moving.size == 0:
            return at
        current = at[moving]
    at[moving] = np.nan
    return at


def _safe(reach: Floats) -> Floats:
    """Return the factor that limits a step to a safe length.

    Plain Newton steps may run away where the classes hardly overlap. The logistic likelihood is generalised
    self-concordant, for which this length is safe (Sun & Tran-Dinh 2019); a full step is, up to a reach of 1.
    """
    far = np.maximum(reach, 1.0)
    return np.where(reach > 1.0, np.log1p(far) / far, 1.0)


def _overlap(c: Curve, x: Floats) -> Flags:
    """Return the draws in which the classes overlap (Albert & Anderson 1984)."""
    both = (c.positives > 0) & (c.negatives > 0)
    at = x[c.end]
    highest, lowest = [], []
    for counted in (c.tp, c.fp):
        highest.append(at[np.maximum((counted > 0).argmax(axis=1) - 1, 0)])
        lowest.append(at[np.maximum((counted >= counted[:, -1:]).argmax(axis=1) - 1, 0)])
    overlapping: Flags = both & (highest[1] > lowest[0]) & (highest[0] > lowest[1])
    return overlapping


def _logit(p: Floats) -> Floats:
    inside = np.clip(p, CLIP, 1.0 - CLIP)
    logits: Floats = np.log(inside / (1.0 - inside))
    return logits


def _expit(x: Floats) -> Floats:
    negated = np.negative(x)
    with np.errstate(over="ignore"):  # 1 / (1 + infinity) is the 0 that is meant
        np.exp(negated, out=negated)
    negated += 1.0
    return np.reciprocal(negated, out=negated)
