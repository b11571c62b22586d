"""Proportions, such as a sensitivity, with intervals clustered by patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from radiomics_mammo.evaluation.metrics.arrays import Codes, Floats


@dataclass(frozen=True, slots=True)
class Proportion:
    """A proportion with interval, between-patient variance and patients."""

    value: float
    low: float
    high: float
    variance: float
    patients: int


def clustered_proportion(
    part: NDArray[np.generic], whole: NDArray[np.generic], group: Codes, *, level: float = 0.95
) -> Proportion:
    """Compute sum(part) / sum(whole) with a clustered Wilson interval.

    The number is what a simple sample with the same variance would have (Kish's design effect, by linearisation over
    patients; Saha, Miller & Wang 2016), never more than there are units. At a proportion of 0 or 1, whose variance is
    estimated as 0, it is the number of patients: all of a patient's units together count once.

    Both have shape (n_repeats, n_units); ``part`` is 0 where ``whole`` is.
    """
    total = whole.astype(np.float64)
    sums, concerned = total.sum(axis=1), (total > 0).any(axis=0)
    patients = int(np.unique(group[concerned]).size)
    if (sums == 0).any():
        return Proportion(float("nan"), float("nan"), float("nan"), float("nan"), patients)
    value, variance = _linearised(part.astype(np.float64), total, group, patients)
    # A variance of the size of a rounding error counts as 0.
    flat = variance <= 1e-15 or not 0.0 < value < 1.0
    units = min(float(sums.mean()), float(np.count_nonzero(concerned)))
    effective = float(patients) if flat else min(value * (1.0 - value) / variance, units)
    return Proportion(value, *wilson(value, effective, level), variance, patients)


def _linearised(part: Floats, whole: Floats, group: Codes, patients: int) -> tuple[float, float]:
    """Compute the mean proportion and its variance between patients."""
    sums = whole.sum(axis=1)
    each = part.sum(axis=1) / sums
    off = ((part - each[:, None] * whole) / sums[:, None]).mean(axis=0)
    # Patients without a concerned unit add nothing to the sum of squares and are not counted.
    spread = float((np.bincount(group, weights=off) ** 2).sum())
    return float(each.mean()), spread * patients / max(patients - 1, 1)


def wilson(value: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Compute Wilson's (1927) interval of a proportion among ``n``."""
    z = float(-ndtri((1.0 - level) / 2.0))
    middle = (value + z * z / (2.0 * n)) / (1.0 + z * z / n)
    reach = z / (1.0 + z * z / n) * np.sqrt(max(value * (1.0 - value), 0.0) / n + z * z / (4.0 * n * n))
    return max(0.0, float(middle - reach)), min(1.0, float(middle + reach))
