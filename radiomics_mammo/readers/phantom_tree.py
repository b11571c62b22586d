"""Write the phantom out as a CBIS-DDSM tree, so that demonstrations and tests go through the real reader."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import OutputError
from radiomics_mammo.readers.dicom import PHANTOM_MANUFACTURER, write_dicom
from radiomics_mammo.readers.phantom import BITS_STORED, PhantomReader, view_name
from radiomics_mammo.readers.phantom_plan import VIEWS, Breast, Mass, Patient, plan_patient

NOTE = "PHANTOM.txt"
CROP_BORDER = 20  # pixels round the mask's box, as in CBIS-DDSM
TABLES = {
    "train": "mass_case_description_train_set.csv",
    "test": "mass_case_description_test_set.csv",
}
HEADER = (
    "patient_id",
    "breast_density",
    "left or right breast",
    "image view",
    "abnormality id",
    "abnormality type",
    "mass shape",
    "mass margins",
    "assessment",
    "pathology",
    "subtlety",
    "image file path",
    "cropped image file path",
    "ROI mask file path",
)
NOTE_TEXT = """\
phantom: every picture in this folder is simulated by radiomics_mammo.
No patient exists, and nothing measured here is clinical performance.
The layout is that of CBIS-DDSM (Lee et al., Sci Data 2017; 4:170177), so that its reader can be tried.
Written again or removed by the program that made it: keep nothing of your own here.
Settings: {settings}, generator {generator}
"""
GENERATOR = 1  # raise it whenever the same settings give other pixels: old trees are then written anew


@dataclass(frozen=True, slots=True)
class _Picture:
    """One mammogram and where its files go, relative to the root."""

    patient: Patient
    breast: Breast
    view: str
    image: str
    rois: tuple[tuple[Mass, str, str], ...]  # mass, crop, mask

    @property
    def files(self) -> tuple[str, ...]:
        return (self.image, *(path for _, *paths in self.rois for path in paths))


def write_cbis_tree(
    reader: PhantomReader, root: str | Path, *, on_picture: Callable[[int, int], None] | None = None
) -> int:
    """Write every picture, mask and crop of a phantom in the layout of TCIA's CBIS-DDSM download.

    The description tables are written last. A tree that is complete and was made with the same settings is
    left as it is; one made with others, or cut short, is written anew.

    Parameters
    ----------
    reader : PhantomReader
        What to write.
    root : path
        Folder, made if absent: empty, or a phantom tree of before.
    on_picture : callable, optional
        Called with (pictures written, pictures in all) after each.

    Returns
    -------
    int
        Pictures written; 0 if the tree was already there.

    Raises
    ------
    OutputError
        The folder holds something else, or cannot be written.
    """
    root = Path(root)
    pictures = list(_pictures(reader))
    note = NOTE_TEXT.format(settings=json.dumps(reader.describe()), generator=GENERATOR)
    try:
        if _complete(root, note, pictures):
            return 0
        _clear(root)
        root.mkdir(parents=True, exist_ok=True)
        (root / NOTE).write_text(note, encoding="utf-8", newline="\n")
        for done, picture in enumerate(pictures, start=1):
            _write_picture(reader, picture, root)
            if on_picture is not None:
                on_picture(done, len(pictures))
        for split, name in TABLES.items():
            _write_table(root / name, [p for p in pictures if p.patient.split == split])
    except OSError as error:
        raise OutputError(
            f"the phantom tree cannot be written ({error.strerror})",
            path=error.filename or root,
            remedy="Free some space, or name a folder that you may write in.",
        ) from error
    return len(pictures)


def _pictures(reader: PhantomReader) -> Iterator[_Picture]:
    for number in range(1, reader.patients + 1):
        patient = plan_patient(number, seed=reader.seed)
        for breast in patient.breasts:
            for view in VIEWS:
                name = view_name(patient, breast.side, view)
                rois = []
                for mass in breast.masses:
                    folder = _series(reader, f"{name}_{mass.number}")
                    rois.append((mass, f"{folder}/000000.dcm", f"{folder}/000001.dcm"))
                yield _Picture(patient, breast, view, f"{_series(reader, name)}/000000.dcm", tuple(rois))


def _series(reader: PhantomReader, name: str) -> str:
    return f"{name}/{_uid(reader, name, 'study')}/{_uid(reader, name, 'series')}"


def _uid(reader: PhantomReader, *parts: str) -> str:
    from pydicom.uid import generate_uid

    return str(generate_uid(entropy_srcs=["phantom", str(reader.seed), str(reader.size), *parts]))


def _complete(root: Path, note: str, pictures: list[_Picture]) -> bool:
    written = root / NOTE
    if not written.is_file() or written.read_text(encoding="utf-8") != note:
        return False
    tables = {TABLES[picture.patient.split] for picture in pictures}
    files = [*tables, *(path for picture in pictures for path in picture.files)]
    return all((root / path).is_file() for path in files)


def _clear(root: Path) -> None:
    """Remove what an earlier phantom left; refuse a folder that holds anything else."""
    if not root.exists():
        return
    if not root.is_dir():
        raise OutputError("is a file, not a folder", path=root, remedy="Name a folder for the phantom.")
    if any(root.iterdir()) and not (root / NOTE).is_file():
        raise OutputError("is not empty and holds no phantom", path=root, remedy="Name an empty or a new folder.")
    for name in TABLES.values():  # first, so that a tree cut short here is not taken for a whole one
        (root / name).unlink(missing_ok=True)
    for folder in root.glob("Mass-*_PHANTOM_*"):
        shutil.rmtree(folder)


def _write_picture(reader: PhantomReader, picture: _Picture, root: Path) -> None:
    side, view = picture.breast.side, picture.view
    image, masks = reader.picture(picture.patient, side=side, view=view)

    def write(path: str, pixels: NDArray[np.generic], description: str, bits: int) -> None:
        name, study, series, file = path.split("/")
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        write_dicom(
            target,
            pixels,
            patient_id=name,
            series_description=description,
            study_uid=study,
            series_uid=series,
            sop_uid=_uid(reader, name, file),
            manufacturer=PHANTOM_MANUFACTURER,
            laterality=side[0],
            view=view,
            spacing=reader.spacing,
            bits_stored=bits,
        )

    write(picture.image, image, "full mammogram images", BITS_STORED)
    for mass, crop, mask in picture.rois:
        region = masks[mass.number]
        write(crop, image[_box(region)], "ROI mask images", BITS_STORED)
        write(mask, region.astype(np.uint8) * np.uint8(255), "ROI mask images", 8)


def _box(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    slices = []
    for axis in (0, 1):
        inside = np.flatnonzero(mask.any(axis=1 - axis))
        first, last = max(0, int(inside[0]) - CROP_BORDER), int(inside[-1]) + CROP_BORDER + 1
        slices.append(slice(first, last))
    return slices[0], slices[1]


def _write_table(path: Path, pictures: list[_Picture]) -> None:
    if not pictures:
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for picture in pictures:
            patient = picture.patient
            for mass, crop, mask in picture.rois:
                who = (patient.patient_id, patient.density, picture.breast.side, picture.view, mass.number)
                # Nobody assessed these pictures: 0 is how CBIS-DDSM codes a missing opinion.
                what = ("mass", mass.shape, mass.margin, 0, mass.pathology, 0)
                # The newline inside the last cell is in every mass row of the official tables.
                writer.writerow((*who, *what, picture.image, crop, f"{mask}\n"))
