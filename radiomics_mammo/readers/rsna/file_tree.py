"""Where the images of the RSNA collection lie: DICOM as it was released, or the PNG re-releases in their layouts."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from radiomics_mammo.errors import InputError
from radiomics_mammo.readers.rsna.tables import RsnaRow

DICOM = frozenset({".dcm", ".dicom"})
PICTURES = frozenset({".png", ".jpg", ".jpeg"})
_DEPTH = 4
_SEPARATORS = ("_", "@")
_ENOUGH = 100
"""Number of files that show how a missing one would be named."""


@dataclass(frozen=True, slots=True)
class Tree:
    """What was found.

    Attributes
    ----------
    images : dict of str to str
        Absolute path by image identifier.
    expected : dict of str to str
        By split: where an image that is not there should be, with ``{patient}`` and ``{image}``.
    remarks : tuple of str
        Remarks on the collection.
    """

    images: dict[str, str]
    expected: dict[str, str]
    remarks: tuple[str, ...]


@dataclass(slots=True)
class _Place:
    """Files of one kind in one folder (whose patients' folders count as the folder itself)."""

    folder: str
    suffix: str
    images: dict[str, str] = field(default_factory=dict)
    strangers: int = 0

    @property
    def name(self) -> str:
        return f"{self.folder} ({len(self.images)} {self.suffix})"


def find_images(root: Path, rows: Sequence[RsnaRow]) -> Tree:
    """Find the images of the tables in the folders below ``root``.

    Parameters
    ----------
    root : path
        The collection, or one folder of its images.
    rows : sequence of RsnaRow
        All lines of the tables.

    Returns
    -------
    Tree

    Raises
    ------
    InputError
        No image is there, or several folders hold the same images.
    """
    unreadable: list[str] = []
    places = _places(root, rows, unreadable)
    known = [place for place in places if place.images]
    chosen = _fuller_kind(known)
    if not chosen:
        raise InputError(
            f"holds none of the {len(rows)} images of its tables",
            path=root,
            remedy="Images are PATIENT/IMAGE.dcm, or PATIENT/IMAGE, PATIENT_IMAGE or PATIENT@IMAGE as .png or .jpg.",
        )
    _refuse_doubles(chosen, root)
    images = {image: path for place in chosen for image, path in place.images.items()}
    remarks = [f"{folder} cannot be listed (no permission?)" for folder in unreadable]
    left = [place.name for place in known if place not in chosen]
    if left:
        kind, why = ("DICOM files", "") if chosen[0].suffix in DICOM else ("pictures", ", being more than DICOM files")
        remarks.append(f"{kind} are taken{why}; left aside: {', '.join(left[:3])}")
    strangers = sum(place.strangers for place in chosen)
    if strangers:
        remarks.append(f"{strangers} files beside the images are in no line of the tables")
    return Tree(images, _patterns(rows, images), tuple(remarks))


def _fuller_kind(places: Sequence[_Place]) -> list[_Place]:
    """Return the places of DICOM files or of other images, whichever hold more."""
    kinds = [[place for place in places if (place.suffix in DICOM) == is_dicom] for is_dicom in (True, False)]
    return max(kinds, key=lambda kind: len({image for place in kind for image in place.images}))


def _places(root: Path, rows: Sequence[RsnaRow], unreadable: list[str]) -> list[_Place]:
    flat = {f"{row.patient_id}{mark}{row.image_id}": row.image_id for row in rows for mark in _SEPARATORS}
    owners = {row.image_id: row.patient_id for row in rows}
    patients = frozenset(owners.values())
    places: dict[tuple[str, str], _Place] = {}
    for folder, names in _walk(str(root), _DEPTH, unreadable):
        above, _, last = folder.rpartition(os.sep)
        nested = last in patients
        home = above if nested else folder
        for name in names:
            stem, suffix = os.path.splitext(name)  # noqa: PTH122 - tens of thousands of them
            kind = suffix.lower()
            place = places.setdefault((home, kind), _Place(home, kind))
            image = flat.get(stem) or (stem if nested and owners.get(stem) == last else None)
            if image is None:
                place.strangers += 1
            elif image in place.images:
                raise _doubled(image, (place.images[image], f"{folder}{os.sep}{name}"), root)
            else:
                place.images[image] = f"{folder}{os.sep}{name}"
    return list(places.values())


def _walk(folder: str, depth: int, unreadable: list[str]) -> Iterator[tuple[str, list[str]]]:
    """List every folder to some depth with the sorted names of its images; no file is opened."""
    names, folders = [], []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122
                if entry.name.startswith("."):
                    continue
                if suffix in DICOM or suffix in PICTURES:
                    names.append(entry.name)
                elif depth and entry.is_dir():
                    folders.append(entry.path)
    except OSError:
        unreadable.append(folder)
        return
    if names:
        yield folder, sorted(names)
    for path in sorted(folders):
        yield from _walk(path, depth - 1, unreadable)


def _refuse_doubles(places: Sequence[_Place], root: Path) -> None:
    holders: Mapping[str, list[_Place]] = defaultdict(list)
    for place in places:
        for image in place.images:
            holders[image].append(place)
    for image, several in holders.items():
        if len(several) > 1:
            raise _doubled(image, tuple(place.name for place in several), root)


def _doubled(image: str, where: Sequence[str], root: Path) -> InputError:
    return InputError(
        f"holds the image {image} more than once: {', '.join(where[:4])}",
        path=root,
        remedy="Name the one folder that is meant instead; train.csv is found beside it or above it.",
    )


def _patterns(rows: Sequence[RsnaRow], images: Mapping[str, str]) -> dict[str, str]:
    """Return how most of the first files of each split are named, for those that are missing."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.image_id in images and seen[row.split].total() < _ENOUGH:
            seen[row.split][_pattern(row, images[row.image_id])] += 1
    return {split: patterns.most_common(1)[0][0] for split, patterns in seen.items() if patterns}


def _pattern(row: RsnaRow, path: str) -> str:
    """Return a file's path with ``{patient}`` and ``{image}`` in their places."""
    folder, _, name = path.rpartition(os.sep)
    stem, suffix = os.path.splitext(name)  # noqa: PTH122
    above, _, last = folder.rpartition(os.sep)
    if last == row.patient_id:
        folder = f"{above}{os.sep}{{patient}}"
    mark = "" if stem == row.image_id else f"{{patient}}{stem[len(row.patient_id)]}"
    return f"{folder}{os.sep}{mark}{{image}}{suffix}"
