"""The non-zero entries of the co-occurrence matrices of a batch, counted in tables or by sorting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import Device, DeviceBatch, source
from radiomics_mammo.compute.reductions import Array

DENSE = "features/glcm/entries.cuh", "features/glcm/dense.cu"
SPARSE = "features/glcm/entries.cuh", "features/glcm/sparse.cu"


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is to be counted; a segment is one matrix of a region.

    Attributes
    ----------
    offsets : Array of int32, shape (n_angle, 2)
        (row, column) steps.
    symmetric : bool
        Count each pair in both directions.
    merged : int
        Angles that make up a segment: 1, or all of them.
    weights : Array of float64, shape (n_roi, n_angle) or (1, 1)
        How much each angle of a segment counts.
    """

    offsets: Array
    symmetric: bool
    merged: int
    weights: Array

    @property
    def n_angle(self) -> int:
        """How many angles are counted."""
        return len(self.offsets)

    @property
    def n_segment(self) -> int:
        """Segments of a region."""
        return self.n_angle // self.merged

    @property
    def weight_stride(self) -> np.int64:
        """Weights from one region to the next."""
        return np.int64(self.merged if self.merged > 1 else 0)


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Non-zero entries of all segments, as entries.cuh has it; n_segment is that of the batch.

    Attributes
    ----------
    rows : int
        Rows that a segment may have.
    segments : Array of int64, shape (n_segment, 3)
        ``struct Segment``.
    node_row : Array of int32, shape (n_segment * (rows + 1),)
        Row of each node.
    row_start : Array of int64, shape (n_segment * (rows + 1),)
        First entry of each node; a segment's last is followed by where its entries end.
    node_of : Array of int64, shape (n_segment, rows)
        Node of each row that holds anything.
    column : Array of int32
        Row that each entry's column is as a row.
    value : Array of float64
        Counts, or weighted sums of them.
    diagonals : Array of int32, shape (n_roi, n_angle, 3 * width)
        Pairs by i + j, then by abs(i - j), counted in one direction.
    """

    rows: int
    segments: Array
    node_row: Array
    row_start: Array
    node_of: Array
    column: Array
    value: Array
    diagonals: Array

    @classmethod
    def empty(cls, batch: DeviceBatch, plan: Plan, capacity: int) -> Entries:
        """Room for so many entries, nothing counted."""
        device, n = batch.device, batch.n_roi * plan.n_segment
        rows = (batch.width - 1) * (1 if plan.symmetric else 2)
        return cls(
            rows,
            device.empty((n, 3), np.int64),
            device.empty(n * (rows + 1), np.int32),
            device.empty(n * (rows + 1), np.int64),
            device.empty((n, rows), np.int64),
            device.empty(capacity, np.int32),
            device.empty(capacity, np.float64),
            device.zeros((batch.n_roi, plan.n_angle, 3 * batch.width), np.int32),
        )

    def arrays(self) -> tuple[Array, ...]:
        """Return what kernels that find entries write, in the order of their arguments."""
        return self.segments, self.node_row, self.row_start, self.node_of, self.column, self.value


def table_entries(width: int, symmetric: bool) -> int:
    """Return the number of counts in a table of all pairs of levels."""
    n = width - 1
    return n * (n + 1) // 2 if symmetric else n * n


def table_bytes(width: int, symmetric: bool) -> int:
    """Return the shared memory that counting in a table takes, its diagonals included."""
    return 4 * (table_entries(width, symmetric) + 3 * width - 2)


def is_dense(width: int, symmetric: bool, device: Device) -> bool:
    """Return whether levels are counted in tables, in a block's shared memory."""
    return table_bytes(width, symmetric) <= device.shared_bytes


def capacity_of(
    framed: NDArray[np.int64], bounds: NDArray[np.int64], symmetric: bool, merged: int
) -> NDArray[np.int64]:
    """Return how many entries a segment can have."""
    smaller: NDArray[np.int64] = np.minimum((1 if symmetric else 2) * bounds * bounds, 2 * merged * framed)
    return smaller


def dense_entries(batch: DeviceBatch, plan: Plan) -> Entries:
    """Count in tables: a block's, then the region's, then its non-zero entries."""
    device, width = batch.device, batch.width
    size, symmetric = table_entries(width, plan.symmetric), np.int32(plan.symmetric)
    framed = (batch.shapes + 2 * batch.pad).prod(axis=1)
    capacity = int(capacity_of(framed, batch.bounds, plan.symmetric, plan.merged).sum()) * plan.n_segment
    entries = Entries.empty(batch, plan, capacity)
    tables = device.zeros((batch.n_roi, plan.n_angle, size), np.int32)
    device.launch(
        source(*DENSE),
        "count_pairs",
        blocks=(batch.n_tiles, plan.n_angle),
        args=(
            batch.rois, batch.tiles, batch.levels, np.int32(batch.pad), plan.offsets, symmetric,
            np.int64(width), np.int64(size), tables, entries.diagonals,
        ),
        shared=table_bytes(width, plan.symmetric),
    )  # fmt: skip
    device.launch(
        source(*DENSE),
        "gather_entries",
        blocks=(batch.n_roi, plan.n_segment),
        args=(
            batch.rois, symmetric, np.int64(entries.rows), np.int64(size), tables, np.int32(plan.merged),
            plan.weights, plan.weight_stride, _slots(batch, plan), *entries.arrays(),
        ),
        shared=2 * 4 * entries.rows,
    )  # fmt: skip
    return entries


def _slots(batch: DeviceBatch, plan: Plan) -> Array:
    """Where each segment's entries begin, worked out on the device."""
    xp, rois = batch.device.xp, batch.rois
    framed = (rois[:, 0] + 2 * batch.pad) * (rois[:, 1] + 2 * batch.pad)
    most = (1 if plan.symmetric else 2) * rois[:, 3] * rois[:, 3]
    capacity = xp.repeat(xp.minimum(most, 2 * plan.merged * framed), plan.n_segment)
    return xp.cumsum(capacity) - capacity


def sparse_entries(batch: DeviceBatch, plan: Plan) -> Entries:
    """Count by sorting all pairs of the batch."""
    device, symmetric = batch.device, np.int32(plan.symmetric)
    n_keys = 2 * plan.n_angle * int((batch.shapes + 2 * batch.pad).prod(axis=1).sum())
    entries = Entries.empty(batch, plan, n_keys)
    # With the most levels that a region may have, 2^23 segments of 16 merged angles fit into a key.
    bits = np.int32(entries.rows.bit_length())
    angle_bits = np.int32((plan.merged - 1).bit_length())
    keys = device.empty(n_keys, np.int64)
    device.launch(
        source(*SPARSE),
        "write_keys",
        blocks=(batch.n_tiles, plan.n_angle),
        args=(
            batch.rois, batch.tiles, batch.levels, np.int32(batch.pad), plan.offsets, symmetric,
            np.int32(plan.merged), bits, angle_bits, keys,
        ),
    )  # fmt: skip
    with device.stage("glcm: sort"):
        keys.sort()  # CuPy has Thrust do it, which may wait for the device: the only place in a batch
    blocks = (-(-n_keys // device.threads),)
    heads = device.empty(n_keys, np.int64)
    device.launch(
        source(*SPARSE), "mark_heads", blocks=blocks, args=(keys, np.int64(n_keys), bits, angle_bits, heads)
    )  # fmt: skip
    numbers = device.xp.cumsum(heads)
    device.launch(
        source(*SPARSE),
        "write_entries",
        blocks=blocks,
        args=(
            batch.rois, keys, np.int64(n_keys), numbers, symmetric, np.int64(entries.rows), np.int64(batch.width),
            np.int32(plan.n_segment), np.int32(plan.merged), bits, angle_bits,
            plan.weights, plan.weight_stride, entries.diagonals, *entries.arrays(),
        ),
    )  # fmt: skip
    return entries
