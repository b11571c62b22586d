"""Neighbouring grey tone differences on the GPU."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import DeviceBatch, source
from radiomics_mammo.compute.reductions import Array
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.ngtdm.sufficient_statistics import NgtdmStats
from radiomics_mammo.features.shared.neighbours_cuda import neighbourhood, table_bytes

MOST_STRETCHES = 512
"""Blocks that share the levels of one region, at most."""
WORK_ARRAYS = 9
"""By level: count, difference, three of the occupied levels, four sums over pairs."""
FORMULA_ARRAYS = 16
"""By level: what the formulas hold at most."""


def statistics(batch: DeviceBatch, settings: Settings) -> NgtdmStats:
    """Add up each level's differences from the mean of its neighbours."""
    device, n, width = batch.device, batch.n_roi, batch.width
    table = neighbourhood(batch, settings).difference
    module = source("features/ngtdm/ngtdm.cu")
    count, difference = device.empty((n, width), np.float64), device.empty((n, width), np.float64)
    device.launch(
        module,
        "sum_differences",
        blocks=(n, _stretches(batch)),
        args=(table, batch.level_count, np.int64(width), np.int32(table.shape[-1] - 1), count, difference),
    )
    return NgtdmStats(count, difference, _pairs(batch, difference))


def footprint(framed: NDArray[np.int64], width: int, settings: Settings) -> NDArray[np.int64]:
    """Bytes of the device's memory for each region.

    Both tables of the shared pass are counted: this family may be the one that asks for them.
    """
    by_level = 8 * width * (WORK_ARRAYS + FORMULA_ARRAYS)
    return np.full(framed.shape, table_bytes(width, settings) + by_level + 8 * 4, np.int64)


def _pairs(batch: DeviceBatch, difference: Array) -> Array:
    """Add up over ordered pairs of occupied levels, shape (n_roi, 4)."""
    device, n, width = batch.device, batch.n_roi, batch.width
    module = source("features/ngtdm/ngtdm.cu")
    occupied, rows = device.empty((n, 3, width), np.float64), device.empty((n, 4, width), np.float64)
    joint = device.empty((n, 4), np.float64)
    device.launch(
        module,
        "list_occupied",
        blocks=(n,),
        args=(batch.level_count, difference, batch.rois, np.int64(width), occupied),
        shared=8 * device.threads,
    )
    device.launch(
        module,
        "sum_pairs",
        blocks=(n, _stretches(batch)),
        args=(occupied, batch.n_distinct, np.int64(width), rows),
    )
    device.launch(
        module,
        "add_rows",
        blocks=(-(-4 * n // (device.threads // 32)),),
        args=(rows, batch.n_distinct, np.int64(width), np.int64(4 * n), joint),
    )
    return joint


def _stretches(batch: DeviceBatch) -> int:
    return min(-(-batch.width // batch.device.threads), MOST_STRETCHES)
