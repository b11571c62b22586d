"""Shape in the plane on the GPU: rows in one pass, then moments, hull and diameter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import DeviceBatch, source
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.shape2d.cpu import N_MEASURES
from radiomics_mammo.features.shape2d.sufficient_statistics import Shape2DStats

# As in shape2d.cu.
N_OUTLINE, ROW_BYTES, POINT_BYTES = 4, 32, 8


def statistics(batch: DeviceBatch, settings: Settings) -> Shape2DStats:
    """Outline, area, second moments and diameter of every region."""
    del settings
    device, n = batch.device, batch.n_roi
    module = source("features/shape2d/shape2d.cu")
    n_rows = int(batch.shapes[:, 0].sum())
    ends = device.xp.cumsum(batch.rois[:, 0])  # where each region's rows end
    rows = device.empty((n_rows, ROW_BYTES), np.uint8)
    points = device.empty((2 * (2 * n_rows + n), POINT_BYTES), np.uint8)
    outlines = device.zeros((n, N_OUTLINE), np.uint64)
    measures = device.empty((n, N_MEASURES), np.float64)
    device.launch(
        module,
        "walk_rows",
        blocks=(batch.n_tiles,),
        args=(batch.rois, batch.tiles, np.int32(batch.pad), batch.shape_mask, ends, outlines, rows),
    )
    device.launch(
        module,
        "end_moments",
        blocks=(n,),
        args=(batch.rois, ends, rows, outlines, measures),
        shared=8 * device.threads,
    )
    device.launch(module, "diameters", blocks=(n,), args=(batch.rois, ends, rows, batch.spacing, points, measures))
    return Shape2DStats.of(measures, batch.spacing)


def footprint(framed: NDArray[np.int64], width: int, settings: Settings) -> NDArray[np.int64]:
    """Bytes that the statistics and the formulas of a region take at most."""
    del width, settings
    rows = framed // 3 - 2  # of a single column; framed on all sides
    by_row = ROW_BYTES + 4 * POINT_BYTES
    formulas = 16 * 8
    return by_row * rows + 2 * POINT_BYTES + 8 * (N_OUTLINE + N_MEASURES + 1) + formulas
