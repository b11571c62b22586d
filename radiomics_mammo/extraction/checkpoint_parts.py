"""The completed cases of a table or of a part: their rows, their failures, and their files."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from radiomics_mammo.core.records import Failure, Scalar
from radiomics_mammo.errors import OutputError
from radiomics_mammo.tables.atomic import write_bytes
from radiomics_mammo.tables.csv_file import is_csv
from radiomics_mammo.tables.feature_table import PROVENANCE_KEY, decode
from radiomics_mammo.tables.table_file import read_arrow, read_metadata

CASES_KEY = b"radiomics_mammo_cases"
PART_SUFFIX = ".part"
ROWS_REMAIN = "Finished rows are kept."
_FEATURE_BYTES = 8
_CHECKSUM = struct.Struct("<I")

Rows = list[tuple[Scalar, ...]]


@dataclass(frozen=True, slots=True)
class CompletedCase:
    """A finished case: its fingerprint when it was measured, its number of rows, and in a part its stamp."""

    case_id: str
    fingerprint: str
    rows: int
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """The completed cases of one file, whose rows lie in the order of ``cases``.

    Attributes
    ----------
    path : pathlib.Path
        The finished table, or a part.
    cases : tuple of CompletedCase
        Cases without rows included.
    failures : tuple of (str, Failure)
        Each with the ``case_id`` of its case.
    """

    path: Path
    cases: tuple[CompletedCase, ...]
    failures: tuple[tuple[str, Failure], ...]


def pack(cases: Iterable[CompletedCase], failures: Iterable[tuple[str, Failure]]) -> bytes:
    """Format completed cases as a value of a table's metadata, compressed; without stamps, which are of one machine."""
    unstamped = (replace(case, stamp="") for case in cases)
    return base64.b64encode(zlib.compress(json.dumps(_record(unstamped, failures)).encode()))


def read_table_chunk(path: Path) -> Chunk:
    """Read the completed cases of a table that extract wrote."""
    metadata = read_metadata(path)
    return _chunk(path, json.loads(zlib.decompress(base64.b64decode(metadata[CASES_KEY]))))


def write_part(
    path: Path,
    *,
    cases: Sequence[CompletedCase],
    failures: Sequence[tuple[str, Failure]],
    rows: Rows,
    values: NDArray[np.float64],
) -> None:
    """Write a part: a checksum, a line of JSON (cases, failures, identity columns), the bytes of the features.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    header = {**_record(cases, failures), "rows": rows, "features": values.shape[1]}
    content = json.dumps(header).encode() + b"\n" + values.astype("<f8").tobytes()
    write_bytes(path, _CHECKSUM.pack(zlib.crc32(content)) + content, note=ROWS_REMAIN)


def read_part(path: Path) -> Chunk:
    """Read the completed cases of a part, and check that its rows are all there.

    Raises
    ------
    OutputError
        The part is damaged.
    """
    with _part(path) as (header, content):
        if len(content) != len(header["rows"]) * header["features"] * _FEATURE_BYTES:
            raise ValueError(f"{len(content)} bytes of features")
        return _chunk(path, header)


def read_identity(chunk: Chunk, *, names: Sequence[str], wanted: Sequence[str]) -> Rows:
    """Read some identity columns of all rows of a chunk, without its features.

    Parameters
    ----------
    chunk : Chunk
    names : sequence of str
        All identity columns, in the table's order.
    wanted : sequence of str
        Those to read.

    Raises
    ------
    OutputError
        The part is damaged.
    """
    if chunk.path.suffix == PART_SUFFIX:
        places = [names.index(name) for name in wanted]
        with _part(chunk.path) as (header, _):
            return [tuple(row[place] for place in places) for row in header["rows"]]
    table = read_arrow(chunk.path, columns=wanted)
    return list(zip(*(table[name].to_pylist() for name in wanted), strict=True))


def load_rows(chunk: Chunk, *, names: Sequence[str], wanted: NDArray[np.int64]) -> tuple[Rows, NDArray[np.float64]]:
    """Read rows of a chunk.

    Parameters
    ----------
    chunk : Chunk
    names : sequence of str
        All identity columns, in the table's order.
    wanted : ndarray of int64, shape (n_rows,)
        Numbers of the rows, ascending; at least one.

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
    if chunk.path.suffix == PART_SUFFIX:
        with _part(chunk.path) as (header, content):
            values = np.frombuffer(content, dtype="<f8").reshape(len(header["rows"]), header["features"])
            return [tuple(header["rows"][row]) for row in wanted.tolist()], values[wanted]
    return _load_table_rows(chunk.path, names=names, wanted=wanted)


def _load_table_rows(
    path: Path, *, names: Sequence[str], wanted: NDArray[np.int64]
) -> tuple[Rows, NDArray[np.float64]]:
    """Read rows of a finished table: of Parquet only those row groups that hold a wanted row."""
    if is_csv(path):
        table, taken = read_arrow(path), wanted
    else:
        import pyarrow.parquet as pq

        with path.open("rb") as opened, pq.ParquetFile(opened) as file:
            sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
            starts = np.concatenate([[0], np.cumsum(sizes)])
            groups = np.unique(np.searchsorted(starts, wanted, side="right") - 1)
            table = file.read_row_groups(groups.tolist())
        read = np.concatenate([np.arange(starts[group], starts[group + 1]) for group in groups])
        taken = np.searchsorted(read, wanted)
    features = decode(table.schema.metadata[PROVENANCE_KEY])["features"]
    table = table.take(pa.array(taken))
    values = np.empty((table.num_rows, len(features)))
    for position, name in enumerate(features):
        values[:, position] = table[name].to_numpy()
    return list(zip(*(table[name].to_pylist() for name in names), strict=True)), values


@contextmanager
def _part(path: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield a part's line of JSON and its features' bytes; any error in them is damage."""
    try:
        data = path.read_bytes()
        if _CHECKSUM.unpack_from(data) != (zlib.crc32(memoryview(data)[_CHECKSUM.size :]),):
            raise ValueError("its checksum is another")
        line, _, content = data[_CHECKSUM.size :].partition(b"\n")
        yield json.loads(line), content
    except (OSError, LookupError, TypeError, ValueError, struct.error) as error:
        raise OutputError(
            f"a part of the unfinished table is damaged ({error})",
            path=path,
            remedy="Delete this file and run the same command again: its cases will be measured again.",
        ) from error


def _record(cases: Iterable[CompletedCase], failures: Iterable[tuple[str, Failure]]) -> dict[str, object]:
    return {
        "cases": [astuple(case) if case.stamp else astuple(case)[:-1] for case in cases],
        "failures": [[case_id, *failure.cells] for case_id, failure in failures],
    }


def _chunk(path: Path, record: dict[str, Any]) -> Chunk:
    cases = tuple(CompletedCase(*case) for case in record["cases"])
    return Chunk(path, cases, tuple((case_id, Failure(*cells)) for case_id, *cells in record["failures"]))
