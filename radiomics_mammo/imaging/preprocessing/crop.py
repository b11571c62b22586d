"""Crop image and masks to the region's bounding box."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from radiomics_mammo.compute.bounding_box import bounding_box
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.imaging.preprocessing.plane import Plane

__all__ = ["bounding_box", "crop_to_region", "precrop"]


def crop_to_region(plane: Plane, settings: Settings) -> Plane:
    """Cut everything to the (resegmented) region's box, shape's region included, as pyradiomics does."""
    del settings
    box = bounding_box(plane.mask)
    if box is None or box == (0, plane.mask.shape[0], 0, plane.mask.shape[1]):
        return plane
    cut = np.s_[box[0] : box[1], box[2] : box[3]]
    return replace(plane, values=plane.values[cut], mask=plane.mask[cut], shape_mask=plane.shape_mask[cut])


def precrop(plane: Plane, settings: Settings) -> Plane:
    """Cut everything to the region's box and ``padDistance`` pixels round it where ``preCrop`` asks for it.

    It changes what filters see, not what is measured without one; a resampled image is cropped already.
    """
    box = bounding_box(plane.mask)
    if not settings.preCrop or settings.resampledPixelSpacing is not None or box is None:
        return plane
    top, bottom, left, right = box
    pad = settings.padDistance
    cut = np.s_[max(0, top - pad) : bottom + pad, max(0, left - pad) : right + pad]
    return replace(plane, values=plane.values[cut], mask=plane.mask[cut], shape_mask=plane.shape_mask[cut])
