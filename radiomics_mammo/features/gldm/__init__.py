"""Grey level dependence: how many neighbours share a pixel's grey level.

c(i, j) is the number of pixels of level i of which j − 1 neighbours differ by at most gldm_a levels, N their sum: the
number of pixels. Sun and Wee, CVGIP 1983; IBSI 3.11 (its neighbouring grey level dependence).
"""

from __future__ import annotations

from types import ModuleType

from radiomics_mammo.compute.reductions import Array
from radiomics_mammo.features.base import Family, Feature
from radiomics_mammo.features.gldm.cpu import statistics
from radiomics_mammo.features.gldm.cuda import footprint
from radiomics_mammo.features.gldm.cuda import statistics as cuda_statistics
from radiomics_mammo.features.shared import size_formulas as sizes
from radiomics_mammo.features.shared.size_formulas import SizeTerms, derive


def dependence_entropy(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute −Σᵢⱼ (c(i, j) / N) log₂ (c(i, j) / N)

    Disorder of tone and local evenness together: high in heterogeneous tissue.
    """
    return sizes.entropy(m, xp)


def dependence_non_uniformity(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σⱼ (Σᵢ c(i, j))² / N

    How alike all places are in their evenness: high in texture that is the same throughout; grows with the
    region's size.
    """
    return sizes.size_non_uniformity(m)


def dependence_non_uniformity_normalised(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σⱼ (Σᵢ c(i, j))² / N²

    How alike all places are in their evenness, whatever the region's size: high in texture that is the same
    throughout.
    """
    return sizes.size_non_uniformity_normalised(m)


def dependence_variance(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ (j − μ)² c(i, j) / N, μ the mean of j

    Spread of local evenness: high where smooth areas and grain lie in one region.
    """
    return sizes.size_variance(m)


def level_non_uniformity(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢ (Σⱼ c(i, j))² / N

    Inequality of the grey levels: high where one tone prevails; grows with the region's size.
    """
    return sizes.level_non_uniformity(m)


def level_variance(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ (i − μ)² c(i, j) / N, μ the mean level

    Spread of the grey levels over all pixels: high in regions of mixed density.
    """
    return sizes.level_variance(m)


def high_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ i² c(i, j) / N

    Weight of bright pixels: high in dense tissue.
    """
    return sizes.high_level_emphasis(m)


def large_dependence_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ j² c(i, j) / N

    Even surroundings: high in smooth, homogeneous tissue.
    """
    return sizes.large_emphasis(m)


def large_dependence_high_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ i² j² c(i, j) / N

    Even bright areas: dense homogeneous cores.
    """
    return sizes.large_high_emphasis(m)


def large_dependence_low_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ j² c(i, j) / (i² N)

    Even dark areas: fat within or around the region.
    """
    return sizes.large_low_emphasis(m)


def low_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ c(i, j) / (i² N)

    Weight of dark pixels: high where fat shows through.
    """
    return sizes.low_level_emphasis(m)


def small_dependence_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ c(i, j) / (j² N)

    Uneven surroundings: high in fine texture, noise and around microcalcifications.
    """
    return sizes.small_emphasis(m)


def small_dependence_high_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ i² c(i, j) / (j² N)

    Bright pixels unlike their neighbours: microcalcifications, fine bright strands.
    """
    return sizes.small_high_emphasis(m)


def small_dependence_low_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ c(i, j) / (i² j² N)

    Dark pixels unlike their neighbours: small dark gaps between dense strands.
    """
    return sizes.small_low_emphasis(m)


FAMILY = Family(
    name="gldm",
    title="Grey level dependence",
    per_angle=True,
    cpu=statistics,
    cuda=cuda_statistics,
    footprint=footprint,
    derive=derive,
    features=(
        Feature("DependenceEntropy", dependence_entropy, "FCBV", "bit", "≥ 0"),
        Feature("DependenceNonUniformity", dependence_non_uniformity, "Z87G", "px", "≥ 0"),
        Feature("DependenceNonUniformityNormalized", dependence_non_uniformity_normalised, "OKJI", "1", "0 to 1"),
        Feature("DependenceVariance", dependence_variance, "DNX2", "1", "≥ 0"),
        Feature("GrayLevelNonUniformity", level_non_uniformity, "FP8K", "px", "≥ 1 / levels"),
        Feature("GrayLevelVariance", level_variance, "1PFV", "level²", "≥ 0"),
        Feature("HighGrayLevelEmphasis", high_level_emphasis, "OAE7", "level²", "≥ 1"),
        Feature("LargeDependenceEmphasis", large_dependence_emphasis, "IMOQ", "1", "≥ 1"),
        Feature("LargeDependenceHighGrayLevelEmphasis", large_dependence_high_level_emphasis, "9QMG", "level²", "≥ 1"),
        Feature(
            "LargeDependenceLowGrayLevelEmphasis", large_dependence_low_level_emphasis, "NBZI", "1 / level²", "> 0"
        ),
        Feature("LowGrayLevelEmphasis", low_level_emphasis, "TL9H", "1 / level²", "0 to 1"),
        Feature("SmallDependenceEmphasis", small_dependence_emphasis, "SODN", "1", "0 to 1"),
        Feature("SmallDependenceHighGrayLevelEmphasis", small_dependence_high_level_emphasis, "JA6D", "level²", "> 0"),
        Feature(
            "SmallDependenceLowGrayLevelEmphasis", small_dependence_low_level_emphasis, "EQ3F", "1 / level²", "0 to 1"
        ),
    ),
)
