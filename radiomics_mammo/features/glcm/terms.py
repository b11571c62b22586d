"""What several co-occurrence formulas need, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from radiomics_mammo.compute.reductions import Array, square, total
from radiomics_mammo.features.glcm.sufficient_statistics import GlcmStats
from radiomics_mammo.features.shared.neighbour_offsets import entropy_of


@dataclass(frozen=True, slots=True, eq=False)
class GlcmTerms:
    """Probabilities and moments, (n_roi, n_angle) unless said; NaN without pairs.

    Attributes
    ----------
    stats : GlcmStats
    n : ndarray
        Number of pairs.
    i, k_sum, k_diff : ndarray, shape (n,)
        Values of i, i + j and abs(i - j).
    px, py, p_sum, p_diff : ndarray, shape (n_roi, n_angle, n)
        Marginal probabilities.
    ux, uy : ndarray
        Means of i and j.
    hx, hy, hxy : ndarray
        Entropies, bits.
    contrast : ndarray
        Mean of (i - j) squared.
    difference, tendency : ndarray
        Mean of abs(i - j); variance of i + j.
    """

    stats: GlcmStats
    n: Array
    i: Array
    k_sum: Array
    k_diff: Array
    px: Array
    py: Array
    p_sum: Array
    p_diff: Array
    ux: Array
    uy: Array
    hx: Array
    hy: Array
    hxy: Array
    contrast: Array
    difference: Array
    tendency: Array


def derive(stats: GlcmStats, xp: ModuleType) -> GlcmTerms:
    """Normalise the counts and take the moments that several features share."""
    n = xp.where(stats.joint[..., 0] > 0, stats.joint[..., 0], xp.nan)
    i = xp.arange(stats.px.shape[-1], dtype=xp.float64)
    k_sum = xp.arange(stats.p_sum.shape[-1], dtype=xp.float64)
    px, py = stats.px / n[..., None], stats.py / n[..., None]
    p_sum, p_diff = stats.p_sum / n[..., None], stats.p_diff / n[..., None]
    ux, uy = total(px * i), total(py * i)
    hxy = xp.log2(n) - stats.joint[..., 2] / n
    return GlcmTerms(
        stats, n, i, k_sum, i, px, py, p_sum, p_diff, ux, uy,
        hx=entropy_of(px, xp=xp),
        hy=entropy_of(py, xp=xp),
        hxy=xp.maximum(hxy, 0.0),
        contrast=total(p_diff * square(i)),
        difference=total(p_diff * i),
        tendency=total(p_sum * square(k_sum - (ux + uy)[..., None])),
    )  # fmt: skip
