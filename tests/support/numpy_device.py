"""A stand-in for a GPU that adds up the memory that it hands out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from tests.support.cuhost.host_device import HostDevice


class Reckoning(HostDevice):
    """Counts the bytes of every array, whether or not it still lives.

    Attributes
    ----------
    handed_out : int
    """

    handed_out = 0

    def empty(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> Any:
        array = super().empty(shape, dtype)
        self.handed_out += np.asarray(array).nbytes
        return array
