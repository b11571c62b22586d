"""The tables of the RSNA screening collection: one line an image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path

from radiomics_mammo.core.input_table import TableRow, read_input_table
from radiomics_mammo.core.records import Scalar
from radiomics_mammo.errors import InputError

TABLES = {"train": "train.csv", "test": "test.csv"}
TABLE_COLUMNS: tuple[tuple[str, type], ...] = (
    ("split", str),
    ("site_id", int),
    ("laterality", str),
    ("view", str),
    ("image_id", str),
    ("prediction_id", str),
    ("age", float),
    ("cancer", int),
    ("biopsy", int),
    ("invasive", int),
    ("BIRADS", int),
    ("implant", int),
    ("density", str),
    ("machine_id", int),
    ("difficult_negative_case", int),
)
PIXEL_COLUMNS: tuple[tuple[str, type], ...] = (
    ("encoding", str),
    ("photometric", str),
    ("bits_stored", int),
    ("voi", str),
    ("flipped", bool),
)
VIEWS = ("CC", "MLO", "AT", "LM", "ML", "LMO")
"""Views of the collection; others are not changed, with a remark."""

SIDES = {"L": "LEFT", "R": "RIGHT", "LEFT": "LEFT", "RIGHT": "RIGHT"}
"""A breast's side as tables and headers write it, and as columns have it."""

_NEEDED = ("patient_id", "image_id", "laterality")
_FLAGS = frozenset({"cancer", "biopsy", "invasive", "implant", "difficult_negative_case"})
_NOT_KNOWN = frozenset({"", "NA", "N/A", "NAN", "NONE", "NULL", "<NA>"})
_TRUTH = {"TRUE": 1, "FALSE": 0}


@dataclass(frozen=True, slots=True)
class RsnaRow:
    """One image of a table.

    Attributes
    ----------
    patient_id, image_id : str
        As in the table.
    split : {'train', 'test'}
        Which table.
    columns : dict
        Values for ``TABLE_COLUMNS``; None where missing.
    """

    patient_id: str
    image_id: str
    split: str
    columns: dict[str, Scalar]


def find_tables(root: Path) -> dict[str, Path]:
    """Find ``train.csv`` and ``test.csv`` in a folder, beside it or above it.

    Returns
    -------
    dict of str to Path
        By split; one or both.

    Raises
    ------
    InputError
        Neither is there.
    """
    for folder in (root, root.parent, root.parent.parent):
        tables = {split: folder / name for split, name in TABLES.items() if (folder / name).is_file()}
        if tables:
            return tables
    raise InputError(
        "has no train.csv or test.csv, nor has the folder above it",
        path=root,
        remedy="Put the collection's train.csv beside its folder of images.",
    )


def read_rows(tables: Mapping[str, Path]) -> list[RsnaRow]:
    """Read every line of the tables, in their order.

    Raises
    ------
    InputError
        A table cannot be read, lacks a needed column, names an image twice, or a cell is not what it should be.
    """
    rows: list[RsnaRow] = []
    seen: dict[str, str] = {}
    for split, path in tables.items():
        for row, line in _read_table(path, split):
            origin = f"{path.name} line {line}"
            if row.image_id in seen:
                raise InputError(
                    f"line {line} names the image {row.image_id}, which {seen[row.image_id]} has named",
                    path=path,
                    remedy="Keep one line for each image.",
                )
            seen[row.image_id] = origin
            rows.append(row)
    return rows


def _read_table(path: Path, split: str) -> Iterable[tuple[RsnaRow, int]]:
    table = read_input_table(path)
    header, lines = table.header, table.rows
    names = {name.casefold(): name for name in header}
    absent = [name for name in _NEEDED if name not in names]
    if absent:
        raise InputError(
            f"has no column {', '.join(absent)}",
            path=path,
            remedy="Use the train.csv or test.csv of the RSNA Screening Mammography collection.",
        )
    if not lines:
        raise InputError("has a header and no line", path=path, remedy="Download it again.")
    # The columns' own names, once for the table: there are 54,706 lines.
    columns_of = {name: names[name.casefold()] for name, _ in TABLE_COLUMNS if name.casefold() in names}
    ids = names["patient_id"], names["image_id"]
    return ((_row(line, split, columns_of, ids, path), line.line) for line in lines)


def _row(line: TableRow, split: str, columns_of: Mapping[str, str], ids: tuple[str, str], path: Path) -> RsnaRow:
    values = line.values
    patient, image = (_identifier(values[name], name, line, path) for name in ids)
    side = SIDES.get(values[columns_of["laterality"]].upper())
    if side is None:
        raise _refusal(line, "laterality", values[columns_of["laterality"]], "L or R", path)
    columns: dict[str, Scalar] = {}
    for name, kind in TABLE_COLUMNS:
        cell = values[columns_of[name]] if name in columns_of else ""
        known = cell.upper() not in _NOT_KNOWN
        columns[name] = _READ[kind](cell, name, line, path) if known else None
    view = columns["view"]
    columns.update(
        split=split,
        laterality=side,
        view=view.upper() if isinstance(view, str) else None,
        image_id=image,
        prediction_id=f"{patient}_{side[0]}",
    )
    return RsnaRow(patient, image, split, columns)


def _identifier(cell: str, name: str, line: TableRow, path: Path) -> str:
    if not cell or any(character in cell for character in "/\\\0") or cell in (".", ".."):
        raise _refusal(line, name, cell, "an identifier", path)
    return cell.removesuffix(".0")  # pandas' way with a column that has gaps


def _text(cell: str, *_: object) -> str:
    return cell


def _number(cell: str, name: str, line: TableRow, path: Path) -> float:
    number = _float(cell)
    if not isfinite(number):
        raise _refusal(line, name, cell, "a number", path)
    return number


def _whole(cell: str, name: str, line: TableRow, path: Path) -> int:
    number = float(_TRUTH.get(cell.upper(), _float(cell)))
    if name in _FLAGS and number not in (0, 1):
        raise _refusal(line, name, cell, "0 or 1", path)
    if not number.is_integer():
        raise _refusal(line, name, cell, "a whole number", path)
    return int(number)


def _float(cell: str) -> float:
    """Return a cell's number; NaN where it is none."""
    try:
        return float(cell)
    except ValueError:
        return nan


_READ: dict[type, Callable[[str, str, TableRow, Path], Scalar]] = {str: _text, float: _number, int: _whole}


def _refusal(line: TableRow, name: str, cell: str, wanted: str, path: Path) -> InputError:
    return InputError(
        f"line {line.line}: {name} is {cell!r}, not {wanted}", path=path, remedy="Correct the cell or empty it."
    )
