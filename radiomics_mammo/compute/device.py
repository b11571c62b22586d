"""The device protocol: what a GPU must do for the cuda engine, and a batch of regions on it.

Everything on this side of the seam (grids, offsets, argument order and types) runs in the tests, too, on a device that
executes the same kernel text on the host.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from radiomics_mammo.compute.reductions import Array

Blocks = tuple[int, ...]
MOST_BLOCKS = (2**31 - 1, 65_535, 65_535)
"""CUDA's limits of a grid."""


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a module of kernels, by its path in the package."""

    name: str
    text: str


@cache
def source(*paths: str) -> Source:
    """Read kernel files of the package, in this order, after what all kernels share.

    Parameters
    ----------
    *paths : str
        Paths in the package, such as ``features/glcm/dense.cu``; the last one names the module.
    """
    package = files("radiomics_mammo")
    texts = [
        f'#line 1 "{path}"\n{package.joinpath(path).read_text("utf-8")}' for path in ("compute/common.cuh", *paths)
    ]
    return Source(paths[-1], "\n".join(texts))


class Device(Protocol):
    """A GPU, or a stand-in for one.

    Attributes
    ----------
    xp : module
        The array library whose arrays live on it: CuPy, or NumPy on the host.
    threads : int
        Threads of a block, a multiple of 32.
    tile : int
        Pixels of a tile.
    shared_bytes : int
        Most shared memory that a block may ask for.
    """

    name: str
    xp: ModuleType
    threads: int
    tile: int
    shared_bytes: int

    def launch(
        self, module: Source, kernel: str, *, blocks: Blocks, args: tuple[Any, ...], shared: int = 0, threads: int = 0
    ) -> None:
        """Queue a kernel; returns at once.

        With a 0 in the grid nothing is done. ``args`` are arrays of this device and NumPy scalars of the very types
        that the kernel declares; ``shared`` is dynamic shared memory, in bytes; 0 threads are ``Device.threads``.
        """
        ...

    def empty(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
        """Return an array on the device, its contents undefined."""
        ...

    def zeros(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
        """Return an array of zeros on the device."""
        ...

    def constant(self, host: NDArray[Any]) -> Array:
        """Return a small table on the device; sent once, however often it is needed."""
        ...

    def staging(self, n_bytes: int) -> NDArray[np.uint8]:
        """Return page-locked host memory, from which an upload runs beside other work."""
        ...

    def upload(self, staged: NDArray[np.uint8]) -> Array:
        """Queue the copy of staged bytes, which must live until a download ends."""
        ...

    def download(self, array: Array) -> Callable[[], NDArray[Any]]:
        """Queue the copy of a result, and return a function that waits for it."""
        ...

    def queue(self) -> AbstractContextManager[None]:
        """Queue what is done within on this device, in its order."""
        ...

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Name the work queued within, for timing; parts are called ``stage: part``."""
        ...

    def mark_stages(self) -> None:
        """Measure the time of every stage from now on, and of every kernel as a part of its stage."""
        ...

    def stage_seconds(self) -> dict[str, float]:
        """Return the seconds spent on each stage since, and stop measuring."""
        ...

    def free_bytes(self) -> int:
        """Return the free memory in bytes."""
        ...

    def release(self) -> None:
        """Free what is pooled for reuse, after running out of memory."""
        ...


def check_grid(blocks: Blocks, shared: int, device: Device) -> bool:
    """Return whether there is anything to launch; raise for a grid that no GPU takes."""
    if any(n > most for n, most in zip(blocks, MOST_BLOCKS, strict=False)) or shared > device.shared_bytes:
        raise ValueError(f"no device takes a grid of {blocks} with {shared} bytes of shared memory")
    return min(blocks) > 0


def fold(a: Array, *, device: Device) -> Array:
    """Sum over the last axis in the order of ``reductions.total``, in one launch."""
    n = a.shape[-1]
    rows = a.size // n
    out = device.empty(a.shape[:-1], np.float64)
    whole = (n - 1).bit_length()  # of the power of two that the row is padded to
    lanes = min(whole, device.threads.bit_length() - 1)
    device.launch(
        source("compute/fold.cu"),
        "fold",
        blocks=(-(-rows // (device.threads >> lanes)),),
        args=(a, np.int64(rows), np.int64(n), np.int32(1 << lanes), np.int32(whole - lanes), out),
        shared=8 * device.threads,
    )
    return out


@dataclass(frozen=True, slots=True, eq=False)
class DeviceBatch:
    """Many regions end to end on the device, as :class:`RoiBatch` on the host.

    Attributes
    ----------
    shapes : ndarray of int64, shape (n_roi, 2), on the host
        Rows and columns of each box, without the frame.
    bounds : ndarray of int64, shape (n_roi,), on the host
        No grey level of the region is higher (``n_levels`` may be lower).
    item_bytes : int
        Bytes of an intensity, of the region where they are widest.
    rois : Array of int64, shape (n_roi, 12)
        ``struct Roi`` of common.cuh.
    tiles : Array of int32, shape (n_tiles, 4)
        ``struct Tile`` of common.cuh.
    upload : Array of uint8
        The bytes that were sent: intensities, masks, edges.
    levels : Array of int32
        Framed boxes: grey level from 1 up inside the region, 0 outside.
    shape_mask : Array of uint8
        Framed boxes: 1 inside the region that shape is taken from.
    level_count : Array of int32, shape (n_roi, width)
        Pixels of each grey level; entry 0 is 0.
    n_levels, n_distinct : Array of int64, shape (n_roi,)
        The highest grey level of each region, and how many occur.
    spacing : Array of float64, shape (n_roi, 2)
        (row, column).
    shared : dict
        Results of one family that another family needs, too.
    """

    device: Device
    pad: int
    shapes: NDArray[np.int64]
    bounds: NDArray[np.int64]
    n_tiles: int
    item_bytes: int
    rois: Array
    tiles: Array
    upload: Array
    levels: Array
    shape_mask: Array
    level_count: Array
    n_levels: Array
    n_distinct: Array
    spacing: Array
    shared: dict[Any, Any] = field(default_factory=dict)

    @property
    def n_roi(self) -> int:
        """Return the number of regions."""
        return len(self.shapes)

    @property
    def width(self) -> int:
        """Return the entries of an array by grey level: one more than the highest bound."""
        return int(self.bounds.max()) + 1
