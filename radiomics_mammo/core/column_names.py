"""Names that columns have in other tables: which column of a table holds what."""

from __future__ import annotations

import re
from collections.abc import Sequence

ALIASES: dict[str, tuple[str, ...]] = {
    "image": (
        "image", "image path", "image file", "image file path", "image filename", "image name", "filename", "filepath",
        "file", "path", "img", "img path", "dicom", "dicom path", "dicom file", "full path",
    ),
    "mask": (
        "mask", "masks", "mask path", "mask file", "mask file path", "mask filename", "mask name", "roi", "rois",
        "roi path", "roi file", "roi mask", "roi mask path", "roi mask file path", "segmentation", "segmentations",
        "segmentation path", "segmentation file", "seg", "seg path", "label map", "annotation mask",
    ),
    "patient_id": (
        "patient id", "patient", "subject id", "subject", "patient name", "patient number", "patient nr", "pid",
        "participant id", "participant", "client id",
    ),
    "case_id": ("case id", "case", "id", "image id", "lesion id", "case name"),
    "mask_label": ("mask label", "mask value", "label value"),
    "label": ("label",),
    "spacing_mm": ("spacing mm", "pixel spacing", "pixel spacing mm", "spacing"),
    "phantom": ("phantom",),
    "frame": ("frame", "frame number"),
    "laterality": (
        "laterality", "side", "image laterality", "breast side", "left or right breast", "breast laterality",
    ),
    "view": ("view", "view position", "image view", "projection"),
}  # fmt: skip
"""Names of the columns with a meaning, the usual one first; upper case, blanks and underscores do not count."""


def plain(name: str) -> str:
    """Return a column name in lower case without blanks, underscores, hyphens and points."""
    return re.sub(r"[\s_.\-]+", "", name.casefold())


_MEANINGS = {plain(alias): meaning for meaning, aliases in ALIASES.items() for alias in aliases}


def meaning_of(name: str) -> str | None:
    """Return what a column of this name holds, a key of ``ALIASES``; None for any other.

    Examples
    --------
    >>> from radiomics_mammo.core.column_names import meaning_of
    >>> meaning_of("PatientID"), meaning_of("ROI mask file path"), meaning_of("age")
    ('patient_id', 'mask', None)
    """
    return _MEANINGS.get(plain(name))


def is_identifier(name: str) -> bool:
    """Return whether the cells of a column are names, even where they look like numbers."""
    return meaning_of(name) in ("patient_id", "case_id")


def understood(header: Sequence[str], *, wanted: Sequence[str] = tuple(ALIASES)) -> dict[str, list[str]]:
    """Find the columns of each meaning; those that have the usual name stand alone.

    Returns
    -------
    dict of str to list of str
        The columns that may hold it; more than one where the names do not tell.
    """
    columns: dict[str, list[str]] = {}
    for name in header:
        meaning = meaning_of(name)
        if meaning is not None and meaning in wanted:
            columns.setdefault(meaning, []).append(name)
    for meaning, names in columns.items():
        usual = [name for name in names if plain(name) == plain(meaning)]
        columns[meaning] = usual or names
    return columns
