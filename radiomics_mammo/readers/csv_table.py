"""CSV files as patients save them: comma, semicolon or tab, with or without a byte order mark."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from radiomics_mammo.errors import InputError

_DELIMITERS = ",;\t"
_HEADER_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One record: the line it starts on (the header is line 1) and its stripped cells by header."""

    line: int
    values: dict[str, str]


def read_csv(path: Path) -> tuple[tuple[str, ...], list[CsvRow]]:
    """Read a CSV file without empty rows and unnamed columns.

    Raises
    ------
    InputError
        The file cannot be read or decoded, has no header, names a column twice, or a row has more cells
        than the header.
    """
    records = _records(_text(path), path)
    header = _header(records, path)
    rows = []
    for line, values in records:
        if any(values[len(header) :]):
            raise InputError(
                f"line {line} has {len(values)} cells, the header {len(header)}",
                path=path,
                remedy="Put cells that hold the delimiter in double quotes.",
            )
        if any(values):
            padded = values + [""] * (len(header) - len(values))
            named = {name: cell for name, cell in zip(header, padded, strict=False) if name}
            rows.append(CsvRow(line, named))
    return tuple(name for name in header if name), rows


def read_header(path: Path) -> tuple[str, ...]:
    """Read the column names of a CSV file.

    Raises
    ------
    InputError
        As for :func:`read_csv`.
    """
    return tuple(_header(_records(_text(path, limit=_HEADER_BYTES), path), path))


def _text(path: Path, *, limit: int = -1) -> str:
    if path.is_dir():
        raise InputError("is a folder, not a CSV file", path=path, remedy="Name the CSV file.")
    try:
        with path.open("rb") as file:
            data = file.read(limit)
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", path=path, remedy="Check the path and its rights."
        ) from error
    if data.startswith(b"PK\x03\x04"):
        raise InputError("is a workbook or archive, not CSV", path=path, remedy="Save it as CSV UTF-8.")
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # A limit may cut a character in two, so that only whole files are decoded strictly.
    decoder = codecs.getincrementaldecoder("utf-16" if utf16 else "utf-8-sig")()
    try:
        return decoder.decode(data, final=limit < 0)
    except UnicodeDecodeError as error:
        raise InputError(
            f"is not UTF-8 text (byte {error.start})", path=path, remedy="Save it as CSV UTF-8."
        ) from error


def _records(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    first_line = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(
                f"line {line} is not CSV ({error})", path=path, remedy="Look for an unclosed quote."
            ) from error
        yield line, [cell.strip() for cell in values]


def _header(records: Iterator[tuple[int, list[str]]], path: Path) -> list[str]:
    header = next((values for _, values in records if any(values)), None)
    if header is None:
        raise InputError("is empty: no header line", path=path, remedy="The first line names the columns.")
    names = [name.casefold() for name in header if name]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"names a column twice: {', '.join(twice)}", path=path, remedy="Rename or remove one of them.")
    return header
