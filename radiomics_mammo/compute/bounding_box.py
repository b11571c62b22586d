"""The smallest box around a region."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.jit import kernel


def bounding_box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """First and past-the-last row and column of the True pixels; None where there are none."""
    top, bottom, left, right = _extent(np.ascontiguousarray(mask).view(np.uint8))
    return None if bottom == 0 else (top, bottom, left, right)


@kernel
def _extent(mask: NDArray[np.uint8]) -> tuple[int, int, int, int]:
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
