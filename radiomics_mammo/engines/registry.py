"""The engines by name: choose one for a run, and open it for a recipe."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

from radiomics_mammo.compute.cuda_problem import CudaProblem
from radiomics_mammo.engines.base import Engine, library_versions
from radiomics_mammo.errors import EngineError
from radiomics_mammo.recipes.recipe import Recipe


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


def cuda_problem() -> CudaProblem | None:
    """Find what keeps the cuda engine from running here; None where nothing does."""
    if importlib.util.find_spec("cupy") is None:
        return CudaProblem(
            "CuPy is not installed",
            "On a machine with an NVIDIA GPU: pip install 'radiomics-mammo[gpu-cuda13]' (driver 580 or newer), "
            "or [gpu-cuda12] (driver 525 or newer).",
        )
    from radiomics_mammo.compute.cupy_device import problem

    return problem()


def choose_engine(name: str) -> tuple[str, str]:
    """Choose the engine of a run and say why, before anything is read.

    Raises
    ------
    EngineError
        The engine is unknown or cannot run here.
    """
    if name not in ENGINE_NAMES:
        raise EngineError(f"no engine is called {name!r}", remedy=f"Engines: {', '.join(ENGINE_NAMES)}.")
    problem = cuda_problem() if name in ("auto", "cuda") else None
    if name == "auto":
        if problem is None:
            return "cuda", "auto found a GPU"
        return "cpu", f"auto found no usable GPU: {problem.cause}"
    if problem is not None:
        raise EngineError(f"engine 'cuda' cannot run: {problem.cause}", remedy=problem.remedy)
    if name == "pyradiomics" and importlib.util.find_spec("radiomics") is None:
        raise EngineError(
            "engine 'pyradiomics' needs the original library, which is not installed",
            remedy="Run: pip install pyradiomics-bhklab==3.1.4 (it compiles a C extension), or use --engine cpu.",
        )
    return name, "as asked"


def open_engine(name: str, recipe: Recipe, gpu_memory: int | None = None) -> Engine:
    """Open an engine; it measures whole breasts where the recipe asks for them.

    Parameters
    ----------
    gpu_memory : int, optional
        Bytes of the GPU's memory that the cuda engine may use; the default is what is free.

    Raises
    ------
    EngineError
        It cannot run here.
    """
    name, _ = choose_engine(name)
    factory = ENGINES[name]
    if recipe.filtered and name != "pyradiomics":  # which filters by itself
        from radiomics_mammo.engines.filtered import FilteredEngine

        return FilteredEngine(recipe, lambda inner: factory(inner, gpu_memory))
    if not recipe.of_breast:
        return factory(recipe, gpu_memory)
    from radiomics_mammo.engines.breast import BreastEngine, inner_recipe, whole_recipe, window_recipe

    if name == "cuda":  # one engine has the GPU's memory to itself, and larger batches
        return BreastEngine(factory(inner_recipe(recipe), gpu_memory), recipe)
    window_engine = None if recipe.lattice is None else factory(window_recipe(recipe), gpu_memory)
    return BreastEngine(factory(whole_recipe(recipe), gpu_memory), recipe, window_engine=window_engine)


def engine_versions(name: str) -> dict[str, str]:
    """Return the versions of everything that a feature value depends on."""
    if name == "pyradiomics":
        return library_versions("pyradiomics-bhklab")
    if name == "cuda":
        from radiomics_mammo.compute.cupy_device import versions

        return library_versions() | versions()
    return library_versions()
