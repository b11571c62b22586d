"""The rows of a manifest: which cell means what, which ids follow, which columns go through to the table."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from radiomics_mammo.core.input_table import TableRow, read_input_table
from radiomics_mammo.core.records import Scalar
from radiomics_mammo.errors import InputError

KNOWN = ("image", "mask", "case_id", "patient_id", "mask_label", "label", "spacing_mm", "phantom")
"""Columns with a meaning, in any case; ``label`` is the mask's label unless there is a ``mask_label``."""

RESERVED = frozenset(
    (
        "notes",
        "phantom",
        "spacing_row_mm",
        "spacing_column_mm",
        "spacing_unit",
        "image_rows",
        "image_columns",
        "mask_pixels",
        "image_path",
        "mask_path",
    )
)
"""Columns that the table has of its own."""

EACH = "each"

_FEATURE = re.compile(r"[a-z][\w.-]*_(firstorder|shape|shape2D|glcm|glrlm|glszm|gldm|ngtdm)_\w+")
_WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
_DECIMAL = re.compile(r"[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_MISSING = frozenset({"", "na", "n/a", "nan", "null"})
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}


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
    phantom : bool
        From the manifest.
    line : int
        Of the manifest.
    """

    image: str
    mask: str
    labels: tuple[int, ...] | None
    spacing: tuple[float, float] | None
    phantom: bool
    line: int


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One line of a manifest, read."""

    case_id: str
    patient_id: str
    columns: dict[str, Scalar]
    source: ManifestSource


@dataclass(frozen=True, slots=True)
class Manifest:
    """A parsed manifest: rows, names and types of the other columns, and remarks."""

    rows: tuple[ManifestRow, ...]
    columns: tuple[tuple[str, type], ...]
    remarks: tuple[str, ...]


def read_manifest(path: Path) -> Manifest:
    """Read a manifest and check everything that can be checked without a picture.

    Raises
    ------
    InputError
        Not CSV, no ``image`` column, no rows, two lines of one case, a column that the table has of its own,
        or a label, spacing or phantom cell that means nothing.
    """
    table = read_input_table(path)
    header, lines = table.header, table.rows
    meaning = _meanings(header, path)
    if not lines:
        raise InputError("has no rows", path=path, remedy="Add one line for each image and mask.")
    sources = [_source(line, meaning, path) for line in lines]
    ids = _case_ids(lines, meaning, sources, path)
    patients, remarks = _patient_ids(lines, meaning, ids)
    other = [name for name in header if name not in meaning.values()]
    typed = {name: _typed([line.values[name] for line in lines]) for name in other}
    rows = tuple(
        ManifestRow(case, patient, {name: typed[name][1][i] for name in other}, source)
        for i, (case, patient, source) in enumerate(zip(ids, patients, sources, strict=True))
    )
    return Manifest(rows, tuple((name, typed[name][0]) for name in other), (*table.notes, *remarks))


def _meanings(header: Sequence[str], path: Path) -> dict[str, str]:
    """Return the header's names of the columns in ``KNOWN``."""
    names = {name.casefold(): name for name in header}
    if len(names) < len(header):
        twice = [name for name in header if names[name.casefold()] != name]
        raise InputError(
            f"names a column twice: {', '.join(f'{name}, {names[name.casefold()]}' for name in twice)}",
            path=path,
            remedy="Rename or remove one of them.",
        )
    if "image" not in names:
        raise InputError(
            f"has no image column (it has {', '.join(header)})",
            path=path,
            remedy="Name the columns image, mask and, if known, case_id, patient_id, label, spacing_mm.",
        )
    if "label_channel" in names:
        raise InputError(
            f"has a {names['label_channel']} column, which is not supported",
            path=path,
            remedy="Save the channel as a mask of its own and remove the column.",
        )
    meaning = {known: names[known] for known in KNOWN if known in names}
    if "mask_label" in meaning:
        meaning.pop("label", None)
    for name in header:
        if name in meaning.values():
            continue
        if name.casefold() in RESERVED or _FEATURE.fullmatch(name):
            raise InputError(
                f"the column {name!r} would stand twice in the feature table",
                path=path,
                remedy="Rename or remove it.",
            )
    return meaning


def _source(line: TableRow, meaning: dict[str, str], path: Path) -> ManifestSource:
    values = {known: line.values[name] for known, name in meaning.items()}
    mask = values.get("mask", "")
    truth = values.get("phantom", "").casefold()
    if truth not in _TRUTH:
        raise InputError(
            f"line {line.line}: phantom is {values['phantom']!r}", path=path, remedy="Write true or false."
        )
    return ManifestSource(
        image=_absolute(values["image"], path.parent),
        mask=_absolute(mask, path.parent),
        labels=_labels(values.get("mask_label", values.get("label", "")), line.line, path),
        spacing=_spacing(values.get("spacing_mm", ""), line.line, path),
        phantom=_TRUTH[truth],
        line=line.line,
    )


def _absolute(cell: str, folder: Path) -> str:
    if not cell or "://" in cell:
        return cell
    full = folder / os.path.expanduser(cell)  # noqa: PTH111 - leaves ~nobody as it is
    if "\\" in cell and not os.path.exists(full):  # noqa: PTH110 - a name that no file can have is no error
        # Written on Windows, read elsewhere.
        full = folder / cell.replace("\\", "/")
    return str(full)


def _labels(cell: str, line: int, path: Path) -> tuple[int, ...] | None:
    if cell.casefold() in _MISSING:
        return None
    if cell.casefold() == EACH:
        return ()
    labels = []
    for part in re.split(r"[;,\s]+", cell):
        whole = re.fullmatch(r"(-?\d{1,20})(\.0*)?", part)
        if whole is None or int(whole[1]) == 0:
            raise InputError(
                f"line {line}: {cell!r} is no label of a mask",
                path=path,
                remedy="A label column holds mask values such as 1, 1;2 or each, never 0. If yours holds the "
                "diagnosis, rename it (malignant, say) or add a mask_label column.",
            )
        labels.append(int(whole[1]))
    return tuple(dict.fromkeys(labels))


def _spacing(cell: str, line: int, path: Path) -> tuple[float, float] | None:
    if cell.casefold() in _MISSING:
        return None
    try:
        values = [float(part) for part in re.split(r"[;\s]+", cell)]
    except ValueError:
        values = []
    if len(values) not in (1, 2) or not all(math.isfinite(mm) and mm > 0 for mm in values):
        raise InputError(
            f"line {line}: spacing_mm is {cell!r}",
            path=path,
            remedy="Write millimetres as one number (0.05) or row;column (0.05;0.05).",
        )
    return values[0], values[-1]


def _case_ids(
    lines: Sequence[TableRow], meaning: dict[str, str], sources: Sequence[ManifestSource], path: Path
) -> list[str]:
    column = meaning.get("case_id")
    given = [line.values[column] if column else "" for line in lines]
    unnamed = iter(_default_ids([source for source, name in zip(sources, given, strict=True) if not name], path.parent))
    ids = [name or next(unnamed) for name in given]
    first: dict[str, int] = {}
    for name, line in zip(ids, lines, strict=True):
        if name in first:
            raise InputError(
                f"lines {first[name]} and {line.line} are both case {name!r}",
                path=path,
                remedy="Give every line a case_id of its own, or remove one of the two.",
            )
        first[name] = line.line
    return ids


def _default_ids(sources: Sequence[ManifestSource], folder: Path) -> list[str]:
    """Return names after the image; after mask, label and folders too where needed."""

    def stem(source: ManifestSource) -> str:
        return _stem(source.image)

    def with_mask(source: ManifestSource) -> str:
        return "_".join(filter(None, (_stem(source.image), _stem(source.mask))))

    def with_label(source: ManifestSource) -> str:
        return with_mask(source) + _label_text(source)

    def with_folders(source: ManifestSource) -> str:
        return _inside(source.image, folder)

    def with_everything(source: ManifestSource) -> str:
        return "_".join(filter(None, (with_folders(source), _inside(source.mask, folder)))) + _label_text(source)

    rules: tuple[Callable[[ManifestSource], str], ...] = (stem, with_mask, with_label, with_folders)
    for rule in rules:
        names = [rule(source) for source in sources]
        if len(set(names)) == len(names):
            return names
    return [with_everything(source) for source in sources]


def _label_text(source: ManifestSource) -> str:
    return "".join(f"_label{label}" for label in source.labels or ())


def _stem(path: str) -> str:
    return re.sub(r"(\.nii)?\.[A-Za-z0-9]{1,5}$", "", Path(path).name)


def _inside(path: str, folder: Path) -> str:
    if not path:
        return ""
    file = Path(path)
    parent = file.parent.relative_to(folder) if file.is_relative_to(folder) else file.parent
    return "_".join([*(part for part in parent.parts if part not in ("/", "..")), _stem(path)])


def _patient_ids(lines: Sequence[TableRow], meaning: dict[str, str], ids: Sequence[str]) -> tuple[list[str], list[str]]:
    column = meaning.get("patient_id")
    given = [line.values[column] if column else "" for line in lines]
    lacking = given.count("")
    patients = [patient or case for patient, case in zip(given, ids, strict=True)]
    if column is None:
        return patients, ["no patient_id column: every case counts as a patient of its own when data are split"]
    if lacking:
        return patients, [f"{lacking} lines have no patient_id: each counts as a patient of its own"]
    return patients, []


def _typed(values: Sequence[str]) -> tuple[type, list[Scalar]]:
    """Return a column as int, else float, else str; empty and NA are None.

    Leading zeros are kept, as text: such numbers are names.
    """
    known = [cell for cell in values if cell.casefold() not in _MISSING]
    if known and all(_WHOLE.fullmatch(cell) for cell in known):
        return int, [None if cell.casefold() in _MISSING else int(cell) for cell in values]
    if known and all(_DECIMAL.fullmatch(cell) and math.isfinite(float(cell)) for cell in known):
        return float, [None if cell.casefold() in _MISSING else float(cell) for cell in values]
    return str, [None if cell.casefold() in _MISSING else cell for cell in values]
