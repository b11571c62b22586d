"""Compile kernels and cache their machine code on disk.

numba checks a cached kernel against its own file only: a change in a kernel that it calls from another file would go
unnoticed, and the old numbers with it. The cache folder is therefore named after the text of all kernel files.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba


@cache
def cache_folder() -> Path:
    """Return the folder of compiled kernels of these sources."""
    package = Path(__file__).parents[1]
    others = ("compute/bounding_box.py", "engines/ragged.py", "compute/reductions.py", "compute/jit.py")
    sources = sorted(
        [*package.glob("features/**/*.py"), *package.glob("imaging/filters/*.py"), *(package / name for name in others)]
    )
    text = b"".join(source.read_bytes() for source in sources)
    # numba files its results by path, too: two installations of the same sources do not share them.
    name = hashlib.sha256(text + f"{numba.__version__} {package}".encode()).hexdigest()[:16]
    homes = [
        os.environ.get("NUMBA_CACHE_DIR"),
        os.environ.get("XDG_CACHE_HOME"),
        Path("~/.cache").expanduser(),
    ]
    for home in [*homes, tempfile.gettempdir()]:
        if not home:
            continue
        folder = Path(home) / "radiomics_mammo" / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:  # a read-only home is usual in containers; the next place is as good
            continue
        if os.access(folder, os.W_OK):
            return folder
    return Path(tempfile.mkdtemp(prefix="radiomics_mammo-"))


def kernel(function: Callable[..., Any] | None = None, *, fastmath: set[str] | bool = False) -> Any:
    """Compile a function at its first call, without the GIL, and cache it on disk.

    Parameters
    ----------
    fastmath : set of str or bool
        What LLVM may reorder; nothing by default, so that results are the same everywhere.
    """
    if function is None:
        return lambda f: kernel(f, fastmath=fastmath)
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())
    try:
        # Divisions are guarded where they need it; checking each of them again takes time to compile and to run.
        return numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=fastmath)(function)
    finally:
        numba.config.CACHE_DIR = before
