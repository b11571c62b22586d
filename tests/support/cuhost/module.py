"""Compile the text of CUDA kernels with g++ and call them on NumPy arrays, every argument checked."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
Address = ctypes.c_void_p


SANITIZE = ("-fsanitize=thread", "-DCUHOST_SANITIZE", "--param", "tsan-distinguish-volatile=1", "-g0")


def compile_module(text: str, *, sanitize: bool = False) -> ctypes.CDLL:
    """Build a library of all kernels in the text; the same text is built once on a machine.

    Parameters
    ----------
    text : str
    sanitize : bool
        Watch every access, as sanitizer.cpp says.
    """
    compiler = os.environ.get("CXX", "g++")
    if sys.platform != "linux" or shutil.which(compiler) is None:
        pytest.skip(f"kernels run on the host under Linux, with a C++ compiler ({compiler})")
    names = KERNEL.findall(text)
    whole = '#include "cuhost.hpp"\n' + text + "\n" + "\n".join(f"CUHOST_KERNEL({name})" for name in names) + "\n"
    command = [compiler, *FLAGS, "-I", str(HERE), *(SANITIZE if sanitize else ())]
    shim = [(HERE / name).read_text("utf-8") for name in ("cuhost.hpp", "sanitizer.cpp")]
    key = hashlib.sha256(repr((whole, command, shim)).encode()).hexdigest()[:24]
    library = Path(tempfile.gettempdir()) / f"cuhost-{key}.so"
    if not library.exists():
        unfinished = library.with_suffix(f".{os.getpid()}")
        _build(command, whole, unfinished, sanitize=sanitize)
        unfinished.replace(library)
    return ctypes.CDLL(str(library))


def _build(command: list[str], text: str, library: Path, *, sanitize: bool) -> None:
    if not sanitize:
        _run([*command, "-x", "c++", "-", "-o", str(library)], text)
        return
    # Linked without -fsanitize, so that the calls go to our functions and not to GCC's runtime.
    kernels, watch = library.with_suffix(".kernels.o"), library.with_suffix(".watch.o")
    plain = [flag for flag in command if flag not in SANITIZE and flag != "-shared"]
    _run([*(flag for flag in command if flag != "-shared"), "-c", "-x", "c++", "-", "-o", str(kernels)], text)
    _run([*plain, "-O2", "-c", str(HERE / "sanitizer.cpp"), "-o", str(watch)])
    _run([command[0], "-shared", str(kernels), str(watch), "-o", str(library)])
    kernels.unlink()
    watch.unlink()


def _run(command: list[str], text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        raise SyntaxError(done.stderr)


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
    watched = hasattr(library, "cuhost_arrays")
    if watched:
        library.cuhost_message.restype = ctypes.c_char_p

    def call(blocks: tuple[int, ...], threads: int, args: tuple[Any, ...], *, shared: int = 0, seed: int = 0) -> None:
        if len(args) != n:
            raise TypeError(f"{name} takes {n} arguments, got {len(args)}")
        held = [_packed(f"{name}, argument {k}", a, *p) for k, (a, p) in enumerate(zip(args, parameters, strict=True))]
        pointers = (ctypes.c_void_p * max(n, 1))(*[a.ctypes.data for a in held])
        grid, block = Three(*(*blocks, 1, 1)[:3]), Three(threads, 1, 1)
        if watched:
            arrays = [a for a in args if isinstance(a, np.ndarray)]
            begins = np.array([a.ctypes.data for a in arrays], np.uintp)
            sizes = np.array([a.nbytes for a in arrays], np.uintp)
            library.cuhost_arrays(begins.ctypes.data_as(Address), sizes.ctypes.data_as(Address), len(arrays))
        wrong = entry(grid, block, ctypes.c_size_t(shared), pointers, ctypes.c_uint(seed))
        if wrong == 1:
            raise ValueError(f"{name}: {threads} threads")
        if wrong == 2:
            raise AssertionError(f"{name} wrote beside its {shared} bytes of shared memory")
        if watched and library.cuhost_message():
            raise AssertionError(library.cuhost_message().decode())

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
