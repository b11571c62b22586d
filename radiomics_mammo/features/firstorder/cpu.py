"""First-order statistics on the CPU: exact percentiles and two-pass moments.

Whole-number intensities of a moderate range, which is what mammograms hold, are read from a histogram; others are
partitioned. Source of the definitions: pyradiomics ``firstorder``; IBSI 3.3 and 3.4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.jit import kernel
from radiomics_mammo.core.records import RoiBatch
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.firstorder.sufficient_statistics import FirstOrderStats

QUANTILES = np.true_divide(np.array([10, 25, 50, 75, 90]), 100)
N_MOMENTS = 10


def statistics(batch: RoiBatch, settings: Settings) -> FirstOrderStats:
    """Moments, percentiles and level counts of every region."""
    moments = np.zeros((batch.n_roi, N_MOMENTS))
    quantiles = np.zeros((batch.n_roi, len(QUANTILES)))
    count = np.zeros((batch.n_roi, int(batch.n_levels.max()) + 1))
    _count_levels(batch.levels, batch.starts, count)
    whole = _by_histogram(
        batch.values, batch.value_starts, QUANTILES, float(settings.voxelArrayShift), moments, quantiles
    )
    for r in np.flatnonzero(~whole):
        values = batch.values[batch.value_starts[r] : batch.value_starts[r + 1]]
        quantiles[r] = _quantiles(values)
        _by_pixel(values, quantiles[r], float(settings.voxelArrayShift), moments[r])
    return FirstOrderStats.of(moments, quantiles, batch.spacing.prod(axis=1), count)


def _quantiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Percentiles by partition, interpolated as :func:`numpy.percentile` does."""
    at = (len(values) - 1) * QUANTILES
    below = np.floor(at).astype(np.int64)
    above = np.minimum(below + 1, len(values) - 1)
    ordered = np.partition(values, np.unique(np.concatenate([below, above])))
    return np.array([_between(ordered[i], ordered[j], t) for i, j, t in zip(below, above, at - below, strict=True)])


@kernel
def _between(a, b, t):
    """Numpy's linear interpolation, which is exact at both ends."""
    return b - (b - a) * (1.0 - t) if t >= 0.5 else a + (b - a) * t


@kernel
def _count_levels(levels, starts, count):
    for r in range(len(starts) - 1):
        for at in range(starts[r], starts[r + 1]):
            count[r, levels[at]] += 1.0
        count[r, 0] = 0.0


@kernel
def _by_histogram(values, value_starts, quantiles, shift, moments, out):
    """Fill the regions that hold whole numbers of a moderate range; tells which."""
    done = np.zeros(len(value_starts) - 1, np.bool_)
    for r in range(len(done)):
        v = values[value_starts[r] : value_starts[r + 1]]
        low = high = v[0]
        whole = True
        for x in v:
            low = min(low, x)
            high = max(high, x)
            whole = whole and x == np.floor(x)
        if not whole or high - low > 2.0 * len(v) + 4096.0 or max(abs(low), abs(high)) > 1e9:
            continue
        done[r] = True
        histogram = np.zeros(np.int64(high - low) + 1, np.int64)
        for x in v:
            histogram[np.int64(x - low)] += 1
        _histogram_quantiles(histogram, low, len(v), quantiles, out[r])
        _moments(histogram, low, out[r, 0], out[r, -1], shift, moments[r])
    return done


@kernel
def _histogram_quantiles(histogram, low, n, quantiles, out):
    m = len(quantiles)
    at = (n - 1) * quantiles
    below = np.floor(at).astype(np.int64)
    lower, upper = np.empty(m), np.empty(m)
    seen = np.int64(0)
    k = q = 0
    for bin_ in range(len(histogram)):
        if histogram[bin_] == 0:
            continue
        seen += histogram[bin_]
        while k < m and below[k] < seen:
            lower[k] = low + bin_
            k += 1
        while q < m and min(below[q] + 1, n - 1) < seen:
            upper[q] = low + bin_
            q += 1
    for k in range(m):
        out[k] = _between(lower[k], upper[k], at[k] - below[k])


@kernel
def _moments(histogram, low, p10, p90, shift, out):
    n = inner = 0.0
    total = inner_total = energy = 0.0
    for bin_ in range(len(histogram)):
        c = np.float64(histogram[bin_])
        if c > 0.0:
            x = low + bin_
            n += c
            total += c * x
            energy += c * (x + shift) * (x + shift)
            if p10 <= x <= p90:
                inner += c
                inner_total += c * x
    mean, inner_mean = total / n, inner_total / inner if inner > 0.0 else 0.0
    m2 = m3 = m4 = deviation = robust = 0.0
    for bin_ in range(len(histogram)):
        c = np.float64(histogram[bin_])
        if c > 0.0:
            x = low + bin_
            d = x - mean
            m2 += c * d * d
            m3 += c * d * d * d
            m4 += c * d * d * d * d
            deviation += c * abs(d)
            if p10 <= x <= p90:
                robust += c * abs(x - inner_mean)
    robust = robust / inner if inner > 0.0 else np.nan
    _write(out, n, low, low + len(histogram) - 1, mean, m2, m3, m4, deviation, robust, energy)


@kernel
def _by_pixel(values, quantiles, shift, out):
    n, inner = np.float64(len(values)), 0.0
    total = inner_total = energy = 0.0
    low = high = values[0]
    p10, p90 = quantiles[0], quantiles[-1]
    for x in values:
        low, high = min(low, x), max(high, x)
        total += x
        energy += (x + shift) * (x + shift)
        if p10 <= x <= p90:
            inner += 1.0
            inner_total += x
    # Rounding must not carry a mean beyond its pixels: a flat region of fractions would seem skewed.
    mean = min(max(total / n, low), high)
    inner_mean = min(max(inner_total / inner, p10), p90) if inner > 0.0 else 0.0
    m2 = m3 = m4 = deviation = robust = 0.0
    for x in values:
        d = x - mean
        m2 += d * d
        m3 += d * d * d
        m4 += d * d * d * d
        deviation += abs(d)
        if p10 <= x <= p90:
            robust += abs(x - inner_mean)
    robust = robust / inner if inner > 0.0 else np.nan
    _write(out, n, low, high, mean, m2, m3, m4, deviation, robust, energy)


@kernel
def _write(out, n, low, high, mean, m2, m3, m4, deviation, robust, energy):
    out[0], out[1], out[2], out[3] = n, low, high, mean
    out[4], out[5], out[6] = m2 / n, m3 / n, m4 / n
    out[7], out[8], out[9] = deviation / n, robust, energy
