"""What does it cost to keep finished rows safe? ``python -m tools.checkpoint_formats [BATCHES [ROWS [COLUMNS]]]``.

Writes the same batches of rows in four ways, each made durable (fsync) before the next batch: a file a batch, as an
extraction does, SQLite with a transaction a batch (journal in WAL and in rollback mode), and one Parquet file a batch.
Then reads everything back. Prints milliseconds a batch and megabytes; ratios hold, times depend on the disk.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from radiomics_mammo.tables.atomic import write_bytes

Batch = np.ndarray


def packed(batch: Batch) -> bytes:
    """Compress a batch as a part of an extraction does."""
    return zlib.compress(batch.tobytes(), 1)


def files(folder: Path, batches: list[Batch]) -> Callable[[], int]:
    """Write a file a batch, renamed into place when it is on the disk."""
    for number, batch in enumerate(batches):
        write_bytes(folder / f"{number:06d}.part", packed(batch))
    return lambda: sum(len(zlib.decompress(path.read_bytes())) for path in sorted(folder.glob("*.part")))


def sqlite(folder: Path, batches: list[Batch], *, mode: str) -> Callable[[], int]:
    """Write a row of a table a batch, a transaction each, synchronous."""
    with sqlite3.connect(folder / "parts.sqlite", isolation_level=None) as database:
        database.execute(f"PRAGMA journal_mode={mode}")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE parts (number INTEGER PRIMARY KEY, body BLOB)")
        for number, batch in enumerate(batches):
            database.execute("INSERT INTO parts VALUES (?, ?)", (number, packed(batch)))
    database.close()

    def read() -> int:
        again = sqlite3.connect(folder / "parts.sqlite")
        size = sum(len(zlib.decompress(body)) for (body,) in again.execute("SELECT body FROM parts ORDER BY number"))
        again.close()
        return size

    return read


def parquet(folder: Path, batches: list[Batch]) -> Callable[[], int]:
    """Write a Parquet file a batch."""
    for number, batch in enumerate(batches):
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table({f"f{i}": column for i, column in enumerate(batch.T)}), sink)
        write_bytes(folder / f"{number:06d}.parquet", sink.getvalue().to_pybytes())
    return lambda: sum(pq.read_table(path).nbytes for path in sorted(folder.glob("*.parquet")))


FORMATS: dict[str, Callable[[Path, list[Batch]], Callable[[], int]]] = {
    "a file a batch": files,
    "SQLite, WAL": lambda folder, batches: sqlite(folder, batches, mode="WAL"),
    "SQLite, rollback journal": lambda folder, batches: sqlite(folder, batches, mode="DELETE"),
    "Parquet a batch": parquet,
}


def main() -> None:
    """Time each format three times, in turns."""
    count, rows, columns = [*map(int, sys.argv[1:]), *(400, 16, 766)[len(sys.argv) - 1 :]]
    rng = np.random.default_rng(0)
    batches = [rng.lognormal(size=(rows, columns)) for _ in range(count)]
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in FORMATS}
    megabytes = {}
    for _ in range(3):
        for name, write in FORMATS.items():
            with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
                start = time.perf_counter()
                read = write(Path(folder), batches)
                written = time.perf_counter()
                read()
                seconds[name].append((written - start, time.perf_counter() - written))
                megabytes[name] = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
    print(f"{count} batches of {rows} rows and {columns} columns; medians of three, in turns")
    for name, times in seconds.items():
        write_s, read_s = np.median(times, axis=0) / count * 1000
        print(f"{name:26} write {write_s:6.2f} ms a batch, read {read_s:6.2f} ms a batch, {megabytes[name]:7.1f} MB")


if __name__ == "__main__":
    main()
