"""First order: the distribution of the intensities, wherever they lie.

x are the n intensities of the region, x̄ their mean, p(i) the proportion of grey level i after discretisation.
pyradiomics ``firstorder``; IBSI 3.3 and 3.4.
"""

from __future__ import annotations

from types import ModuleType

from radiomics_mammo.compute.reductions import Array, divide, square, total
from radiomics_mammo.features.base import Family, Feature
from radiomics_mammo.features.firstorder.cpu import statistics
from radiomics_mammo.features.firstorder.cuda import footprint
from radiomics_mammo.features.firstorder.cuda import statistics as cuda_statistics
from radiomics_mammo.features.firstorder.sufficient_statistics import FirstOrderStats
from radiomics_mammo.features.shared.neighbour_offsets import entropy_of


def derive(stats: FirstOrderStats, xp: ModuleType) -> FirstOrderStats:
    """Return the statistics: they are the terms."""
    del xp
    return stats


def percentile_10(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute the 10th percentile of x

    How dark the darkest parts are, single pixels aside: low where fat lies within the outline.
    """
    return s.quantiles[:, 0]


def percentile_90(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute the 90th percentile of x

    How bright the brightest parts are, single pixels aside: high in dense cores and where there are calcifications.
    """
    return s.quantiles[:, 4]


def energy(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute Σ (x + shift)²

    Brightness times size: large for large, dense regions.
    """
    return s.energy


def entropy(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute −Σᵢ p(i) log₂ p(i)

    Variety of brightness: high in regions of mixed density.
    """
    return entropy_of(s.count / s.n[:, None], xp=xp)


def interquartile_range(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute 75th − 25th percentile of x

    Spread of the middle half of the intensities: wide in heterogeneous tissue.
    """
    return s.quantiles[:, 3] - s.quantiles[:, 1]


def kurtosis(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute m₄ / m₂², and 0 where m₂ = 0

    Weight of outliers: high where a few very bright (calcifications) or very dark spots stand out; 3 for a bell curve.
    """
    return divide(s.m4, square(s.m2), xp=xp, otherwise=0.0)


def maximum(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute max x

    The brightest pixel: a calcification, a clip, or noise.
    """
    return s.high


def mean(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute Σ x / n

    Mean density of the region as exposed.
    """
    return s.mean


def mean_absolute_deviation(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute Σ |x − x̄| / n

    Usual distance from the mean density: large in heterogeneous tissue.
    """
    return s.deviation


def median(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute the 50th percentile of x

    Typical density, not moved by calcifications or clips.
    """
    return s.quantiles[:, 2]


def minimum(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute min x

    The darkest pixel: fat, or the region's edge.
    """
    return s.low


def range_(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute max x − min x

    Full span of brightness; one extreme pixel decides it.
    """
    return s.high - s.low


def robust_mean_absolute_deviation(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute the mean of |x − x̄| over the pixels from the 10th to the 90th percentile, x̄ their mean

    Heterogeneity without the extremes: neither calcifications nor edge pixels weigh in.
    """
    return s.robust_deviation


def root_mean_squared(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute √(Σ (x + shift)² / n)

    Brightness with bright pixels weighing more.
    """
    return xp.sqrt(s.energy / s.n)


def skewness(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute m₃ / m₂^1.5, and 0 where m₂ = 0

    Lopsidedness: positive with a few bright spots in darker tissue, negative with dark gaps in a dense region.
    """
    return divide(s.m3, s.m2**1.5, xp=xp, otherwise=0.0)


def standard_deviation(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute √(Σ (x − x̄)² / n)

    Spread of density within the region, in the image's units.
    """
    return xp.sqrt(s.m2)


def total_energy(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute pixel area · Σ (x + shift)²

    Brightness times area instead of pixels, so that detectors of different resolution compare.
    """
    return s.energy * s.pixel_area


def uniformity(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute Σᵢ p(i)²

    How much one tone prevails: high in homogeneous tissue.
    """
    return total(square(s.count / s.n[:, None]))


def variance(s: FirstOrderStats, xp: ModuleType) -> Array:
    """Compute Σ (x − x̄)² / n

    Spread of density within the region.
    """
    return s.m2


FAMILY = Family(
    name="firstorder",
    title="First order",
    cpu=statistics,
    cuda=cuda_statistics,
    footprint=footprint,
    derive=derive,
    features=(
        Feature("10Percentile", percentile_10, "QG58", "grey", "any"),
        Feature("90Percentile", percentile_90, "8DWT", "grey", "any"),
        Feature("Energy", energy, "N8CA", "grey²", "≥ 0"),
        Feature("Entropy", entropy, "TLU2", "bit", "≥ 0"),
        Feature("InterquartileRange", interquartile_range, "SALO", "grey", "≥ 0"),
        Feature(
            "Kurtosis", kurtosis, "IPH6", "1", "≥ 1, or 0",
            remark="Not the excess kurtosis: 3 more than IBSI's, as in pyradiomics.",
        ),
        Feature("Maximum", maximum, "84IY", "grey", "any"),
        Feature("MeanAbsoluteDeviation", mean_absolute_deviation, "4FUA", "grey", "≥ 0"),
        Feature("Mean", mean, "Q4LE", "grey", "any"),
        Feature("Median", median, "Y12H", "grey", "any"),
        Feature("Minimum", minimum, "1GSF", "grey", "any"),
        Feature("Range", range_, "2OJQ", "grey", "≥ 0"),
        Feature("RobustMeanAbsoluteDeviation", robust_mean_absolute_deviation, "1128", "grey", "≥ 0",
                "no pixel lies between the two percentiles, as in a region of two pixels"),
        Feature("RootMeanSquared", root_mean_squared, "5ZWQ", "grey", "≥ 0"),
        Feature("Skewness", skewness, "KE2A", "1", "any"),
        Feature(
            "TotalEnergy", total_energy, "", "grey² mm²", "≥ 0",
            remark="Not in IBSI. In grey² px² where the spacing is unknown.",
        ),
        Feature("Uniformity", uniformity, "BJ5W", "1", "0 to 1"),
        Feature("Variance", variance, "ECT3", "grey²", "≥ 0"),
    ),
    optional=(
        Feature("StandardDeviation", standard_deviation, "", "grey", "≥ 0", remark="The square root of Variance."),
    ),
)  # fmt: skip
