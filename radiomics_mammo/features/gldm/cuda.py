"""Grey level dependences on the GPU."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import DeviceBatch
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.shared.neighbours_cuda import neighbourhood, table_bytes
from radiomics_mammo.features.shared.size_statistics import SizeStats
from radiomics_mammo.features.shared.sizes_cuda import reduce_sizes

WORK_ARRAYS = 3
"""By level: count, square, inverse."""
FORMULA_ARRAYS = 16
"""By level: what the formulas hold at most."""


def statistics(batch: DeviceBatch, settings: Settings) -> SizeStats:
    """Count dependent neighbours and reduce the counts, as the cpu engine does."""
    return reduce_sizes(batch, neighbourhood(batch, settings).dependence)


def footprint(framed: NDArray[np.int64], width: int, settings: Settings) -> NDArray[np.int64]:
    """Bytes of the device's memory for each region.

    Both tables of the shared pass are counted: this family may be the one that asks for them.
    """
    by_level = 8 * width * (WORK_ARRAYS + FORMULA_ARRAYS)
    return np.full(framed.shape, table_bytes(width, settings) + by_level + 8 * 4, np.int64)
