"""The columns of a manifest: which of them mean something, what is missing, and what looks like a mask unused."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from radiomics_mammo.core.column_names import plain, understood
from radiomics_mammo.core.input_table import InputTable
from radiomics_mammo.errors import InputError

KNOWN = ("image", "mask", "case_id", "patient_id", "mask_label", "label", "spacing_mm", "phantom", "frame")
"""Columns with a meaning; ``label`` is the mask's label unless there is a ``mask_label``."""

HINTS = ("laterality", "view")
"""Columns that go through to the table, and that help to find a breast."""

RESERVED = frozenset(
    (
        "notes",
        "phantom",
        "spacing_row_mm",
        "spacing_column_mm",
        "spacing_unit",
        "presentation_intent_type",
        "image_rows",
        "image_columns",
        "mask_pixels",
        "image_path",
        "mask_path",
    )
)
"""Columns that the table has of its own."""

CORNERS = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
    ("bboxxmin", "bboxymin", "bboxxmax", "bboxymax"),
)
"""Spellings of a box by its corners, without blanks and underscores."""
SIZES = (
    ("xmin", "ymin", "width", "height"),
    ("x", "y", "width", "height"),
    ("x", "y", "w", "h"),
    ("bboxx", "bboxy", "bboxwidth", "bboxheight"),
)
"""Spellings of a box by its corner and size."""

_FEATURE = re.compile(r"[a-z][\w.-]*_(firstorder|shape|shape2D|glcm|glrlm|glszm|gldm|ngtdm)_\w+")
_IMAGE_FILE = re.compile(
    r".+\.(dcm|dicom|ima|nii|nii\.gz|nrrd|nhdr|mha|mhd|png|tiff?|jpe?g|npy|bmp|gif|pgm|webp)", re.IGNORECASE
)
_LOOKED_AT, _SHOWN = 20, 12


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of a manifest by meaning.

    Attributes
    ----------
    names : dict of str to str
        The column of each meaning in ``KNOWN`` and ``HINTS`` that there is.
    box : tuple of str
        Four columns of a box; empty where there are none.
    by_size : bool
        The last two of these are width and height.
    remarks : tuple of str
    """

    names: dict[str, str]
    box: tuple[str, ...]
    by_size: bool
    remarks: tuple[str, ...]


def find_columns(table: InputTable, *, path: Path, whole: bool) -> Columns:
    """Find the columns with a meaning, and refuse a table that lacks one with all that it lacks.

    Parameters
    ----------
    table : InputTable
    path : pathlib.Path
        Of the manifest.
    whole : bool
        Whether the region of a case without a mask was chosen.

    Raises
    ------
    InputError
        There is no image column; no mask, box or choice of a whole region; two columns have one meaning; or a column
        would stand twice in the feature table.
    """
    header = table.header
    matches = understood(header, wanted=(*KNOWN, *HINTS))
    box, by_size = _box(header)
    unused = [name for name in header if name not in {each[0] for each in matches.values()}]
    paths = _columns_of_files(table, [name for name in unused if name not in box], path.parent)
    faults = [
        f"{' and '.join(map(repr, names))} could both be the {meaning}"
        for meaning, names in matches.items()
        if len(names) > 1 and meaning not in HINTS
    ]
    remedies = ["Rename all but one."] if faults else []
    lacking = [] if "image" in matches else ["image"]
    if "mask" not in matches and not box and not whole:
        lacking.append("mask")
    if lacking:
        shown = ", ".join(header[:_SHOWN]) + (f" and {len(header) - _SHOWN} more" if len(header) > _SHOWN else "")
        faults.append(f"has no {' and no '.join(lacking)} column (it has {shown})")
        remedies.append(_remedy(lacking, path, paths))
    if any(plain(name) == "labelchannel" for name in header):
        faults.append("has a Label_channel column, which is not supported")
        remedies.append("Save the channel as a mask of its own and remove the column.")
    names = {meaning: matches[meaning][0] for meaning in (*KNOWN, *HINTS) if meaning in matches}
    if "mask_label" in names:
        names.pop("label", None)
    taken = {name for meaning, name in names.items() if meaning in KNOWN}
    twice = [n for n in header if n not in taken and (n.casefold() in RESERVED or _FEATURE.fullmatch(n))]
    if twice:
        listed = ", ".join(map(repr, twice[:_SHOWN])) + (f" and {len(twice) - _SHOWN} more" if twice[_SHOWN:] else "")
        faults.append(f"the columns {listed} would stand twice in the feature table")
        remedies.append("Rename or remove them.")
    if faults:
        raise InputError("; ".join(faults), path=path, remedy=" ".join(remedies))
    return Columns(names, box, by_size, _remarks(names, box, by_size, paths))


def same_file(cell: str, folder: Path, *, encoding: str = "utf-8") -> str:
    """Return the absolute path that a cell names, written on whichever system; empty for an empty cell."""
    if not cell or "://" in cell:
        return cell
    try:
        full = folder / Path(cell).expanduser()
    except RuntimeError:  # ~name of no user
        full = folder / cell
    if exists(full):
        return str(full)
    others = [folder / cell.replace("\\", "/")] if "\\" in cell else []
    if not cell.isascii() and encoding != "utf-8":  # the name on disk has the bytes of the table
        others.append(folder / os.fsdecode(cell.encode(encoding, "ignore")))
    return str(next((other for other in others if exists(other)), others[0] if "\\" in cell else full))


def exists(path: Path) -> bool:
    """Return whether there is such a file; False for names that no file can have."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _box(header: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    names = {plain(name): name for name in reversed(header)}
    for spellings in (CORNERS, SIZES):
        for spelling in spellings:
            if all(part in names for part in spelling):
                return tuple(names[part] for part in spelling), spellings is SIZES
    return (), False


def _columns_of_files(table: InputTable, names: Sequence[str], folder: Path) -> list[str]:
    """Return the columns whose first cells name image files that exist."""
    columns = []
    for name in names:
        cells = [row.values[name] for row in table.rows[:_LOOKED_AT]]
        if any(_IMAGE_FILE.fullmatch(cell) and exists(Path(same_file(cell, folder))) for cell in cells):
            columns.append(name)
    return columns


def _remedy(lacking: Sequence[str], path: Path, paths: Sequence[str]) -> str:
    command = f"python -m radiomics_mammo.extract manifest {path}"
    if "image" in lacking:
        without = " (without masks: --whole image or --whole breast)" if "mask" in lacking else ""
        return (
            f"Call the columns {' and '.join(lacking)} and, if known, case_id, patient_id, label, spacing_mm; then: "
            f"{command}{without}."
        )
    holds = f" ({' and '.join(map(repr, paths))} holds paths of images)" if paths else ""
    return (
        f"Call the column of the masks mask{holds}, or measure without masks: {command} --whole image "
        "(or --whole breast)."
    )


def _remarks(names: dict[str, str], box: tuple[str, ...], by_size: bool, paths: Sequence[str]) -> tuple[str, ...]:
    renamed = [f"{meaning} from {name!r}" for meaning, name in names.items() if name.casefold() != meaning]
    if box:
        kind = "left, top, width, height" if by_size else "left, top, right, bottom"
        renamed.append(f"a box ({kind}, in pixels) from {', '.join(map(repr, box))}")
    remarks = [f"columns understood: {', '.join(renamed)}"] if renamed else []
    remarks += [
        f"the column {name!r} holds paths of images and is not used; if they are masks, call it mask" for name in paths
    ]
    return tuple(remarks)
