"""Crop image and masks to the region's bounding box."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo._jit import kernel
from radiomics_mammo.preprocess.plane import Plane
from radiomics_mammo.settings import Settings


def bounding_box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """First and past-the-last row and column of the True pixels; None where there are none."""
    top, bottom, left, right = _extent(np.ascontiguousarray(mask).view(np.uint8))
    return None if bottom == 0 else (top, bottom, left, right)


@kernel
def _extent(mask):
    """Rows are looked at whole, which the compiler turns into wide reads; columns only where they can still move."""
    rows, columns = mask.shape
    top, bottom, left, right = rows, 0, columns, 0
    for y in range(rows):
        any_inside = np.uint8(0)
        for x in range(columns):
            any_inside |= mask[y, x]
        if any_inside == 0:
            continue
        top = min(top, y)
        bottom = y + 1
        for x in range(left):
            if mask[y, x] != 0:
                left = x
                break
        for x in range(columns - 1, right - 1, -1):
            if mask[y, x] != 0:
                right = x + 1
                break
    return top, bottom, left, right


def crop_to_region(plane: Plane, settings: Settings) -> Plane:
    """Cut everything to the (resegmented) region's box, shape's region included, as pyradiomics does."""
    del settings
    box = bounding_box(plane.mask)
    if box is None or box == (0, plane.mask.shape[0], 0, plane.mask.shape[1]):
        return plane
    cut = np.s_[box[0] : box[1], box[2] : box[3]]
    return replace(plane, values=plane.values[cut], mask=plane.mask[cut], shape_mask=plane.shape_mask[cut])
