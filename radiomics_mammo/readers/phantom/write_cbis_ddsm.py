"""Write the phantom out as a CBIS-DDSM tree, so that demonstrations and tests go through the real reader."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.imaging.formats.dicom.read import PHANTOM_MANUFACTURER
from radiomics_mammo.imaging.formats.dicom.write import write_dicom
from radiomics_mammo.readers.cbis_ddsm.mask_matching import crop_window
from radiomics_mammo.readers.phantom.lesion_cohort import VIEWS, Breast, Mass, Patient, plan_patient
from radiomics_mammo.readers.phantom.output_folder import PhantomTree, write_tree
from radiomics_mammo.readers.phantom.reader import BITS_STORED, PhantomReader, view_name

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
LAYOUT = "The layout is that of CBIS-DDSM (Lee et al., Sci Data 2017; 4:170177), so that its reader can be tried."


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
    """Write a phantom in the layout of CBIS-DDSM, as :func:`write_tree` does."""
    pictures = list(_pictures(reader))
    by_split = {split: [picture for picture in pictures if picture.patient.split == split] for split in TABLES}
    tree = PhantomTree(
        layout=LAYOUT,
        settings=reader.describe(),
        pictures=pictures,
        write=partial(_write_picture, reader),
        tables={TABLES[split]: partial(_write_table, some) for split, some in by_split.items() if some},
    )
    return write_tree(tree, root, on_picture=on_picture)


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

    return str(generate_uid(entropy_srcs=["phantom", str(reader.seed), str(reader.rows), *parts]))


def _write_picture(reader: PhantomReader, picture: _Picture, root: Path) -> None:
    side, view = picture.breast.side, picture.view
    image, masks = reader.picture(picture.patient, side=side, view=view)

    def write(path: str, pixels: NDArray[np.generic], description: str, bits: int) -> None:
        name, study, series, file = path.split("/")
        write_dicom(
            root / path,
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
        write(crop, image[crop_window(region)], "ROI mask images", BITS_STORED)
        write(mask, region.astype(np.uint8) * np.uint8(255), "ROI mask images", 8)


def _write_table(pictures: list[_Picture], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for picture in pictures:
            patient = picture.patient
            for mass, crop, mask in picture.rois:
                who = (patient.patient_id, patient.density, picture.breast.side, picture.view, mass.number)
                # These images have no assessment: 0 is how CBIS-DDSM codes a missing opinion.
                what = ("mass", mass.shape, mass.margin, 0, mass.pathology, 0)
                # The newline inside the last cell is in every mass row of the official tables.
                writer.writerow((*who, *what, picture.image, crop, f"{mask}\n"))
