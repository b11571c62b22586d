"""The tables of the page as CSV files and its figures as SVG files."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from radiomics_mammo.errors import OutputError
from radiomics_mammo.reports.components.page import Estimate, Figure, Page, PagePart, ReportTable, slug
from radiomics_mammo.tables.atomic import write_bytes
from radiomics_mammo.tables.csv_file import escaped

_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(e[+-]?\d+)?")
_INK = "#1c2430"


def write_parts(page: Page, folder: Path) -> list[Path]:
    """Write every table and every figure of a page; other files stay."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot be made ({error.strerror})", path=folder, remedy="Choose another folder.") from error
    written = []
    for name, item in _named(page):
        path = folder / (f"{name}.csv" if isinstance(item, ReportTable) else f"{name}.svg")
        write_bytes(path, (csv_text(item) if isinstance(item, ReportTable) else svg_text(item)).encode("utf-8"))
        written.append(path)
    return written


def csv_text(table: ReportTable) -> str:
    """Write a table as CSV (RFC 4180); a column with intervals becomes three.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    wide = [any(isinstance(row[i], Estimate) for row in table.rows) for i in range(len(table.headings))]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    heads = [_safe(name) for name in table.headings]
    writer.writerow(cell for name, three in zip(heads, wide, strict=True) for cell in _headings(name, three))
    for row in table.rows:
        writer.writerow(value for cell, three in zip(row, wide, strict=True) for value in _cell_values(cell, three))
    return text.getvalue()


def svg_text(figure: Figure) -> str:
    """Write a figure as an SVG document: dark ink on white, wherever it is opened."""
    style = f'style="color:{_INK};background:#ffffff;font-family:sans-serif"'
    body = re.sub(r'^<svg ([^>]*?)style="[^"]*"', rf"<svg \1{style}", str(figure.svg), count=1, flags=re.DOTALL)
    if 'xmlns="' not in body.partition(">")[0]:
        body = body.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}'


def _named(page: Page) -> Iterator[tuple[str, ReportTable | Figure]]:
    """Return tables and figures with their file names."""
    for part in page.parts:
        yield from _of_part(part)


def _of_part(part: PagePart) -> Iterator[tuple[str, ReportTable | Figure]]:
    yield from _numbered(part.figures, part.slug)
    yield from _numbered(part.tables, part.slug)
    for member in part.parts:
        yield from _of_part(member)


def _numbered(items: Sequence[ReportTable | Figure], name: str) -> Iterator[tuple[str, ReportTable | Figure]]:
    for i, item in enumerate(items, start=1):
        yield slug(item.name or f"{name}-{i}"), item


def _headings(name: str, three: bool) -> list[str]:
    return [name, f"{name} low", f"{name} high"] if three else [name]


def _cell_values(cell: str | Estimate, three: bool) -> list[str]:
    if isinstance(cell, Estimate):
        low, _, high = cell.interval.partition(" to ")
        return [_safe(cell.value), _safe(low), _safe(high)]
    return [_safe(cell), "", ""] if three else [_safe(cell)]


def _safe(text: str) -> str:
    plain = text.strip().replace("−", "-", 1)
    if _NUMBER.fullmatch(plain):
        return plain.replace(",", "").removeprefix("+")
    if text == "–":
        return ""
    return escaped(text)
