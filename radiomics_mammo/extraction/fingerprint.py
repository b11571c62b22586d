"""Fingerprints of the input: of its content, and stamps that tell at every start whether content must be read again."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np

from radiomics_mammo.core.records import Case
from radiomics_mammo.imaging.formats.itk_header import HEADER_NAMES, data_files

_HEX = 16


def case_fingerprint(case: Case) -> str:
    """Return the hash of a case: its ids, its identity columns, its source, and the content of its files.

    Files count by name and content, those that a header names too; folders by name; neither by where they lie: a
    tree that was moved is the same input, a file with one other byte is not.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    return _hash(case, _content)


def case_stamp(case: Case) -> str:
    """Return a hash as of :func:`case_fingerprint`, of sizes and times of the files: no pixel is read.

    While it stays, so does the fingerprint; where it changed (a copied tree, a touched file), the fingerprint tells.
    """
    return _hash(case, _times)


def _hash(case: Case, file: Callable[[str], object]) -> str:
    parts = [case.case_id, case.patient_id, _plain(case.columns, file), _plain(case.source, file)]
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()[:_HEX]


def input_fingerprint(fingerprints: Iterable[str]) -> str:
    """Return the hash of all cases' fingerprints, in the table's order (64 hexadecimal digits)."""
    return hashlib.sha256("\n".join(fingerprints).encode()).hexdigest()


def _plain(value: object, file: Callable[[str], object]) -> object:
    """Return a reader's private record in a form whose ``repr`` is the same in every process."""
    if isinstance(value, str):
        return _named(value, file) if os.path.isabs(value) else value  # noqa: PTH117
    if value is None or isinstance(value, (int, float, bytes)):
        return value
    if isinstance(value, Path):
        return _named(str(value), file)
    if isinstance(value, Mapping):
        return [(_plain(key, file), _plain(entry, file)) for key, entry in value.items()]
    if isinstance(value, (set, frozenset)):
        return sorted(repr(_plain(entry, file)) for entry in value)
    if isinstance(value, (list, tuple)):
        return [_plain(entry, file) for entry in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [_plain(getattr(value, part.name), file) for part in dataclasses.fields(value)]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return [value.shape, value.dtype.str, hashlib.sha256(value.tobytes()).hexdigest()]
    raise TypeError(f"a case's source holds a {type(value).__name__}, which cannot be fingerprinted")


def _named(path: str, file: Callable[[str], object]) -> tuple[str, object]:
    """Return a file's name and what ``file`` gives for it and for the files that its header names."""
    name = os.path.basename(path)  # noqa: PTH119 - thousands of them, and Path objects are slow
    named = data_files(path) if path.lower().endswith(HEADER_NAMES) else ()
    return name, [_described(each, file) for each in (path, *named)]


def _described(path: str, file: Callable[[str], object]) -> object:
    try:
        return file(path)
    except (OSError, ValueError):  # not there, or a name that no file can have
        return None


def _content(path: str) -> str | None:
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - a folder, or a pipe that would never end
        return None
    with open(path, "rb") as handle:  # noqa: PTH123
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _times(path: str) -> tuple[int, ...] | None:
    entry = os.stat(path)  # noqa: PTH116
    # Whoever writes a file can set its time of modification back, but not that of its change.
    return (entry.st_size, entry.st_mtime_ns, entry.st_ctime_ns) if stat.S_ISREG(entry.st_mode) else None
