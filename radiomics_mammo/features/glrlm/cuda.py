"""Grey level run lengths on the GPU: the thread of a run's first pixel follows it to its end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import DeviceBatch, source
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.glrlm.cpu import ANGLES
from radiomics_mammo.features.shared import sizes_cuda as sizes
from radiomics_mammo.features.shared.neighbour_offsets import angle_weights
from radiomics_mammo.features.shared.size_statistics import SHORT, SizeStats


def statistics(batch: DeviceBatch, settings: Settings) -> SizeStats:
    """Count runs of equal level along four angles and reduce them to sufficient statistics."""
    device, n_angle, n_sizes = batch.device, len(ANGLES), SHORT + 1
    n_matrix, cached = _matrices(settings), sizes.cached_sizes(batch)
    module = source("features/shared/sizes.cuh", "features/glrlm/glrlm.cu")
    table = device.zeros((batch.n_roi, n_angle, batch.width, n_sizes), np.int32)
    long = sizes.LongSizes.empty(batch, n_angle, n_matrix, n_sizes)
    lined = device.zeros((batch.n_roi, n_angle), np.int32)
    pad, width = np.int32(batch.pad), np.int64(batch.width)
    device.launch(
        module,
        "count_runs",
        blocks=(batch.n_tiles, n_angle),
        args=(
            batch.levels, batch.rois, batch.tiles, pad, width, np.int32(n_sizes), np.int32(cached), np.int32(n_matrix),
            table, long.keys, long.n, lined,
        ),
        shared=4 * batch.width * cached,
    )  # fmt: skip
    device.launch(
        module,
        "drop_unlined",
        blocks=(batch.n_roi, n_angle),
        args=(batch.levels, batch.rois, pad, width, np.int32(n_sizes), lined, table),
    )
    norm = settings.weightingNorm
    weights = None if norm is None else angle_weights(batch, ANGLES, norm, decay=False)
    return sizes.reduce_sizes(batch, table, long=long, weights=weights)


def footprint(framed: NDArray[np.int64], width: int, settings: Settings) -> NDArray[np.int64]:
    """Bytes of the device's memory that each region takes."""
    n_angle = len(ANGLES)
    few = 4 * n_angle + 4 * 8 * n_angle  # which angles have lines; weights, and lengths on the way to them
    n_matrix = _matrices(settings)
    return few + sizes.footprint(framed, width, n_angle=n_angle, n_matrix=n_matrix, n_sizes=SHORT + 1, long=True)


def _matrices(settings: Settings) -> int:
    return len(ANGLES) if settings.weightingNorm is None else 1
