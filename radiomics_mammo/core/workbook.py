"""The first worksheet of an Excel workbook as text cells."""

from __future__ import annotations

import datetime
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from radiomics_mammo.errors import InputError

_MOST_BYTES = 2 * 1024**3
# What zip, XML and the constructors of openpyxl raise on damaged parts; ParseError is a SyntaxError.
_DAMAGES = (OSError, ValueError, TypeError, LookupError, AttributeError, SyntaxError, zipfile.BadZipFile, zlib.error)


def workbook_records(path: Path) -> tuple[Iterator[tuple[int, list[str]]], tuple[str, ...]]:
    """Read the first worksheet with content: rows as (number, cells), and notes.

    Raises
    ------
    InputError
        It is no workbook, openpyxl is not installed, or a formula has no stored value.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names, size = archive.namelist(), sum(entry.file_size for entry in archive.infolist())
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"is a damaged workbook or archive ({error})", path=path, remedy="Save it again.") from error
    if "xl/workbook.xml" not in names:
        what = "an OpenDocument worksheet" if "content.xml" in names else "an archive or a binary workbook"
        raise InputError(f"is {what}, not a table", path=path, remedy="Save the table as .xlsx or CSV UTF-8.")
    if size > _MOST_BYTES:
        raise InputError(f"unpacks to {size / 1024**3:.1f} GiB", path=path, remedy="Save it as CSV or Parquet.")
    try:
        import openpyxl
    except ImportError as error:
        raise InputError(
            "is an Excel workbook, and openpyxl is not installed",
            path=path,
            remedy="Install it (pip install 'radiomics-mammo[excel]'), or save the worksheet as CSV UTF-8.",
        ) from error
    try:
        content = path.read_bytes()  # openpyxl would refuse a path with another ending
        values, formulas = (openpyxl.load_workbook(io.BytesIO(content), data_only=stored) for stored in (True, False))
    except _DAMAGES as error:
        raise InputError(f"is a damaged workbook ({error})", path=path, remedy="Save it again.") from error
    worksheets = [each for each in values.worksheets if any(any(row) for row in each.iter_rows(values_only=True))]
    if not worksheets:
        return iter(()), ()
    others = [worksheet.title for worksheet in worksheets[1:]]
    notes = (f"the worksheet {worksheets[0].title!r} is read, not {', '.join(map(repr, others))}",) if others else ()
    return _rows(worksheets[0], formulas[worksheets[0].title], path), notes


def cell_text(value: Any) -> str:
    """Return a cell's value as CSV would hold it: empty for None and NaN, dates as ISO 8601."""
    if value is None or value != value:
        return ""
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ") if value.time() != datetime.time() else value.date().isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return repr(value) if isinstance(value, float) else str(value).strip()


def _rows(worksheet: Any, formulas: Any, path: Path) -> Iterator[tuple[int, list[str]]]:
    for number, (row, written) in enumerate(zip(worksheet.iter_rows(), formulas.iter_rows(), strict=True), 1):
        for cell, formula in zip(row, written, strict=True):
            if cell.value is None and formula.value is not None:
                raise InputError(
                    f"the formula in {cell.coordinate} has no stored value",
                    path=path,
                    remedy="Open and save the workbook in Excel or LibreOffice, or save the worksheet as CSV UTF-8.",
                )
        yield number, ["" if cell.data_type == "e" else cell_text(cell.value) for cell in row]
