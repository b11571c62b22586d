"""CBIS-DDSM: lesions with masks, as TCIA ships them (CSVs and DICOM) or as Kaggle released them again (JPEG)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from radiomics_mammo.core.option import option
from radiomics_mammo.readers.base import ReaderArguments, ReaderSpec


@dataclass(frozen=True)
class CbisDdsmArguments(ReaderArguments):
    """Settings of the reader of CBIS-DDSM."""

    name: ClassVar[str] = "cbis-ddsm"
    root: Path = option(help="folder with the description CSVs and the images", metavar="ROOT", positional=True)
    abnormality: str = option("both", help="masses, calcifications or both", choices=("mass", "calc", "both"))
    split: str = option("both", help="which of the official splits", choices=("train", "test", "both"))


SPEC = ReaderSpec(
    arguments=CbisDdsmArguments,
    reader="radiomics_mammo.readers.cbis_ddsm.reader:CbisDdsmReader",
    help="CBIS-DDSM as TCIA ships it (CSVs and DICOM), or Kaggle's JPEG copy of it",
    description="Read CBIS-DDSM: TCIA's download (either layout) or Kaggle's JPEG re-release.",
    first_imports=("pydicom.pixels",),
    collection="CBIS-DDSM",
    aliases=("ddsm", "cbis"),
    licence="CC BY 3.0",
    citation="Images: CBIS-DDSM. Lee RS, Gimenez F, Hoogi A, Miyake KK, Gorovoy M, Rubin DL. A curated mammography "
    "data set for use in computer-aided detection and diagnosis research. Sci Data 2017;4:170177.",
    outlines="The outlines that CBIS-DDSM publishes (Lee et al. 2017); who drew which is not recorded in the run.",
)
