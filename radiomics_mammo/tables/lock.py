"""Lock a table for one process; a second one is refused, with the owner's name."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock

from radiomics_mammo.errors import OutputError
from radiomics_mammo.tables.atomic import output_error


@contextmanager
def table_lock(out: Path) -> Iterator[None]:
    """Hold ``<out>.lock`` for a block; the system releases it when the process is killed.

    Raises
    ------
    OutputError
        Another process holds it, or the folder cannot be written to.
    """
    path = out.with_name(out.name + ".lock")
    owner = out.with_name(out.name + ".lock.owner")
    lock = filelock.FileLock(path, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise OutputError(
            f"another process is writing this table{_owner_text(owner)}",
            path=out,
            remedy="Wait for it, or give this run another --out.",
        ) from error
    except OSError as error:
        raise output_error(error, path=out) from error
    try:
        _write_owner(owner, out)
        yield
    finally:
        with suppress(OSError):  # a file that stays behind locks nothing
            owner.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        lock.release()


def _write_owner(owner: Path, out: Path) -> None:
    # In a file of its own: some systems let no other process read a locked file.
    try:
        owner.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}), encoding="utf-8")
    except OSError as error:
        raise output_error(error, path=out) from error


def _owner_text(owner: Path) -> str:
    try:
        record = json.loads(owner.read_text(encoding="utf-8"))
        return f" (process {record['pid']} on {record['host']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
