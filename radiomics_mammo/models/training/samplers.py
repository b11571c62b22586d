"""Builders of the resampling steps in ``SAMPLERS``; they only ever see training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SMOTE_NEIGHBOURS = 5


def none(y: NDArray[np.int8], seed: int) -> None:
    """Leave the training rows as they are."""


def oversampling(y: NDArray[np.int8], seed: int) -> Any:  # noqa: ARG001 (one signature for the table)
    """Repeat cases of the rarer class, drawn at random, until the classes are even."""
    from imblearn.over_sampling import RandomOverSampler

    return RandomOverSampler(random_state=seed)


def smote(y: NDArray[np.int8], seed: int) -> Any:
    """Interpolate new cases of the rarer class between neighbours (Chawla et al., JAIR 2002;16:321-357)."""
    from imblearn.over_sampling import SMOTE

    return SMOTE(k_neighbors=smote_neighbours(y), random_state=seed)


def smote_neighbours(y: NDArray[np.int8]) -> int:
    """Give the number of neighbours SMOTE can look at: five, or all others where there are fewer."""
    return min(SMOTE_NEIGHBOURS, int(np.bincount(y, minlength=2).min()) - 1)
