"""The page's tables as CSV and its figures as SVG, each a file of its own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from radiomics_mammo.errors import OutputError
from radiomics_mammo.reports.components.page import Estimate, Figure, Page, PagePart, ReportTable, slug
from radiomics_mammo.tables.atomic import write_bytes

_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(e[+-]?\d+)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_INK = "#1c2430"


def write_parts(page: Page, folder: Path) -> list[Path]:
    """Write every table and every figure of a page.

    Parameters
    ----------
    page : Page
    folder : pathlib.Path
        Made if it is not there. Files of the same names are replaced, others stay.

    Returns
    -------
    list of pathlib.Path
        In the order of the page.

    Raises
    ------
    OutputError
        The folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot be made ({error.strerror})", path=folder, remedy="Choose another folder.") from error
    written = []
    for name, one in _named(page):
        path = folder / (f"{name}.csv" if isinstance(one, ReportTable) else f"{name}.svg")
        write_bytes(path, (csv_text(one) if isinstance(one, ReportTable) else svg_text(one)).encode("utf-8"))
        written.append(path)
    return written


def csv_text(table: ReportTable) -> str:
    """Write a table as CSV (RFC 4180): numbers as software reads them, a column with intervals as three.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    wide = [any(isinstance(row[i], Estimate) for row in table.rows) for i in range(len(table.headings))]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    heads = [_safe(name) for name in table.headings]
    writer.writerow(cell for name, three in zip(heads, wide, strict=True) for cell in _three(name, three))
    for row in table.rows:
        writer.writerow(cell for one, three in zip(row, wide, strict=True) for cell in _cells(one, three))
    return text.getvalue()


def svg_text(figure: Figure) -> str:
    """Write a figure as an SVG document: dark ink on white, wherever it is opened."""
    style = f'style="color:{_INK};background:#ffffff;font-family:sans-serif"'
    body = re.sub(r'^<svg ([^>]*?)style="[^"]*"', rf"<svg \1{style}", str(figure.svg), count=1, flags=re.DOTALL)
    if 'xmlns="' not in body.partition(">")[0]:
        body = body.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}'


def _named(page: Page) -> Iterator[tuple[str, ReportTable | Figure]]:
    """Name everything as the page's own buttons do."""
    yield from _numbered(page.cohort.tables, "cohort")
    for section in (page.comparison, *page.why, *page.checklists):
        yield from _of_section(section)


def _of_section(section: PagePart) -> Iterator[tuple[str, ReportTable | Figure]]:
    yield from _numbered(section.figures, section.slug)
    yield from _numbered(section.tables, section.slug)
    for part in section.parts:
        yield from _of_section(part)


def _numbered(found: Sequence[ReportTable | Figure], name: str) -> Iterator[tuple[str, ReportTable | Figure]]:
    for i, one in enumerate(found, start=1):
        yield slug(one.name or f"{name}-{i}"), one


def _three(name: str, three: bool) -> list[str]:
    return [name, f"{name} low", f"{name} high"] if three else [name]


def _cells(cell: str | Estimate, three: bool) -> list[str]:
    if isinstance(cell, Estimate):
        low, _, high = cell.interval.partition(" to ")
        return [_safe(cell.value), _safe(low), _safe(high)]
    return [_safe(cell), "", ""] if three else [_safe(cell)]


def _safe(text: str) -> str:
    said = text.strip().replace("−", "-", 1)
    if _NUMBER.fullmatch(said):
        return said.replace(",", "").removeprefix("+")
    if text == "–":
        return ""
    return f"'{text}" if text.startswith(_FORMULA) else text
