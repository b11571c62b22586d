"""As much of CuPy as :mod:`radiomics_mammo.compute.cupy_device` calls, on NumPy arrays and the host's shim.

It notes what was called.

It stands where the real one would, so that the GPU's side of the seam runs, too; what it cannot show is CuPy itself.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from tests.support.cuhost.module import compile_module, kernel


class FakeArray(np.ndarray):
    """An array of the device: it does not mix with the host's, and whatever would make the host wait is an error."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **settings: Any) -> Any:
        assert method == "__call__"
        written = tuple(_plain(a) for a in out) if out is not None else None
        result = ufunc(*(_plain(a) for a in inputs), out=written, **settings)
        return _wrapped(result) if out is None else out[0]

    def __array_function__(self, function: Any, types: Any, args: Any, settings: Any) -> Any:
        raise TypeError(f"numpy.{function.__name__} was called on an array of the device: take xp's")

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, np.ndarray) and key.dtype == bool:
            raise TypeError("a boolean index makes the host wait for its length")
        return super().__getitem__(key)

    def item(self, *args: Any) -> Any:
        raise TypeError("the host waits for a value")

    tolist = __bool__ = __int__ = __float__ = __index__ = item  # type: ignore[assignment]

    def get(self, *, stream: Any = None, out: np.ndarray | None = None, blocking: bool = True) -> np.ndarray:
        assert stream is not None
        assert not blocking
        assert out is not None
        assert self.flags.c_contiguous
        out[...] = self.view(np.ndarray)
        return out

    def set(self, values: np.ndarray, stream: Any = None) -> None:
        assert stream is STATE.current[-1]
        self.view(np.ndarray)[...] = values


class CUDARuntimeError(RuntimeError):
    """As CuPy's."""


class CUDADriverError(RuntimeError):
    """As CuPy's."""


class CompileException(Exception):  # noqa: N818
    """As CuPy's."""


class OutOfMemoryError(MemoryError):
    """As CuPy's."""


class Stream:
    """Remembers what it was asked to do."""

    def __init__(self, *, non_blocking: bool) -> None:
        assert non_blocking
        self.done: list[tuple[str, Any]] = []

    def __enter__(self) -> Stream:
        STATE.current.append(self)
        return self

    def __exit__(self, *ended: object) -> None:
        STATE.current.pop()

    def record(self) -> Event:
        event = Event()
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        self.done.append(("wait", event.stream))

    def synchronize(self) -> None:
        STATE.synchronised += 1


class Event:
    """A point on a stream."""

    def record(self, stream: Stream) -> None:
        self.stream = stream

    def synchronize(self) -> None:
        STATE.synchronised += 1


class Kernel:
    """A kernel behind the shim, with CuPy's limit on shared memory."""

    def __init__(self, call: Any) -> None:
        self.call = call
        self.max_dynamic_shared_size_bytes = 49_152

    def __call__(
        self, grid: tuple[int, ...], block: tuple[int, ...], args: tuple[Any, ...], *, shared_mem: int
    ) -> None:
        assert len(grid) == len(block) == 3
        assert shared_mem <= self.max_dynamic_shared_size_bytes
        STATE.launches += 1
        if STATE.fail is not None:
            raise STATE.fail
        self.call(grid, block[0], tuple(_plain(a) for a in args), shared=shared_mem, seed=3)


class RawModule:
    """A module, compiled when a kernel is asked for."""

    def __init__(self, *, code: str, options: tuple[str, ...]) -> None:
        STATE.options.add(options)
        self.code = code

    def get_function(self, name: str) -> Kernel:
        if "CUDA error" in self.code:
            raise CompileException("error: expected a ';'")
        return Kernel(kernel(compile_module(self.code), name))


class Pool:
    """A memory pool that counts nothing."""

    limit: int | None = None

    def set_limit(self, *, size: int) -> None:
        Pool.limit = size

    def malloc(self, size: int) -> str:
        if STATE.freed == 0:
            raise OutOfMemoryError(f"limit: {size}")
        return "memory"

    def free_bytes(self) -> int:
        return 0

    def used_bytes(self) -> int:
        return 0

    def free_all_blocks(self) -> None:
        STATE.freed += 1


class State:
    """What the fake was asked to do, and how it should fail."""

    def __init__(self) -> None:
        self.current: list[Stream] = []
        self.launches = self.synchronised = self.freed = 0
        self.options: set[tuple[str, ...]] = set()
        self.fail: Exception | None = None
        self.driver, self.built, self.devices = 13_000, 13_020, 1
        self.nvrtc: Exception | None = None
        self.allocator: Any = None
        self.pinned: Exception | None = None


STATE = State()


def _plain(a: Any) -> Any:
    """What NumPy works on; an array of the host among the arguments is the mistake that CuPy would refuse, too."""
    if isinstance(a, FakeArray):
        return a.view(np.ndarray)
    if isinstance(a, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>")
    return [_plain(each) for each in a] if isinstance(a, list | tuple) else a


def _wrapped(a: Any) -> Any:
    return np.asarray(a).view(FakeArray) if isinstance(a, np.ndarray | np.generic) else a


def _on_device(function: Any) -> Any:
    """NumPy's function, on arrays of the device alone."""

    def call(*args: Any, **settings: Any) -> Any:
        return _wrapped(function(*(_plain(a) for a in args), **{k: _plain(v) for k, v in settings.items()}))

    return call


def _empty(shape: Any, dtype: Any = float) -> FakeArray:
    if STATE.fail is not None:
        raise STATE.fail
    return np.empty(shape, dtype).view(FakeArray)


def _device_count() -> int:
    if STATE.devices == 0:
        raise CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")
    return STATE.devices


def _nvrtc_version() -> tuple[int, int]:
    if STATE.nvrtc is not None:
        raise STATE.nvrtc
    return 13, 0


def _pinned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    if STATE.pinned is not None:
        raise STATE.pinned
    return np.empty(shape, dtype)


@contextmanager
def installed(monkeypatch: Any) -> Any:
    """Put the fake in CuPy's place, with the GPU's side of the seam freshly imported on top of it."""
    global STATE
    STATE = State()
    cupy, cupyx, cuda = ModuleType("cupy"), ModuleType("cupyx"), ModuleType("cupy.cuda")
    runtime = SimpleNamespace(
        CUDARuntimeError=CUDARuntimeError,
        getDevice=lambda: 0,
        getDeviceProperties=lambda _: {"name": b"Fake GPU", "sharedMemPerBlockOptin": 232_448},
        getDeviceCount=_device_count,
        driverGetVersion=lambda: STATE.driver,
        runtimeGetVersion=lambda: STATE.built,
        memGetInfo=lambda: (8 * 10**9, 10**10),
    )
    cuda.runtime, cuda.driver = runtime, SimpleNamespace(CUDADriverError=CUDADriverError)  # type: ignore[attr-defined]
    cuda.nvrtc = SimpleNamespace(getVersion=_nvrtc_version)  # type: ignore[attr-defined]
    cuda.compiler = SimpleNamespace(CompileException=CompileException)  # type: ignore[attr-defined]
    cuda.Stream, cuda.Event, cuda.get_elapsed_time = Stream, Event, lambda *_: 2.0  # type: ignore[attr-defined]
    # Everything that is no call of CUDA is NumPy's own function, on arrays of the device.
    for name in dir(np):
        found = getattr(np, name)
        if not name.startswith("__"):
            setattr(cupy, name, _on_device(found) if callable(found) and not isinstance(found, type) else found)
    cupy.__spec__ = ModuleSpec("cupy", None)
    cuda.memory = SimpleNamespace(OutOfMemoryError=OutOfMemoryError)  # type: ignore[attr-defined]
    cuda.set_allocator = lambda allocator: setattr(STATE, "allocator", allocator)  # type: ignore[attr-defined]
    cupy.__version__, cupy.cuda, cupy.RawModule = "14.2.0", cuda, RawModule  # type: ignore[attr-defined]
    cupy.ndarray = FakeArray  # type: ignore[attr-defined]
    cupy.empty = _empty  # type: ignore[attr-defined]
    cupy.asarray = lambda a: np.array(a.view(np.ndarray)).view(FakeArray)  # type: ignore[attr-defined]
    cupy.get_default_memory_pool = cupy.get_default_pinned_memory_pool = Pool  # type: ignore[attr-defined]
    cupyx.empty_pinned = _pinned  # type: ignore[attr-defined]
    for name, module in (("cupy", cupy), ("cupyx", cupyx), ("cupy.cuda", cuda)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "radiomics_mammo.compute.cupy_device", raising=False)
    yield STATE
    monkeypatch.delitem(sys.modules, "radiomics_mammo.compute.cupy_device", raising=False)
