"""Grey level size zones on the CPU: 8-connected zones by one sweep and union-find.

Source of the definitions: Thibault et al., 2009; pyradiomics ``glszm``; IBSI 3.8. Labelling after Wu, Otoo and
Suzuki, Pattern Analysis and Applications 2009, with the decision tree's order and sizes summed at the labels.
"""

from __future__ import annotations

import numpy as np

from radiomics_mammo.compute.jit import kernel
from radiomics_mammo.core.records import RoiBatch
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.shared.neighbour_offsets import XLOG2X
from radiomics_mammo.features.shared.size_statistics import SHORT, SizeStats, occupied, reduce_sizes


def statistics(batch: RoiBatch, settings: Settings) -> SizeStats:
    """Find 8-connected zones of equal level and reduce their sizes."""
    del settings
    out = SizeStats.empty(batch.n_roi, 1, int(batch.n_levels.max()))
    _all(batch.levels, batch.starts, batch.shapes, batch.pad, batch.n_levels, XLOG2X, *out.arrays())
    return out


@kernel
def _all(levels, starts, shapes, pad, n_levels, log_table, count, square, inverse, joint):
    for r in range(len(shapes)):
        box = levels[starts[r] : starts[r + 1]]
        side = n_levels[r] + 1
        level_of, size_of = _zones(box, shapes[r, 0], shapes[r, 1], pad)
        width = np.int64(SHORT + 1)
        table = np.zeros(side * width, np.int32)
        long_keys = np.empty(shapes[r, 0] * shapes[r, 1] // SHORT + 1, np.int64)
        n_long = 0
        for k in range(len(level_of)):
            if size_of[k] < width:
                table[level_of[k] * width + size_of[k]] += 1
            else:
                long_keys[n_long] = np.int64(size_of[k]) * side + level_of[k]
                n_long += 1
        most = min(side * width + n_long, shapes[r, 0] * shapes[r, 1])
        i, j, c = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most)
        n = occupied(table, width, long_keys, n_long, side, i, j, c)
        reduce_sizes(r, 0, i[:n], j[:n], c[:n], log_table, count, square, inverse, joint)


@kernel
def _find(parent, k):
    while parent[k] != k:
        parent[k] = parent[parent[k]]
        k = parent[k]
    return k


@kernel
def _grown(a, n, capacity):
    b = np.empty(capacity, np.int32)
    b[:n] = a[:n]
    return b


@kernel
def _zones(box, rows, columns, pad):
    """Level and size of every zone."""
    w = columns + 2 * pad
    capacity = 1024 + 2 * columns
    parent, size, level = (
        np.empty(capacity, np.int32),
        np.empty(capacity, np.int32),
        np.empty(capacity, np.int32),
    )
    above, here = np.zeros(columns + 2, np.int32), np.zeros(columns + 2, np.int32)
    n = 0
    for y in range(rows):
        if n + columns > capacity:
            capacity = max(2 * capacity, n + columns)
            parent, size, level = (
                _grown(parent, n, capacity),
                _grown(size, n, capacity),
                _grown(level, n, capacity),
            )
        row = (y + pad) * w + pad
        for x in range(columns):
            at = row + x
            v = box[at]
            if v == 0:
                continue
            if box[at - w] == v:
                k = above[x + 1]
            elif box[at - w + 1] == v:
                k = above[x + 2]
                if box[at - w - 1] == v or box[at - 1] == v:
                    other = above[x] if box[at - w - 1] == v else here[x]
                    if other != k:
                        p, q = _find(parent, other), _find(parent, k)
                        k = min(p, q)
                        parent[max(p, q)] = k
            elif box[at - w - 1] == v:
                k = above[x]
            elif box[at - 1] == v:
                k = here[x]
            else:
                k = np.int32(n)
                parent[n] = n
                size[n] = 0
                level[n] = v
                n += 1
            here[x + 1] = k
            size[k] += 1
        above, here = here, above
    roots = 0
    for k in range(n - 1, -1, -1):  # parents have smaller numbers
        if parent[k] != k:
            size[parent[k]] += size[k]
    for k in range(n):
        if parent[k] == k:
            level[roots], size[roots] = level[k], size[k]
            roots += 1
    return level[:roots], size[:roots]
