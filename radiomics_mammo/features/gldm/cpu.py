"""Grey level dependences on the CPU: how many neighbours of each pixel are of (almost) its level.

Source of the definitions: Sun and Wee, 1983 (NGLDM); pyradiomics ``gldm``; IBSI 3.11.
"""

from __future__ import annotations

import numpy as np

from radiomics_mammo.compute.jit import kernel
from radiomics_mammo.core.records import RoiBatch
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.shared.neighbour_offsets import XLOG2X, neighbour_offsets
from radiomics_mammo.features.shared.size_statistics import SizeStats, occupied, reduce_sizes


def statistics(batch: RoiBatch, settings: Settings) -> SizeStats:
    """Count dependent neighbours and reduce the counts to sufficient statistics."""
    out = SizeStats.empty(batch.n_roi, 1, int(batch.n_levels.max()))
    offsets = neighbour_offsets(settings.distances)
    _all(batch.levels, batch.starts, batch.shapes, batch.pad, batch.n_levels, offsets,
         settings.gldm_a, XLOG2X, *out.arrays())  # fmt: skip
    return out


@kernel
def _all(levels, starts, shapes, pad, n_levels, offsets, alpha, log_table, count, square, inverse, joint):
    width = np.int64(len(offsets) + 2)  # the pixel itself and all its neighbours
    none = np.empty(0, np.int64)
    for r in range(len(shapes)):
        side = n_levels[r] + 1
        table = np.zeros(side * width, np.int32)
        w = shapes[r, 1] + 2 * pad
        box = levels[starts[r] : starts[r + 1]]
        if len(offsets) == 8 and pad >= 1 and alpha == 0 and abs(offsets[0, 0]) == 1:
            _sweep_touching(box, shapes[r, 0], shapes[r, 1], pad, w, width, table)
        else:
            steps = offsets[:, 0] * w + offsets[:, 1]
            _sweep(box, shapes[r, 0], shapes[r, 1], pad, w, width, steps, alpha, table)
        i, j, c = np.empty(side * width, np.int64), np.empty(side * width, np.int64), np.empty(side * width)
        n = occupied(table, width, none, 0, side, i, j, c)
        reduce_sizes(r, 0, i[:n], j[:n], c[:n], log_table, count, square, inverse, joint)


@kernel
def _sweep_touching(box, rows, columns, pad, w, width, table):
    """Count eight touching neighbours of the very same level: the usual case, by rows so that it vectorises."""
    alike = np.zeros(columns, np.int32)
    for y in range(pad, rows + pad):
        at = y * w + pad - 1
        above, here, below = (
            box[at - w : at - w + columns + 2],
            box[at : at + columns + 2],
            box[at + w : at + w + columns + 2],
        )
        for x in range(columns):
            v = here[x + 1]
            alike[x] = (
                np.int32(above[x] == v) + np.int32(above[x + 1] == v) + np.int32(above[x + 2] == v)
                + np.int32(here[x] == v) + np.int32(here[x + 2] == v)
                + np.int32(below[x] == v) + np.int32(below[x + 1] == v) + np.int32(below[x + 2] == v)
            )  # fmt: skip
        for x in range(columns):  # what lies outside is counted at level 0, which is not used
            table[np.int64(here[x + 1]) * width + alike[x] + 1] += 1


@kernel
def _sweep(box, rows, columns, pad, w, width, steps, alpha, table):
    for y in range(pad, rows + pad):
        for at in range(y * w + pad, y * w + pad + columns):
            v = box[at]
            if v == 0:
                continue
            alike = 0
            for step in steps:
                u = box[at + step]
                if u > 0 and abs(u - v) <= alpha:
                    alike += 1
            table[v * width + alike + 1] += 1
