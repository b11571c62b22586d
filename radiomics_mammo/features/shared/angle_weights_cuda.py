"""Weights of angles on the GPU."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import DeviceBatch
from radiomics_mammo.compute.reductions import Array


def angle_weights(batch: DeviceBatch, offsets: NDArray[np.int64], norm: str, *, decay: bool) -> Array:
    """Weight of each angle of all regions, as ``offset_weights`` of one."""
    xp = batch.device.xp
    if norm == "no_weighting":
        return xp.ones((batch.n_roi, len(offsets)), dtype=xp.float64)
    steps = batch.device.constant(np.abs(offsets).astype(np.float64))[None] * batch.spacing[:, None]
    down, across = steps[..., 0], steps[..., 1]
    if norm == "infinity":
        lengths = xp.maximum(down, across)
    elif norm == "euclidean":
        lengths = xp.sqrt(down * down + across * across)  # a power may round otherwise
    elif norm == "manhattan":
        lengths = down + across
    else:
        raise ValueError(f"no norm is called {norm!r}")
    return xp.exp(-lengths * lengths) if decay else lengths
