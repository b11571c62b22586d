"""Matrices of level by size on the GPU: from counts to their statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import DeviceBatch, source
from radiomics_mammo.compute.reductions import Array
from radiomics_mammo.features.shared.neighbour_offsets import XLOG2X
from radiomics_mammo.features.shared.size_statistics import SizeStats

SOURCES = ("features/shared/sizes.cuh", "features/shared/sizes.cu")
NOTHING = np.uintp(0)
"""A null pointer."""
SORTED_IN_SHARED = 16_384
"""Bytes of shared memory in which a list is sorted, at most; longer lists are sorted where they lie."""

CACHE_BYTES, CACHED = 16_384, 4
"""Shared memory in which a block counts the smallest sizes, and how many sizes at most."""
FORMULA_ARRAYS = 16
"""Arrays by level that the formulas hold at a time, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class LongSizes:
    """What is too large for the table: unsorted lists (``long_list`` in sizes.cuh).

    Attributes
    ----------
    keys : Array of int64, shape (n_pixels // n_sizes * n_angle,)
        Size, level and angle in one number each (``long_key`` in sizes.cuh); ``reduce_sizes`` sorts them.
    n : Array of int32, shape (n_roi, n_matrix)
        How many each list holds; ``n_matrix`` is 1 where all angles become one matrix, ``n_angle`` otherwise.
    """

    keys: Array
    n: Array

    @classmethod
    def empty(cls, batch: DeviceBatch, n_angle: int, n_matrix: int, n_sizes: int) -> LongSizes:
        """Empty lists with room for all that a batch can hold."""
        capacity = int(batch.levels.size) // n_sizes * n_angle
        return cls(batch.device.empty(capacity, np.int64), batch.device.zeros((batch.n_roi, n_matrix), np.int32))


def reduce_sizes(
    batch: DeviceBatch, table: Array, *, long: LongSizes | None = None, weights: Array | None = None
) -> SizeStats:
    """Reduce matrices of level by size, in the cpu engine's order of additions.

    Parameters
    ----------
    table : Array of int32, shape (n_roi, n_angle, batch.width, n_sizes)
        Entry [r, a, i, j] counts what is of level i and size j; level 0 and size 0 are left out.
    long : LongSizes or None
        What is of size ``n_sizes`` or more; sorted in place.
    weights : Array of float64, shape (n_roi, n_angle), or None
        Add the angles' matrices, each times its weight, to one; None keeps them apart.

    Returns
    -------
    SizeStats
        Arrays of float64 on the device, shapes (n_roi, n_matrix, batch.width) and (n_roi, n_matrix, 4).
    """
    device = batch.device
    n_roi, n_angle, width, n_sizes = table.shape
    n_matrix = n_angle if weights is None else 1
    if long is not None:
        _sort(batch, long, n_angle, n_sizes)
    levels = (n_roi, n_matrix, width)
    count, square, inverse = (device.empty(levels, np.float64) for _ in range(3))
    joint = device.empty((n_roi, n_matrix, 4), np.float64)
    keys, n_long = (NOTHING, NOTHING) if long is None else (long.keys, long.n)
    device.launch(
        source(*SOURCES),
        "reduce_sizes",
        blocks=(n_roi, n_matrix),
        args=(
            batch.rois, table, np.int32(n_angle), np.int64(width), np.int32(n_sizes), keys, n_long,
            NOTHING if weights is None else weights, device.constant(XLOG2X), np.int32(len(XLOG2X)),
            count, square, inverse, joint,
        ),
        shared=8 * (max(device.threads, n_sizes) + n_sizes),
    )  # fmt: skip
    return SizeStats(count, square, inverse, joint)


def _sort(batch: DeviceBatch, long: LongSizes, n_angle: int, n_sizes: int) -> None:
    """Sort every list, in shared memory where it fits."""
    shared = min(SORTED_IN_SHARED, batch.device.shared_bytes)
    batch.device.launch(
        source(*SOURCES),
        "sort_long",
        blocks=long.n.shape,
        args=(batch.rois, np.int32(n_angle), np.int32(n_sizes), np.int32(shared // 8), long.n, long.keys),
        shared=shared,
    )


def cached_sizes(batch: DeviceBatch) -> int:
    """How many of the smallest sizes a block counts in shared memory."""
    return min(CACHED, min(CACHE_BYTES, batch.device.shared_bytes) // (4 * batch.width))


def footprint(
    framed: NDArray[np.int64], width: int, *, n_angle: int, n_matrix: int, n_sizes: int, long: bool
) -> NDArray[np.int64]:
    """Bytes of each region for a table, its statistics and the formulas over them."""
    table = 4 * n_angle * width * n_sizes
    lists = 8 * n_angle * (framed // n_sizes + 1) + 4 * n_matrix if long else 0
    by_level = 8 * n_matrix * width
    return np.asarray(table + lists + (3 + FORMULA_ARRAYS) * by_level + 32 * n_matrix + 0 * framed)
