"""Compile the text of CUDA kernels with g++ and call them on NumPy arrays, every argument checked."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
KERNEL = re.compile(
    r"__global__\s+(?:__launch_bounds__\s*\([^)]*\)\s*)?void\s+(?:__launch_bounds__\s*\([^)]*\)\s*)?(\w+)\s*\("
)
# Products and sums stay apart, as --fmad=false has it on a GPU; integers wrap, as they do there.
FLAGS = (
    *("-std=c++20", "-O1", "-ffp-contract=off", "-fwrapv", "-fno-strict-aliasing", "-fPIC", "-shared"),
    *("-fvisibility=hidden", "-fno-gnu-unique", "-Wall", "-Werror", "-Wno-unused-function", "-Wno-unknown-pragmas"),
)
Three = ctypes.c_uint * 3


def compile_module(text: str) -> ctypes.CDLL:
    """Build a library of all kernels in the text; the same text is built once on a machine."""
    names = KERNEL.findall(text)
    whole = '#include "cuhost.hpp"\n' + text + "\n" + "\n".join(f"CUHOST_KERNEL({name})" for name in names) + "\n"
    command = [os.environ.get("CXX", "g++"), *FLAGS, "-I", str(HERE)]
    key = hashlib.sha256(repr((whole, command, (HERE / "cuhost.hpp").read_text())).encode()).hexdigest()[:24]
    library = Path(tempfile.gettempdir()) / f"cuhost-{key}.so"
    if not library.exists():
        unfinished = library.with_suffix(f".{os.getpid()}")
        done = subprocess.run(
            [*command, "-x", "c++", "-", "-o", str(unfinished)], input=whole, capture_output=True, text=True
        )
        if done.returncode:
            raise SyntaxError(done.stderr)
        unfinished.replace(library)
    return ctypes.CDLL(str(library))


def kernel(library: ctypes.CDLL, name: str) -> Callable[..., None]:
    """A kernel as a function ``f(blocks, threads, args, shared=0, seed=0)``.

    Raises
    ------
    TypeError
        The number or the types of the arguments are not what the kernel declares.
    """
    found = (ctypes.c_int * 128)()
    n = getattr(library, f"{name}__parameters")(found)
    parameters = [(bool(found[2 * k]), chr(found[2 * k + 1] >> 8), found[2 * k + 1] & 255) for k in range(n)]
    entry = getattr(library, f"{name}__launch")

    def call(blocks: tuple[int, ...], threads: int, args: tuple[Any, ...], *, shared: int = 0, seed: int = 0) -> None:
        if len(args) != n:
            raise TypeError(f"{name} takes {n} arguments, got {len(args)}")
        held = [_packed(f"{name}, argument {k}", a, *p) for k, (a, p) in enumerate(zip(args, parameters, strict=True))]
        pointers = (ctypes.c_void_p * max(n, 1))(*[a.ctypes.data for a in held])
        grid, block = Three(*(*blocks, 1, 1)[:3]), Three(threads, 1, 1)
        wrong = entry(grid, block, ctypes.c_size_t(shared), pointers, ctypes.c_uint(seed))
        if wrong == 1:
            raise ValueError(f"{name}: {threads} threads")
        if wrong == 2:
            raise AssertionError(f"{name} wrote beside its {shared} bytes of shared memory")

    return call


def _packed(where: str, value: Any, pointer: bool, kind: str, size: int) -> np.ndarray:
    if pointer:
        if isinstance(value, np.uintp) and value == 0:  # a null pointer: the kernel must not follow it
            return np.array([0], np.uintp)
        if not isinstance(value, np.ndarray) or not value.flags.c_contiguous:
            raise TypeError(f"{where} is {type(value).__name__}, the kernel takes an array without gaps")
        wanted = {"f": "f", "i": "i", "u": "ub"}.get(kind, value.dtype.kind)
        if value.dtype.kind not in wanted or (kind != "s" and value.dtype.itemsize != size):
            raise TypeError(f"{where} is an array of {value.dtype}, the kernel takes {kind}{size}")
        return np.array([value.ctypes.data], np.uintp)
    if not isinstance(value, np.generic) or value.dtype.kind != kind or value.dtype.itemsize != size:
        raise TypeError(f"{where} is {value!r} of {type(value).__name__}, the kernel takes {kind}{size}")
    return np.array([value])
