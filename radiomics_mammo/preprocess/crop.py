"""Crop image and masks to the region's bounding box."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.preprocess.plane import Plane
from radiomics_mammo.settings import Settings


def bounding_box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """First and past-the-last row and column of the True pixels; None where there are none."""
    rows = np.logical_or.reduce(mask, axis=1)
    top = int(rows.argmax())
    if not rows[top]:
        return None
    bottom = len(rows) - int(rows[::-1].argmax())
    columns = np.logical_or.reduce(mask[top:bottom], axis=0)
    return top, bottom, int(columns.argmax()), len(columns) - int(columns[::-1].argmax())


def crop_to_region(plane: Plane, settings: Settings) -> Plane:
    """Cut everything to the (resegmented) region's box, shape's region included, as pyradiomics does."""
    del settings
    box = bounding_box(plane.mask)
    if box is None or box == (0, plane.mask.shape[0], 0, plane.mask.shape[1]):
        return plane
    cut = np.s_[box[0] : box[1], box[2] : box[3]]
    return replace(plane, values=plane.values[cut], mask=plane.mask[cut], shape_mask=plane.shape_mask[cut])
