"""Image folder: a folder of images with masks beside them, paired by their names."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from radiomics_mammo.core.option import at_least, option
from radiomics_mammo.readers.base import ReaderArguments, ReaderSpec


@dataclass(frozen=True)
class ImageFolderArguments(ReaderArguments):
    """Settings of the reader of an image folder; the last three are those of a recipe."""

    name: ClassVar[str] = "image-folder"
    root: Path = option(help="folder with the images and masks", metavar="FOLDER", positional=True)
    whole: str | None = option(
        None,
        help="region of images without a mask: the whole image (default: an image without a mask fails)",
        choices=("image",),
    )
    patient_pattern: str | None = option(
        None,
        help="regular expression with a group (?P<patient>...) that finds the patient in an image's path below the "
        "folder of images, without its ending (default: each image is a patient of its own)",
        metavar="REGEX",
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
    arguments=ImageFolderArguments,
    reader="radiomics_mammo.readers.image_folder.reader:ImageFolderReader",
    help="a folder of your own images with masks beside them",
    description="Read the images of a folder and their masks. With FOLDER/images and FOLDER/masks, a mask belongs to "
    "the image of the same path below these two, whatever the endings: images/a/1.dcm and masks/a/1.png. Otherwise "
    "masks lie beside their images and end in _mask: 1.png and 1_mask.png. Several masks of one image are numbered, in "
    "either layout: 1_mask1.png, 1_mask_2.png; each is a case. The column label is that of FOLDER/labels.csv (columns "
    "image and label), if it is there, else the name of the sub-folder of the image (benign, malignant). Images: "
    "DICOM, NIfTI, NRRD, PNG, TIFF, JPEG, .npy.",
    outlines="Masks beside the images; how they were drawn is not recorded in the run.",
)
