"""Settings of a recipe: their rules, and those of pyradiomics that have no effect in the plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from radiomics_mammo.core.settings import Settings
from radiomics_mammo.recipes.findings import Findings, Place
from radiomics_mammo.recipes.validation import (
    COUNT,
    FLAG,
    NATURAL,
    POSITIVE,
    Rule,
    are_numbers,
    checked,
    is_number,
    plain_value,
)

WEIGHTING_NORMS = ("infinity", "euclidean", "manhattan", "no_weighting")
RESEGMENT_MODES = ("absolute", "relative", "sigma")
INTERPOLATORS = (
    "sitkNearestNeighbor", "sitkLinear", "sitkBSpline", "sitkGaussian", "sitkLabelGaussian",
    "sitkHammingWindowedSinc", "sitkCosineWindowedSinc", "sitkWelchWindowedSinc", "sitkLanczosWindowedSinc",
    "sitkBlackmanWindowedSinc",
)  # fmt: skip
NUMBERED = {**dict(enumerate(INTERPOLATORS, start=1)), 23: "sitkBSpline"}
"""Numbers of older parameter files, and of SimpleITK since, which has renumbered one of them."""
VOXEL_SETTINGS = ("kernelRadius", "maskedKernel", "initValue", "voxelBatch")
NO_FEATURE_MAPS = "feature maps (voxel-based extraction) are not made; regions are measured"
WITHOUT_EFFECT = {
    **dict.fromkeys(VOXEL_SETTINGS, NO_FEATURE_MAPS),
    **dict.fromkeys(
        ("enableCExtensions", "verbose"), "an option of older versions of pyradiomics that changes no value"
    ),
}
"""Settings that change no feature, with the reason."""
FILTER_SETTINGS = {
    **dict.fromkeys(("start_level", "level", "wavelet"), "Wavelet"),
    "gradientUseSpacing": "Gradient",
    **dict.fromkeys(("lbp2DRadius", "lbp2DSamples", "lbp2DMethod"), "LBP2D"),
    **dict.fromkeys(("lbp3DLevels", "lbp3DIcosphereRadius", "lbp3DIcosphereSubdivision"), "LBP3D"),
}
"""Settings of filters that are not available; without their image type pyradiomics does not use them either."""

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
        "two numbers [x, y] in mm (a third, of 3-D files, is not used)",
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
    "force2Ddimension": (lambda v: is_number(v, 0, whole=True) and v <= 2, "0, 1 or 2"),
    "additionalInfo": FLAG,
}
OPTIONAL = ("binCount", "weightingNorm", "resegmentRange", "removeOutliers", "resampledPixelSpacing",
            "minimumROISize", "geometryTolerance", "label")  # fmt: skip
OFF_WHEN_EMPTY = ("resegmentShape", "normalize", "correctMask", "preCrop", "force2D")
"""Flags that are false by default, and that pyradiomics takes for false where they are empty."""


def settings_from(
    values: Mapping[str, Any],
    *,
    base: Settings | None = None,
    findings: Findings | None = None,
    at: Place = ("setting",),
) -> Settings:
    """Check settings by name and set them over a base (pyradiomics' defaults if None).

    Parameters
    ----------
    values : mapping
    base : Settings, optional
    findings : Findings, optional
        Gets faults and notes; without it faults raise.
    at : Place
        Where the values stand.

    Raises
    ------
    RecipeError
        Without ``findings``: an unknown key, or a value out of range.
    """
    base = base or Settings()
    collected = Findings() if findings is None else findings
    given = _in_the_plane(dict(values), base, collected, at)
    new = checked(given, RULES, what="setting", optional=OPTIONAL, findings=collected, at=at)
    if findings is None:
        collected.check()
    return _canonical(replace(base, **new))


def _in_the_plane(values: dict[str, Any], base: Settings, findings: Findings, at: Place) -> dict[str, Any]:
    """Return the settings that act on an image of one plane, and note the others."""
    for key in [key for key in values if key in WITHOUT_EFFECT]:
        del values[key]
        findings.note(f"{key} is not used: {WITHOUT_EFFECT[key]}", at=(*at, key))
    values = {key: plain_value(value) for key, value in values.items()}
    channel = values.pop("label_channel", None)
    if channel is not None and channel != 0:
        findings.fault(
            "label_channel names a channel of the mask, and masks with several channels are read by their colours",
            at=(*at, "label_channel"), remedy="Leave it out, or export that channel.",
        )  # fmt: skip
    if values.get("binWidth", 0) is None and values.get("binCount", base.binCount) is not None:
        del values["binWidth"]  # binCount takes precedence
    for key in OFF_WHEN_EMPTY:
        if values.get(key, False) is None:
            values[key] = False
    for key in ("resegmentRange", "resampledPixelSpacing"):
        if values.get(key) == ():
            values[key] = None
    _plane_spacing(values, findings, at)
    if values.get("force2D") is True:
        findings.note(
            "force2D is always so: an image is one plane, measured as pyradiomics measures a volume of one slice with "
            "force2D", at=(*at, "force2D"),
        )  # fmt: skip
    if RULES["force2Ddimension"][0](values.get("force2Ddimension")) and values.pop("force2Ddimension"):
        findings.note(
            "force2Ddimension is not used: an image is one plane, without a third direction",
            at=(*at, "force2Ddimension"),
        )
    return values


def _plane_spacing(values: dict[str, Any], findings: Findings, at: Place) -> None:
    """Reduce the new spacing to the plane, and interpolators of older files and empty ones to what they mean."""
    spacing = values.get("resampledPixelSpacing")
    if spacing is not None and are_numbers(spacing, (3,), 0):
        if spacing[2] != 0:
            findings.note(
                f"the third number of resampledPixelSpacing ({spacing[2]:g}) is not used: an image is one plane",
                at=(*at, "resampledPixelSpacing"),
            )
        values["resampledPixelSpacing"] = spacing[:2]
    number = values.get("interpolator", "")
    if is_number(number, 1, whole=True) and number in NUMBERED:
        values["interpolator"] = NUMBERED[number]
    elif number is None:
        del values["interpolator"]
        if spacing is not None:
            values["resampledPixelSpacing"] = None
            findings.note("interpolator is empty: nothing is resampled, as in pyradiomics", at=(*at, "interpolator"))


def _canonical(settings: Settings) -> Settings:
    """Return settings with one type for equal numbers, so that equal recipes have equal hashes."""
    spacing, resegment = settings.resampledPixelSpacing, settings.resegmentRange
    return replace(
        settings,
        binWidth=float(settings.binWidth),
        distances=tuple(sorted(settings.distances)),
        normalizeScale=float(settings.normalizeScale),
        removeOutliers=None if settings.removeOutliers is None else float(settings.removeOutliers),
        resegmentRange=None if resegment is None else tuple(sorted(float(v) for v in resegment)),
        resampledPixelSpacing=None if spacing is None else tuple(float(v) for v in spacing),
        geometryTolerance=None if settings.geometryTolerance is None else float(settings.geometryTolerance),
    )
