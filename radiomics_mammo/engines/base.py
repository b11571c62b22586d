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

from radiomics_mammo.compute.reductions import CudaProblem, cuda_problem
from radiomics_mammo.core.records import Failure, Sample
from radiomics_mammo.errors import EngineError
from radiomics_mammo.recipes.recipe import Recipe


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


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an engine wants to be given at a time.

    Attributes
    ----------
    cases, bytes : int
        Most cases of a batch, and about how many bytes of pixels.
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
    """The face that ``cpu``, ``cuda`` and ``pyradiomics`` share.

    Attributes
    ----------
    name : str
        Its name in ``ENGINES``.
    feature_names : tuple of str
        Column names, in the order of the vectors that ``measure`` gives.
    limits : Limits
        The size of its batches.
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
        """Begin to measure; calling what it gives waits for the outcome."""
        ...


def _cpu(recipe: Recipe, gpu_memory: int | None) -> Engine:
    del gpu_memory
    from radiomics_mammo.engines.cpu import CpuEngine

    return CpuEngine(recipe)


def _cuda(recipe: Recipe, gpu_memory: int | None) -> Engine:
    from radiomics_mammo.compute.cupy_device import CudaDevice
    from radiomics_mammo.engines.cuda import CudaEngine

    return CudaEngine(recipe, CudaDevice(memory=gpu_memory))


def _pyradiomics(recipe: Recipe, gpu_memory: int | None) -> Engine:
    del gpu_memory
    from radiomics_mammo.engines.pyradiomics import PyradiomicsEngine

    return PyradiomicsEngine(recipe)


ENGINES: dict[str, Callable[[Recipe, int | None], Engine]] = {
    "cpu": _cpu,
    "cuda": _cuda,
    "pyradiomics": _pyradiomics,
}
ENGINE_NAMES = ("auto", *ENGINES)
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
    if name in ("auto", "cuda"):
        problem = cuda_problem()
        if name == "auto":
            return _auto(problem)
        if problem is not None:
            raise EngineError(f"engine 'cuda' cannot run: {problem.found}", remedy=problem.remedy)
    if name == "pyradiomics" and importlib.util.find_spec("radiomics") is None:
        raise EngineError(
            "engine 'pyradiomics' needs the original library, which is not installed",
            remedy="Run: pip install pyradiomics-bhklab==3.1.4 (it compiles a C extension), or use --engine cpu.",
        )
    return name, "as asked"


def _auto(problem: CudaProblem | None) -> tuple[str, str]:
    if problem is None:
        return "cuda", "auto found a GPU"
    return "cpu", f"auto found no usable GPU: {problem.found}"


def open_engine(name: str, recipe: Recipe, gpu_memory: int | None = None) -> Engine:
    """Make the engine that :func:`choose` settled on; it measures breasts where the recipe asks for more than regions.

    Parameters
    ----------
    name : str
    recipe : Recipe
    gpu_memory : int, optional
        Bytes of the GPU's memory that the cuda engine may use; without it what is free.

    Raises
    ------
    EngineError
        It cannot run here.
    """
    opener = ENGINES[choose(name)[0]]
    if not recipe.of_breast:
        return opener(recipe, gpu_memory)
    from radiomics_mammo.engines.breast import BreastEngine, inner_recipe, whole_recipe, window_recipe

    if opener is _cuda:  # one engine has the GPU's memory to itself, and larger batches
        return BreastEngine(opener(inner_recipe(recipe), gpu_memory), recipe)
    of_windows = None if recipe.lattice is None else opener(window_recipe(recipe), gpu_memory)
    return BreastEngine(opener(whole_recipe(recipe), gpu_memory), recipe, of_windows=of_windows)


def versions(name: str) -> dict[str, str]:
    """Versions of everything that a feature value depends on, for the table's provenance."""
    packages = [*VERSIONS_OF, "pyradiomics-bhklab"] if name == "pyradiomics" else list(VERSIONS_OF)
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # a checkout that was never installed
            found[package] = "not installed"
    if name == "cuda":
        from radiomics_mammo.compute.cupy_device import versions as of_cuda

        found |= of_cuda()
    return found
