"""Contrast-limited adaptive histogram equalisation (CLAHE)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEVELS = 256
TILES = 8
CLIP = 2.0


def equalised(picture: NDArray[np.float32], *, tiles: int = TILES, clip: float = CLIP) -> NDArray[np.float32]:
    """Compute contrast-limited adaptive histogram equalisation (Zuiderveld 1994).

    The picture is cut into tiles. In each, counts above ``clip`` times the mean count are taken off and spread over
    all levels; the cumulative counts then say where each level goes. Between the tiles' centres their answers are
    interpolated.

    Graphics Gems IV, 474-485. ``clip`` is from 1 (hardly any change) up; the picture is mirrored at its end where it
    cannot be cut evenly.
    """
    rows, columns = picture.shape
    levels = np.rint(picture * (LEVELS - 1)).astype(np.intp)
    tile = -(-rows // tiles), -(-columns // tiles)
    whole = np.pad(levels, ((0, tile[0] * tiles - rows), (0, tile[1] * tiles - columns)), mode="symmetric")
    curves = _curves(whole, tile, tiles=tiles, clip=clip)
    (top, bottom, down), (left, right, across) = (
        _between(length, step, tiles) for length, step in zip((rows, columns), tile, strict=True)
    )
    upper, lower = (
        (1.0 - across) * curves[row[:, None], left, levels] + across * curves[row[:, None], right, levels]
        for row in (top, bottom)
    )
    return ((1.0 - down[:, None]) * upper + down[:, None] * lower).astype(np.float32)


def _curves(levels: NDArray[np.intp], tile: tuple[int, int], *, tiles: int, clip: float) -> NDArray[np.float64]:
    """Compute the mapping of levels in each tile, shape (tiles, tiles, LEVELS)."""
    number = np.arange(tiles * tiles).reshape(tiles, tiles).repeat(tile[0], axis=0).repeat(tile[1], axis=1)
    counts = np.bincount((number * LEVELS + levels).ravel(), minlength=tiles * tiles * LEVELS).astype(np.float64)
    counts = counts.reshape(tiles, tiles, LEVELS)
    pixels = tile[0] * tile[1]
    clipped = np.minimum(counts, clip * pixels / LEVELS)
    clipped += (pixels - clipped.sum(axis=2, keepdims=True)) / LEVELS
    curves: NDArray[np.float64] = np.minimum(np.cumsum(clipped, axis=2) / pixels, 1.0)
    return curves


def _between(length: int, step: int, tiles: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return the tiles before and after each pixel, and the weight of the second."""
    at = np.clip((np.arange(length) + 0.5) / step - 0.5, 0.0, tiles - 1.0)
    before = np.floor(at).astype(np.intp)
    return before, np.minimum(before + 1, tiles - 1), at - before
