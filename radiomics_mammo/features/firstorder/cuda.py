"""First-order statistics on the GPU: exact percentiles by radix selection, moments in three passes."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import DeviceBatch, source
from radiomics_mammo.compute.reductions import Array
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.firstorder.cpu import N_MOMENTS, QUANTILES
from radiomics_mammo.features.firstorder.sufficient_statistics import FirstOrderStats

# As in firstorder.cu.
N_RANKS, RANK_BYTES, N_BINS = 12, 16, 256
N_SUMS = 6
"""Most sums that one pass over the tiles takes."""
SMALLEST_TILE = 256
"""No device has smaller tiles: what the footprint reckons with."""


def statistics(batch: DeviceBatch, settings: Settings) -> FirstOrderStats:
    """Moments, percentiles and level counts of every region."""
    device, n, n_tiles = batch.device, batch.n_roi, np.int64(batch.n_tiles)
    by_tile, by_roi = _launchers(batch)
    pixels = (batch.upload, batch.rois, batch.tiles, np.int64(device.tile))
    partial_sums = device.empty((N_SUMS, batch.n_tiles), np.float64)
    moments, inner = device.empty((n, N_MOMENTS), np.float64), device.empty((n, 2), np.float64)
    by_tile("sum_tiles", args=(*pixels, n_tiles, np.float64(settings.voxelArrayShift), partial_sums))
    values = _quantiles(batch, partial_sums, moments)
    by_tile("sum_powers", args=(*pixels, n_tiles, moments, values, partial_sums))
    by_roi("end_powers", args=(batch.rois, n_tiles, partial_sums, values, moments, inner))
    by_tile("sum_robust", args=(*pixels, inner, values, partial_sums))
    by_roi("end_robust", args=(batch.rois, partial_sums, inner, moments))
    pixel_area = batch.spacing[:, 0] * batch.spacing[:, 1]
    return FirstOrderStats.of(moments, values, pixel_area, batch.level_count.astype(np.float64))


def _quantiles(batch: DeviceBatch, partial_sums: Array, moments: Array) -> Array:
    """Percentiles, shape (n_roi, 5); fills in number, low, high, mean and energy of ``moments``.

    An intensity of b bytes takes b rounds, in each of which the next byte of all ranks is found.
    """
    device, n = batch.device, batch.n_roi
    by_tile, by_roi = _launchers(batch)
    quantiles = device.constant(QUANTILES)
    ranks = device.empty((n, N_RANKS * RANK_BYTES), np.uint8)
    counts = device.zeros((n, N_RANKS, N_BINS), np.int32)
    values = device.empty((n, len(QUANTILES)), np.float64)
    by_roi("begin_search", args=(batch.rois, np.int64(batch.n_tiles), partial_sums, quantiles, moments, ranks))
    pixels = (batch.upload, batch.rois, batch.tiles, np.int64(device.tile))
    for k in range(batch.item_bytes):
        by_tile("count_bytes", args=(*pixels, np.int32(k), ranks, counts), shared=4 * N_RANKS * N_BINS)
        by_roi("narrow", args=(batch.rois, np.int32(k), ranks, counts), shared=0)
    blocks = (-(-n // device.threads),)
    by_roi(
        "end_search",
        blocks=blocks,
        args=(batch.rois, np.int32(n), ranks, quantiles, moments, values),
        shared=0,
    )
    return values


def _launchers(batch: DeviceBatch) -> tuple[partial[None], partial[None]]:
    """Launch a kernel with a block for every tile, and one with a block for every region, both with room for a sum."""
    device = batch.device
    launch = partial(device.launch, source("features/firstorder/firstorder.cu"), shared=8 * device.threads)
    return partial(launch, blocks=(batch.n_tiles,)), partial(launch, blocks=(batch.n_roi,))


def footprint(framed: NDArray[np.int64], width: int, settings: Settings) -> NDArray[np.int64]:
    """Bytes that the statistics and the formulas of a region take at most."""
    del settings
    search = N_RANKS * (RANK_BYTES + 4 * N_BINS)
    shared = 8 * (N_MOMENTS + len(QUANTILES) + 2 + 1)
    by_level = 8 * width
    formulas = 16 * by_level
    return 8 * N_SUMS * (framed // SMALLEST_TILE + 1) + search + shared + by_level + formulas
