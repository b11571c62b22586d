"""Grey level size zones: how large the patches of one grey level are.

c(i, j) is the number of 8-connected zones of level i and j pixels, N their sum, n the number of pixels.
Thibault et al., PRIP 2009; IBSI 3.8.
"""

from __future__ import annotations

from types import ModuleType

from radiomics_mammo.compute.reductions import Array
from radiomics_mammo.features.base import Family, Feature
from radiomics_mammo.features.glszm.cpu import statistics
from radiomics_mammo.features.glszm.cuda import footprint
from radiomics_mammo.features.glszm.cuda import statistics as cuda_statistics
from radiomics_mammo.features.shared import size_formulas as sizes
from radiomics_mammo.features.shared.size_formulas import SizeTerms, derive


def level_non_uniformity(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢ (Σⱼ c(i, j))² / N

    Inequality of the grey levels among patches: high where patches of one tone prevail; grows with the region's
    size.
    """
    return sizes.level_non_uniformity(m)


def level_non_uniformity_normalised(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢ (Σⱼ c(i, j))² / N²

    Inequality of the grey levels among patches, whatever the region's size: high in regions of one tone.
    """
    return sizes.level_non_uniformity_normalised(m)


def level_variance(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ (i − μ)² c(i, j) / N, μ the mean level of the zones

    Spread of the patches' tones: high where bright and dark patches mix.
    """
    return sizes.level_variance(m)


def high_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ i² c(i, j) / N

    Weight of bright patches: high in dense tissue and clustered calcifications.
    """
    return sizes.high_level_emphasis(m)


def large_area_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ j² c(i, j) / N

    Large even patches: high in smooth, homogeneous tissue; grows with the region's size.
    """
    return sizes.large_emphasis(m)


def large_area_high_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ i² j² c(i, j) / N

    Large bright patches: dense homogeneous cores, coarse calcifications.
    """
    return sizes.large_high_emphasis(m)


def large_area_low_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ j² c(i, j) / (i² N)

    Large dark patches: fat within or around the region.
    """
    return sizes.large_low_emphasis(m)


def low_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ c(i, j) / (i² N)

    Weight of dark patches: high where fat shows through in many places.
    """
    return sizes.low_level_emphasis(m)


def size_zone_non_uniformity(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σⱼ (Σᵢ c(i, j))² / N

    Inequality of the patch sizes: high where most patches are equally small; grows with the region's size.
    """
    return sizes.size_non_uniformity(m)


def size_zone_non_uniformity_normalised(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σⱼ (Σᵢ c(i, j))² / N²

    Inequality of the patch sizes, whatever the region's size: near 1 in fine, grainy texture.
    """
    return sizes.size_non_uniformity_normalised(m)


def small_area_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ c(i, j) / (j² N)

    Small patches: high in fine texture and around microcalcifications.
    """
    return sizes.small_emphasis(m)


def small_area_high_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ i² c(i, j) / (j² N)

    Small bright patches: microcalcifications, fine bright strands.
    """
    return sizes.small_high_emphasis(m)


def small_area_low_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ c(i, j) / (i² j² N)

    Small dark patches: fat lobules between dense strands.
    """
    return sizes.small_low_emphasis(m)


def zone_entropy(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute −Σᵢⱼ (c(i, j) / N) log₂ (c(i, j) / N)

    Disorder of tone and patch size together: high in heterogeneous tissue.
    """
    return sizes.entropy(m, xp)


def zone_percentage(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute N / n

    Patches per pixel: near 1 in fine or noisy texture, low in smooth tissue.
    """
    return sizes.percentage(m)


def zone_variance(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ (j − μ)² c(i, j) / N, μ the mean size

    Spread of the patch sizes: high where a smooth core lies beside fine grain.
    """
    return sizes.size_variance(m)


FAMILY = Family(
    name="glszm",
    title="Grey level size zones",
    per_angle=True,
    cpu=statistics,
    cuda=cuda_statistics,
    footprint=footprint,
    derive=derive,
    features=(
        Feature("GrayLevelNonUniformity", level_non_uniformity, "JNSA", "zone", "≥ 1 / levels"),
        Feature("GrayLevelNonUniformityNormalized", level_non_uniformity_normalised, "Y1RO", "1", "0 to 1"),
        Feature("GrayLevelVariance", level_variance, "BYLV", "level²", "≥ 0"),
        Feature("HighGrayLevelZoneEmphasis", high_level_emphasis, "5GN9", "level²", "≥ 1"),
        Feature("LargeAreaEmphasis", large_area_emphasis, "48P8", "px²", "≥ 1"),
        Feature("LargeAreaHighGrayLevelEmphasis", large_area_high_level_emphasis, "J17V", "level² px²", "≥ 1"),
        Feature("LargeAreaLowGrayLevelEmphasis", large_area_low_level_emphasis, "YH51", "px² / level²", "> 0"),
        Feature("LowGrayLevelZoneEmphasis", low_level_emphasis, "XMSY", "1 / level²", "0 to 1"),
        Feature("SizeZoneNonUniformity", size_zone_non_uniformity, "4JP3", "zone", "≥ 0"),
        Feature("SizeZoneNonUniformityNormalized", size_zone_non_uniformity_normalised, "VB3A", "1", "0 to 1"),
        Feature("SmallAreaEmphasis", small_area_emphasis, "5QRC", "1", "0 to 1"),
        Feature("SmallAreaHighGrayLevelEmphasis", small_area_high_level_emphasis, "HW1V", "level²", "> 0"),
        Feature("SmallAreaLowGrayLevelEmphasis", small_area_low_level_emphasis, "5RAI", "1 / level²", "0 to 1"),
        Feature("ZoneEntropy", zone_entropy, "GU8N", "bit", "≥ 0"),
        Feature("ZonePercentage", zone_percentage, "P30P", "1", "0 to 1"),
        Feature("ZoneVariance", zone_variance, "3NSA", "px²", "≥ 0"),
    ),
)
