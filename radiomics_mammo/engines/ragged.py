"""Pack cropped regions end to end for the cpu engine, their intensities discretised to grey levels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from radiomics_mammo.compute.jit import kernel
from radiomics_mammo.core.records import Roi, RoiBatch


def pack(rois: Sequence[Roi], *, pad: int) -> RoiBatch:
    """Discretise regions and lay them end to end, framed by ``pad`` (1 or more) zeros."""
    shapes = np.array([roi.mask.shape for roi in rois], dtype=np.int64)
    starts = _offsets((shapes + 2 * pad).prod(axis=1))
    value_starts = _offsets(np.array([np.count_nonzero(roi.mask) for roi in rois]))
    levels = np.zeros(starts[-1], dtype=np.int32)
    shape_mask = np.zeros(starts[-1], dtype=np.uint8)
    values = np.empty(value_starts[-1])
    n_levels = np.empty(len(rois), dtype=np.int64)
    n_distinct = np.empty(len(rois), dtype=np.int64)
    for r, roi in enumerate(rois):
        n_levels[r], n_distinct[r] = _discretise(
            np.ascontiguousarray(roi.values, dtype=np.float64),
            np.ascontiguousarray(roi.mask).view(np.uint8),
            np.ascontiguousarray(roi.shape_mask).view(np.uint8),
            roi.edges,
            pad,
            levels[starts[r] : starts[r + 1]],
            shape_mask[starts[r] : starts[r + 1]],
            values[value_starts[r] : value_starts[r + 1]],
        )
    spacing = np.array([roi.spacing for roi in rois], dtype=np.float64)
    return RoiBatch(pad, shapes, starts, levels, shape_mask, value_starts, values, n_levels, n_distinct, spacing)


def _offsets(sizes: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])


@kernel
def _discretise(image, mask, shape, edges, pad, levels, shape_mask, values):
    """Write levels, shape mask and intensities; return the highest level and the number of levels that occur."""
    rows, columns = image.shape
    w = columns + 2 * pad
    first, last = edges[0], len(edges)
    per_step = 1.0 / (edges[1] - edges[0])
    n, highest, distinct = 0, np.int64(0), np.int64(0)
    seen = np.zeros(last + 1, np.bool_)
    for y in range(rows):
        row = (y + pad) * w + pad
        for x in range(columns):
            shape_mask[row + x] = shape[y, x]
            if mask[y, x] == 0:
                continue
            v = image[y, x]
            values[n] = v
            n += 1
            # numpy.digitize: how many edges are at or below v. The guess is off by one at most, by rounding.
            level = min(max(np.int64((v - first) * per_step) + 1, 1), last)
            while level < last and v >= edges[level]:
                level += 1
            while level > 1 and v < edges[level - 1]:
                level -= 1
            levels[row + x] = level
            if not seen[level]:
                seen[level] = True
                distinct += 1
                highest = max(highest, level)
    return highest, distinct
