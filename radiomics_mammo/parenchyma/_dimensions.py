"""Fractal dimensions of a mask and of a grey landscape: slopes of logarithms over scales of factors of two."""

from __future__ import annotations

from itertools import product

import numpy as np

from radiomics_mammo.parenchyma._grid import Bools, Coarse, Floats

BOXES = (2, 4, 8, 16, 32, 64)
LEAST_SIDE = 32
"""Pixels that a mask must reach across: then there are three sizes of box, or more."""
CELLS = (1, 2, 4, 8)
RADII = (1, 2, 4, 8)
FEWEST = 64


def box_dimension(mask: Bools) -> float:
    """Dimension by box counting: boxes of side s that hold a pixel of the mask number about s^−D.

    Sides go by factors of two from 2 pixels to a quarter of the mask's extent, 64 at most. Where the grid of boxes
    begins changes the count, so the least of four grids is taken, shifted by half a box: the definition asks for the
    fewest boxes.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)

    Returns
    -------
    float
        NaN where the mask reaches across fewer than 32 pixels.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return np.nan
    cut = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    extent = max(cut.shape)
    if extent < LEAST_SIDE:
        return np.nan
    sides = [side for side in BOXES if 4 * side <= extent]
    return -_slope(sides, [_fewest_boxes(cut, side) for side in sides])


def surface_dimension(grid: Coarse) -> float:
    """Dimension of the grey landscape by the growth of its surface: 3 − slope of log |difference| against log cell.

    The picture is averaged over cells of 1, 2, 4 and 8 coarse pixels; neighbouring cells that lie in the interior are
    compared. NaN where fewer than 64 pairs of the largest cells do, or all differences of a size are 0.
    """
    steps = []
    for side in CELLS:
        values, inside = _cells(grid, side)
        across = np.abs(np.diff(values, axis=1))[inside[:, 1:] & inside[:, :-1]]
        down = np.abs(np.diff(values, axis=0))[inside[1:] & inside[:-1]]
        total = across.sum() + down.sum()
        if across.size + down.size < FEWEST or not total > 0:
            return np.nan
        steps.append(total / (across.size + down.size))
    return 3.0 - _slope(CELLS, steps)


def blanket_dimension(grid: Coarse) -> float:
    """Dimension by the thickness of a blanket: 3 − slope of log mean (dilation − erosion) against log radius.

    Dilation and erosion are by squares of radius 1, 2, 4 and 8 coarse pixels, taken where the largest lies in the
    interior. NaN where fewer than 64 pixels are so, or the blanket is nowhere thick.
    """
    from scipy import ndimage

    inner = ndimage.minimum_filter(grid.interior, size=2 * RADII[-1] + 1, mode="constant", cval=0)
    if np.count_nonzero(inner) < FEWEST:
        return np.nan
    thickness = []
    for radius in RADII:
        size = 2 * radius + 1
        high = ndimage.maximum_filter(grid.values, size=size)[inner]
        low = ndimage.minimum_filter(grid.values, size=size)[inner]
        thickness.append(float((high - low).mean()))
    return 3.0 - _slope(RADII, thickness) if thickness[0] > 0 else np.nan


def _fewest_boxes(mask: Bools, side: int) -> int:
    return min(_boxes(mask, side, *shift) for shift in product((0, side // 2), repeat=2))


def _boxes(mask: Bools, side: int, up: int, left: int) -> int:
    """Boxes of a grid that begins so far above and left of the mask which hold some of it."""
    strips = np.logical_or.reduceat(mask, _starts(mask.shape[0], side, up), axis=0)
    return int(np.count_nonzero(np.logical_or.reduceat(strips, _starts(mask.shape[1], side, left), axis=1)))


def _starts(length: int, side: int, before: int) -> list[int]:
    return [0, *range(side - before, length, side)]


def _cells(grid: Coarse, side: int) -> tuple[Floats, Bools]:
    """Means over square cells, and which of them lie wholly in the interior."""
    rows, columns = (n // side for n in grid.values.shape)
    shape = (rows, side, columns, side)
    values: Floats = grid.values[: rows * side, : columns * side].reshape(shape).mean(axis=(1, 3))
    inside: Bools = np.asarray(grid.interior[: rows * side, : columns * side].reshape(shape).all(axis=(1, 3)))
    return values, inside


def _slope(scales: tuple[int, ...] | list[int], found: list[float] | list[int]) -> float:
    return float(np.polyfit(np.log(scales), np.log(found), 1)[0])
