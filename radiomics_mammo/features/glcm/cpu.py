"""Grey level co-occurrence on the CPU: counts, their marginals and joint sums, and the maximal correlation.

Source of the definitions: Haralick, IEEE Trans SMC 1973; pyradiomics ``glcm``; IBSI 3.6.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from radiomics_mammo.compute.jit import kernel
from radiomics_mammo.core.records import RoiBatch
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.glcm.mcc import second_correlation
from radiomics_mammo.features.glcm.sufficient_statistics import GlcmStats
from radiomics_mammo.features.shared.neighbour_offsets import XLOG2X, merge_weighted, offset_weights, unique_offsets

DENSE_ENTRIES = 65_536
"""A matrix is dense up to this many entries, or 16 entries a pixel if that is more; sparse above."""


class _Regions(NamedTuple):
    """The arrays of a RoiBatch that the kernel reads."""

    levels: np.ndarray
    starts: np.ndarray
    shapes: np.ndarray
    pad: int
    n_levels: np.ndarray


def statistics(batch: RoiBatch, settings: Settings) -> GlcmStats:
    """Count neighbouring pairs of levels and reduce them to sufficient statistics."""
    offsets = unique_offsets(settings.distances)
    symmetric = settings.symmetricalGLCM
    weighted = settings.weightingNorm is not None
    out = GlcmStats.empty(batch, 1 if weighted else len(offsets))
    pixels = np.diff(batch.value_starts)
    dense = (batch.n_levels + 1) ** 2 <= np.maximum(DENSE_ENTRIES, 16 * pixels)
    if dense.any() and not weighted:
        regions = _Regions(batch.levels, batch.starts, batch.shapes, batch.pad, batch.n_levels)
        _dense(np.flatnonzero(dense), regions, offsets, symmetric, XLOG2X, out.sums())
    for r in np.flatnonzero(~dense | weighted).tolist():
        matrices = [_sparse(batch, r, offset, symmetric) for offset in offsets]
        if weighted:
            weights = offset_weights(offsets, batch.spacing[r], str(settings.weightingNorm), decay=True)
            matrices = [merge_weighted(matrices, weights, int(batch.n_levels[r]) + 1)]
        for a, (i, j, c) in enumerate(matrices):
            _reduce(r, a, i, j, c, int(batch.n_levels[r]), symmetric, XLOG2X, out.sums())
    return out


def _sparse(batch: RoiBatch, r: int, offset: np.ndarray, symmetric: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sort the pairs of one region and angle into non-zero entries (i, j, count); i <= j if symmetric."""
    w = batch.shapes[r, 1] + 2 * batch.pad
    box = batch.levels[batch.starts[r] : batch.starts[r + 1]]
    a = np.flatnonzero(box)
    b = box[a + offset[0] * w + offset[1]]
    a = box[a][b > 0].astype(np.int64)
    b = b[b > 0].astype(np.int64)
    if symmetric:
        a, b = np.minimum(a, b), np.maximum(a, b)
    side = int(batch.n_levels[r]) + 1
    keys, counts = np.unique(a * side + b, return_counts=True)
    return keys // side, keys % side, counts.astype(np.float64)


@kernel
def _dense(rois, regions, offsets, symmetric, log_table, out):
    pad = regions.pad
    for r in rois:
        rows, columns = regions.shapes[r]
        side = regions.n_levels[r] + 1
        table = np.empty((4, side * side), np.int32)
        w = columns + 2 * pad
        box = regions.levels[regions.starts[r] : regions.starts[r + 1]]
        i = np.empty(side * side, np.int64)
        j = np.empty(side * side, np.int64)
        c = np.empty(side * side, np.float64)
        for group in range(0, offsets.shape[0], 4):
            table[:] = 0
            _sweep(table, box, rows, columns, pad, w, side, offsets[group : group + 4], symmetric)
            for k in range(4):
                n = _nonzero(table[k], side, i, j, c)
                _reduce(r, group + k, i[:n], j[:n], c[:n], regions.n_levels[r], symmetric, log_table, out)


@kernel
def _sweep(table, box, rows, columns, pad, w, side, offsets, symmetric):
    """Count four angles in one pass; row and column 0 of each table take what lies outside the region."""
    o0 = offsets[0, 0] * w + offsets[0, 1]
    o1 = offsets[1, 0] * w + offsets[1, 1]
    o2 = offsets[2, 0] * w + offsets[2, 1]
    o3 = offsets[3, 0] * w + offsets[3, 1]
    t0, t1, t2, t3 = table[0], table[1], table[2], table[3]
    for y in range(pad, rows + pad):
        for at in range(y * w + pad, y * w + pad + columns):
            a = np.int64(box[at])
            if a == 0:
                continue
            b0, b1 = np.int64(box[at + o0]), np.int64(box[at + o1])
            b2, b3 = np.int64(box[at + o2]), np.int64(box[at + o3])
            if symmetric:
                t0[min(a, b0) * side + max(a, b0)] += 1
                t1[min(a, b1) * side + max(a, b1)] += 1
                t2[min(a, b2) * side + max(a, b2)] += 1
                t3[min(a, b3) * side + max(a, b3)] += 1
            else:
                t0[a * side + b0] += 1
                t1[a * side + b1] += 1
                t2[a * side + b2] += 1
                t3[a * side + b3] += 1


@kernel
def _nonzero(table, side, i, j, c):
    n = 0
    for y in range(1, side):
        for at in range(y * side + 1, (y + 1) * side):
            if table[at] > 0:
                i[n] = y
                j[n] = at - y * side
                c[n] = table[at]
                n += 1
    return n


@kernel
def _reduce(r, a, i, j, c, n_levels, symmetric, log_table, out):
    """Add up marginals and joint sums of one matrix; ``joint`` is sum c, sum c^2, sum c log2 c, sum ijc, max c."""
    px, py, p_sum, p_diff, joint = out.px[r, a], out.py[r, a], out.p_sum[r, a], out.p_diff[r, a], out.joint[r, a]
    squares = logs = products = 0.0
    highest = 0.0
    for k in range(len(i)):
        y, x, n = i[k], j[k], c[k]
        twice = 1.0
        if symmetric:
            if y == x:
                n *= 2.0
            else:
                twice = 2.0
                px[x] += n
                py[y] += n
        px[y] += n
        py[x] += n
        p_sum[y + x] += twice * n
        p_diff[abs(y - x)] += twice * n
        squares += twice * n * n
        whole = np.int64(n)
        logs += twice * (log_table[whole] if whole < len(log_table) and whole == n else n * np.log2(n))
        products += twice * n * y * x
        highest = max(highest, n)
    count = 0.0
    for level in range(n_levels + 1):
        count += px[level]
    joint[0] = count
    joint[1] = squares
    joint[2] = logs
    joint[3] = products
    joint[4] = highest
    out.mcc[r, a] = second_correlation(i, j, c, px, py, symmetric)
