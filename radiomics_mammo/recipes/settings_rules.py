"""Settings of a recipe: their rules, and those of pyradiomics that are not supported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import RecipeError
from radiomics_mammo.recipes.validation import COUNT, FLAG, NATURAL, POSITIVE, Rule, are_numbers, checked, is_number

WEIGHTING_NORMS = ("infinity", "euclidean", "manhattan", "no_weighting")
RESEGMENT_MODES = ("absolute", "relative", "sigma")
INTERPOLATORS = (
    "sitkNearestNeighbor", "sitkLinear", "sitkBSpline", "sitkGaussian", "sitkLabelGaussian",
    "sitkHammingWindowedSinc", "sitkCosineWindowedSinc", "sitkWelchWindowedSinc", "sitkLanczosWindowedSinc",
    "sitkBlackmanWindowedSinc",
)  # fmt: skip
"""Ordered by the numbers, from 1, of older parameter files; SimpleITK has since renumbered them."""
UNSUPPORTED = {
    "label_channel": "masks with several channels are not read; export one channel",
    "kernelRadius": "feature maps (voxel-based extraction) are not available",
    "maskedKernel": "feature maps (voxel-based extraction) are not available",
    "initValue": "feature maps (voxel-based extraction) are not available",
    "voxelBatch": "feature maps (voxel-based extraction) are not available",
    "start_level": "the wavelet filter is not available",
    "level": "the wavelet filter is not available",
    "wavelet": "the wavelet filter is not available",
    "gradientUseSpacing": "the gradient filter is not available",
    "lbp2DRadius": "the LBP filter is not available",
    "lbp2DSamples": "the LBP filter is not available",
    "lbp2DMethod": "the LBP filter is not available",
    "lbp3DLevels": "everything is measured in the plane",
    "lbp3DIcosphereRadius": "everything is measured in the plane",
    "lbp3DIcosphereSubdivision": "everything is measured in the plane",
}

_ANY_LENGTH = tuple(range(1, 33))
RULES: dict[str, Rule] = {
    "binWidth": POSITIVE,
    "binCount": COUNT,
    "distances": (
        lambda v: are_numbers(v, _ANY_LENGTH, 0, strict=True, whole=True) and len(set(v)) == len(v),
        "a list of different whole numbers above 0",
    ),
    "weightingNorm": (lambda v: v in WEIGHTING_NORMS, f"one of {', '.join(WEIGHTING_NORMS)}"),
    "symmetricalGLCM": FLAG,
    "gldm_a": NATURAL,
    "voxelArrayShift": (lambda v: is_number(v, -1e15, whole=True), "a whole number"),
    "resegmentRange": (
        lambda v: are_numbers(v, (1, 2), -1e300),
        "one or two numbers, [lower] or [lower, upper]",
    ),
    "resegmentMode": (lambda v: v in RESEGMENT_MODES, f"one of {', '.join(RESEGMENT_MODES)}"),
    "resegmentShape": FLAG,
    "normalize": FLAG,
    "normalizeScale": POSITIVE,
    "removeOutliers": POSITIVE,
    "resampledPixelSpacing": (
        lambda v: are_numbers(v, (2, 3), 0),
        "two numbers [x, y] in mm (a third, of 3-D files, is ignored where it is 0 or 1)",
    ),
    "interpolator": (lambda v: v in INTERPOLATORS, f"one of {', '.join(INTERPOLATORS)}"),
    "padDistance": NATURAL,
    "label": COUNT,
    "minimumROIDimensions": (
        lambda v: is_number(v, 0, whole=True) and v <= 2,
        "0, 1 or 2 (regions lie in a plane)",
    ),
    "minimumROISize": COUNT,
    "correctMask": FLAG,
    "geometryTolerance": POSITIVE,
    "preCrop": FLAG,
    "force2D": FLAG,
    "force2Ddimension": (lambda v: is_number(v, 0, whole=True) and v == 0, "0 (an image is one plane)"),
    "additionalInfo": FLAG,
}
OPTIONAL = ("binCount", "weightingNorm", "resegmentRange", "removeOutliers", "resampledPixelSpacing",
            "minimumROISize", "geometryTolerance", "label")  # fmt: skip


def settings_from(values: Mapping[str, Any], *, base: Settings | None = None, path: Path | None = None) -> Settings:
    """Check settings by name and set them over a base (pyradiomics' defaults if None).

    Raises
    ------
    RecipeError
        An unknown or unsupported key, or a value out of range.
    """
    for key in values:
        if key in UNSUPPORTED:
            raise RecipeError(f"setting {key!r} is not supported: {UNSUPPORTED[key]}", path=path, remedy="Remove it.")
    values = dict(values)
    number = values.get("interpolator")
    if isinstance(number, int) and is_number(number, 1, whole=True) and number <= len(INTERPOLATORS):
        values["interpolator"] = INTERPOLATORS[number - 1]
    new = checked(values, RULES, what="setting", optional=OPTIONAL, path=path)
    return _canonical(replace(base or Settings(), **new), path)


def _canonical(settings: Settings, path: Path | None) -> Settings:
    """Return settings with one type for equal numbers, so that equal recipes have equal hashes."""
    spacing = settings.resampledPixelSpacing
    if spacing is not None:
        if len(spacing) == 3 and spacing[2] not in (0, 1):
            raise RecipeError(
                f"resampledPixelSpacing has three numbers {spacing}: images are 2-D",
                path=path, remedy="Give two numbers, [x, y] in mm.",
            )  # fmt: skip
        spacing = tuple(float(v) for v in spacing[:2])
    resegment = settings.resegmentRange
    return replace(
        settings,
        binWidth=float(settings.binWidth),
        distances=tuple(sorted(settings.distances)),
        normalizeScale=float(settings.normalizeScale),
        removeOutliers=None if settings.removeOutliers is None else float(settings.removeOutliers),
        resegmentRange=None if resegment is None else tuple(sorted(float(v) for v in resegment)),
        resampledPixelSpacing=spacing,
        geometryTolerance=None if settings.geometryTolerance is None else float(settings.geometryTolerance),
    )
