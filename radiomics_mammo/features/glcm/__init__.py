"""Grey level co-occurrence: how often two levels lie side by side.

p(i, j) is the probability of level i beside level j at one angle; p₊ and p₋ are the probabilities of i + j and
|i − j|; μ, σ and H are mean, standard deviation and entropy (bits). Every feature is the mean over the angles.
Haralick, Shanmugam and Dinstein, IEEE Trans SMC 1973; IBSI 3.6.
"""

from __future__ import annotations

from types import ModuleType

from radiomics_mammo.compute.reductions import Array, divide, square, total
from radiomics_mammo.features.base import Family, Feature, Formula
from radiomics_mammo.features.glcm.cpu import statistics
from radiomics_mammo.features.glcm.cuda import footprint
from radiomics_mammo.features.glcm.cuda import statistics as cuda_statistics
from radiomics_mammo.features.glcm.terms import GlcmTerms, derive
from radiomics_mammo.features.shared.neighbour_offsets import entropy_of


def autocorrelation(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ i j p(i, j)

    Bright pixels beside bright pixels: high in dense tissue and over coarse bright calcifications.
    """
    return m.stats.joint[..., 3] / m.n


def cluster_prominence(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ (i + j − μₓ − μᵧ)⁴ p(i, j)

    Weight of the extremes: high where a few spots or bands are far brighter or darker than the rest of the region.
    """
    squared = square(m.k_sum - (m.ux + m.uy)[..., None])
    return total(m.p_sum * squared * squared)


def cluster_shade(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ (i + j − μₓ − μᵧ)³ p(i, j)

    Asymmetry of local brightness: positive with bright foci on a darker ground, negative with dark gaps (fat) in a
    bright region.
    """
    distance = m.k_sum - (m.ux + m.uy)[..., None]
    return total(m.p_sum * distance * distance * distance)


def cluster_tendency(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ (i + j − μₓ − μᵧ)² p(i, j)

    How much patches of similar pixels differ from each other: high in regions made of bright and dark parts.
    """
    return m.tendency


def contrast(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σₖ k² p₋(k)

    Local variation: high where neighbouring pixels differ strongly, at calcifications, spicules and sharp edges; low
    in smooth, homogeneous tissue.
    """
    return m.contrast


def correlation(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ (i − μₓ)(j − μᵧ) p(i, j) / (σₓ σᵧ), and 1 where σₓ σᵧ = 0

    How well a pixel's brightness predicts its neighbour's: near 1 in smooth shading, lower in grainy tissue.
    """
    variance_x = total(m.px * square(m.i - m.ux[..., None]))
    variance_y = total(m.py * square(m.i - m.uy[..., None]))
    # Var(i + j) - Var(i - j) = 4 Cov(i, j), without the cancellation of E(ij) - E(i) E(j).
    covariance = 0.25 * (m.tendency - (m.contrast - square(m.ux - m.uy)))
    return divide(covariance, xp.sqrt(variance_x * variance_y), xp=xp, otherwise=1.0)


def difference_average(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σₖ k p₋(k)

    The usual step in brightness from one pixel to the next: higher in coarse-grained or calcified tissue.
    """
    return m.difference


def difference_entropy(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute −Σₖ p₋(k) log₂ p₋(k)

    How varied the steps from pixel to pixel are: low in uniform tissue, high where smooth parts and edges mix.
    """
    return entropy_of(m.p_diff, xp=xp)


def difference_variance(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σₖ (k − Σₖ k p₋(k))² p₋(k)

    How unequal the steps from pixel to pixel are: high where a few sharp edges cross otherwise smooth tissue.
    """
    return total(m.p_diff * square(m.k_diff - m.difference[..., None]))


def inverse_difference(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σₖ p₋(k) / (1 + k)

    Local homogeneity: high in smooth tissue, low in heterogeneous or calcified tissue.
    """
    return total(m.p_diff / (1.0 + m.k_diff))


def inverse_difference_moment(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σₖ p₋(k) / (1 + k²)

    Local homogeneity, with large steps counting for almost nothing.
    """
    return total(m.p_diff / (1.0 + square(m.k_diff)))


def inverse_difference_moment_normalised(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σₖ p₋(k) / (1 + k² / N²), N the highest grey level

    Local homogeneity, large steps counting least, comparable between regions with different numbers of grey levels.
    """
    highest = m.stats.n_levels[:, None, None]
    return total(m.p_diff / (1.0 + square(m.k_diff) / square(highest)))


def inverse_difference_normalised(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σₖ p₋(k) / (1 + k / N), N the highest grey level

    Local homogeneity, comparable between regions with different numbers of grey levels.
    """
    return total(m.p_diff / (1.0 + m.k_diff / m.stats.n_levels[:, None, None]))


def information_correlation_1(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute (H(p) − H₁) / max(Hₓ, Hᵧ) with H₁ = Hₓ + Hᵧ, and 0 where both are 0

    How much a pixel tells about its neighbour, whatever the relation: 0 in pure grain, towards −1 in smooth or
    regular tissue.
    """
    # H1 = -sum p log2(px py) is Hx + Hy exactly, whether or not the matrix is symmetric.
    return divide(m.hxy - (m.hx + m.hy), xp.maximum(m.hx, m.hy), xp=xp, otherwise=0.0)


def information_correlation_2(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute √(1 − exp(−2 (H₂ − H(p)))) with H₂ = Hₓ + Hᵧ

    How much a pixel tells about its neighbour, on a scale from 0 (grain without structure) to 1 (fully structured).
    """
    shared = xp.maximum(m.hx + m.hy - m.hxy, 0.0)
    return xp.sqrt(-xp.expm1(-2.0 * shared))


def inverse_variance(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σₖ≥₁ p₋(k) / k²

    Small but non-zero steps: high in finely shaded tissue, low in flat areas and at hard edges.
    """
    return total(m.p_diff[..., 1:] / square(m.k_diff[1:]))


def joint_average(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σᵢ i pₓ(i)

    Mean grey level of the pixels that have neighbours: how dense the region is within its own range.
    """
    return m.ux


def joint_energy(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ p(i, j)²

    Repetition of the same pairs: high in orderly, homogeneous tissue.
    """
    return m.stats.joint[..., 1] / square(m.n)


def joint_entropy(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute −Σᵢⱼ p(i, j) log₂ p(i, j)

    Disorder of neighbouring brightness: high in heterogeneous tissue.
    """
    return m.hxy


def maximal_correlation(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute √(second largest eigenvalue of Q), Q(i, j) = Σₖ p(i, k) p(j, k) / (pₓ(i) pᵧ(k)), and 1 for a single level

    The strongest relation, of any form, between neighbouring pixels: near 1 in well structured tissue.
    """
    single = (m.stats.n_distinct < 2)[:, None]
    value = xp.where(single, 1.0, m.stats.mcc)
    return xp.where(xp.isnan(m.n), xp.nan, value)


def maximum_probability(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute maxᵢⱼ p(i, j)

    Share of the commonest pair of levels: high where one tone fills most of the region.
    """
    return m.stats.joint[..., 4] / m.n


def sum_average(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σₖ k p₊(k)

    Twice the mean grey level of neighbouring pixels: how dense the region is within its own range.
    """
    return total(m.p_sum * m.k_sum)


def sum_entropy(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute −Σₖ p₊(k) log₂ p₊(k)

    Variety of local brightness: high where dense, intermediate and fatty parts all occur.
    """
    return entropy_of(m.p_sum, xp=xp)


def sum_squares(m: GlcmTerms, xp: ModuleType) -> Array:
    """Compute Σᵢ (i − μₓ)² pₓ(i)

    Spread of the grey levels: high in regions of mixed density.
    """
    return total(m.px * square(m.i - m.ux[..., None]))


_NO_PAIR = "no two pixels of the region are neighbours at any angle"
_NOISE = (
    "Where neighbouring levels are independent the exact value is 0; pyradiomics returns rounding noise there, and "
    "leaves out an angle whose noise is negative."
)


def _feature(name: str, formula: Formula, ibsi: str, unit: str, range_: str, remark: str = "") -> Feature:
    return Feature(name, formula, ibsi, unit, range_, undefined=_NO_PAIR, remark=remark)


FAMILY = Family(
    name="glcm",
    title="Grey level co-occurrence",
    per_angle=True,
    cpu=statistics,
    cuda=cuda_statistics,
    footprint=footprint,
    derive=derive,
    features=(
        _feature("Autocorrelation", autocorrelation, "QWB0", "level²", "≥ 1"),
        _feature("ClusterProminence", cluster_prominence, "AE86", "level⁴", "≥ 0"),
        _feature("ClusterShade", cluster_shade, "7NFM", "level³", "any"),
        _feature("ClusterTendency", cluster_tendency, "DG8W", "level²", "≥ 0"),
        _feature("Contrast", contrast, "ACUI", "level²", "≥ 0"),
        _feature("Correlation", correlation, "NI2N", "1", "−1 to 1", "1 for a flat region, which IBSI leaves open."),
        _feature("DifferenceAverage", difference_average, "TF7R", "level", "≥ 0"),
        _feature("DifferenceEntropy", difference_entropy, "NTRS", "bit", "≥ 0"),
        _feature("DifferenceVariance", difference_variance, "D3YU", "level²", "≥ 0"),
        _feature("Id", inverse_difference, "IB1Z", "1", "0 to 1"),
        _feature("Idm", inverse_difference_moment, "WF0Z", "1", "0 to 1"),
        _feature("Idmn", inverse_difference_moment_normalised, "1QCO", "1", "0.5 to 1"),
        _feature("Idn", inverse_difference_normalised, "NDRX", "1", "0.5 to 1"),
        _feature("Imc1", information_correlation_1, "R8DG", "1", "−1 to 0", _NOISE),
        _feature("Imc2", information_correlation_2, "JN9H", "1", "0 to 1", _NOISE),
        _feature("InverseVariance", inverse_variance, "E8JP", "1", "0 to 1"),
        _feature("JointAverage", joint_average, "60VM", "level", "≥ 1"),
        _feature("JointEnergy", joint_energy, "8ZQL", "1", "0 to 1"),
        _feature("JointEntropy", joint_entropy, "TU9B", "bit", "≥ 0"),
        _feature(
            "MCC", maximal_correlation, "", "1", "0 to 1",
            "Not in IBSI. Where the second eigenvalue is 0 pyradiomics returns rounding noise of up to 1e-7, or leaves "
            "the angle out; its epsilon "
            "beside the probabilities of levels that occur once in 100,000 pixels moves the value by up to 1e-6; "
            "for a region of one level without neighbours it gives 1, here it is null.",
        ),
        _feature("MaximumProbability", maximum_probability, "GYBY", "1", "0 to 1"),
        _feature("SumAverage", sum_average, "ZGXS", "level", "≥ 2"),
        _feature("SumEntropy", sum_entropy, "P6QZ", "bit", "≥ 0"),
        _feature("SumSquares", sum_squares, "UR99", "level²", "≥ 0"),
    ),
)  # fmt: skip
