"""Crop image and masks to the region's bounding box: pyradiomics' ``cropToTumorMask``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from radiomics_mammo.compute.bounding_box import bounding_box
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.imaging.preprocessing.plane import Plane


def crop_to_region(plane: Plane, *, margin: int = 0) -> Plane:
    """Crop image and masks to the (resegmented) region's box and some pixels round it, as far as the image goes."""
    box = bounding_box(plane.mask)
    if box is None:
        return plane
    top, bottom, left, right = box
    cut = np.s_[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin]
    mask = plane.mask[cut]
    # One array where both masks are one: the shape's is then not sent to a GPU a second time.
    shape_mask = mask if plane.shape_mask is plane.mask else plane.shape_mask[cut]
    return replace(plane, values=plane.values[cut], mask=mask, shape_mask=shape_mask)


def precrop(plane: Plane, settings: Settings) -> Plane:
    """Crop to the region and ``padDistance`` pixels round it where ``preCrop`` is set and nothing was resampled.

    It changes what filters see, and no value of the original image.
    """
    if not settings.preCrop or settings.resampledPixelSpacing is not None:
        return plane
    return crop_to_region(plane, margin=settings.padDistance)
