"""Grey level run lengths on the CPU.

Source of the definitions: Galloway, 1975; pyradiomics ``glrlm``; IBSI 3.7.
"""

from __future__ import annotations

import numpy as np

from radiomics_mammo.compute.jit import kernel
from radiomics_mammo.core.records import RoiBatch
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.shared.neighbour_offsets import XLOG2X, merge_weighted, offset_weights
from radiomics_mammo.features.shared.size_statistics import SHORT, SizeStats, occupied, reduce_sizes

ANGLES = np.array([[0, 1], [1, 1], [1, 0], [1, -1]], dtype=np.int64)


def statistics(batch: RoiBatch, settings: Settings) -> SizeStats:
    """Count runs of equal level along four angles and reduce them to sufficient statistics."""
    weighted = settings.weightingNorm is not None
    out = SizeStats.empty(batch.n_roi, 1 if weighted else 4, int(batch.n_levels.max()))
    if not weighted:
        _all(batch.levels, batch.starts, batch.shapes, batch.pad, batch.n_levels, XLOG2X, *out.arrays())
        return out
    for r in range(batch.n_roi):
        box = batch.levels[batch.starts[r] : batch.starts[r + 1]]
        i, j, c, n = _runs(box, *batch.shapes[r], batch.pad, batch.n_levels[r])
        entries = [(i[k, : n[k]], j[k, : n[k]], c[k, : n[k]]) for k in range(4)]
        weights = offset_weights(ANGLES, batch.spacing[r], str(settings.weightingNorm), decay=False)
        merged = merge_weighted(entries, weights, int(batch.shapes[r].max()) + 1)
        reduce_sizes(r, 0, *merged, XLOG2X, *out.arrays())
    return out


@kernel
def _all(levels, starts, shapes, pad, n_levels, log_table, count, square, inverse, joint):
    for r in range(len(shapes)):
        box = levels[starts[r] : starts[r + 1]]
        i, j, c, n = _runs(box, shapes[r, 0], shapes[r, 1], pad, n_levels[r])
        for a in range(4):
            reduce_sizes(r, a, i[a, : n[a]], j[a, : n[a]], c[a, : n[a]], log_table, count, square, inverse, joint)


@kernel
def _runs(box, rows, columns, pad, n_levels):
    """Non-zero entries (level, length, count) of the four angles, and how many each angle has."""
    w = columns + 2 * pad
    width = np.int64(SHORT + 1)
    side = n_levels + 1
    table = np.zeros((4, side * width), np.int32)
    lined = _lined(box, rows, columns, pad, w)
    long_keys = np.empty((4, rows * columns // SHORT + 1), np.int64)
    n_long = np.zeros(4, np.int64)
    _sweep(box, rows, columns, pad, w, width, side, table, long_keys, n_long)
    most = min(side * width + n_long.max(), rows * columns)
    i, j, c = np.empty((4, most), np.int64), np.empty((4, most), np.int64), np.empty((4, most))
    n = np.zeros(4, np.int64)
    for a in range(4):
        if lined[a]:
            n[a] = occupied(table[a], width, long_keys[a], n_long[a], side, i[a], j[a], c[a])
    return i, j, c, n


@kernel
def _lined(box, rows, columns, pad, w):
    """Which angles have a line that holds two pixels of the region; pyradiomics leaves the others out."""
    met = np.zeros((4, rows + columns), np.bool_)
    lined = np.zeros(4, np.bool_)
    for y in range(rows):
        for x in range(columns):
            if box[(y + pad) * w + pad + x] == 0:
                continue
            for a, line in enumerate((y, x - y + rows, x, x + y)):
                lined[a] = lined[a] or met[a, line]
                met[a, line] = True
        if lined.all():
            break
    return lined


@kernel
def _sweep(box, rows, columns, pad, w, width, side, table, long_keys, n_long):
    """One pass: the length so far of the run through each pixel, kept for the row above in each angle.

    What ends a run is written out four times: handing arrays to a function costs a counted reference at every pixel,
    which is ten times the work itself.
    """
    a1, a2, a3 = np.zeros(columns + 2, np.int64), np.zeros(columns + 2, np.int64), np.zeros(columns + 2, np.int64)
    h1, h2, h3 = np.zeros(columns + 2, np.int64), np.zeros(columns + 2, np.int64), np.zeros(columns + 2, np.int64)
    t0, t1, t2, t3 = table[0], table[1], table[2], table[3]
    for y in range(rows):
        run = np.int64(0)
        row = (y + pad) * w + pad
        for x in range(columns):
            at = row + x
            v = np.int64(box[at])
            if v == 0:
                continue
            base = v * width
            run = run * np.int64(box[at - 1] == v) + 1
            if box[at + 1] != v:
                if run < width:
                    t0[base + run] += 1
                else:
                    long_keys[0, n_long[0]] = run * side + v
                    n_long[0] += 1
            q = a1[x] * np.int64(box[at - w - 1] == v) + 1
            h1[x + 1] = q
            if box[at + w + 1] != v:
                if q < width:
                    t1[base + q] += 1
                else:
                    long_keys[1, n_long[1]] = q * side + v
                    n_long[1] += 1
            q = a2[x + 1] * np.int64(box[at - w] == v) + 1
            h2[x + 1] = q
            if box[at + w] != v:
                if q < width:
                    t2[base + q] += 1
                else:
                    long_keys[2, n_long[2]] = q * side + v
                    n_long[2] += 1
            q = a3[x + 2] * np.int64(box[at - w + 1] == v) + 1
            h3[x + 1] = q
            if box[at + w - 1] != v:
                if q < width:
                    t3[base + q] += 1
                else:
                    long_keys[3, n_long[3]] = q * side + v
                    n_long[3] += 1
        a1, h1 = h1, a1
        a2, h2 = h2, a2
        a3, h3 = h3, a3
