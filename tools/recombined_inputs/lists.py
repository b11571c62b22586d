"""How people spell a list of cases."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tools.recombined_inputs.masks import Random

HEADERS: dict[str, tuple[str, ...]] = {
    "case_id": ("case_id", "ID", "Case_ID", "image_id", "case"),
    "patient_id": ("patient_id", "PatientID", "Patient ID", "patient", "subject_id"),
    "image": ("image", "Image", "image_path", "filename", "Image_Path", "img"),
    "mask": ("mask", "Mask", "mask_path", "masks", "segmentation", "roi"),
    "mask_label": ("mask_label", "Label", "label"),
}
"""Each column under the names that people give it."""

FORMATS = (
    "as documented",
    "comma",
    "semicolon",
    "tab",
    "BOM",
    "UTF-16",
    "quoted",
    "blanks",
    "comments",
    "trailing commas",
    "Excel",
)


def write_list(rows: Sequence[dict[str, str]], folder: Path, *, spelling: str, rng: Random) -> Path:
    """Write a list of cases in one of ``FORMATS``; paths are relative to it, or absolute."""
    columns = [name for name in rows[0] if any(row[name] for row in rows)]
    rng.shuffle(columns)
    names = {name: str(rng.choice(HEADERS.get(name, (name,)))) for name in columns}
    if spelling == "as documented":
        names = {name: name for name in columns}
    absolute = rng.random() < 0.3
    table = [list(names.values())]
    for row in rows:
        table.append(
            [str(folder / row[c]) if absolute and c in ("image", "mask") and row[c] else row[c] for c in columns]
        )
    if spelling == "Excel":
        return _excel(table, folder / "cases.xlsx")
    path = folder / ("cases.tsv" if spelling == "tab" else "cases.csv")
    text = _text(table, spelling=spelling)
    path.write_bytes(text.encode({"BOM": "utf-8-sig", "UTF-16": "utf-16"}.get(spelling, "utf-8")))
    return path


def _text(table: list[list[str]], *, spelling: str) -> str:
    stream = io.StringIO()
    delimiter = {"semicolon": ";", "tab": "\t"}.get(spelling, ",")
    quoting = csv.QUOTE_ALL if spelling == "quoted" else csv.QUOTE_MINIMAL
    lines = [[*line, "", ""] for line in table] if spelling == "trailing commas" else table
    csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(lines)
    text = stream.getvalue()
    if spelling == "blanks":
        text = text.replace(",", ", ")
    return "# cases of the study\n" + text if spelling == "comments" else text


def _excel(table: list[list[str]], path: Path) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    for line in table:
        book.active.append([int(cell) if cell.isdigit() else cell for cell in line])
    book.save(path)
    return path


def box_of(region: np.ndarray) -> dict[str, str]:  # type: ignore[type-arg]
    """Return the box of a region in the columns of a list of detections (upper limits exclusive)."""
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    values = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return {name: str(value) for name, value in zip(("xmin", "ymin", "xmax", "ymax"), values, strict=True)}
