"""Manifest: images and masks of any origin, listed in a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from radiomics_mammo.core.option import at_least, option
from radiomics_mammo.readers.base import ReaderArguments, ReaderSpec


@dataclass(frozen=True)
class ManifestArguments(ReaderArguments):
    """Settings of the reader of a manifest; the last three are those of a recipe."""

    name: ClassVar[str] = "manifest"
    path: Path = option(help="list of cases: CSV, TSV, Excel, Parquet, Feather", metavar="CASES.csv", positional=True)
    whole: str | None = option(
        None,
        help="region of a case without a mask: the whole image, or the breast found in it, prepared as those of rsna "
        "(columns laterality, view and implant help; default: a case without a mask fails)",
        choices=("image", "breast"),
    )
    frame: int | None = option(
        None, metavar="N", check=at_least(1), help="frame of DICOM files of several frames, from 1"
    )
    projection: str | None = option(
        None, help="projection of the frames of DICOM files of several frames", choices=("mean", "maximum")
    )
    label: int | None = field(default=None, metadata={"recipe": "label"})
    correct_mask: bool = field(default=False, metadata={"recipe": "correctMask"})
    tolerance: float | None = field(default=None, metadata={"recipe": "geometryTolerance"})


SPEC = ReaderSpec(
    arguments=ManifestArguments,
    reader="radiomics_mammo.readers.manifest.reader:ManifestReader",
    help="your own images and masks, listed in a table",
    description="Read images and masks that a table lists (CSV, TSV, Excel, Parquet, Feather): columns image, mask, "
    "and any of case_id, patient_id, label (value of the mask), spacing_mm, frame, under these or other usual names; "
    "instead of a mask a box in pixels (xmin, ymin, xmax, ymax; the last two are just outside). Other columns are "
    "copied to the table. Paths are relative to the list. Images: DICOM, NIfTI, NRRD, PNG, TIFF, JPEG, BMP, GIF, PGM, "
    "WebP, .npy.",
    outlines="Masks listed in the manifest; how they were drawn is not recorded in the run.",
)
