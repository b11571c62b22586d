"""Engines: what turns samples into feature vectors, behind one face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.types import Failure, Sample


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The outcome of one batch.

    Attributes
    ----------
    results : list of (ndarray of float64, shape (n_features,)) or Failure
        One entry a sample, in their order; undefined features are NaN.
    prepare_s, extract_s : float
        Seconds spent in preprocessing and in the feature families.
    """

    results: list[NDArray[np.float64] | Failure]
    prepare_s: float
    extract_s: float


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What the first call costs: seconds, and how many kernels had to be compiled (0 when all were cached)."""

    seconds: float
    compiled: int


class Engine(Protocol):
    """The face that ``cpu``, ``cuda`` and ``pyradiomics`` share."""

    name: str
    feature_names: tuple[str, ...]

    def warm_up(self) -> WarmUp:
        """Load or compile everything that the first batch would wait for."""
        ...

    def measure(self, samples: Sequence[Sample]) -> Measured:
        """Measure every sample; a bad one gives a Failure in its place."""
        ...
