"""What a table or a part of one knows about its cases: which are done, which failed, and why."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from radiomics_mammo.errors import OutputError
from radiomics_mammo.tables import PROVENANCE_KEY, decode
from radiomics_mammo.types import Failure

OUTCOMES_KEY = b"radiomics_mammo_outcomes"
VALUES_COLUMN = "_values"


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished case: its fingerprint when it was done, and its number of rows."""

    case_id: str
    fingerprint: str
    rows: int


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The finished cases of one file, whose rows lie in the order of ``entries``.

    Attributes
    ----------
    path : pathlib.Path
        The finished table (Parquet) or a part of one (Arrow).
    entries : tuple of Entry
        Every case that is done, those without rows included.
    failures : tuple of (str, Failure)
        What failed, with the ``case_id`` of the case it belongs to.
    """

    path: Path
    entries: tuple[Entry, ...]
    failures: tuple[tuple[str, Failure], ...]


def pack(entries: Iterable[Entry], failures: Iterable[tuple[str, Failure]]) -> bytes:
    """Turn outcomes into a value for a file's metadata (compressed, since it names every case)."""
    record = {
        "entries": [[entry.case_id, entry.fingerprint, entry.rows] for entry in entries],
        "failures": [[case_id, asdict(failure)] for case_id, failure in failures],
    }
    return base64.b64encode(zlib.compress(json.dumps(record).encode()))


def read_table_outcomes(path: Path) -> Outcomes | None:
    """Read what a finished table knows; None when the file is not a table that extract wrote."""
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowException):
        return None
    return _unpack(path, metadata[OUTCOMES_KEY]) if OUTCOMES_KEY in metadata else None


def read_part_outcomes(path: Path) -> Outcomes:
    """Read what a part knows, without its rows.

    Raises
    ------
    OutputError
        The part is damaged.
    """
    try:
        with pa.OSFile(str(path)) as handle:
            return _unpack(path, pa.ipc.open_file(handle).schema.metadata[OUTCOMES_KEY])
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, zlib.error) as error:
        raise OutputError(
            f"a part of the unfinished table is damaged ({error})",
            path=path,
            remedy="Delete this file and run the same command again: its cases will be measured anew.",
        ) from error


def load_rows(outcomes: Outcomes, *, names: list[str]) -> tuple[pa.Table, NDArray[np.float64]]:
    """Read the rows of a table or a part.

    Parameters
    ----------
    outcomes : Outcomes
        Whose rows.
    names : list of str
        The identity columns.

    Returns
    -------
    identity : pyarrow.Table
        The identity columns.
    values : ndarray of float64, shape (n_rows, n_features)
        Undefined features are NaN.
    """
    if outcomes.path.suffix == ".arrow":
        # Its bytes are read at once, so that no file stays open or mapped when the parts are removed.
        table = pa.ipc.open_file(pa.py_buffer(outcomes.path.read_bytes())).read_all()
        return table.select(names), _matrix(table)
    import pyarrow.parquet as pq

    table = pq.read_table(outcomes.path)
    features = decode(table.schema.metadata[PROVENANCE_KEY])["features"]
    values = np.empty((table.num_rows, len(features)))
    for position, name in enumerate(features):
        values[:, position] = table[name].to_numpy()
    return table.select(names), values


def _matrix(table: pa.Table) -> NDArray[np.float64]:
    width = table.schema.field(VALUES_COLUMN).type.list_size
    chunks = [chunk.flatten().to_numpy() for chunk in table[VALUES_COLUMN].chunks]
    flat = np.concatenate(chunks) if chunks else np.empty(0)
    return flat.reshape(table.num_rows, width)


def _unpack(path: Path, packed: bytes) -> Outcomes:
    record = json.loads(zlib.decompress(base64.b64decode(packed)))
    return Outcomes(
        path,
        tuple(Entry(*entry) for entry in record["entries"]),
        tuple((case_id, Failure(**failure)) for case_id, failure in record["failures"]),
    )
