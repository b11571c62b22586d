"""The log of a run: tracebacks of unexpected errors, beside the table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from radiomics_mammo.core.records import Failure
from radiomics_mammo.tables.atomic import output_error


def log_path(table: Path) -> Path:
    """Return the path of a table's log: ``cases.parquet.failures.log`` for ``cases.parquet``."""
    return table.with_name(table.name + ".failures.log")


def log_failures(table: Path, failures: Iterable[Failure]) -> None:
    """Add the tracebacks of failures to the log; a failure that was foreseen has none.

    Raises
    ------
    OutputError
        The log cannot be written.
    """
    texts = [
        f"case {failure.case_id}, {failure.stage}\n{failure.traceback}\n" for failure in failures if failure.traceback
    ]
    if texts:
        try:
            with log_path(table).open("a", encoding="utf-8", errors="backslashreplace") as log:
                log.writelines(texts)
        except OSError as error:
            raise output_error(error, path=log_path(table)) from error
