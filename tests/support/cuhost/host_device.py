"""A device that runs the kernels on the host: everything but CuPy itself is what a GPU would run."""

from __future__ import annotations

import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from radiomics_mammo.compute.device import Blocks, Source, check_grid
from tests.support.cuhost.module import compile_module, kernel

GUARD = 2048
RUBBISH = 0xCD


@cache
def _kernel(text: str, name: str, sanitize: bool) -> Callable[..., None]:
    return kernel(_library(text, sanitize), name)


@cache
def _library(text: str, sanitize: bool) -> Any:
    return compile_module(text, sanitize=sanitize)


class HostDevice:
    """NumPy arrays between guards, kernels behind the shim.

    Parameters
    ----------
    threads, tile : int
        Geometry of the launches; tests take small and odd ones.
    shared_bytes : int
        Shared memory of a block.
    seed : int
        Order in which the threads of a block run; 0 for theirs.
    memory : int or None
        Bytes that can be allocated at a time; more raises MemoryError, as CuPy does.
    edit : callable, optional
        Changes the text of a module before it is compiled (to plant a mistake).
    sanitize : bool
        Watch every access for races and bounds: ten to a hundred times slower.

    Attributes
    ----------
    launches : Counter
        By kernel.
    allocations, uploads, downloads : int
        How many there were.
    peak : int
        Most bytes that arrays held at a time.
    """

    def __init__(
        self,
        *,
        threads: int = 64,
        tile: int = 1000,
        shared_bytes: int = 49_152,
        seed: int = 1,
        memory: int | None = None,
        edit: Callable[[Source], str] | None = None,
        sanitize: bool = False,
    ) -> None:
        self.name = "host"
        self.xp = np
        self.threads, self.tile, self.shared_bytes, self.seed = threads, tile, shared_bytes, seed
        self.memory, self.sanitize = memory, sanitize
        self.launches: Counter[str] = Counter()
        self.allocations = 0
        self.uploads = 0
        self.downloads = 0
        self.peak = 0
        self.seconds: Counter[str] = Counter()
        self._edit = edit
        self._stage = ""
        # Of each array: the bytes around it, where in them it begins, and how many bytes it has.
        self._guarded: list[tuple[weakref.ref[NDArray[np.uint8]], int, int]] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], NDArray[Any]] = {}

    def launch(
        self, module: Source, kernel: str, *, blocks: Blocks, args: tuple[Any, ...], shared: int = 0, threads: int = 0
    ) -> None:
        if not check_grid(blocks, shared, self):
            return
        self.launches[kernel] += 1
        text = self._edit(module) if self._edit else module.text
        with self.stage(f"{self._stage}: {kernel}"):
            _kernel(text, kernel, self.sanitize)(blocks, threads or self.threads, args, shared=shared, seed=self.seed)
        self._check_guards(kernel)

    def empty(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        self.allocations += 1
        n = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if self.memory is not None and n + self._held() > self.memory:
            raise MemoryError(f"out of memory allocating {n} bytes")
        raw = np.full(n + 2 * GUARD + 64, RUBBISH, np.uint8)
        at = GUARD + -(raw.ctypes.data + GUARD) % 64
        self.release()
        self._guarded.append((weakref.ref(raw), at, n))
        self.peak = max(self.peak, self._held())
        return raw[at : at + n].view(dtype).reshape(shape)

    def zeros(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        array = self.empty(shape, dtype)
        array[...] = 0
        return array

    def constant(self, host: NDArray[Any]) -> NDArray[Any]:
        key = (host.dtype.str, host.shape, host.tobytes())
        if key not in self._constants:
            self._constants[key] = self.empty(host.shape, host.dtype)
            self._constants[key][...] = host
        return self._constants[key]

    def staging(self, n_bytes: int) -> NDArray[np.uint8]:
        raw = np.full(n_bytes + 64, RUBBISH, np.uint8)
        at = -raw.ctypes.data % 64
        return raw[at : at + n_bytes]

    def upload(self, staged: NDArray[np.uint8]) -> NDArray[np.uint8]:
        self.uploads += 1
        array: NDArray[np.uint8] = self.empty(len(staged), np.uint8)
        array[...] = staged
        staged[...] = RUBBISH  # nobody may count on it afterwards
        return array

    def download(self, array: NDArray[Any]) -> Callable[[], NDArray[Any]]:
        self.downloads += 1
        copy = array.copy()
        return lambda: copy

    @contextmanager
    def queue(self) -> Iterator[None]:
        yield

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        around, self._stage = self._stage, self._stage or name
        yield
        self._stage = around
        self.seconds[name] += time.perf_counter() - start

    def mark_stages(self) -> None:
        self.seconds.clear()

    def stage_seconds(self) -> dict[str, float]:
        return dict(self.seconds)

    def free_bytes(self) -> int:
        return 1 << 32 if self.memory is None else self.memory - self._held()

    def release(self) -> None:
        self._guarded = [entry for entry in self._guarded if entry[0]() is not None]

    def _held(self) -> int:
        return sum(n for ref, _, n in self._guarded if ref() is not None)

    def _check_guards(self, name: str) -> None:
        for ref, at, n in self._guarded:
            raw = ref()
            if raw is not None and ((raw[:at] != RUBBISH).any() or (raw[at + n :] != RUBBISH).any()):
                raise AssertionError(f"{name} wrote beside an array")
