"""One pass over pixels and neighbours on the GPU, for dependences (GLDM) and tone differences (NGTDM)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiomics_mammo.compute.device import DeviceBatch, source
from radiomics_mammo.compute.reductions import Array
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.shared.neighbour_offsets import neighbour_offsets

WORK_BYTES = 49_152
"""Most shared memory for a tile's own tables: with more, too few blocks share a multiprocessor."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """What the neighbours of each level's pixels are like.

    Attributes
    ----------
    dependence : Array of int32, shape (n_roi, 1, width, n_offsets + 2)
        Pixels of the level by one more than the number of neighbours that differ by at most ``gldm_a`` levels.
    difference : Array of uint64, shape (n_roi, width, n_offsets + 1)
        By the number k of neighbours inside the region: sum over the level's pixels of
        abs(level * k - sum of the neighbours).
    """

    dependence: Array
    difference: Array


def neighbourhood(batch: DeviceBatch, settings: Settings) -> Neighbourhood:
    """Count neighbours; done once a batch, whichever family asks first."""
    key = ("neighbourhood", settings.distances, settings.gldm_a)
    if key not in batch.shared:
        batch.shared[key] = _count(batch, settings)
    neighbourhood: Neighbourhood = batch.shared[key]
    return neighbourhood


def table_bytes(width: int, settings: Settings) -> int:
    """Bytes of both tables, a region."""
    n_offsets = len(neighbour_offsets(settings.distances))
    return width * (4 * (n_offsets + 2) + 8 * (n_offsets + 1))


def _count(batch: DeviceBatch, settings: Settings) -> Neighbourhood:
    device, width = batch.device, batch.width
    offsets = neighbour_offsets(settings.distances).astype(np.int32)
    n_offsets = len(offsets)
    dependence = device.zeros((batch.n_roi, 1, width, n_offsets + 2), np.int32)
    difference = device.zeros((batch.n_roi, width, n_offsets + 1), np.uint64)
    # A pixel adds less than half as much as its region's tables have entries: a tile's sums must fit 32 bits.
    work_entries = min(
        width * (2 * n_offsets + 3), min(WORK_BYTES, device.shared_bytes) // 4, 2**33 // device.tile
    )  # fmt: skip
    device.launch(
        source("features/shared/neighbours.cu"),
        "count_neighbours",
        blocks=(batch.n_tiles,),
        args=(
            batch.levels, batch.rois, batch.tiles, np.int32(batch.pad), np.int64(width), device.constant(offsets),
            np.int32(n_offsets), np.int32(settings.gldm_a), np.int32(work_entries), dependence, difference,
        ),
        shared=4 * work_entries,
    )  # fmt: skip
    return Neighbourhood(dependence, difference)
