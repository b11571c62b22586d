"""Grey level co-occurrence on the GPU: the statistics of ``cpu.py``, all regions of a batch at once."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import DeviceBatch, source
from radiomics_mammo.compute.reductions import Array
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.glcm.entries_cuda import (
    Entries,
    Plan,
    capacity_of,
    dense_entries,
    is_dense,
    sparse_entries,
    table_bytes,
    table_entries,
)
from radiomics_mammo.features.glcm.sufficient_statistics import GlcmStats
from radiomics_mammo.features.shared.neighbour_offsets import XLOG2X, angle_weights, unique_offsets

REDUCE = "features/glcm/entries.cuh", "features/glcm/reduce.cu"
MCC = "features/glcm/entries.cuh", "features/glcm/mcc.cu"
MOST_STEPS = 1200
"""Of Lanczos' iteration, as in mcc.cu."""
VECTORS = 4
"""That the iteration keeps."""
MOST_SHARED = 40_960
"""Bytes of shared memory up to which they lie there; more would leave room for too few blocks."""
LEAST_MOST = 48 * 1024, 256 * 1024
"""Every GPU gives a block so much shared memory, and none more."""
FORMULA_ARRAYS = 16
"""Arrays as long as ``p_sum`` that the formulas hold at a time."""


def statistics(batch: DeviceBatch, settings: Settings) -> GlcmStats:
    """Count neighbouring pairs of levels and reduce them to sufficient statistics."""
    plan = _plan(batch, settings)
    dense = is_dense(batch.width, plan.symmetric, batch.device)
    return _reduce(batch, plan, dense_entries(batch, plan) if dense else sparse_entries(batch, plan))


def footprint(framed: NDArray[np.int64], width: int, settings: Settings) -> NDArray[np.int64]:
    """Bytes that ``statistics`` and the formulas take for each region."""
    symmetric, n_angle = settings.symmetricalGLCM, len(unique_offsets(settings.distances))
    merged = n_angle if settings.weightingNorm is not None else 1
    n_segment, rows = n_angle // merged, (width - 1) * (1 if symmetric else 2)
    capacity = capacity_of(framed, np.full_like(framed, width - 1), symmetric, merged)
    tables = n_angle * 4 * table_entries(width, symmetric) + n_segment * 12 * capacity
    # Keys, what sorting takes, heads and numbers: 8 bytes each; and as many entries, 12 bytes each.
    keys = n_angle * 2 * framed * (4 * 8 + 12)
    dense, sparse = table_bytes(width, symmetric) <= LEAST_MOST[1], table_bytes(width, symmetric) > LEAST_MOST[0]
    counting = np.maximum(tables * dense, keys * sparse)
    nodes = n_segment * ((rows + 1) * (4 + 8 + 8) + rows * 8 * (1 + VECTORS))
    levels = n_segment * 8 * (5 * width + 6) + n_angle * 4 * 3 * width
    small = n_segment * (24 + 3 * 8) + n_angle * 5 * 8
    return counting + nodes + levels + small + n_segment * 8 * FORMULA_ARRAYS * 2 * width


def _plan(batch: DeviceBatch, settings: Settings) -> Plan:
    device, offsets = batch.device, unique_offsets(settings.distances)
    on_device = device.constant(offsets.astype(np.int32))
    if settings.weightingNorm is None:
        return Plan(on_device, settings.symmetricalGLCM, 1, device.constant(np.ones((1, 1))))
    weights = angle_weights(batch, offsets, str(settings.weightingNorm), decay=True)
    return Plan(on_device, settings.symmetricalGLCM, len(offsets), weights)


def _reduce(batch: DeviceBatch, plan: Plan, entries: Entries) -> GlcmStats:
    """Marginals, joint sums and the maximal correlation, out of non-zero entries."""
    device, width, n_out = batch.device, batch.width, plan.n_segment
    shape, grid, symmetric = (batch.n_roi, n_out), (batch.n_roi, n_out), np.int32(plan.symmetric)
    p_sum, p_diff = device.empty((*shape, 2 * width - 1), np.float64), device.empty((*shape, width), np.float64)
    px, py = device.zeros((*shape, width), np.float64), device.zeros((*shape, width), np.float64)
    joint, node_sum = device.empty((*shape, 5), np.float64), device.empty(len(entries.node_row), np.float64)
    logs = device.constant(XLOG2X)
    device.launch(
        source(*REDUCE),
        "write_diagonals",
        blocks=grid,
        args=(
            entries.diagonals, np.int64(width), np.int32(plan.merged), symmetric, plan.weights, plan.weight_stride,
            p_sum, p_diff,
        ),
    )  # fmt: skip
    device.launch(
        source(*REDUCE),
        "reduce_entries",
        blocks=grid,
        args=(
            batch.rois, entries.segments, entries.node_row, entries.row_start, entries.node_of, np.int64(entries.rows),
            np.int64(width), symmetric, logs, np.int32(len(XLOG2X)), entries.column, entries.value, node_sum,
            px, py, joint,
        ),
    )  # fmt: skip
    mcc = _second_correlation(batch, plan, entries, node_sum, joint)
    n_levels, n_distinct = batch.n_levels.astype(np.float64), batch.n_distinct.astype(np.float64)
    return GlcmStats(px, py, p_sum, p_diff, joint, mcc, n_levels, n_distinct)


def _second_correlation(batch: DeviceBatch, plan: Plan, entries: Entries, node_sum: Array, joint: Array) -> Array:
    device = batch.device
    steps = min(6 * (batch.width - 1), MOST_STEPS)
    coefficients, vectors = 8 * (2 * steps + 1), 8 * VECTORS * entries.rows
    in_shared = coefficients + vectors <= MOST_SHARED
    mcc = device.empty((batch.n_roi, plan.n_segment), np.float64)
    scratch = device.empty(0 if in_shared else len(entries.segments) * VECTORS * entries.rows, np.float64)
    device.launch(
        source(*MCC),
        "second_correlation",
        blocks=(batch.n_roi, plan.n_segment),
        args=(
            entries.segments, entries.row_start, entries.column, entries.value, node_sum, joint,
            device.constant(_noise(batch.width)), np.int32(plan.symmetric), np.int32(steps),
            np.int64(entries.rows), np.int32(in_shared), scratch, mcc,
        ),
        shared=coefficients + (vectors if in_shared else 0),
    )  # fmt: skip
    return mcc


def _noise(n: int) -> NDArray[np.float64]:
    """At least n pseudo-random numbers, the same as in ``mcc.py``; few lengths, so that few tables are sent."""
    return _xorshift(max(4096, 1 << (n - 1).bit_length()))


@cache
def _xorshift(n: int) -> NDArray[np.float64]:
    state, low64 = 0x9E3779B97F4A7C15, (1 << 64) - 1
    out = np.empty(n)
    for k in range(n):
        state ^= state << 13 & low64
        state ^= state >> 7
        state ^= state << 17 & low64
        out[k] = (state >> 11) / 9007199254740992 - 0.5
    return out
