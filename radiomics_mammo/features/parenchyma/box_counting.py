"""Fractal dimensions of a mask (box counting) and of a grey-level surface: slopes of logarithms over scales."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from radiomics_mammo.compute.bounding_box import bounding_box
from radiomics_mammo.features.parenchyma.grid import Bools, Coarse, Floats

BOX_SIZES = (2, 4, 8, 16, 32, 64)
LEAST_SIDE = 32
"""Extent of a mask in pixels, at least: then there are three box sizes or more."""
BLOCK_SIZES = (1, 2, 4, 8)
FEWEST_PAIRS = 64


def box_dimension(mask: Bools) -> float:
    """Compute the box-counting dimension D: about s^−D boxes of side s hold a pixel of the mask.

    Sides go by factors of two from 2 pixels to a quarter of the mask's extent, 64 at most. Where the grid of boxes
    begins changes the count, so the least of four grids, shifted by half a box, is taken: the definition counts the
    fewest boxes. NaN where the mask extends over fewer than 32 pixels.
    """
    box = bounding_box(mask)
    if box is None or max(box[1] - box[0], box[3] - box[2]) < LEAST_SIDE:
        return np.nan
    cut = mask[box[0] : box[1], box[2] : box[3]]
    return -_slope(*zip(*_fewest_boxes(cut), strict=True))


def surface_dimension(grid: Coarse) -> float:
    """Compute the dimension of the grey-level surface: 3 − slope of log |difference| against log block side.

    The image is averaged over blocks of 1, 2, 4 and 8 coarse pixels; neighbouring blocks in the interior are compared.
    NaN where there are fewer than 64 pairs of the largest blocks in either direction, or all differences of one size
    are 0.
    """
    steps = []
    for side in BLOCK_SIZES:
        values, inside = _blocks(grid, side)
        across = np.abs(np.diff(values, axis=1))[inside[:, 1:] & inside[:, :-1]]
        down = np.abs(np.diff(values, axis=0))[inside[1:] & inside[:-1]]
        if min(across.size, down.size) < FEWEST_PAIRS or not across.any() | down.any():
            return np.nan
        steps.append(float(across.mean() + down.mean()))
    return 3.0 - _slope(BLOCK_SIZES, steps)


def _fewest_boxes(mask: Bools) -> Iterator[tuple[int, int]]:
    """Yield sides 2, 4, … and the fewest boxes of that side, each box merged from four of half the side."""
    half = mask
    for side in BOX_SIZES:
        if 4 * side > max(mask.shape):
            return
        yield side, min(int(np.count_nonzero(_merged(half, *shift))) for shift in product((0, 1), repeat=2))
        half = _merged(half, 0, 0)


def _merged(half: Bools, up: int, left: int) -> Bools:
    """Merge four boxes into one, on a grid shifted by so many half boxes."""
    rows, columns = half.shape
    framed = np.zeros((rows + up + (rows + up) % 2, columns + left + (columns + left) % 2), dtype=np.bool_)
    framed[up : up + rows, left : left + columns] = half
    upper, lower = framed[::2], framed[1::2]
    return np.asarray(upper[:, ::2] | upper[:, 1::2] | lower[:, ::2] | lower[:, 1::2])


def _blocks(grid: Coarse, side: int) -> tuple[Floats, Bools]:
    """Compute means over square blocks, and which of them lie wholly in the interior."""
    rows, columns = (n // side for n in grid.values.shape)
    shape = (rows, side, columns, side)
    values: Floats = grid.values[: rows * side, : columns * side].reshape(shape).mean(axis=(1, 3))
    inside: Bools = np.asarray(grid.interior[: rows * side, : columns * side].reshape(shape).all(axis=(1, 3)))
    return values, inside


def _slope(scales: Sequence[int], values: Sequence[float]) -> float:
    return float(np.polyfit(np.log(scales), np.log(values), 1)[0])
