"""The failures table: a CSV beside the feature table with the reason why a case has no row."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from radiomics_mammo.core.records import Failure
from radiomics_mammo.errors import InputError
from radiomics_mammo.tables.atomic import write_bytes
from radiomics_mammo.tables.csv_file import escaped, unescaped

COLUMNS = tuple(part.name for part in fields(Failure) if part.name != "traceback")


def failures_path(table: str | Path) -> Path:
    """Return the path of a table's failures: ``cases.parquet.failures.csv`` for ``cases.parquet``."""
    table = Path(table)
    return table.with_name(table.name + ".failures.csv")


def write_failures(path: str | Path, failures: Sequence[Failure]) -> None:
    """Write the failures table, atomically; with no failures it holds the header only.

    A cell that a spreadsheet would run as a formula gets an apostrophe in front.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([escaped(text) for text in failure.cells] for failure in failures)
    write_bytes(path, text.getvalue().encode("utf-8", "surrogateescape"), note="The feature table is written.")


def read_failures(path: str | Path) -> list[Failure]:
    """Read a failures table back.

    Raises
    ------
    InputError
        It is not a failures table, or cannot be read.
    """
    try:
        with Path(path).open(encoding="utf-8", errors="surrogateescape", newline="") as handle:
            rows = list(csv.reader(handle))
    except (OSError, csv.Error) as error:
        raise InputError(f"cannot be read ({error})", path=path, remedy="Check the file and its rights.") from error
    if not rows or tuple(rows[0]) != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise InputError("this is not a failures table", path=path, remedy="extract writes one beside its table.")
    return [Failure(*map(str, map(unescaped, row))) for row in rows[1:]]
