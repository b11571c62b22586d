"""Grey level run lengths: how far one goes along a line before the grey level changes.

c(i, j) is the number of runs of level i and length j at one angle, N their sum, n the number of pixels. Every feature
is the mean over the four angles; an angle is left out where none of its lines holds two pixels of the region, as in
pyradiomics. Galloway, Computer Graphics and Image Processing 1975; IBSI 3.7.
"""

from __future__ import annotations

from types import ModuleType

from radiomics_mammo.compute.reductions import Array
from radiomics_mammo.features.base import Family, Feature
from radiomics_mammo.features.glrlm.cpu import statistics
from radiomics_mammo.features.glrlm.cuda import footprint
from radiomics_mammo.features.glrlm.cuda import statistics as cuda_statistics
from radiomics_mammo.features.shared import size_formulas as sizes
from radiomics_mammo.features.shared.size_formulas import SizeTerms, derive


def level_non_uniformity(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢ (Σⱼ c(i, j))² / N

    Inequality of the grey levels among runs: high where one tone fills long stretches of the region; grows with
    its size.
    """
    return sizes.level_non_uniformity(m)


def level_non_uniformity_normalised(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢ (Σⱼ c(i, j))² / N²

    Inequality of the grey levels among runs, whatever the region's size: high in regions of one tone, low in mixed
    ones.
    """
    return sizes.level_non_uniformity_normalised(m)


def level_variance(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ (i − μ)² c(i, j) / N, μ the mean level of the runs

    Spread of the tones of the runs: high where bright and dark streaks alternate.
    """
    return sizes.level_variance(m)


def high_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ i² c(i, j) / N

    Weight of bright runs: high in dense tissue and where calcifications streak.
    """
    return sizes.high_level_emphasis(m)


def long_run_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ j² c(i, j) / N

    Long even stretches: high in smooth, homogeneous tissue.
    """
    return sizes.large_emphasis(m)


def long_run_high_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ i² j² c(i, j) / N

    Long bright stretches: dense homogeneous cores, thick spicules, vessels.
    """
    return sizes.large_high_emphasis(m)


def long_run_low_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ j² c(i, j) / (i² N)

    Long dark stretches: fat within or around the region, a halo.
    """
    return sizes.large_low_emphasis(m)


def low_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ c(i, j) / (i² N)

    Weight of dark runs: high where fat shows through.
    """
    return sizes.low_level_emphasis(m)


def run_entropy(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute −Σᵢⱼ (c(i, j) / N) log₂ (c(i, j) / N)

    Disorder of tone and length together: high in heterogeneous tissue.
    """
    return sizes.entropy(m, xp)


def run_length_non_uniformity(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σⱼ (Σᵢ c(i, j))² / N

    Inequality of the run lengths: high where most runs are equally short, as in fine grain; grows with the
    region's size.
    """
    return sizes.size_non_uniformity(m)


def run_length_non_uniformity_normalised(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σⱼ (Σᵢ c(i, j))² / N²

    Inequality of the run lengths, whatever the region's size: near 1 in fine, grainy texture.
    """
    return sizes.size_non_uniformity_normalised(m)


def run_percentage(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute N / n

    Runs per pixel: near 1 in fine or noisy texture, low in coarse, smooth tissue.
    """
    return sizes.percentage(m)


def run_variance(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ (j − μ)² c(i, j) / N, μ the mean length

    Spread of the run lengths: high where smooth areas and fine grain lie in one region.
    """
    return sizes.size_variance(m)


def short_run_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ c(i, j) / (j² N)

    Short runs: high in fine texture, around microcalcifications and at ragged edges.
    """
    return sizes.small_emphasis(m)


def short_run_high_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ i² c(i, j) / (j² N)

    Short bright runs: small bright foci such as microcalcifications.
    """
    return sizes.small_high_emphasis(m)


def short_run_low_level_emphasis(m: SizeTerms, xp: ModuleType) -> Array:
    """Compute Σᵢⱼ c(i, j) / (i² j² N)

    Short dark runs: small dark gaps between dense strands.
    """
    return sizes.small_low_emphasis(m)


_NO_LINE = "no line at any angle holds two pixels of the region"
_LINES = "As in pyradiomics, an angle of which no line holds two pixels is left out; IBSI keeps its runs of one."

FAMILY = Family(
    name="glrlm",
    title="Grey level run lengths",
    per_angle=True,
    cpu=statistics,
    cuda=cuda_statistics,
    footprint=footprint,
    derive=derive,
    features=(
        Feature("GrayLevelNonUniformity", level_non_uniformity, "R5YN", "run", "≥ 1 / levels", _NO_LINE, _LINES),
        Feature(
            "GrayLevelNonUniformityNormalized", level_non_uniformity_normalised, "OVBL", "1", "0 to 1", _NO_LINE, _LINES
        ),
        Feature("GrayLevelVariance", level_variance, "8CE5", "level²", "≥ 0", _NO_LINE, _LINES),
        Feature("HighGrayLevelRunEmphasis", high_level_emphasis, "G3QZ", "level²", "≥ 1", _NO_LINE, _LINES),
        Feature("LongRunEmphasis", long_run_emphasis, "W4KF", "px²", "≥ 1", _NO_LINE, _LINES),
        Feature(
            "LongRunHighGrayLevelEmphasis", long_run_high_level_emphasis, "3KUM", "level² px²", "≥ 1", _NO_LINE, _LINES
        ),
        Feature(
            "LongRunLowGrayLevelEmphasis", long_run_low_level_emphasis, "IVPO", "px² / level²", "> 0", _NO_LINE, _LINES
        ),
        Feature("LowGrayLevelRunEmphasis", low_level_emphasis, "V3SW", "1 / level²", "0 to 1", _NO_LINE, _LINES),
        Feature("RunEntropy", run_entropy, "HJ9O", "bit", "≥ 0", _NO_LINE, _LINES),
        Feature("RunLengthNonUniformity", run_length_non_uniformity, "W92Y", "run", "≥ 0", _NO_LINE, _LINES),
        Feature(
            "RunLengthNonUniformityNormalized",
            run_length_non_uniformity_normalised,
            "IC23",
            "1",
            "0 to 1",
            _NO_LINE,
            _LINES,
        ),
        Feature("RunPercentage", run_percentage, "9ZK5", "1", "0 to 1", _NO_LINE, _LINES),
        Feature("RunVariance", run_variance, "SXLW", "px²", "≥ 0", _NO_LINE, _LINES),
        Feature("ShortRunEmphasis", short_run_emphasis, "22OV", "1", "0 to 1", _NO_LINE, _LINES),
        Feature(
            "ShortRunHighGrayLevelEmphasis", short_run_high_level_emphasis, "GD3A", "level²", "> 0", _NO_LINE, _LINES
        ),
        Feature(
            "ShortRunLowGrayLevelEmphasis",
            short_run_low_level_emphasis,
            "HTZT",
            "1 / level²",
            "0 to 1",
            _NO_LINE,
            _LINES,
        ),
    ),
)
