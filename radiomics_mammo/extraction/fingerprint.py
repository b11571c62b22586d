"""Fingerprints of the input: cheap enough for every start, and different when the input has changed."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from radiomics_mammo.core.records import Case

_HEX = 16


def case_fingerprint(case: Case) -> str:
    """Return the hash of a case: its ids, its identity columns, and its source.

    Files count by name and size, folders by name, and neither by where they lie nor by content: a tree that
    was moved is the same input, a file that was replaced by one of another size is not. No file is opened.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    parts = [case.case_id, case.patient_id, _plain(case.columns), _plain(case.source)]
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()[:_HEX]


def input_fingerprint(fingerprints: Iterable[str]) -> str:
    """Return the hash of all cases' fingerprints, in the table's order (64 hexadecimal digits)."""
    return hashlib.sha256("\n".join(fingerprints).encode()).hexdigest()


def _plain(value: object) -> object:
    """Return a reader's private record in a form whose ``repr`` is the same in every process."""
    if isinstance(value, str):
        return _file(value) if os.path.isabs(value) else value  # noqa: PTH117
    if value is None or isinstance(value, (int, float, bytes)):
        return value
    if isinstance(value, Path):
        return _file(str(value))
    if isinstance(value, Mapping):
        return [(_plain(key), _plain(entry)) for key, entry in value.items()]
    if isinstance(value, (set, frozenset)):
        return sorted(repr(_plain(entry)) for entry in value)
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [_plain(getattr(value, part.name)) for part in dataclasses.fields(value)]
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return [value.shape, value.dtype.str, hashlib.sha256(value.tobytes()).hexdigest()]
    raise TypeError(f"a case's source holds a {type(value).__name__}, which cannot be fingerprinted")


def _file(path: str) -> tuple[str, int | None]:
    name = os.path.basename(path)  # noqa: PTH119 - thousands of them, and Path objects are slow
    try:
        entry = os.stat(path)  # noqa: PTH116
    except OSError:
        return name, None
    return name, None if stat.S_ISDIR(entry.st_mode) else entry.st_size
