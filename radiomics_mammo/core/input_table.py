"""Tables that are brought along: CSV, TSV, Excel, Parquet and Feather, told apart by their content."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.core.delimited_text import DelimitedText, parse_text, records
from radiomics_mammo.core.workbook import cell_text, workbook_records
from radiomics_mammo.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_HEADER_BYTES = 65_536
_MOST_BYTES = 4 * 1024**3
_ARROW, _ZIP, _OLE, _GZIP = (b"PAR1", b"ARROW1", b"FEA1"), b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b"
_COMMA_NUMBER, _POINT_NUMBER = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?"), re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class TableRow:
    """One record: the line it starts on (a header at the top is line 1) and its stripped cells by column name."""

    line: int
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class InputTable:
    """A table as text.

    Attributes
    ----------
    header : tuple of str
        Column names, each once.
    rows : list of TableRow
        Without empty ones.
    notes : tuple of str
        What was left out, and what was assumed.
    decimal : {'.', ','}
        Decimal mark of its numbers.
    encoding : str
        Of a text file.
    """

    header: tuple[str, ...]
    rows: list[TableRow]
    notes: tuple[str, ...] = ()
    decimal: str = "."
    encoding: str = "utf-8"


def read_input_table(path: Path) -> InputTable:
    """Read a table of any format as text.

    Raises
    ------
    InputError
        It cannot be read or decoded, has no header, names a column twice, or a row has more cells than the header.
    """
    start = _start(path)
    notes: tuple[str, ...] = ()
    lines: Iterable[tuple[int, list[str]]]
    if start.startswith(_ARROW):
        return _structure(_arrow_records(path), path=path)
    if start.startswith(_ZIP):
        lines, notes = workbook_records(path)
        return _structure(lines, path=path, notes=notes)
    content = parse_text(_content(path), path=path)
    return _structure(records(content, path=path), path=path, notes=_encoding_note(content), content=content)


def read_frame(path: Path, *, text: Callable[[str], bool] = lambda _: False) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read a table of any format as a data frame, with the types that pandas gives its columns.

    Parameters
    ----------
    path : pathlib.Path
    text : callable
        Return whether a column of this name is text, even where it looks like numbers (identifiers).

    Returns
    -------
    frame : pandas.DataFrame
    notes : tuple of str
        What was left out, and what was assumed.

    Raises
    ------
    InputError
        As for :func:`read_input_table`.
    """
    start = _start(path)
    if start.startswith(_ARROW):
        frame = _arrow_table(path).to_pandas(ignore_metadata=True)
        names = [str(name) for name in frame.columns if text(str(name))]
        return frame.assign(**{name: frame[name].map(cell_text).replace("", None) for name in names}), ()
    if not start.startswith(_ZIP):
        content = parse_text(_content(path), path=path)
        frame = _parsed_by_pandas(content, text=text, path=path)
        if frame is not None:
            return frame, _encoding_note(content)
    table = read_input_table(path)
    cells = io.StringIO(newline="")
    writer = csv.writer(cells)
    writer.writerow(table.header)
    writer.writerows(list(row.values.values()) for row in table.rows)
    cells.seek(0)
    exact = start.startswith(_ZIP)  # a workbook holds doubles
    return _pandas(cells, table.header, text, decimal=table.decimal, exact=exact), table.notes


def read_header(path: Path) -> tuple[str, ...]:
    """Read the column names of a text table from the beginning of the file.

    Raises
    ------
    InputError
        As for :func:`read_input_table`.
    """
    start = _start(path, n_bytes=_HEADER_BYTES)
    if start.startswith((*_ARROW, _ZIP, _GZIP)):
        return read_input_table(path).header
    content = parse_text(start, path=path, whole=len(start) < _HEADER_BYTES)
    header = next((values for _, values in records(content, path=path) if any(values)), None)
    return tuple(_named(header, path))


def _start(path: Path, *, n_bytes: int = 8) -> bytes:
    """Return the first bytes of a regular file that may be a table."""
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "a pipe or device"
        raise InputError(f"is {what}, not a table", path=path, remedy="Name a CSV, Excel, Parquet or Feather file.")
    try:
        with path.open("rb") as file:
            start = file.read(n_bytes)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read ({reason})", path=path, remedy="Check the path and its rights.") from error
    if start.startswith(_OLE):
        raise InputError(
            "is an old Excel workbook, or one with a password", path=path, remedy="Save it as .xlsx or CSV UTF-8."
        )
    return start


def _content(path: Path) -> bytes:
    """Return the bytes of a text file, unpacked where it is gzipped."""
    try:
        data = path.read_bytes()
        if not data.startswith(_GZIP):
            return data
        with gzip.open(path) as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"cannot be read ({error})", path=path, remedy="Copy or save it again.") from error
    if len(data) > _MOST_BYTES:
        raise InputError("unpacks to over 4 GiB", path=path, remedy="Save it as Parquet.")
    return data


def _arrow_table(path: Path):  # type: ignore[no-untyped-def]
    import pyarrow as pa
    from pyarrow import feather, parquet

    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
        table = parquet.ParquetFile(path).read() if is_parquet else feather.read_table(path)
        repeated = [name for name, count in Counter(table.column_names).items() if count > 1]
        if repeated:
            raise _twice(repeated, table.column_names, path)
        return table
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"is damaged ({reason})", path=path, remedy="Copy or write it again.") from error


def _arrow_records(path: Path) -> Iterator[tuple[int, list[str]]]:
    table = _arrow_table(path)
    yield 1, [str(name) for name in table.column_names]
    columns = [[cell_text(value) for value in column.to_pylist()] for column in table.columns]
    yield from enumerate(map(list, zip(*columns, strict=True)), 2)


def _encoding_note(content: DelimitedText) -> tuple[str, ...]:
    unmarked = content.encoding in ("cp1252", "latin-1", "utf-16-le", "utf-16-be")
    return (f"it is not UTF-8 and was read as {content.encoding}",) if unmarked else ()


def _structure(
    lines: Iterable[tuple[int, list[str]]],
    *,
    path: Path,
    notes: tuple[str, ...] = (),
    content: DelimitedText | None = None,
) -> InputTable:
    """Return header and rows, without comments, empty columns and a row index."""
    full = [(line, values) for line, values in lines if any(values)]
    header, rows = (list(full[0][1]) if full else []), full[1:]
    while header and not header[-1]:
        header.pop()
    header, rows, remarks = _without_comments(header, rows, text=content is not None)
    header = _with_index_name(header, rows)
    _check_lengths(header, rows, path)
    filled = {place for _, values in rows for place, cell in enumerate(values) if cell}
    header = [name or (f"Unnamed: {place}" if place in filled else "") for place, name in enumerate(header)]
    header = _named(header, path)
    width = len(header)
    padded = [(line, (values + [""] * (width - len(values)))[:width]) for line, values in rows]
    index = _row_index(header, padded)
    if index is not None:
        remarks = (*remarks, f"the column {header[index]!r} numbers the rows and was left out")
    places = [place for place, name in enumerate(header) if name and place != index]
    names = [header[place] for place in places]
    table = [
        TableRow(line, dict(zip(names, [values[place] for place in places], strict=True))) for line, values in padded
    ]
    delimiter, encoding = (content.delimiter, content.encoding) if content is not None else (",", "utf-8")
    decimal = "." if delimiter == "," else _decimal(values for _, values in rows)
    return InputTable(tuple(names), table, (*notes, *remarks), decimal, encoding)


def _without_comments(
    header: list[str], rows: list[tuple[int, list[str]]], *, text: bool
) -> tuple[list[str], list[tuple[int, list[str]]], tuple[str, ...]]:
    comments = [line for line, values in rows if values[0].startswith("#")] if text else []
    if not comments or len(comments) == len(rows) or header[:1] == ["#"]:
        return header, rows, ()
    where = ", ".join(map(str, comments[:3])) + (", …" if len(comments) > 3 else "")
    note = f"{len(comments)} lines begin with # and were left out as comments (line {where})"
    return header, [(line, values) for line, values in rows if not values[0].startswith("#")], (note,)


def _with_index_name(header: list[str], rows: list[tuple[int, list[str]]]) -> list[str]:
    """Return the header with a first name where it lacks that of a row index, as R writes it."""
    longer = bool(header) and bool(rows) and all(len(values) == len(header) + 1 for _, values in rows)
    return ["Unnamed: 0", *header] if longer and _counts([values[0] for _, values in rows]) else header


def _check_lengths(header: Sequence[str], rows: Sequence[tuple[int, list[str]]], path: Path) -> None:
    longer = [(line, len(values)) for line, values in rows if any(values[len(header) :])]
    if longer:
        line, cells = longer[0]
        more = f", as have {len(longer) - 1} more lines" if len(longer) > 1 else ""
        raise InputError(
            f"line {line} has {cells} cells, the header {len(header)}{more}",
            path=path,
            remedy="Put cells that hold the delimiter in double quotes, and let the first line name every column.",
        )


def _named(header: Sequence[str] | None, path: Path) -> list[str]:
    """Check that there is a header, and no name twice."""
    if not header:
        raise InputError("is empty: no header line", path=path, remedy="The first line names the columns.")
    twice = [name for name, count in Counter(header).items() if name and count > 1]
    if twice:
        raise _twice(twice, header, path)
    return list(header)


def _twice(names: Sequence[str], header: Sequence[str], path: Path) -> InputError:
    listed = ", ".join(
        f"{name} (columns {', '.join(str(place) for place, other in enumerate(header, 1) if other == name)})"
        for name in names[:_SHOWN]
    )
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return InputError(f"names a column twice: {listed}{more}", path=path, remedy="Rename or remove one of them.")


def _row_index(header: Sequence[str], rows: Sequence[tuple[int, list[str]]]) -> int | None:
    """Return the place of a column without a name of its own that counts the rows."""
    for place, name in enumerate(header):
        unnamed = re.fullmatch(r"Unnamed: \d+(_level_\d+)?|__index_level_\d+__|#", name)
        if unnamed and _counts([values[place] for _, values in rows]):
            return place
    return None


def _counts(cells: Sequence[str]) -> bool:
    return any(all(cell == str(number) for number, cell in enumerate(cells, first)) for first in (0, 1))


def _decimal(rows: Iterable[Sequence[str]]) -> str:
    comma = False
    for values in rows:
        for cell in values:
            if "." in cell and _POINT_NUMBER.fullmatch(cell):
                return "."
            comma = comma or ("," in cell and _COMMA_NUMBER.fullmatch(cell) is not None)
    return "," if comma else "."


def _parsed_by_pandas(content: DelimitedText, *, text: Callable[[str], bool], path: Path) -> pd.DataFrame | None:
    """Return what pandas parses; None where the table has anything that takes a closer look."""
    import pandas as pd

    mark = content.delimiter
    start = [values for _, values in islice(records(content, path=path), 2)]
    names = _named(start[0] if start else None, path)
    if len(start[-1]) > len(names):  # pandas would take the first column for an index
        return None
    if mark != "," or not all(names) or any(name.startswith(("Unnamed", "#")) for name in names):
        return None
    # Comments, blank lines and blanks behind cells are looked at one by one.
    if re.search(r"\n[#\s]| [,\r\n]", content.text.rstrip()):
        return None
    try:
        return _pandas(io.StringIO(content.text), names, text)
    except (pd.errors.ParserError, pd.errors.EmptyDataError):
        return None


def _pandas(
    cells: io.StringIO, names: Sequence[str], text: Callable[[str], bool], *, decimal: str = ".", exact: bool = False
) -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(
        cells,
        decimal=decimal,
        skipinitialspace=True,
        header=0,
        names=list(names),
        dtype={name: str for name in names if text(name)},
        low_memory=exact,
        engine="python" if exact else "c",  # which reads a double's digits as that double
    )
