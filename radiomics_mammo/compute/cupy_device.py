"""The GPU through CuPy: the implementation of :class:`radiomics_mammo.compute.device.Device` that needs one.

Grids, offsets and the order of arguments are decided in the launch layer, which the tests run on the host; a method
here is one call of CuPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import cupy
import cupyx
import numpy as np
from cupy.cuda import runtime
from numpy.typing import DTypeLike, NDArray

from radiomics_mammo.compute.cuda_problem import CudaProblem
from radiomics_mammo.compute.device import Blocks, Source, check_grid, fold
from radiomics_mammo.compute.reductions import Array, total
from radiomics_mammo.errors import EngineError

OPTIONS = ("--std=c++17", "--fmad=false")
"""Of NVRTC. Without fused multiply-add a sum of products has the same bits as on the host."""
THREADS = 256
TILE = 8192
ALWAYS_SHARED = 49_152
"""Bytes of shared memory that every GPU gives a block without being asked."""
RESERVED_SHARED = 1_024
LEAST_CUPY = (14, 2)
"""Before, a sort that ran out of memory left garbage instead of raising (cupy#9894)."""


class CudaDevice:
    """The current NVIDIA GPU; ``memory`` bytes of it, by default all that are free."""

    xp = cupy
    threads = THREADS
    tile = TILE

    def __init__(self, *, memory: int | None = None) -> None:
        with _translated():
            properties = runtime.getDeviceProperties(runtime.getDevice())
            self.name: str = properties["name"].decode()
            # Two blocks still share a multiprocessor with half of what one could have.
            most = int(properties.get("sharedMemPerBlockOptin", ALWAYS_SHARED))
            self.shared_bytes = max(ALWAYS_SHARED, most // 2) - RESERVED_SHARED
            self._marks: list[tuple[str, Any, Any]] | None = None
            self._stage = ""  # the outermost one that is under way
            self.memory = memory
            self._work = cupy.cuda.Stream(non_blocking=True)
            self._copies = cupy.cuda.Stream(non_blocking=True)
            self._constants: dict[tuple[str, tuple[int, ...], bytes], Array] = {}
            if memory is not None:
                pool = cupy.get_default_memory_pool()
                pool.set_limit(size=memory)
                cupy.cuda.set_allocator(lambda size: _within_limit(pool, size))

    def launch(
        self, module: Source, kernel: str, *, blocks: Blocks, args: tuple[Any, ...], shared: int = 0, threads: int = 0
    ) -> None:
        """Queue a kernel, as :meth:`Device.launch`."""
        if not check_grid(blocks, shared, self):
            return
        with _translated(), self.stage(f"{self._stage}: {kernel}"):
            function = _function(module.text, kernel)
            if shared > ALWAYS_SHARED and function.max_dynamic_shared_size_bytes < shared:
                function.max_dynamic_shared_size_bytes = shared
            function((*blocks, 1, 1)[:3], (threads or self.threads, 1, 1), args, shared_mem=shared)

    def empty(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
        """Return an array, as :meth:`Device.empty`."""
        with _translated():
            return cupy.empty(shape, dtype)

    def zeros(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
        """Return an array of zeros, as :meth:`Device.zeros`."""
        with _translated():
            return cupy.zeros(shape, dtype)

    def constant(self, host: NDArray[Any]) -> Array:
        """Return a small table; the host waits for its first copy alone."""
        key = (host.dtype.str, host.shape, host.tobytes())
        if key not in self._constants:
            with _translated():
                self._constants[key] = cupy.asarray(host)
        return self._constants[key]

    def staging(self, n_bytes: int) -> NDArray[np.uint8]:
        """Return page-locked memory from a pool, which takes it back when the array is deleted."""
        with _translated():
            staged: NDArray[np.uint8] = cupyx.empty_pinned((n_bytes,), np.uint8)
        return staged

    def upload(self, staged: NDArray[np.uint8]) -> Array:
        """Copy on a stream of its own; the work's stream waits for it."""
        with _translated():
            with self._copies:
                array = cupy.empty(staged.shape, np.uint8)
                array.set(staged, stream=self._copies)
                arrived = self._copies.record()
            self._work.wait_event(arrived)
        return array

    def download(self, array: Array) -> Callable[[], NDArray[Any]]:
        """Copy behind the work that is queued; only the returned function waits."""
        with _translated():
            result: NDArray[Any] = cupyx.empty_pinned(array.shape, array.dtype)
            array.get(stream=self._work, out=result, blocking=False)
            done = self._work.record()

        def wait() -> NDArray[Any]:
            with _translated():
                done.synchronize()
            return result.copy()  # the page-locked memory goes back to its pool

        return wait

    @contextmanager
    def queue(self) -> Iterator[None]:
        """Make this device's stream the current one; CUDA's errors within are translated."""
        with _translated(), self._work:
            yield

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Mark begin and end of a stage on the stream, after :meth:`mark_stages`."""
        if self._marks is None:
            yield
            return
        begin, end = cupy.cuda.Event(), cupy.cuda.Event()
        around, self._stage = self._stage, self._stage or name
        begin.record(self._work)
        try:
            yield
        finally:
            self._stage = around
        end.record(self._work)
        self._marks.append((name, begin, end))

    def mark_stages(self) -> None:
        """Record events around every stage, as :meth:`Device.mark_stages`."""
        self._marks = []

    def stage_seconds(self) -> dict[str, float]:
        """Return the time between the events, as :meth:`Device.stage_seconds`."""
        seconds: dict[str, float] = {}
        with _translated():
            self._work.synchronize()
            for name, begin, end in self._marks or []:
                seconds[name] = seconds.get(name, 0.0) + cupy.cuda.get_elapsed_time(begin, end) / 1e3
        self._marks = None
        return seconds

    def free_bytes(self) -> int:
        """Return the memory that the driver has free and the pool holds unused, within the limit."""
        pool = cupy.get_default_memory_pool()
        with _translated():
            free: int = runtime.memGetInfo()[0] + pool.free_bytes()
        return free if self.memory is None else max(min(free, self.memory - pool.used_bytes()), 0)

    def release(self) -> None:
        """Give unused blocks back to the driver."""
        with _translated():
            self._work.synchronize()
            cupy.get_default_memory_pool().free_all_blocks()
            cupy.get_default_pinned_memory_pool().free_all_blocks()


def _within_limit(pool: Any, size: int) -> Any:
    """Allocate; the limit counts idle blocks of the pool, too, so that those are freed first."""
    try:
        return pool.malloc(size)
    except cupy.cuda.memory.OutOfMemoryError:
        pool.free_all_blocks()
    return pool.malloc(size)


@cache
def _function(text: str, kernel: str) -> Any:
    return _module(text).get_function(kernel)


@cache
def _module(text: str) -> Any:
    return cupy.RawModule(code=text, options=OPTIONS)


@cache
def _folder() -> CudaDevice:
    return CudaDevice()


@total.register(cupy.ndarray)
def _total_cupy(a: Array) -> Array:
    """Sum over the last axis on the current stream."""
    return a[..., 0] if a.shape[-1] == 1 else fold(cupy.ascontiguousarray(a), device=_folder())


@contextmanager
def _translated() -> Iterator[None]:
    """Raise CUDA's errors as this package's: MemoryError when out of memory, else EngineError."""
    try:
        yield
    except (runtime.CUDARuntimeError, cupy.cuda.driver.CUDADriverError) as error:
        if "OutOfMemory" in str(error) or "MemoryAllocation" in str(error) or "OUT_OF_MEMORY" in str(error):
            raise MemoryError(str(error)) from error
        raise EngineError(
            f"the GPU reports an error: {error}",
            remedy="Run the same command again (finished rows are kept), or use --engine cpu.",
        ) from error
    except cupy.cuda.compiler.CompileException as error:
        raise EngineError(
            f"NVRTC does not compile a kernel: {error}", remedy="Tell the authors, and use --engine cpu."
        ) from error


def problem() -> CudaProblem | None:
    """Find what keeps CuPy from using a GPU here; None where nothing does."""
    built = runtime.runtimeGetVersion() // 1000
    if tuple(int(part) for part in cupy.__version__.split(".")[:2]) < LEAST_CUPY:
        return CudaProblem(
            f"CuPy {cupy.__version__} may sort wrongly when memory runs out",
            f"Run: pip install --upgrade 'radiomics-mammo[gpu-cuda{built}]' (CuPy 14.2 or newer).",
        )
    driver = runtime.driverGetVersion()
    if driver == 0:
        return CudaProblem(
            f"CuPy {cupy.__version__} is installed (for CUDA {built}), but no NVIDIA driver was found",
            "Install NVIDIA's driver, or use --engine cpu.",
        )
    supported = driver // 1000
    if supported < built:
        other = f"Run: pip uninstall cupy-cuda{built}x; pip install 'radiomics-mammo[gpu-cuda{supported}]'"
        return CudaProblem(
            f"CuPy {cupy.__version__} is built for CUDA {built}, the driver here goes up to CUDA {_dotted(driver)}",
            other if supported >= 12 else "Install NVIDIA's driver 525 or newer (CUDA 12), or use --engine cpu.",
        )
    try:
        count = runtime.getDeviceCount()
        cupy.cuda.nvrtc.getVersion()
    except runtime.CUDARuntimeError as error:
        return CudaProblem(
            f"CuPy {cupy.__version__} (for CUDA {built}) and a driver for CUDA {_dotted(driver)} are here, but no GPU "
            f"can be used: {error}",
            "Check nvidia-smi and CUDA_VISIBLE_DEVICES, or use --engine cpu.",
        )
    except (RuntimeError, ImportError, OSError) as error:  # CuPy loads NVRTC when it is first asked for
        return CudaProblem(
            f"CuPy {cupy.__version__} cannot load NVRTC, which compiles the kernels: {error}",
            f"Run: pip install 'radiomics-mammo[gpu-cuda{built}]' (it brings NVRTC with it).",
        )
    return None if count else CudaProblem("CuPy and a driver are here, but no GPU", "Check nvidia-smi.")


def versions() -> dict[str, str]:
    """Return the versions of CuPy and CUDA, and the GPU's name."""
    return {
        "cupy": cupy.__version__,
        "cuda": _dotted(runtime.runtimeGetVersion()),
        "gpu": runtime.getDeviceProperties(runtime.getDevice())["name"].decode(),
    }


def _dotted(version: int) -> str:
    return f"{version // 1000}.{version % 1000 // 10}"
