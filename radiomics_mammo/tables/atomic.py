"""Write files atomically: beside their name, flushed to disk, then renamed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from radiomics_mammo.errors import OutputError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def atomic_file(path: str | Path, *, n_bytes: int = 0, note: str = "") -> Iterator[BinaryIO]:
    """Open a binary file to write; it takes ``path``'s place only when the block ends without an error.

    The content is on the disk (fsync) before the rename and the rename before the function returns, so a
    crash at any instant leaves the old file or the new one. What a killed process left under the temporary
    name is overwritten by the next attempt.

    Parameters
    ----------
    path : str or pathlib.Path
        The file to make or to replace; its folder must exist.
    n_bytes : int
        Bytes that the content takes, for the message when the disk is full; 0 is unknown.
    note : str
        What is not lost when writing fails, as a sentence for the message.

    Raises
    ------
    OutputError
        The file cannot be written: no permission, no space, a folder in its place.
    """
    path = Path(path)
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        # Half a file is of no use, and on a full disk its space is.
        _remove_quietly(temporary)
        raise output_error(error, path=path, n_bytes=n_bytes, note=note) from error


def write_bytes(path: str | Path, content: bytes, *, note: str = "") -> None:
    """Write a small file atomically; see :func:`atomic_file`."""
    with atomic_file(path, n_bytes=len(content), note=note) as handle:
        handle.write(content)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder survive a power cut (where the system can)."""
    if os.name == "nt":  # Windows opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Create a folder and those above it.

    Raises
    ------
    OutputError
        It cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, path=folder) from error


def output_error(error: OSError, *, path: Path, n_bytes: int = 0, note: str = "") -> OutputError:
    """Return the error of this package for an operating system's error while writing."""
    if error.errno in _FULL:
        size = f"; it needs {_megabytes(n_bytes)}" if n_bytes else ""
        cause = f"no space left to write it ({error.strerror}){size}"
        remedy = "Free some space and run the same command again."
    elif isinstance(error, PermissionError) or error.errno == errno.EROFS:
        cause, remedy = f"cannot be written ({error.strerror})", "Name a place that you may write to."
    else:
        cause, remedy = f"cannot be written ({error.strerror or error})", "Name another place."
    return OutputError(cause, path=path, remedy=f"{note} {remedy}".strip())


def _megabytes(size: int) -> str:
    return f"about {max(size / 1e6, 0.1):.1f} MB"


def _remove_quietly(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # the first error is reported
