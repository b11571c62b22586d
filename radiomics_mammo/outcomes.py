"""What a table or a part of one knows about its cases: which are done, which failed, and why."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from radiomics_mammo.atomic import write_bytes
from radiomics_mammo.errors import OutputError
from radiomics_mammo.tables import PROVENANCE_KEY, decode
from radiomics_mammo.types import Failure, Scalar

OUTCOMES_KEY = b"radiomics_mammo_outcomes"
PART_SUFFIX = ".part"
KEPT = "Finished rows are kept."

Rows = list[tuple[Scalar, ...]]


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
        The finished table, or a part of one.
    entries : tuple of Entry
        Every case that is done, those without rows included.
    failures : tuple of (str, Failure)
        What failed, with the ``case_id`` of the case it belongs to.
    """

    path: Path
    entries: tuple[Entry, ...]
    failures: tuple[tuple[str, Failure], ...]


def pack(entries: Iterable[Entry], failures: Iterable[tuple[str, Failure]]) -> bytes:
    """Turn outcomes into a value for a table's metadata (compressed, since it names every case)."""
    return base64.b64encode(zlib.compress(json.dumps(_record(entries, failures)).encode()))


def read_table_outcomes(path: Path) -> Outcomes | None:
    """Read what a finished table knows; None when the file is not a table that extract wrote."""
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowException):
        return None
    if OUTCOMES_KEY not in metadata:
        return None
    return _outcomes(path, json.loads(zlib.decompress(base64.b64decode(metadata[OUTCOMES_KEY]))))


def write_part(
    path: Path,
    *,
    entries: Sequence[Entry],
    failures: Sequence[tuple[str, Failure]],
    rows: Rows,
    values: NDArray[np.float64],
) -> None:
    """Write a part: a line of JSON (outcomes and identity columns), then the features as they lie in memory.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    said = {**_record(entries, failures), "rows": rows, "features": values.shape[1]}
    write_bytes(path, json.dumps(said).encode() + b"\n" + values.astype("<f8").tobytes(), kept=KEPT)


def read_part(path: Path) -> tuple[Outcomes, Rows, NDArray[np.float64]]:
    """Read a part.

    Returns
    -------
    outcomes : Outcomes
        What it knows of its cases.
    rows : list of tuple
        The identity columns of each row.
    values : ndarray of float64, shape (n_rows, n_features)
        Undefined features are NaN.

    Raises
    ------
    OutputError
        The part is damaged.
    """
    try:
        line, _, content = path.read_bytes().partition(b"\n")
        said = json.loads(line)
        rows = [tuple(row) for row in said["rows"]]
        values = np.frombuffer(content, dtype="<f8").reshape(len(rows), said["features"])
        return _outcomes(path, said), rows, values
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise OutputError(
            f"a part of the unfinished table is damaged ({error})",
            path=path,
            remedy="Delete this file and run the same command again: its cases will be measured anew.",
        ) from error


def load_rows(outcomes: Outcomes, *, names: Sequence[str]) -> tuple[Rows, NDArray[np.float64]]:
    """Read the rows of a table or a part: identity columns (``names``) and values, as :func:`read_part`."""
    if outcomes.path.suffix == PART_SUFFIX:
        return read_part(outcomes.path)[1:]
    import pyarrow.parquet as pq

    table = pq.read_table(outcomes.path)
    features = decode(table.schema.metadata[PROVENANCE_KEY])["features"]
    values = np.empty((table.num_rows, len(features)))
    for position, name in enumerate(features):
        values[:, position] = table[name].to_numpy()
    return list(zip(*(table[name].to_pylist() for name in names), strict=True)), values


def _record(entries: Iterable[Entry], failures: Iterable[tuple[str, Failure]]) -> dict[str, object]:
    return {
        "entries": [[entry.case_id, entry.fingerprint, entry.rows] for entry in entries],
        "failures": [[case_id, asdict(failure)] for case_id, failure in failures],
    }


def _outcomes(path: Path, said: dict[str, list[list[object]]]) -> Outcomes:
    return Outcomes(
        path,
        tuple(Entry(*entry) for entry in said["entries"]),  # type: ignore[arg-type]
        tuple((case_id, Failure(**failure)) for case_id, failure in said["failures"]),  # type: ignore
    )
