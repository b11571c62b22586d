"""Pairing of the images and masks of a folder by their names; no file is opened."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from radiomics_mammo.errors import InputError
from radiomics_mammo.readers.base import refuse_all

IMAGES, MASKS = "images", "masks"
ENDINGS = (
    ".dcm", ".dicom", ".ima", ".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".png", ".tif", ".tiff", ".jpg",
    ".jpeg", ".npy",
)  # fmt: skip
_MASK = re.compile(r"(?P<stem>.+?)_mask(?:_?(?P<number>\d+))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pair:
    """An image and one of its masks.

    Attributes
    ----------
    stem : str
        Path of the image below the folder of images, without its ending; forward slashes.
    case_id : str
        The stem with underscores, and the mask's number where it has one.
    image, mask : str
        Absolute paths; empty where there is no such file.
    """

    stem: str
    case_id: str
    image: str
    mask: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of a folder in the order of their names, and the files that are neither image nor mask."""

    pairs: tuple[Pair, ...]
    others: tuple[str, ...]


def find_pairs(root: Path) -> Pairs:
    """Find the image of each mask in a folder.

    Raises
    ------
    InputError
        There is no image, or names are ambiguous: all of them are listed.
    """
    images: dict[str, list[Path]] = defaultdict(list)
    masks: dict[str, list[tuple[str, Path]]] = defaultdict(list)
    others = []
    separate = (root / MASKS).is_dir() and (root / IMAGES).is_dir()
    for kind, folder in ((IMAGES, root / IMAGES), (MASKS, root / MASKS)) if separate else ((IMAGES, root),):
        for path in _files(folder):
            stem = _stem(path, folder)
            if stem is None:
                others.append(path.relative_to(root).as_posix())
                continue
            mask = _MASK.fullmatch(stem)
            if kind == IMAGES and (separate or mask is None):
                images[stem].append(path)
            elif mask is None:
                masks[stem].append(("", path))
            else:
                masks[mask["stem"]].append((f"_mask{int(mask['number'])}" if mask["number"] else "", path))
    if not images:
        raise InputError(f"holds no image ({', '.join(ENDINGS)})", path=root, remedy="Name the folder of the images.")
    pairs = [
        Pair(stem, stem.replace("/", "_") + number, str(images[stem][0]) if stem in images else "", mask)
        for stem in sorted({*images, *masks})
        for number, mask in sorted((number, str(path)) for number, path in masks[stem]) or [("", "")]
    ]
    refuse_all(_ambiguous(images, pairs, root), path=root, remedy="Rename or remove the files.")
    return Pairs(tuple(pairs), tuple(others))


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def _stem(path: Path, folder: Path) -> str | None:
    """Return the path below a folder without its ending; None for a file that is no image."""
    name = path.relative_to(folder).as_posix()
    ending = max((ending for ending in ENDINGS if name.lower().endswith(ending)), key=len, default=None)
    return None if ending is None else name[: -len(ending)]


def _ambiguous(images: dict[str, list[Path]], pairs: Sequence[Pair], root: Path) -> list[str]:
    def listed(paths: Sequence[str | Path]) -> str:
        return ", ".join(Path(path).relative_to(root).as_posix() for path in paths)

    faults = [f"{listed(paths)} have one name" for paths in images.values() if len(paths) > 1]
    named: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        named[pair.case_id].append(pair)
    for case_id, several in named.items():
        if len(several) > 1:
            faults.append(f"{listed([pair.mask or pair.image for pair in several])} would all be case {case_id}")
    return faults
