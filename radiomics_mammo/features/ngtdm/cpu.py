"""Neighbouring grey tone differences on the CPU.

Source of the definitions: Amadasun and King, IEEE Trans SMC 1989; pyradiomics ``ngtdm``; IBSI 3.10.
"""

from __future__ import annotations

import numpy as np

from radiomics_mammo.compute.jit import kernel
from radiomics_mammo.core.records import RoiBatch
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.ngtdm.sufficient_statistics import NgtdmStats
from radiomics_mammo.features.shared.neighbour_offsets import neighbour_offsets


def statistics(batch: RoiBatch, settings: Settings) -> NgtdmStats:
    """Add up each level's differences from the mean of its neighbours."""
    out = NgtdmStats.empty(batch.n_roi, int(batch.n_levels.max()))
    offsets = neighbour_offsets(settings.distances)
    _all(batch.levels, batch.starts, batch.shapes, batch.pad, batch.n_levels, offsets, *out.arrays())
    return out


@kernel
def _all(levels, starts, shapes, pad, n_levels, offsets, count, difference, joint):
    width = np.int64(len(offsets) + 1)
    for r in range(len(shapes)):
        # Whole numbers: sum over pixels of |level * k - sum of k neighbours|, kept apart by k.
        table = np.zeros((n_levels[r] + 1) * width, np.int64)
        w = shapes[r, 1] + 2 * pad
        box = levels[starts[r] : starts[r + 1]]
        if len(offsets) == 8 and abs(offsets[0, 0]) == 1:
            _sweep_touching(box, shapes[r, 0], shapes[r, 1], pad, w, width, table, count[r])
        else:
            steps = offsets[:, 0] * w + offsets[:, 1]
            _sweep(box, shapes[r, 0], shapes[r, 1], pad, w, width, steps, table, count[r])
        for level in range(1, n_levels[r] + 1):
            for k in range(1, width):
                difference[r, level] += table[level * width + k] / k
        _pairs(count[r], difference[r], n_levels[r], joint[r])


@kernel
def _sweep_touching(box, rows, columns, pad, w, width, table, count):
    """Add up for the eight touching neighbours: the usual case, by rows so that it vectorises."""
    near, gap = np.zeros(columns, np.int32), np.zeros(columns, np.int32)
    for y in range(pad, rows + pad):
        at = y * w + pad - 1
        above, here, below = (
            box[at - w : at - w + columns + 2],
            box[at : at + columns + 2],
            box[at + w : at + w + columns + 2],
        )
        for x in range(columns):
            k = (
                np.int32(above[x] > 0) + np.int32(above[x + 1] > 0) + np.int32(above[x + 2] > 0)
                + np.int32(here[x] > 0) + np.int32(here[x + 2] > 0)
                + np.int32(below[x] > 0) + np.int32(below[x + 1] > 0) + np.int32(below[x + 2] > 0)
            )  # fmt: skip
            neighbours = (
                above[x] + above[x + 1] + above[x + 2] + here[x] + here[x + 2] + below[x] + below[x + 1] + below[x + 2]
            )
            near[x] = k
            gap[x] = abs(here[x + 1] * k - neighbours)
        for x in range(columns):
            v = np.int64(here[x + 1])
            table[v * width + near[x]] += gap[x]
            count[v] += 1.0
    count[0] = 0.0  # what lay outside


@kernel
def _sweep(box, rows, columns, pad, w, width, steps, table, count):
    for y in range(pad, rows + pad):
        for at in range(y * w + pad, y * w + pad + columns):
            v = np.int64(box[at])
            if v == 0:
                continue
            k = np.int64(0)
            neighbours = np.int64(0)
            for step in steps:
                u = np.int64(box[at + step])
                neighbours += u
                k += np.int64(u > 0)
            table[v * width + k] += abs(v * k - neighbours)
            count[v] += 1.0


@kernel
def _pairs(count, difference, n_levels, joint):
    """Add up over ordered pairs of occupied levels that no marginal gives."""
    levels = np.empty(n_levels)
    p, s = np.empty(n_levels), np.empty(n_levels)
    m = 0
    pixels = 0.0
    for level in range(1, n_levels + 1):
        pixels += count[level]
    for level in range(1, n_levels + 1):
        if count[level] > 0.0:
            levels[m], p[m], s[m] = level, count[level] / pixels, difference[level]
            m += 1
    weighted = spread = complexity = strength = 0.0
    for a in range(m):
        inner_weighted = inner_spread = inner_complexity = inner_strength = 0.0
        for b in range(a):
            step = levels[a] - levels[b]
            both = p[a] + p[b]
            inner_weighted += abs(levels[a] * p[a] - levels[b] * p[b])
            inner_spread += p[b] * step * step
            inner_complexity += step * (p[a] * s[a] + p[b] * s[b]) / both
            inner_strength += both * step * step
        weighted += inner_weighted
        spread += p[a] * inner_spread
        complexity += inner_complexity
        strength += inner_strength
    joint[0] = 2.0 * weighted
    joint[1] = 2.0 * spread
    joint[2] = 2.0 * complexity
    joint[3] = 2.0 * strength
