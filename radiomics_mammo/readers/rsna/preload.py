"""Imported by the fork server of ``extract``: what reading the RSNA collection needs, loaded or compiled once."""

from __future__ import annotations

import openjpeg  # noqa: F401
import pyarrow  # noqa: F401
import pydicom.pixels  # noqa: F401
import scipy.ndimage
import scipy.special  # noqa: F401

from radiomics_mammo.imaging.formats.dicom.jpeg_lossless import decode_lossless
from radiomics_mammo.readers.rsna import samples  # noqa: F401

# Two rows of two pixels, so that every loop of the decoder is compiled.
SMALLEST = bytes.fromhex(
    "ffd8ffc400240000000000110000000000000000000000000102030405060708090a0b0c0d0e0f10"
    "ffc3000b080002000201011100ffda0008010100010000006107ffd9"
)
decode_lossless(SMALLEST)
