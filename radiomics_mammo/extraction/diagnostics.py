"""The ``diagnostics_`` entries of ``execute``: pyradiomics' 22 in its order, and this package's own after them."""

from __future__ import annotations

import hashlib
import platform
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from radiomics_mammo.core.records import Sample
from radiomics_mammo.core.version import __version__
from radiomics_mammo.recipes.image_types import plain_lists
from radiomics_mammo.recipes.recipe import Recipe

EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=bool)


def diagnostics(
    sample: Sample, *, recipe: Recipe, recipe_hash: str, engine: str, label: int | None, geometry: Any = None
) -> OrderedDict[str, Any]:
    """Return how and of what the features of a region were measured, as pyradiomics reports it.

    Where they differ from pyradiomics' entries: image and mask are described as they are measured (after rescale,
    inversion and the choice of the region), the hashes are those of 2-D images in the memory's types, an unknown
    pixel size is None, versions are those of the installed packages (None without one), and settings are in full.

    Parameters
    ----------
    sample : Sample
    recipe : Recipe
    recipe_hash : str
        Its hash, which takes longer than measuring a small region.
    engine : str
        Name of the engine.
    label : int or None
        Value of the region in the mask; None is 1.
    geometry : SimpleITK.Image, optional
        Places the centre of mass; without it the first pixel's centre is the origin.

    Returns
    -------
    OrderedDict
    """
    settings = plain_lists({**asdict(recipe.settings), "label": label or recipe.settings.label})
    entries = {
        **_versions(engine),
        "Configuration_Settings": settings,
        "Configuration_EnabledImageTypes": {each.name: each.body(recipe.settings) for each in recipe.image_types},
        **_of_image(sample),
        **_of_mask(sample, label or recipe.settings.label or 1, geometry),
        "Versions_radiomics_mammo": __version__,
        "Configuration_Engine": engine,
        "Configuration_Recipe": recipe_hash,
        "Notes": (*recipe.notes, *sample.notes),
    }
    return OrderedDict((f"diagnostics_{name}", value) for name, value in entries.items())


@cache
def _versions(engine: str) -> Mapping[str, str | None]:
    package = f"radiomics_mammo {__version__}"
    return {
        "Versions_PyRadiomics": _version("pyradiomics-bhklab") if engine == "pyradiomics" else package,
        "Versions_Numpy": np.__version__,
        "Versions_SimpleITK": _version("SimpleITK"),
        "Versions_PyWavelet": _version("PyWavelets"),
        "Versions_Python": platform.python_version(),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _of_image(sample: Sample) -> Mapping[str, Any]:
    image = sample.image
    return {
        "Image-original_Hash": _hash(image),
        "Image-original_Dimensionality": "2D",
        "Image-original_Spacing": None if sample.spacing is None else sample.spacing[::-1],
        "Image-original_Size": image.shape[::-1],
        "Image-original_Mean": float(image.mean(dtype=np.float64)),
        "Image-original_Minimum": float(image.min()),
        "Image-original_Maximum": float(image.max()),
    }


def _of_mask(sample: Sample, label: int, geometry: Any) -> Mapping[str, Any]:
    mask = sample.mask
    top, bottom = np.flatnonzero(mask.any(axis=1))[[0, -1]].tolist()
    left, right = np.flatnonzero(mask.any(axis=0))[[0, -1]].tolist()
    region = mask[top : bottom + 1, left : right + 1]
    rows, columns = np.nonzero(region)
    centre = (float((columns + left).mean()), float((rows + top).mean()))
    row_mm, column_mm = sample.spacing or (1.0, 1.0)
    place = (centre[0] * column_mm, centre[1] * row_mm)
    if geometry is not None and geometry.GetDimension() == 2:
        place = geometry.TransformContinuousIndexToPhysicalPoint(centre)
    return {
        "Mask-original_Hash": _hash(np.multiply(mask, label % 2**32, dtype=np.uint32)),
        "Mask-original_Spacing": None if sample.spacing is None else sample.spacing[::-1],
        "Mask-original_Size": mask.shape[::-1],
        "Mask-original_BoundingBox": (left, top, right - left + 1, bottom - top + 1),
        "Mask-original_VoxelNum": rows.size,
        "Mask-original_VolumeNum": int(ndimage.label(region, structure=EIGHT_NEIGHBOURS)[1]),
        "Mask-original_CenterOfMassIndex": centre,
        "Mask-original_CenterOfMass": place,
    }


def _hash(pixels: NDArray[Any]) -> str:
    """Return the SHA-1 of the pixels, as ``SimpleITK.Hash`` does."""
    return hashlib.sha1(np.ascontiguousarray(pixels).data, usedforsecurity=False).hexdigest()
