"""Read a PyTorch checkpoint of plain tensors without PyTorch, and without running what a pickle may ask for."""

from __future__ import annotations

import collections
import io
import pickle
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError

_MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
}
_DAMAGE = (
    pickle.UnpicklingError, EOFError, KeyError, IndexError, TypeError, ValueError, AttributeError, struct.error,
    zipfile.BadZipFile, OSError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Storage:
    """A stretch of numbers in a pickle: its type and its key in the file."""

    dtype: np.dtype[Any]
    key: str


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_checkpoint(path: Path) -> dict[str, NDArray[Any]]:
    """Read the tensors of a PyTorch checkpoint (zip, or before version 1.6).

    Only ordered dictionaries, tensors and their storages are made; any other name in the pickle is refused, and
    no tensor exceeds its storage.

    Raises
    ------
    InputError
        It cannot be read, is damaged, or holds something other than tensors.
    """
    try:
        tensors, stored = _read_zip(path) if zipfile.is_zipfile(path) else _read_older(path)
        return {name: _array(tensor, stored(tensor.storage)) for name, tensor in tensors.items()}
    except _DAMAGE as error:
        raise InputError(
            f"not a checkpoint of plain tensors ({error})",
            path=path,
            remedy="Save the state_dict() of the network alone, or give it as safetensors or ONNX.",
        ) from error


class _Unpickler(pickle.Unpickler):
    """Knows a handful of names, and none that does anything."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, *rest = pid
        if kind != "storage" or not isinstance(dtype, np.dtype) or (len(rest) > 2 and rest[2] is not None):
            raise pickle.UnpicklingError("a storage of an unknown kind")
        return _Storage(dtype, str(key))


def _tensor(storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


_Stored = Callable[[_Storage], NDArray[Any]]


def _read_zip(path: Path) -> tuple[dict[str, _Tensor], _Stored]:
    archive = zipfile.ZipFile(path)
    (root,) = (name[: -len("data.pkl")] for name in archive.namelist() if name.endswith("/data.pkl"))
    tensors = _tensors(_Unpickler(io.BytesIO(archive.read(f"{root}data.pkl"))).load())

    def stored(storage: _Storage) -> NDArray[Any]:
        return np.frombuffer(archive.read(f"{root}data/{storage.key}"), storage.dtype)

    return tensors, stored


def _read_older(path: Path) -> tuple[dict[str, _Tensor], _Stored]:
    """Read magic number, protocol, system, dictionary and keys as pickles, then each storage."""
    with path.open("rb") as handle:
        magic, _protocol, _system = (_Unpickler(handle).load() for _ in range(3))
        if magic != _MAGIC:
            raise ValueError("another magic number")
        tensors = _tensors(_Unpickler(handle).load())
        dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
        numbers = {str(key): _numbers(handle, dtypes[str(key)]) for key in _Unpickler(handle).load()}
    return tensors, lambda storage: numbers[storage.key]


def _tensors(content: object) -> dict[str, _Tensor]:
    if not isinstance(content, dict) or not all(isinstance(value, _Tensor) for value in content.values()):
        raise ValueError("it holds something other than tensors")
    return {str(name): tensor for name, tensor in content.items()}


def _numbers(handle: BinaryIO, dtype: np.dtype[Any]) -> NDArray[Any]:
    (count,) = struct.unpack("<q", handle.read(8))
    return np.frombuffer(handle.read(max(count, 0) * dtype.itemsize), dtype)


def _array(tensor: _Tensor, numbers: NDArray[Any]) -> NDArray[Any]:
    shape, strides = tensor.shape, tensor.strides
    last = tensor.offset + sum((length - 1) * step for length, step in zip(shape, strides, strict=True))
    if min((tensor.offset, *shape, *strides), default=0) < 0 or (0 not in shape and last >= numbers.size):
        raise ValueError("a tensor exceeds its storage")
    steps = tuple(step * numbers.itemsize for step in strides)
    return np.lib.stride_tricks.as_strided(numbers[tensor.offset :], shape, steps, writeable=False).copy()
