"""The file of a feature table, Parquet or CSV: written row group by row group, read as it was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from radiomics_mammo.errors import InputError
from radiomics_mammo.tables.atomic import atomic_file
from radiomics_mammo.tables.csv_file import csv_file, is_csv, read_csv_metadata, read_csv_table

# Fixed, so that the bytes of a table depend on its rows alone and not on how they were computed.
ROW_GROUP_ROWS = 8192


@contextmanager
def table_file(
    path: str | Path,
    *,
    schema: pa.Schema,
    features: Sequence[str],
    metadata: Mapping[bytes, bytes],
    n_bytes: int = 0,
    note: str = "",
) -> Iterator[Callable[[pa.Table], None]]:
    """Open a table, and yield the function that writes Arrow tables as its row groups.

    The same row groups and metadata give the same bytes.

    Parameters
    ----------
    path : str or pathlib.Path
        A Parquet file, or a CSV file where it ends in ``.csv``.
    schema : pyarrow.Schema
        Of every table that is written.
    features : sequence of str
        The feature columns.
    metadata : mapping of bytes
    n_bytes : int
        Its approximate size, for the message when the disk is full.
    note : str
        A sentence for that message: what is not lost.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    if is_csv(path):
        with csv_file(path, schema=schema, metadata=metadata, n_bytes=n_bytes, note=note) as write:
            yield write
        return
    import pyarrow.parquet as pq

    measured = set(features)
    with (
        atomic_file(path, n_bytes=n_bytes, note=note) as handle,
        pq.ParquetWriter(
            handle,
            schema.with_metadata(dict(metadata)),
            compression="zstd",
            # Features hardly repeat: a dictionary would only cost space.
            use_dictionary=[name for name in schema.names if name not in measured],
        ) as writer,
    ):
        yield lambda table: writer.write_table(table.combine_chunks(), row_group_size=ROW_GROUP_ROWS)


def read_metadata(path: str | Path) -> Mapping[bytes, bytes]:
    """Read the metadata of a table, without its rows; empty for a CSV that has none or was changed since."""
    if is_csv(path):
        stored = read_csv_metadata(path)
        return stored.metadata if stored is not None and stored.intact else {}
    import pyarrow.parquet as pq

    with Path(path).open("rb") as file:  # pyarrow itself opens no path that is not UTF-8
        metadata: Mapping[bytes, bytes] = pq.read_schema(file).metadata or {}
    return metadata


def read_arrow(path: str | Path, *, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a Parquet file, or a CSV file that this package wrote, as it was written.

    Parameters
    ----------
    path : str or pathlib.Path
    columns : sequence of str, optional
        Those to read; all if None.

    Raises
    ------
    InputError
        A CSV file was changed since it was written.
    """
    stored = read_csv_metadata(path) if is_csv(path) else None
    if stored is None:
        import pyarrow.parquet as pq

        with Path(path).open("rb") as file:
            return pq.read_table(file, columns=None if columns is None else list(columns))
    if not stored.intact:
        raise InputError("it was changed since it was written", path=path, remedy="Extract it again.")
    return read_csv_table(path, stored, columns=columns)
