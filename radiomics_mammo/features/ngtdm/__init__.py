"""Neighbouring grey tone difference: how far pixels are from the mean of their neighbours.

p(i) is the proportion of level i among the n pixels, s(i) the sum over its pixels of |i − mean of the neighbours|, L
the number of levels that occur. Amadasun and King, IEEE Trans SMC 1989; IBSI 3.10.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from radiomics_mammo.compute.reductions import Array, divide, total
from radiomics_mammo.features.base import Family, Feature
from radiomics_mammo.features.ngtdm.cpu import statistics
from radiomics_mammo.features.ngtdm.cuda import footprint
from radiomics_mammo.features.ngtdm.cuda import statistics as cuda_statistics
from radiomics_mammo.features.ngtdm.sufficient_statistics import NgtdmStats


@dataclass(frozen=True, slots=True, eq=False)
class NgtdmTerms:
    """What several formulas need; arrays have shape (n_roi,).

    Pixels ``n``, grey levels that occur, ``weighted`` Σ p(i) s(i) and ``differences`` Σ s(i).
    """

    stats: NgtdmStats
    n: Array
    levels: Array
    weighted: Array
    differences: Array


def derive(stats: NgtdmStats, xp: ModuleType) -> NgtdmTerms:
    """Compute totals that several features share."""
    n = total(stats.count)
    return NgtdmTerms(
        stats,
        n,
        total((stats.count > 0).astype(xp.float64)),
        total(stats.count / n[:, None] * stats.difference),
        total(stats.difference),
    )


def busyness(m: NgtdmTerms, xp: ModuleType) -> Array:
    """Compute Σᵢ p(i) s(i) / Σᵢⱼ |i p(i) − j p(j)|, and 0 where the divisor is 0

    Rapid changes between neighbours: high in fine, restless texture.
    """
    return divide(m.weighted, m.stats.joint[:, 0], xp=xp, otherwise=0.0)


def coarseness(m: NgtdmTerms, xp: ModuleType) -> Array:
    """Compute 1 / Σᵢ p(i) s(i), and 10⁶ where the sum is 0

    Slow changes over distance: high in smooth regions and in small ones.
    """
    return divide(xp.ones_like(m.weighted), m.weighted, xp=xp, otherwise=1e6)


def complexity(m: NgtdmTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ |i − j| (p(i) s(i) + p(j) s(j)) / (p(i) + p(j)) / n

    Much visual information: high with many sharp details of different brightness, as where there are calcifications.
    """
    return m.stats.joint[:, 2] / m.n


def contrast(m: NgtdmTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ p(i) p(j) (i − j)² / (L (L − 1)) · Σᵢ s(i) / n, and 0 where L = 1

    Range of brightness times local change: high where bright and dark places lie close together.
    """
    pairs = m.levels * (m.levels - 1.0)
    return divide(m.stats.joint[:, 1] * m.differences / m.n, pairs, xp=xp, otherwise=0.0)


def strength(m: NgtdmTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ (p(i) + p(j)) (i − j)² / Σᵢ s(i), and 0 where the divisor is 0

    Clearly visible parts: high where areas of different brightness are coarse and well defined.
    """
    return divide(m.stats.joint[:, 3], m.differences, xp=xp, otherwise=0.0)


_ISOLATED = (
    "Pixels without neighbours count with difference 0, as in pyradiomics; IBSI leaves them out. The two differ only "
    "for regions with isolated pixels."
)

FAMILY = Family(
    name="ngtdm",
    title="Neighbouring grey tone difference",
    cpu=statistics,
    cuda=cuda_statistics,
    footprint=footprint,
    derive=derive,
    features=(
        Feature("Busyness", busyness, "NQ30", "1", "≥ 0", remark=_ISOLATED),
        Feature("Coarseness", coarseness, "QCDE", "1 / level", "0 to 10⁶", remark=_ISOLATED),
        Feature("Complexity", complexity, "HDEZ", "level²", "≥ 0", remark=_ISOLATED),
        Feature("Contrast", contrast, "65HE", "level³", "≥ 0", remark=_ISOLATED),
        Feature("Strength", strength, "1X9X", "level", "≥ 0", remark=_ISOLATED),
    ),
)
