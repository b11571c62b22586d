"""Recipes: which features, with which settings; our own YAML and pyradiomics' parameter files are one format."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import yaml

from radiomics_mammo.errors import RecipeError
from radiomics_mammo.settings import Settings

WEIGHTING_NORMS = ("infinity", "euclidean", "manhattan", "no_weighting")
RESEGMENT_MODES = ("absolute", "relative", "sigma")
INTERPOLATORS = (
    "sitkNearestNeighbor", "sitkLinear", "sitkBSpline", "sitkGaussian", "sitkLabelGaussian",
    "sitkHammingWindowedSinc", "sitkCosineWindowedSinc", "sitkWelchWindowedSinc", "sitkLanczosWindowedSinc",
    "sitkBlackmanWindowedSinc",
)  # fmt: skip
"""In the order of the numbers, from 1, that older parameter files hold; SimpleITK has since renumbered them."""
SECTIONS = ("imageType", "featureClass", "setting")
IMAGE_TYPES = ("Original",)
PER_IMAGE_TYPE = (
    "binWidth", "binCount", "distances", "weightingNorm", "symmetricalGLCM", "gldm_a", "voxelArrayShift",
)  # fmt: skip
UNSUPPORTED = {
    "label_channel": "masks with several channels are not read; export one channel",
    "kernelRadius": "feature maps (voxel-based extraction) are not made",
    "maskedKernel": "feature maps (voxel-based extraction) are not made",
    "initValue": "feature maps (voxel-based extraction) are not made",
    "voxelBatch": "feature maps (voxel-based extraction) are not made",
    "sigma": "it belongs to the LoG filter, which this version does not have",
    "start_level": "it belongs to the wavelet filter, which this version does not have",
    "level": "it belongs to the wavelet filter, which this version does not have",
    "wavelet": "it belongs to the wavelet filter, which this version does not have",
    "gradientUseSpacing": "it belongs to the gradient filter, which this version does not have",
    "lbp2DRadius": "it belongs to the LBP filter, which this version does not have",
    "lbp2DSamples": "it belongs to the LBP filter, which this version does not have",
    "lbp2DMethod": "it belongs to the LBP filter, which this version does not have",
    "lbp3DLevels": "everything is measured in the plane",
    "lbp3DIcosphereRadius": "everything is measured in the plane",
    "lbp3DIcosphereSubdivision": "everything is measured in the plane",
}


def _number(value: object, low: float, *, strict: bool = False, whole: bool = False) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return False
    number = float(value)
    return number == number and abs(number) != float("inf") and (number > low if strict else number >= low)


def _numbers(value: object, lengths: tuple[int, ...], low: float, **rule: bool) -> bool:
    return isinstance(value, tuple) and len(value) in lengths and all(_number(v, low, **rule) for v in value)


_FLAG = (lambda v: isinstance(v, bool), "true or false")
_POSITIVE = (lambda v: _number(v, 0, strict=True), "a number above 0")
_COUNT = (lambda v: _number(v, 0, strict=True, whole=True), "a whole number above 0")
_NATURAL = (lambda v: _number(v, 0, whole=True), "a whole number, 0 or more")
_ANY_LENGTH = tuple(range(1, 33))
RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "binWidth": _POSITIVE,
    "binCount": _COUNT,
    "distances": (
        lambda v: _numbers(v, _ANY_LENGTH, 0, strict=True, whole=True) and len(set(v)) == len(v),
        "a list of different whole numbers above 0",
    ),
    "weightingNorm": (lambda v: v in WEIGHTING_NORMS, f"one of {', '.join(WEIGHTING_NORMS)}"),
    "symmetricalGLCM": _FLAG,
    "gldm_a": _NATURAL,
    "voxelArrayShift": (lambda v: _number(v, -1e15, whole=True), "a whole number"),
    "resegmentRange": (
        lambda v: _numbers(v, (1, 2), -1e300),
        "one or two numbers, [lower] or [lower, upper]",
    ),
    "resegmentMode": (lambda v: v in RESEGMENT_MODES, f"one of {', '.join(RESEGMENT_MODES)}"),
    "resegmentShape": _FLAG,
    "normalize": _FLAG,
    "normalizeScale": _POSITIVE,
    "removeOutliers": _POSITIVE,
    "resampledPixelSpacing": (
        lambda v: _numbers(v, (2, 3), 0),
        "two numbers [x, y] in mm (a third, of 3-D files, is ignored where it is 0 or 1)",
    ),
    "interpolator": (lambda v: v in INTERPOLATORS, f"one of {', '.join(INTERPOLATORS)}"),
    "padDistance": _NATURAL,
    "label": _COUNT,
    "minimumROIDimensions": (
        lambda v: _number(v, 0, whole=True) and v <= 2,
        "0, 1 or 2 (regions lie in a plane)",
    ),
    "minimumROISize": _COUNT,
    "correctMask": _FLAG,
    "geometryTolerance": _POSITIVE,
    "preCrop": _FLAG,
    "force2D": _FLAG,
    "force2Ddimension": (lambda v: _number(v, 0, whole=True) and v == 0, "0 (an image is one plane)"),
    "additionalInfo": _FLAG,
}
OPTIONAL = ("binCount", "weightingNorm", "resegmentRange", "removeOutliers", "resampledPixelSpacing",
            "minimumROISize", "geometryTolerance", "label")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to measure and how.

    Attributes
    ----------
    name : str
        The recipe's file name without its ending.
    settings : Settings
    features : mapping of str to tuple of str
        Family to feature names; all of a family's where the tuple is empty.
    """

    name: str = "pyradiomics-default"
    settings: Settings = field(default_factory=Settings)
    features: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _features({}, None))

    @property
    def text(self) -> str:
        """The recipe written out in full, in one fixed order: equal recipes have equal texts."""
        settings = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self.settings).items()}
        body = {
            "imageType": {"Original": {}},
            "featureClass": {k: list(v) for k, v in self.features.items()},
            "setting": settings,
        }
        return str(yaml.safe_dump(body, sort_keys=False))

    @property
    def hash(self) -> str:
        """SHA-256 of :attr:`text`."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def recipe_folder() -> Path:
    """Where the recipes lie: inside an installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "_features"
    return inside if inside.is_dir() else Path(__file__).parents[1] / "features"


def recipe_names() -> list[str]:
    """Names that ``load_recipe`` knows."""
    return sorted(p.stem for p in recipe_folder().glob("*.yaml"))


def load_recipe(name: str | Path) -> Recipe:
    """Read a recipe by name, or from a YAML file (a pyradiomics parameter file is one).

    Raises
    ------
    RecipeError
        No such recipe, not YAML, or a key or value that is not valid; the message lists what is.
    """
    path = Path(name)
    if path.suffix not in (".yaml", ".yml", ".json"):
        path = recipe_folder() / f"{name}.yaml"
        if not path.is_file():
            raise RecipeError(
                f"no recipe is called {str(name)!r}",
                remedy=f"Recipes: {', '.join(recipe_names())}; or give the path of a .yaml file.",
            )
    try:
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(
            f"the recipe cannot be read ({error.strerror})", path=path, remedy="Check the path."
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"not valid YAML: {error}", path=path, remedy="Correct the file.") from error
    return recipe_from(body or {}, name=path.stem, path=path)


def recipe_from(body: object, *, name: str = "recipe", path: Path | None = None) -> Recipe:
    """Check a parameter file's content and make a :class:`Recipe` of it.

    Parameters
    ----------
    body : object
        What YAML gave: a mapping with any of ``imageType``, ``featureClass``, ``setting``.

    Raises
    ------
    RecipeError
        An unknown or unsupported key, or a value out of range.
    """
    sections = _mapping(body, "the recipe", path)
    for key in sections:
        if key == "voxelSetting" and not sections[key]:
            continue
        if key not in SECTIONS:
            extra = "; feature maps (voxel-based extraction) are not made" if key == "voxelSetting" else ""
            raise RecipeError(f"unknown section {key!r}{extra}", path=path, remedy=f"Sections: {', '.join(SECTIONS)}.")
    settings = settings_from(_mapping(sections.get("setting"), "setting", path), path=path)
    overrides = _image_types(_mapping(sections.get("imageType"), "imageType", path), path)
    settings = settings_from(overrides, base=settings, path=path)
    features = _features(_mapping(sections.get("featureClass"), "featureClass", path), path)
    return Recipe(name, settings, features)


def settings_from(values: Mapping[str, Any], *, base: Settings | None = None, path: Path | None = None) -> Settings:
    """Check settings by name and set them over a base (pyradiomics' defaults if None).

    Raises
    ------
    RecipeError
        An unknown or unsupported key, or a value out of range.
    """
    known = [f.name for f in fields(Settings)]
    clean: dict[str, Any] = {}
    for key, given in values.items():
        if key in UNSUPPORTED:
            raise RecipeError(f"setting {key!r} is not supported: {UNSUPPORTED[key]}", path=path, remedy="Remove it.")
        if key not in known:
            raise RecipeError(f"unknown setting {key!r}", path=path, remedy=f"Settings: {', '.join(sorted(known))}.")
        value = tuple(given) if isinstance(given, list) else given
        if key == "interpolator" and _number(given, 1, whole=True) and given <= len(INTERPOLATORS):
            value = INTERPOLATORS[given - 1]
        if not (value is None and key in OPTIONAL) and not RULES[key][0](value):
            raise RecipeError(
                f"setting {key} is {given!r}, but must be {RULES[key][1]}", path=path, remedy="Correct it."
            )
        clean[key] = value
    return _consistent(replace(base or Settings(), **clean), path)


def _consistent(settings: Settings, path: Path | None) -> Settings:
    """Bring numbers to one spelling (so that equal recipes hash alike) and check names that SimpleITK knows."""
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


def _mapping(value: object, what: str, path: Path | None) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RecipeError(
            f"{what} is {type(value).__name__}, not a mapping of names to values",
            path=path, remedy="See features/README.md for an example.",
        )  # fmt: skip
    return {str(k): v for k, v in value.items()}


def _image_types(types: Mapping[str, Any], path: Path | None) -> dict[str, Any]:
    for name in types:
        if name not in IMAGE_TYPES:
            raise RecipeError(
                f"image type {name!r} is not supported",
                path=path,
                remedy=f"Image types: {', '.join(IMAGE_TYPES)}.",
            )
    overrides = _mapping(types.get("Original"), "imageType Original", path)
    for key in overrides:
        if key not in PER_IMAGE_TYPE:
            raise RecipeError(
                f"setting {key!r} cannot be set for one image type",
                path=path, remedy=f"These can: {', '.join(PER_IMAGE_TYPE)}.",
            )  # fmt: skip
    return overrides


def _features(classes: Mapping[str, Any], path: Path | None) -> dict[str, tuple[str, ...]]:
    from radiomics_mammo.families import FAMILIES

    if "shape" in classes:
        raise RecipeError(
            "feature class 'shape' is 3-D, and a mammogram is not", path=path, remedy="Name shape2D instead."
        )
    for name in classes:
        if name not in FAMILIES:
            raise RecipeError(f"unknown feature class {name!r}", path=path, remedy=f"Classes: {', '.join(FAMILIES)}.")
    chosen = classes or dict.fromkeys(FAMILIES)
    features: dict[str, tuple[str, ...]] = {}
    for name, family in FAMILIES.items():  # one order for all recipes
        if name not in chosen:
            continue
        known = [f.name for f in family.features]
        wanted = chosen[name] or []
        if not isinstance(wanted, (list, tuple)):
            raise RecipeError(
                f"features of {name} are {wanted!r}, not a list",
                path=path, remedy=f"Write [] for all of them, or any of {', '.join(known)}.",
            )  # fmt: skip
        for feature in wanted:
            if feature not in known:
                raise RecipeError(
                    f"{name} has no feature {feature!r}",
                    path=path,
                    remedy=f"Its features: {', '.join(known)}.",
                )
        features[name] = () if set(wanted) == set(known) else tuple(f for f in known if f in wanted)
    return features
