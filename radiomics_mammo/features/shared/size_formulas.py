"""Formulas over matrices of level by size, shared by runs, zones and dependences; each family describes its own."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from radiomics_mammo.compute.reductions import Array, square, total
from radiomics_mammo.features.shared.size_statistics import SizeStats


@dataclass(frozen=True, slots=True, eq=False)
class SizeTerms:
    """What several formulas need; arrays are (n_roi, n_angle) unless stated.

    Attributes
    ----------
    stats : SizeStats
    n : ndarray
        Number of runs, zones or dependences.
    pixels : ndarray
        Sum of their sizes.
    square_i, inverse_i : ndarray, shape (n_levels + 1,)
        i squared and 1 / i squared, 0 at the unused entry.
    level_variance : ndarray
        Variance of the level over runs, zones or dependences.
    """

    stats: SizeStats
    n: Array
    pixels: Array
    square_i: Array
    inverse_i: Array
    level_variance: Array


def derive(stats: SizeStats, xp: ModuleType) -> SizeTerms:
    """Compute totals and level weights that several features share."""
    i = xp.arange(stats.count.shape[-1], dtype=xp.float64)
    n = total(stats.count)
    n = xp.where(n > 0, n, xp.nan)
    p = stats.count / n[..., None]
    mean = total(p * i)
    inverse = xp.zeros_like(i)
    inverse[1:] = 1.0 / square(i[1:])
    spread = total(p * square(i - mean[..., None]))
    return SizeTerms(stats, n, stats.joint[..., 0], square(i), inverse, spread)


def small_emphasis(m: SizeTerms) -> Array:
    """Compute the mean of 1 / j²."""
    return total(m.stats.inverse) / m.n


def large_emphasis(m: SizeTerms) -> Array:
    """Compute the mean of j²."""
    return total(m.stats.square) / m.n


def low_level_emphasis(m: SizeTerms) -> Array:
    """Compute the mean of 1 / i²."""
    return total(m.stats.count * m.inverse_i) / m.n


def high_level_emphasis(m: SizeTerms) -> Array:
    """Compute the mean of i²."""
    return total(m.stats.count * m.square_i) / m.n


def small_low_emphasis(m: SizeTerms) -> Array:
    """Compute the mean of 1 / (i² j²)."""
    return total(m.stats.inverse * m.inverse_i) / m.n


def small_high_emphasis(m: SizeTerms) -> Array:
    """Compute the mean of i² / j²."""
    return total(m.stats.inverse * m.square_i) / m.n


def large_low_emphasis(m: SizeTerms) -> Array:
    """Compute the mean of j² / i²."""
    return total(m.stats.square * m.inverse_i) / m.n


def large_high_emphasis(m: SizeTerms) -> Array:
    """Compute the mean of i² j²."""
    return total(m.stats.square * m.square_i) / m.n


def level_non_uniformity(m: SizeTerms) -> Array:
    """Compute the sum over levels of the squared counts, over n."""
    return total(square(m.stats.count)) / m.n


def level_non_uniformity_normalised(m: SizeTerms) -> Array:
    """Compute the sum over levels of the squared proportions."""
    return total(square(m.stats.count)) / square(m.n)


def size_non_uniformity(m: SizeTerms) -> Array:
    """Compute the sum over sizes of the squared counts, over n."""
    return m.stats.joint[..., 1] / m.n


def size_non_uniformity_normalised(m: SizeTerms) -> Array:
    """Compute the sum over sizes of the squared proportions."""
    return m.stats.joint[..., 1] / square(m.n)


def percentage(m: SizeTerms) -> Array:
    """Compute the number of runs or zones per pixel."""
    return m.n / m.pixels


def level_variance(m: SizeTerms) -> Array:
    """Compute the variance of i."""
    return m.level_variance


def size_variance(m: SizeTerms) -> Array:
    """Compute the variance of j."""
    return m.stats.joint[..., 3] / m.n


def entropy(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute the entropy of the matrix, bits."""
    return xp.maximum(xp.log2(m.n) - m.stats.joint[..., 2] / m.n, 0.0)
