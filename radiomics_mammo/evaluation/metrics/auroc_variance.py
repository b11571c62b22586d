"""AUROC and its variance: DeLong, and Obuchowski clustered by patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri

from radiomics_mammo.evaluation.metrics.arrays import Codes, Floats, Labels, sum_patients


@dataclass(frozen=True, slots=True, eq=False)
class Auroc:
    """AUROC of several candidates on the same units.

    Attributes
    ----------
    value : ndarray of float64, shape (n_candidates,)
        Mean over repeats; NaN with one class.
    covariance : ndarray of float64, shape (n_candidates, n_candidates)
        NaN with fewer than two positives or negatives (DeLong), or patients with them (Obuchowski).
    """

    value: Floats
    covariance: Floats


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference, its interval and its two-sided p-value."""

    value: float
    low: float
    high: float
    p: float


def placements(y: Labels, p: Floats) -> tuple[Floats, Floats]:
    """Compute the placement values of all units; a tie counts one half.

    Both means are the AUROC. They are linear in the comparisons, so the mean over repeats is taken here.

    ``p`` has shape (n_candidates, n_repeats, n_units). Returns the share of negatives below each positive, and that of
    positives above each negative.
    """
    positive_scores, negative_scores = np.sort(p[..., y == 1], axis=-1), np.sort(p[..., y == 0], axis=-1)
    below, above = _proportions_below(p, negative_scores), _proportions_below(p, positive_scores)
    return below[:, y == 1], 1.0 - above[:, y == 0]


def delong(y: Labels, p: Floats) -> Auroc:
    """Estimate AUROCs and their covariance for independent units.

    DeLong, DeLong & Clarke-Pearson (1988), with ranks by sorting (Sun & Xu 2014).
    """
    if not _both_classes(y):
        return _unknown(p.shape[0])
    positives, negatives = placements(y, p)
    value = positives.mean(axis=1)
    covariance = _spread(positives - value[:, None]) + _spread(negatives - value[:, None])
    return Auroc(value, covariance)


def obuchowski(y: Labels, p: Floats, group: Codes) -> Auroc:
    """Estimate AUROCs and their covariance for units clustered in patients.

    Obuchowski (1997). With one unit a patient it is :func:`delong`.
    """
    if not _both_classes(y):
        return _unknown(p.shape[0])
    positives, negatives = placements(y, p)
    value = positives.mean(axis=1)
    deviation = np.zeros((p.shape[0], y.size))
    deviation[:, y == 1], deviation[:, y == 0] = positives - value[:, None], negatives - value[:, None]
    by_class = [sum_patients(np.where(y == k, deviation, 0.0), group) / (y == k).sum() for k in (1, 0)]
    patients = [np.unique(group[y == k]).size for k in (1, 0)]
    within = [_scaled(part @ part.T, n) for part, n in zip(by_class, patients, strict=True)]
    crossed = _scaled(by_class[0] @ by_class[1].T, np.unique(group).size)
    return Auroc(value, within[0] + within[1] + crossed + crossed.T)


def auroc_interval(value: float, variance: float, *, level: float = 0.95) -> tuple[float, float]:
    """Return the normal interval on the logit scale, which stays within 0 and 1.

    NaN where the variance is unknown, and at an AUROC of exactly 0 or 1, whose variance is estimated as 0.
    """
    if not 0.0 < value < 1.0 or np.isnan(variance):
        return float("nan"), float("nan")
    reach = -ndtri((1.0 - level) / 2.0) * np.sqrt(max(variance, 0.0)) / (value * (1.0 - value))
    return float(expit(logit(value) - reach)), float(expit(logit(value) + reach))


def paired_difference(auroc: Auroc, i: int, j: int, *, level: float = 0.95) -> Difference:
    """Compute the difference of two AUROCs by a normal approximation.

    Candidates that rank alike differ by exactly 0, with p 1. NaN where a variance is unknown.
    """
    value, cov = float(auroc.value[i] - auroc.value[j]), auroc.covariance
    variance = float(cov[i, i] + cov[j, j] - 2.0 * cov[i, j])
    if np.isnan(variance):
        return Difference(value, variance, variance, variance)
    # Of equal placements the three terms cancel but for rounding.
    error = np.sqrt(variance) if variance > 1e-12 * (cov[i, i] + cov[j, j]) else 0.0
    reach = float(-ndtri((1.0 - level) / 2.0) * error)
    if error == 0.0:
        return Difference(value, value, value, 1.0 if abs(value) < 1e-12 else float("nan"))
    return Difference(value, value - reach, value + reach, float(2.0 * ndtr(-abs(value) / error)))


def _proportions_below(p: Floats, others: Floats) -> Floats:
    """Compute the proportion of sorted others below each score, mean over repeats; (n_candidates, n_units)."""
    repeats = [[_proportion_below(*pair) for pair in zip(*each, strict=True)] for each in zip(p, others, strict=True)]
    return np.asarray(np.mean(repeats, axis=1))


def _proportion_below(at: Floats, others: Floats) -> Floats:
    twice = np.searchsorted(others, at, side="left") + np.searchsorted(others, at, side="right")
    return twice / (2.0 * others.size)


def _spread(deviation: Floats) -> Floats:
    """Compute the covariance of the mean of columns; NaN for a single one."""
    return _scaled(deviation @ deviation.T / deviation.shape[1] ** 2, deviation.shape[1])


def _scaled(products: Floats, n: int) -> Floats:
    """Return an unbiased sum of squares about a mean; NaN for n = 1."""
    return products * (n / (n - 1)) if n > 1 else np.full_like(products, np.nan)


def _both_classes(y: Labels) -> bool:
    return bool((y == 1).any() and (y == 0).any())


def _unknown(n_candidates: int) -> Auroc:
    return Auroc(np.full(n_candidates, np.nan), np.full((n_candidates, n_candidates), np.nan))
