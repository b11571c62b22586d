"""Grey level size zones on the GPU: one labelling of all regions by union-find."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import DeviceBatch, source
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.shared import sizes_cuda as sizes
from radiomics_mammo.features.shared.size_statistics import SHORT, SizeStats


def statistics(batch: DeviceBatch, settings: Settings) -> SizeStats:
    """Find the zones of equal level and reduce their sizes to sufficient statistics."""
    del settings
    device, n_sizes, cached = batch.device, SHORT + 1, sizes.cached_sizes(batch)
    module, tiles = source("features/shared/sizes.cuh", "features/glszm/glszm.cu"), (batch.n_tiles,)
    labels, zone = device.empty(batch.levels.size, np.int32), device.empty(batch.levels.size, np.int32)
    where = (batch.levels, batch.rois, batch.tiles)
    device.launch(module, "label_runs", blocks=tiles, args=(*where, labels, zone))
    device.launch(module, "unite_runs", blocks=tiles, args=(*where, np.int32(batch.pad), labels))
    device.launch(module, "add_runs", blocks=tiles, args=(*where, labels, zone))
    table = device.zeros((batch.n_roi, 1, batch.width, n_sizes), np.int32)
    long = sizes.LongSizes.empty(batch, 1, 1, n_sizes)
    device.launch(
        module,
        "count_zones",
        blocks=tiles,
        args=(
            *where, np.int64(batch.width), np.int32(n_sizes), np.int32(cached), labels, zone,
            table, long.keys, long.n,
        ),
        shared=4 * batch.width * cached,
    )  # fmt: skip
    return sizes.reduce_sizes(batch, table, long=long)


def footprint(framed: NDArray[np.int64], width: int, settings: Settings) -> NDArray[np.int64]:
    """Bytes of the device's memory that each region takes."""
    del settings
    labels_and_sizes = 2 * 4 * framed
    return labels_and_sizes + sizes.footprint(framed, width, n_angle=1, n_matrix=1, n_sizes=SHORT + 1, long=True)
