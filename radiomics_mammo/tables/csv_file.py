"""Feature tables as CSV: ``t.csv``, and beside it ``t.csv.metadata.json`` with types, provenance and a checksum.

Floats are written with all their digits, text is quoted, an empty cell is null. A cell or a column name that a
spreadsheet would run as a formula gets an apostrophe in front, which reading takes away.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from radiomics_mammo.errors import InputError
from radiomics_mammo.tables.atomic import atomic_file, write_bytes

if TYPE_CHECKING:
    import pandas as pd

_ESCAPE = r"^('*[=+\-@\t\r])"
_ESCAPED = r"^'('*[=+\-@\t\r])"


@dataclass(frozen=True, slots=True)
class CsvMetadata:
    """The content of a metadata file.

    Attributes
    ----------
    columns : mapping of str to str
        Arrow types by the names of the columns, in their order.
    metadata : mapping of bytes to bytes
        What a Parquet file holds in its schema.
    intact : bool
        The CSV file is as it was written.
    """

    columns: Mapping[str, str]
    metadata: Mapping[bytes, bytes]
    intact: bool


def is_csv(path: str | Path) -> bool:
    """Return whether a table's name ends in ``.csv``."""
    return Path(path).suffix.lower() == ".csv"


def check_table_name(path: Path) -> None:
    """Check that a table to write has an ending that says its format.

    Raises
    ------
    InputError
        It is another than ``.parquet`` and ``.csv``.
    """
    if path.suffix.lower() not in (".parquet", ".csv"):
        raise InputError("tables are written as Parquet or CSV", path=path, remedy="Let --out end in .parquet or .csv.")


def metadata_path(path: str | Path) -> Path:
    """Return the file beside a CSV table that holds its metadata."""
    return Path(f"{path}.metadata.json")


@contextmanager
def csv_file(
    path: str | Path, *, schema: pa.Schema, metadata: Mapping[bytes, bytes], n_bytes: int = 0, note: str = ""
) -> Iterator[Callable[[pa.Table], None]]:
    """Open a CSV table and its metadata, and yield the function that writes Arrow tables to it.

    The metadata are complete under a second name before the CSV takes its place, so that a crash at any instant
    leaves a CSV with metadata that fit it.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    import pyarrow.csv as pc

    names = [escaped(name) for name in schema.names]
    with atomic_file(path, n_bytes=n_bytes, note=note) as handle:
        hashing = _Hashing(handle)
        with pc.CSVWriter(hashing, pa.schema(zip(names, schema.types, strict=True))) as writer:
            yield lambda table: writer.write_table(_escaped_text(table).rename_columns(names))
        record = {
            "sha256": hashing.digest.hexdigest(),
            "columns": {each.name: str(each.type) for each in schema},
            "metadata": {name.decode(): _parsed(value) for name, value in metadata.items()},
        }
        write_bytes(_next(path), json.dumps(record, indent=1).encode(), note=note)
    _next(path).replace(metadata_path(path))


def read_csv_metadata(path: str | Path) -> CsvMetadata | None:
    """Read the metadata of a CSV table; None where there are none beside it.

    Raises
    ------
    InputError
        The metadata file is damaged.
    """
    records = [_record(place) for place in (metadata_path(path), _next(path)) if place.is_file()]
    if not records or not Path(path).is_file():
        return None
    with Path(path).open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    record = next((each for each in records if each["sha256"] == digest), records[0])
    metadata = {name.encode(): _formatted(value) for name, value in record["metadata"].items()}
    return CsvMetadata(record["columns"], metadata, record["sha256"] == digest)


def read_csv_table(path: str | Path, stored: CsvMetadata, *, columns: Sequence[str] | None = None) -> pa.Table:
    """Read an intact CSV table, equal to what was written to the last digit.

    Parameters
    ----------
    path : str or pathlib.Path
    stored : CsvMetadata
        Of this file.
    columns : sequence of str, optional
        Those to read; all if None.
    """
    import pyarrow.csv as pc

    table = pc.read_csv(
        path,
        read_options=pc.ReadOptions(column_names=list(stored.columns), skip_rows=1),
        parse_options=pc.ParseOptions(newlines_in_values=True),
        convert_options=pc.ConvertOptions(
            column_types={name: pa.type_for_alias(kind) for name, kind in stored.columns.items()},
            include_columns=list(columns or stored.columns),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return _replaced(table, _ESCAPED, r"\1").replace_schema_metadata(dict(stored.metadata))


def escaped(text: str) -> str:
    """Return text with an apostrophe in front where a spreadsheet would run it as a formula."""
    return re.sub(_ESCAPE, r"'\1", text)


def unescaped(text: object) -> object:
    """Return text as it was before :func:`escaped`; other values as they are."""
    return re.sub(_ESCAPED, r"\1", text) if isinstance(text, str) else text


def escaped_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with :func:`escaped` text and column names, to be written as CSV."""
    return _mapped(frame, lambda cell: escaped(cell) if isinstance(cell, str) else cell)


def unescaped_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame as it was before :func:`escaped_frame`."""
    return _mapped(frame, unescaped)


def _mapped(frame: pd.DataFrame, function: Callable[[object], object]) -> pd.DataFrame:
    frame = frame.apply(lambda column: column if column.dtype.kind in "biufM" else column.map(function))
    return frame.set_axis(frame.columns.map(function), axis=1)


class _Hashing:
    """A file to write that keeps the SHA-256 of its content."""

    def __init__(self, handle: BinaryIO) -> None:
        self._handle, self.digest, self.closed = handle, hashlib.sha256(), False

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        return self._handle.write(content)

    def flush(self) -> None:
        self._handle.flush()

    def close(self) -> None:
        self.closed = True  # the file itself is closed by whoever opened it

    def writable(self) -> bool:
        return True


def _next(path: str | Path) -> Path:
    return Path(f"{path}.metadata.next.json")


def _record(place: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(place.read_bytes())
        if record.keys() >= {"sha256", "columns", "metadata"}:
            return record
    except (OSError, ValueError, AttributeError):
        pass
    raise InputError(
        "the metadata of a CSV table are damaged", path=place, remedy="Delete this file, or extract again."
    )


def _parsed(value: bytes) -> object:
    return json.loads(value) if value[:1] == b"{" else value.decode()


def _formatted(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode()
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "backslashreplace"
    )


def _escaped_text(table: pa.Table) -> pa.Table:
    return _replaced(table, _ESCAPE, r"'\1")


def _replaced(table: pa.Table, pattern: str, replacement: str) -> pa.Table:
    import pyarrow.compute as pc

    for place, each in enumerate(table.schema):
        if pa.types.is_string(each.type) or pa.types.is_large_string(each.type):
            column = pc.replace_substring_regex(table[each.name], pattern=pattern, replacement=replacement)
            table = table.set_column(place, each, column)
    return table
