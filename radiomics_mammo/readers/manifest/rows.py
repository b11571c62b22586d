"""The rows of a manifest: what each asks for, which ids follow, which columns go through to the table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from radiomics_mammo.core.input_table import InputTable, TableRow, read_input_table
from radiomics_mammo.core.records import Scalar
from radiomics_mammo.errors import InputError
from radiomics_mammo.readers.base import refuse_all
from radiomics_mammo.readers.manifest.cells import MISSING, box, mask_labels, spacing, typed
from radiomics_mammo.readers.manifest.columns import HINTS, KNOWN, Columns, find_columns, same_file
from radiomics_mammo.readers.manifest.patients import patient_ids

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}
_REMEDIES = {
    "label": "A label column holds mask values such as 1, 1;2 or each, never 0. If yours holds the diagnosis, "
    "rename it (malignant, say) or add a mask_label column.",
    "spacing_mm": "Write millimetres as one number (0.05) or row;column (0.05;0.05).",
    "box": "Write a box as four numbers of pixels, or leave all four cells empty.",
    "phantom": "Write true or false.",
    "frame": "Write the number of a frame, from 1.",
}


@dataclass(frozen=True, slots=True)
class ManifestSource:
    """What one line of a manifest asks for.

    Attributes
    ----------
    image, mask : str
        Absolute paths; ``mask`` is empty where none is named.
    labels : tuple of int, or None
        The mask's values that count; empty for each value there is, None where the manifest names none.
    spacing : tuple of float or None
        Millimetres (row, column), if the manifest has them.
    box : tuple of float or None
        Left, top, right and bottom of the region in pixels, where a box is named and no mask.
    phantom : bool
        From the manifest.
    line : int
        Of the manifest.
    frame : int or None
        Of a file of several, from 1.
    """

    image: str
    mask: str
    labels: tuple[int, ...] | None
    spacing: tuple[float, float] | None
    box: tuple[float, float, float, float] | None
    phantom: bool
    line: int
    frame: int | None = None


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One line of a manifest, read."""

    case_id: str
    patient_id: str
    columns: dict[str, Scalar]
    source: ManifestSource


@dataclass(frozen=True, slots=True)
class Manifest:
    """A parsed manifest: rows, names and types of the other columns, those of side and view, and remarks."""

    rows: tuple[ManifestRow, ...]
    columns: tuple[tuple[str, type], ...]
    hints: dict[str, str]
    remarks: tuple[str, ...]


def read_manifest(path: Path, *, whole: bool = False) -> Manifest:
    """Read a manifest and check everything that can be checked without a picture.

    Parameters
    ----------
    path : pathlib.Path
        CSV, TSV, Excel, Parquet or Feather.
    whole : bool
        Whether a case may name no mask.

    Raises
    ------
    InputError
        It cannot be read, lacks a column or all rows, lists a case twice, has a column that the table has of its own,
        or label, spacing, box or phantom cells that mean nothing: all of these are named.
    """
    table = read_input_table(path)
    columns = find_columns(table, path=path, whole=whole)
    lines, names = table.rows, columns.names
    if not lines:
        raise InputError("has no rows", path=path, remedy="Add one line for each image and mask.")
    sources = _sources(table, columns, path)
    ids = _case_ids(lines, columns, sources, path)
    patients, remarks = patient_ids(table, columns, ids, [source.image for source in sources], path=path)
    taken = {names[meaning] for meaning in KNOWN if meaning in names}
    if _same_label(lines, names):
        taken.remove(names["label"])
        remarks.append(
            "label is the same in every line: it is taken as the mask's value and copied to the table; if it is the "
            "diagnosis, rename it (malignant, say)"
        )
    other = [name for name in table.header if name not in taken]
    cells = {name: typed([line.values[name] for line in lines], decimal=table.decimal) for name in other}
    rows = tuple(
        ManifestRow(case, patient, {name: cells[name][1][i] for name in other}, source)
        for i, (case, patient, source) in enumerate(zip(ids, patients, sources, strict=True))
    )
    hints: dict[str, str] = {meaning: names[meaning] for meaning in HINTS if meaning in names}
    remarks = [*table.notes, *columns.remarks, *remarks]
    return Manifest(rows, tuple((name, cells[name][0]) for name in other), hints, tuple(remarks))


def _same_label(lines: Sequence[TableRow], names: dict[str, str]) -> bool:
    """Return whether a label column holds one number throughout, as a diagnosis might."""
    column = names.get("label")
    values = {line.values[column] for line in lines} if column else set()
    return column is not None and len(lines) > 1 and len(values) == 1 and values.pop() not in ("", "each")


def _sources(table: InputTable, columns: Columns, path: Path) -> list[ManifestSource]:
    """Return what each line asks for; all cells that mean nothing are refused together."""
    sources, faults, kinds = [], list[str](), set[str]()
    for line in table.rows:
        source, wrong = _source(line, columns, table, path.parent)
        sources.append(source)
        faults += [f"line {line.line}: {text}" for text in wrong.values()]
        kinds.update(wrong)
    refuse_all(faults, path=path, remedy=" ".join(text for kind, text in _REMEDIES.items() if kind in kinds))
    return sources


def _source(line: TableRow, columns: Columns, table: InputTable, folder: Path) -> tuple[ManifestSource, dict[str, str]]:
    """Return what a line asks for, and its faults by kind."""
    values = {known: line.values[name] for known, name in columns.names.items() if known in KNOWN}
    label, mm = values.get("mask_label", values.get("label", "")), values.get("spacing_mm", "")
    truth = values.get("phantom", "").casefold()
    corners = [line.values[name] for name in columns.box]
    faults = {} if truth in _TRUTH else {"phantom": f"phantom is {values['phantom']!r}"}
    labels = millimetres = region = None
    try:
        labels = mask_labels(label)
    except ValueError:
        faults["label"] = f"{label!r} is no label of a mask"
    try:
        millimetres = spacing(mm, decimal=table.decimal)
    except ValueError:
        faults["spacing_mm"] = f"spacing_mm is {mm!r}"
    try:
        region = box(corners, by_size=columns.by_size, decimal=table.decimal) if corners else None
    except ValueError:
        faults["box"] = f"{', '.join(map(repr, corners))} is no box"
    frame = values.get("frame", "")
    number = None if frame.casefold() in MISSING else int(frame) if frame.isascii() and frame.isdigit() else 0
    if number == 0:
        faults["frame"] = f"frame is {frame!r}"
    mask = "" if values.get("mask", "").casefold() in MISSING else values["mask"]
    source = ManifestSource(
        image=same_file(values["image"], folder, encoding=table.encoding),
        mask=same_file(mask, folder, encoding=table.encoding),
        labels=labels,
        spacing=millimetres,
        box=None if mask else region,
        phantom=_TRUTH.get(truth, False),
        line=line.line,
        frame=number,
    )
    return source, faults


def _case_ids(lines: Sequence[TableRow], columns: Columns, sources: Sequence[ManifestSource], path: Path) -> list[str]:
    """Return a name for each line; the boxes of one case are numbered."""
    column = columns.names.get("case_id")
    given = [line.values[column] if column else "" for line in lines]
    unnamed = iter(_default_ids([source for source, name in zip(sources, given, strict=True) if not name], path.parent))
    ids = [name or next(unnamed) for name in given]
    count, number = Counter(ids), Counter[str]()
    for place, (name, source) in enumerate(zip(ids, sources, strict=True)):
        if source.box is not None and count[name] > 1:
            number[name] += 1
            ids[place] = f"{name}_box{number[name]}"
    first: dict[str, int] = {}
    faults = []
    for name, line in zip(ids, lines, strict=True):
        if name in first:
            faults.append(f"lines {first[name]} and {line.line} are both case {name!r}")
        first.setdefault(name, line.line)
    patient = "" if column in (None, "case_id") else f" If {column} is the patient, call the column patient_id."
    refuse_all(faults, path=path, remedy=f"Give every line a case_id of its own, or remove one of the two.{patient}")
    return ids


def _default_ids(sources: Sequence[ManifestSource], folder: Path) -> list[str]:
    """Return names after the image; after mask, label and folders too where needed."""

    def stem(source: ManifestSource) -> str:
        return _stem(source.image)

    def with_mask(source: ManifestSource) -> str:
        return "_".join(filter(None, (_stem(source.image), _stem(source.mask))))

    def with_label(source: ManifestSource) -> str:
        return with_mask(source) + _suffix(source)

    def with_folders(source: ManifestSource) -> str:
        return _inside(source.image, folder)

    def with_everything(source: ManifestSource) -> str:
        return "_".join(filter(None, (with_folders(source), _inside(source.mask, folder)))) + _suffix(source)

    rules: tuple[Callable[[ManifestSource], str], ...] = (stem, with_mask, with_label, with_folders)
    for rule in rules:
        names = [rule(source) for source in sources]
        if len(set(names)) == len(names):
            return names
    return [with_everything(source) for source in sources]


def _suffix(source: ManifestSource) -> str:
    labels = "".join(f"_label{label}" for label in source.labels or ())
    return labels if source.frame is None else f"{labels}_frame{source.frame}"


def _stem(path: str) -> str:
    return re.sub(r"(\.nii)?\.[A-Za-z0-9]{1,5}$", "", Path(path).name)


def _inside(path: str, folder: Path) -> str:
    if not path:
        return ""
    file = Path(path)
    parent = file.parent.relative_to(folder) if file.is_relative_to(folder) else file.parent
    return "_".join([*(part for part in parent.parts if part not in ("/", "..")), _stem(path)])
