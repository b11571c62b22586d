"""What a table or a part of one knows about its cases: which are done, which failed, and why."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from radiomics_mammo.core.records import Failure, Scalar
from radiomics_mammo.errors import OutputError
from radiomics_mammo.tables.atomic import write_bytes
from radiomics_mammo.tables.feature_table import PROVENANCE_KEY, decode

OUTCOMES_KEY = b"radiomics_mammo_outcomes"
PART_SUFFIX = ".part"
KEPT = "Finished rows are kept."
_BYTES = 8  # a feature's

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


def read_part(path: Path) -> Outcomes:
    """Read what a part knows of its cases, and check that its rows are all there.

    Raises
    ------
    OutputError
        The part is damaged.
    """
    with _part(path) as (said, content):
        if len(content) != len(said["rows"]) * said["features"] * _BYTES:
            raise ValueError(f"{len(content)} bytes of features")
        return _outcomes(path, said)


def read_identity(outcomes: Outcomes, *, names: Sequence[str], wanted: Sequence[str]) -> Rows:
    """Read some identity columns of all rows of a table or a part, without its features.

    Parameters
    ----------
    outcomes : Outcomes
        Whose rows.
    names : sequence of str
        All identity columns, in the table's order.
    wanted : sequence of str
        Those to read.

    Raises
    ------
    OutputError
        The part is damaged.
    """
    if outcomes.path.suffix == PART_SUFFIX:
        places = [names.index(name) for name in wanted]
        with _part(outcomes.path) as (said, _):
            return [tuple(row[place] for place in places) for row in said["rows"]]
    import pyarrow.parquet as pq

    table = pq.read_table(outcomes.path, columns=list(wanted))
    return list(zip(*(table[name].to_pylist() for name in wanted), strict=True))


def load_rows(
    outcomes: Outcomes, *, names: Sequence[str], wanted: NDArray[np.int64]
) -> tuple[Rows, NDArray[np.float64]]:
    """Read rows of a table or a part.

    Parameters
    ----------
    outcomes : Outcomes
        Whose rows.
    names : sequence of str
        All identity columns, in the table's order.
    wanted : ndarray of int64, shape (n_rows,)
        Which rows, ascending; at least one.

    Returns
    -------
    rows : list of tuple
        The identity columns of each row.
    values : ndarray of float64, shape (n_rows, n_features)
        Undefined features are NaN.

    Raises
    ------
    OutputError
        The part is damaged.
    """
    if outcomes.path.suffix == PART_SUFFIX:
        with _part(outcomes.path) as (said, content):
            values = np.frombuffer(content, dtype="<f8").reshape(len(said["rows"]), said["features"])
            return [tuple(said["rows"][row]) for row in wanted.tolist()], values[wanted]
    return _load_table_rows(outcomes.path, names=names, wanted=wanted)


def _load_table_rows(
    path: Path, *, names: Sequence[str], wanted: NDArray[np.int64]
) -> tuple[Rows, NDArray[np.float64]]:
    """Read only those row groups that hold a wanted row."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        groups = np.unique(np.searchsorted(starts, wanted, side="right") - 1)
        table = file.read_row_groups(groups.tolist())
        features = decode(file.schema_arrow.metadata[PROVENANCE_KEY])["features"]
    held = np.concatenate([np.arange(starts[group], starts[group + 1]) for group in groups])
    table = table.take(pa.array(np.searchsorted(held, wanted)))
    values = np.empty((table.num_rows, len(features)))
    for position, name in enumerate(features):
        values[:, position] = table[name].to_numpy()
    return list(zip(*(table[name].to_pylist() for name in names), strict=True)), values


@contextmanager
def _part(path: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Give a part's line of JSON and its features' bytes; whatever is wrong with them is damage."""
    try:
        line, _, content = path.read_bytes().partition(b"\n")
        yield json.loads(line), content
    except (OSError, LookupError, TypeError, ValueError) as error:
        raise OutputError(
            f"a part of the unfinished table is damaged ({error})",
            path=path,
            remedy="Delete this file and run the same command again: its cases will be measured anew.",
        ) from error


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
