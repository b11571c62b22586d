"""Resample image and mask to another pixel size with SimpleITK: pyradiomics' ``resampleImage``.

The grid is aligned with the corner of the image (IBSI aligns the centres), and grey levels are not rounded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.bounding_box import bounding_box
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import MaskError, RoiError
from radiomics_mammo.imaging.preprocessing.crop import crop_to_region
from radiomics_mammo.imaging.preprocessing.plane import Plane


def resample(plane: Plane, settings: Settings) -> Plane:
    """Apply ``resampledPixelSpacing`` with ``interpolator`` and ``padDistance``.

    Parameters
    ----------
    plane : Plane
    settings : Settings

    Raises
    ------
    RoiError
        The pixel size is unknown.
    MaskError
        The mask is empty, or nothing of it is left on the coarser grid.
    """
    if settings.resampledPixelSpacing is None:
        return plane
    if plane.spacing is None:
        raise RoiError(
            "the pixel size is unknown, so that resampledPixelSpacing cannot be reached",
            remedy="Give spacing_mm in the manifest, or leave resampledPixelSpacing out of the recipe.",
        )
    box = bounding_box(plane.mask)
    if box is None:
        raise MaskError("the mask is empty", remedy="Draw the region, or name the mask's label.")
    old = np.array(plane.spacing[::-1])  # SimpleITK's order is (x, y)
    new = np.array(settings.resampledPixelSpacing)
    new = np.where(new == 0, old, new)
    new = np.where([box[3] - box[2] > 1, box[1] - box[0] > 1], new, old)
    if np.allclose(old, new):  # pyradiomics crops all the same, which filters see
        return crop_to_region(plane, margin=settings.padDistance)
    values, mask = _onto_grid(plane, box, old, new, settings)
    if not mask.any():
        raise MaskError("nothing of the region is left at the new pixel size", remedy="Resample less coarsely.")
    return replace(plane, values=values, mask=mask, shape_mask=mask, spacing=(float(new[1]), float(new[0])))


def _onto_grid(
    plane: Plane,
    box: tuple[int, int, int, int],
    old: NDArray[np.float64],
    new: NDArray[np.float64],
    settings: Settings,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    import SimpleITK as sitk

    ratio = old / new
    first, past = np.array([box[2], box[0]]), np.array([box[3], box[1]])
    size = np.array(plane.mask.shape[::-1])
    low = np.maximum(np.floor((first - 0.5) * ratio - settings.padDistance), 0)
    high = np.minimum(np.ceil((past - 0.5) * ratio + settings.padDistance), np.ceil(size * ratio) - 1)
    origin = 0.5 * (new - old) / old + low / ratio
    grid = sitk.ResampleImageFilter()
    grid.SetOutputSpacing(new.tolist())
    grid.SetSize((high - low + 1).astype(int).tolist())
    grid.SetOutputOrigin((origin * old).tolist())

    def through(array: NDArray[Any], interpolator: int) -> NDArray[Any]:
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(old.tolist())
        grid.SetOutputPixelType(image.GetPixelID())
        grid.SetInterpolator(interpolator)
        out: NDArray[Any] = sitk.GetArrayFromImage(grid.Execute(image))
        return out

    mask = through(plane.mask.astype(np.uint8), sitk.sitkNearestNeighbor)
    return through(plane.values, getattr(sitk, settings.interpolator)), mask.astype(bool)
