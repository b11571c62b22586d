"""Engines: what turns samples into feature vectors, behind one face."""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo._arrays import cuda_status
from radiomics_mammo.errors import EngineError
from radiomics_mammo.recipe import Recipe
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
    """The face that ``cpu``, ``cuda`` and ``pyradiomics`` share.

    Attributes
    ----------
    name : str
        Its name in ``ENGINES``.
    feature_names : tuple of str
        Column names, in the order of the vectors that ``measure`` gives.
    """

    name: str
    feature_names: tuple[str, ...]

    def warm_up(self) -> WarmUp:
        """Load or compile everything that the first batch would wait for."""
        ...

    def measure(self, samples: Sequence[Sample]) -> Measured:
        """Measure every sample; a bad one gives a Failure in its place."""
        ...


def _cpu(recipe: Recipe) -> Engine:
    from radiomics_mammo.cpu_engine import CpuEngine

    return CpuEngine(recipe)


def _pyradiomics(recipe: Recipe) -> Engine:
    from radiomics_mammo.families.reference import PyradiomicsEngine

    return PyradiomicsEngine(recipe)


ENGINES: dict[str, Callable[[Recipe], Engine]] = {"cpu": _cpu, "pyradiomics": _pyradiomics}
ENGINE_NAMES = ("auto", "cpu", "cuda", "pyradiomics")
VERSIONS_OF = ("radiomics-mammo", "numpy", "numba", "scipy", "SimpleITK", "pydicom", "pyarrow")


def choose(name: str) -> tuple[str, str]:
    """Settle on an engine before anything is read.

    Parameters
    ----------
    name : {'auto', 'cpu', 'cuda', 'pyradiomics'}

    Returns
    -------
    engine, reason : str
        The engine's name and, in a few words, why it was taken.

    Raises
    ------
    EngineError
        The engine is unknown or cannot run here.
    """
    if name not in ENGINE_NAMES:
        raise EngineError(f"no engine is called {name!r}", remedy=f"Engines: {', '.join(ENGINE_NAMES)}.")
    if name == "auto":
        return "cpu", "auto: this version has no CUDA engine" if "cuda" not in ENGINES else "auto"
    if name not in ENGINES:
        raise EngineError(
            f"engine {name!r} is not in this version ({cuda_status()})",
            remedy="Use --engine auto or --engine cpu.",
        )
    if name == "pyradiomics" and importlib.util.find_spec("radiomics") is None:
        raise EngineError(
            "engine 'pyradiomics' needs the original library, which is not installed",
            remedy="Run: pip install pyradiomics-bhklab==3.1.4 (it compiles a C extension), or use --engine cpu.",
        )
    return name, "as asked"


def open_engine(name: str, recipe: Recipe) -> Engine:
    """Make the engine that :func:`choose` settled on.

    Raises
    ------
    EngineError
        It cannot run here.
    """
    return ENGINES[choose(name)[0]](recipe)


def versions(name: str) -> dict[str, str]:
    """Versions of everything that a feature value depends on, for the table's provenance."""
    packages = [*VERSIONS_OF, "pyradiomics-bhklab"] if name == "pyradiomics" else list(VERSIONS_OF)
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # a checkout that was never installed
            found[package] = "not installed"
    return found
