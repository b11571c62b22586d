"""RSNA Screening Mammography (2022): whole breasts, one case an image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from radiomics_mammo.core.option import above, option
from radiomics_mammo.imaging.breast.settings import BreastSettings
from radiomics_mammo.readers.base import ReaderArguments, ReaderSpec


@dataclass(frozen=True)
class RsnaArguments(BreastSettings, ReaderArguments):
    """Settings of the reader of RSNA's screening mammograms, those of breast preparation included."""

    name: ClassVar[str] = "rsna"
    undescribed: ClassVar[tuple[str, ...]] = ("cache", "cache_gb")
    root: Path = option(help="folder with train.csv or test.csv and the images", metavar="ROOT", positional=True)
    split: str = option("both", help="which of the tables", choices=("train", "test", "both"))
    voi: str = option(
        "first",
        help="which of the DICOM header's display windows is applied: the first, or none",
        choices=("first", "none"),
        group="Breast preparation",
    )
    cache: Path | None = option(
        None,
        help="keep prepared breasts in this folder, so that no image is decoded twice",
        metavar="FOLDER",
        group="Cache of prepared breasts",
    )
    cache_gb: float = option(
        20.0,
        help="limit of the cache; the breasts of other runs are removed first",
        metavar="GB",
        check=above(0),
        group="Cache of prepared breasts",
    )


SPEC = ReaderSpec(
    arguments=RsnaArguments,
    reader="radiomics_mammo.readers.rsna.reader:RsnaReader",
    help="RSNA Screening Mammography (2022): whole breasts, from DICOM or from one of the PNG copies",
    description="Read RSNA's screening mammograms: train.csv or test.csv with train_images/PATIENT/IMAGE.dcm, or PNG "
    "copies named PATIENT_IMAGE.png, PATIENT/IMAGE.png or PATIENT@IMAGE.png. The region is the breast, found in the "
    "image: turned so that the chest wall is at the left, without labels, background and muscle.",
    first_imports=("radiomics_mammo.readers.rsna.preload", "radiomics_mammo.imaging.breast.prepare"),
    whole_breast=True,
    read_image="radiomics_mammo.readers.rsna.reader:read_breast",
    collection="RSNA",
    aliases=("rsna",),
    outlines="The regions are whole breasts, found in the images by the software.",
)
