"""Grey level size zones on the GPU."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo._device import DeviceBatch
from radiomics_mammo.families._sizes import SizeStats
from radiomics_mammo.settings import Settings


def statistics(batch: DeviceBatch, settings: Settings) -> SizeStats:
    """Not there yet."""
    raise NotImplementedError


def footprint(framed: NDArray[np.int64], width: int, settings: Settings) -> NDArray[np.int64]:
    """Not there yet."""
    raise NotImplementedError
