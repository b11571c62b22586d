"""The engine protocol: what turns samples into feature vectors."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.records import Failure, Sample


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
    """The cost of a start: seconds, and kernels compiled (0 when all were cached)."""

    seconds: float
    compiled: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The size of an engine's batches.

    Attributes
    ----------
    seconds : float
        Reading stops for the batch after this long, so that a kill loses little and the progress moves.
    ahead : int
        Batches that may be under way while the next one is read.
    """

    cases: int = 64
    bytes: int = 64_000_000
    seconds: float = 1.0
    ahead: int = 0


class Engine(Protocol):
    """Measures samples; ``cpu``, ``cuda``, ``pyradiomics`` and embeddings are engines.

    Attributes
    ----------
    feature_names : tuple of str
        Column names, in the order of the vectors that ``measure`` gives.
    """

    name: str
    limits: Limits
    feature_names: tuple[str, ...]

    def warm_up(self) -> WarmUp:
        """Load or compile everything that the first batch would wait for."""
        ...

    def measure(self, samples: Sequence[Sample]) -> Measured:
        """Measure every sample; a bad one gives a Failure in its place."""
        ...

    def start(self, samples: Sequence[Sample]) -> Callable[[], Measured]:
        """Begin to measure, and return a function that waits for the results."""
        ...


LIBRARIES = ("radiomics-mammo", "numpy", "numba", "scipy", "SimpleITK", "pydicom", "pyarrow")
"""What every feature value may depend on."""


def library_versions(*further: str) -> dict[str, str]:
    """Return the versions of Python, of ``LIBRARIES`` and of further packages."""
    installed = {"python": platform.python_version()}
    for package in (*LIBRARIES, *further):
        try:
            installed[package] = version(package)
        except PackageNotFoundError:  # a checkout that was never installed
            installed[package] = "not installed"
    return installed
