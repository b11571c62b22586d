"""Check the region's size and values: pyradiomics' ``checkMask``."""

from __future__ import annotations

import numpy as np

from radiomics_mammo.compute.bounding_box import bounding_box
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import MaskError, RoiError
from radiomics_mammo.imaging.preprocessing.plane import Plane


def check_region(plane: Plane, settings: Settings) -> Plane:
    """Check that features can be computed on the region.

    Parameters
    ----------
    plane : Plane
    settings : Settings
        Uses ``minimumROIDimensions`` and ``minimumROISize``.

    Raises
    ------
    MaskError
        No pixel is inside.
    RoiError
        Too few pixels or directions, or NaN or infinity inside.
    """
    box = bounding_box(plane.mask)
    if box is None:
        raise MaskError("the mask is empty", remedy="Draw the region, or name the mask's label.")
    directions = sum(b - a > 1 for a, b in ((box[0], box[1]), (box[2], box[3])))
    if directions < settings.minimumROIDimensions:
        what = "a single pixel" if directions == 0 else "a line of pixels"
        raise RoiError(
            f"the region is {what}; minimumROIDimensions is {settings.minimumROIDimensions}",
            remedy="Draw a larger region, or lower minimumROIDimensions in the recipe.",
        )
    inside = plane.mask[box[0] : box[1], box[2] : box[3]]
    if settings.minimumROISize is not None:
        size = int(inside.sum())
        if size <= settings.minimumROISize:
            raise RoiError(
                f"the region has {size} pixels, not more than minimumROISize {settings.minimumROISize}",
                remedy="Draw a larger region, or lower minimumROISize in the recipe.",
            )
    if plane.values.dtype.kind == "f":
        values = plane.values[box[0] : box[1], box[2] : box[3]][inside]
        invalid = int(np.count_nonzero(~np.isfinite(values)))
        if invalid:
            raise RoiError(
                f"{invalid} of the region's {len(values)} pixels are NaN or infinite",
                remedy="Fill them, or leave them out of the mask.",
            )
    return plane
