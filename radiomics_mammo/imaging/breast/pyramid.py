"""The small image on which landmarks are found, and the way back to full size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.jit import kernel

SMALL = 512
"""Pixels of the longer side of the small image: 0.5 mm on a mammogram of 24 x 29 cm."""


def shrink(image: NDArray[Any]) -> tuple[NDArray[np.float32], int]:
    """Compute means over square blocks, which removes grain and dead pixels.

    Parameters
    ----------
    image : ndarray, shape (rows, columns)
        Integers or floats. Values that are not finite become the darkest of the others.

    Returns
    -------
    small : ndarray of float32
        At most ``SMALL`` pixels a side; the last row and column average what is left of the image.
    block : int
        Side of a block.
    """
    block = max(1, -(-max(image.shape) // SMALL))
    values = image
    if values.dtype.kind == "f":
        finite = np.isfinite(values)
        if not finite.all():
            values = np.where(finite, values, values[finite].min() if finite.any() else 0)
    if block == 1:
        return values.astype(np.float32), 1
    rows, columns = values.shape
    total = np.uint32 if values.dtype.kind in "bu" and values.dtype.itemsize <= 2 else np.float64
    whole = rows // block * block
    bands = values[:whole].reshape(-1, block, columns).sum(axis=1, dtype=total)
    if whole < rows:
        bands = np.concatenate([bands, values[whole:].sum(axis=0, dtype=total, keepdims=True)])
    starts = np.arange(0, columns, block)
    sums = np.add.reduceat(bands, starts, axis=1)
    height = np.minimum(block, rows - np.arange(0, rows, block))
    counts = height[:, None] * np.minimum(block, columns - starts)
    return (sums / counts).astype(np.float32), block


def enlarge(
    field: NDArray[np.float32], *, rows_at: NDArray[np.float64], columns_at: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Compute where a field is above zero on a finer grid, by linear interpolation.

    Parameters
    ----------
    field : ndarray of float32, shape (rows, columns)
        Above zero inside.
    rows_at, columns_at : ndarray of float64
        Where to look, in pixels of the field, ascending; beyond its edge the edge's own values hold.

    Returns
    -------
    ndarray of bool, shape (len(rows_at), len(columns_at))
    """
    low_row, by_row = _between(rows_at, field.shape[0])
    low_column, by_column = _between(columns_at, field.shape[1])
    framed = np.pad(field, ((0, 1), (0, 1)), mode="edge")
    # Columns that share their neighbours lie side by side: runs[c] to runs[c + 1] have c at their left.
    runs = np.searchsorted(low_column, np.arange(field.shape[1] + 1))
    inside: NDArray[np.bool_] = _above_zero(framed, low_row, by_row, runs, by_column)
    return inside


def centres(count: int, *, first: float = 0.0, step: float = 1.0, block: int = 1) -> NDArray[np.float64]:
    """Return the positions of pixel centres on the small image.

    Parameters
    ----------
    count : int
        How many pixels.
    first, step : float
        Edge of the first pixel and size of each, in pixels of the image.
    block : int
        As :func:`shrink` gave it.
    """
    at: NDArray[np.float64] = (first + (np.arange(count) + 0.5) * step) / block - 0.5
    return at


def _between(at: NDArray[np.float64], length: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    clipped = np.clip(at, 0, length - 1)
    low = clipped.astype(np.int64)
    return low, (clipped - low).astype(np.float32)


@kernel
def _above_zero(
    field: NDArray[np.float32],
    low_row: NDArray[np.int64],
    by_row: NDArray[np.float32],
    runs: NDArray[np.int64],
    by_column: NDArray[np.float32],
) -> NDArray[np.bool_]:
    unit, zero = np.float32(1.0), np.float32(0.0)
    rows, width = len(low_row), field.shape[1]
    inside = np.zeros((rows, len(by_column)), np.bool_)
    line = np.empty(width, np.float32)
    for i in range(rows):
        r, w = low_row[i], by_row[i]
        for k in range(width):
            line[k] = field[r, k] * (unit - w) + field[r + 1, k] * w
        for c in range(width - 1):
            if line[c] > zero and line[c + 1] > zero:
                inside[i, runs[c] : runs[c + 1]] = True
            elif line[c] > zero or line[c + 1] > zero:
                for j in range(runs[c], runs[c + 1]):
                    u = by_column[j]
                    inside[i, j] = line[c] * (unit - u) + line[c + 1] * u > zero
    return inside
