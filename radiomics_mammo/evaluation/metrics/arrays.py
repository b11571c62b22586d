"""Array types of this room."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""Predictions p of shape (n_candidates, n_repeats, n_units), values, weights."""

Labels = NDArray[np.int8]
"""The outcome, 0 or 1, of shape (n_units,)."""

Codes = NDArray[np.int64]
"""Who a unit belongs to, from 0 without gaps, of shape (n_units,)."""

Counts = NDArray[np.int32]
"""How often each patient is drawn, of shape (n_draws, n_patients)."""

Flags = NDArray[np.bool_]
"""Yes or no, such as whether a unit is called positive."""


def sum_patients(values: NDArray[np.generic], group: Codes) -> Floats:
    """Add the units of each patient up: (..., n_units) to (..., n_patients)."""
    n_patients = int(group.max()) + 1
    flat = values.reshape(-1, values.shape[-1])
    sums = [np.bincount(group, weights=row, minlength=n_patients) for row in flat]
    return np.reshape(sums, (*values.shape[:-1], n_patients))
