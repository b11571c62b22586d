"""Delimited text: any delimiter, encoding and decimal mark, comments, blank lines, ``sep=;``."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from radiomics_mammo.errors import InputError

DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r'\s*"?sep=(.)"?[,;\t|\s]*', re.IGNORECASE)
_SAMPLE_CHARACTERS, _SAMPLE_RECORDS = 262_144, 50
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class DelimitedText:
    """The text of a table from its header line on.

    Attributes
    ----------
    text : str
    first_line : int
        Line of the file that ``text`` begins with.
    delimiter, encoding : str
    """

    text: str
    first_line: int
    delimiter: str
    encoding: str


def parse_text(data: bytes, *, path: Path, whole: bool = True) -> DelimitedText:
    """Decode a table's bytes, and find its header line and its delimiter.

    Parameters
    ----------
    data : bytes
    path : pathlib.Path
        For messages.
    whole : bool
        False where ``data`` is only the beginning of the file.

    Raises
    ------
    InputError
        It is no text.
    """
    text, encoding = _decode(data, path=path, whole=whole)
    position, line, delimiter = 0, 1, ""
    while position < len(text):
        end = re.compile(r"\r\n|\r|\n|\Z").search(text, position)
        assert end is not None
        content = text[position : end.start()].strip(" ")
        separator = _SEPARATOR_LINE.fullmatch(content) if not delimiter else None
        # A first cell "#" is the name of a column of numbers, not a comment.
        comment = content.startswith("#") and not re.match(r"#\s*[,;\t|]", content)
        if content and separator is None and not comment:
            break
        delimiter = separator[1] if separator is not None else delimiter
        position, line = end.end(), line + 1
    body = text[position:]
    return DelimitedText(body, line, delimiter or _delimiter(body), encoding)


def records(content: DelimitedText, *, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line that each record starts on, and its stripped cells.

    Raises
    ------
    InputError
        A quote is not closed, or a cell is too long.
    """
    pending: list[str] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(content.text, newline=""):
            pending.append(line)
            yield line

    reader = csv.reader(lines(), delimiter=content.delimiter, skipinitialspace=True)
    last, start = "", content.first_line
    while True:
        line = content.first_line + reader.line_num
        try:
            values = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise _not_csv(line, error, path) from error
        last, start = "".join(pending), line
        pending.clear()
        yield line, [cell.strip() for cell in values]
    try:  # a quote that is never closed would hide all rows behind it
        list(csv.reader(io.StringIO(last, newline=""), delimiter=content.delimiter, skipinitialspace=True, strict=True))
    except csv.Error as error:
        if "end of data" in str(error):
            raise _not_csv(start, error, path) from error


def _not_csv(line: int, error: csv.Error, path: Path) -> InputError:
    return InputError(f"line {line} is not CSV ({error})", path=path, remedy="Look for an unclosed quote.")


def _decode(data: bytes, *, path: Path, whole: bool) -> tuple[str, str]:
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "")
    start = data[:4096]
    if not encoding and start.count(0) > len(start) / 4:  # UTF-16 without a mark: every other byte of ASCII is zero
        encoding = "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
    for name in [encoding] if encoding else ["utf-8", "cp1252", "latin-1"]:
        # A beginning may end inside a character.
        decoder = codecs.getincrementaldecoder(name)()
        try:
            text = decoder.decode(data, final=whole)
        except UnicodeDecodeError:
            continue
        if sum(character < " " and character not in "\t\r\n\0" for character in text[:4096]) <= len(text[:4096]) / 50:
            return text.lstrip("\ufeff"), name
    raise InputError("is not text", path=path, remedy="Save the table as CSV UTF-8, Excel or Parquet.")


def _delimiter(text: str) -> str:
    """Return the delimiter that splits the header and most rows into equally many cells."""
    sample = text[:_SAMPLE_CHARACTERS]

    def score(delimiter: str) -> tuple[bool, float, int]:
        rows = []
        try:
            for values in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, skipinitialspace=True):
                if any(cell.strip() for cell in values):
                    rows.append(values)
                if len(rows) > _SAMPLE_RECORDS:
                    break
        except csv.Error:
            return False, 0.0, 0
        if not rows:
            return False, 0.0, 0
        header, *cells = rows
        cells = cells[:-1] if len(cells) > 1 and len(text) > len(sample) else cells
        same = sum(len(row) == len(header) for row in cells)
        return len(header) > 1, same / len(cells) if cells else 1.0, len(header)

    return max(DELIMITERS, key=score)
