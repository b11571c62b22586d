"""Whether a NIfTI file is whole: ITK reads one that was cut short as if the rest were zeros."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

from radiomics_mammo.errors import ReadError
from radiomics_mammo.imaging.formats.dicom.decode import DOWNLOAD_AGAIN
from radiomics_mammo.imaging.formats.itk_header import MOST_BYTES

_BLOCK = 1 << 22
# Length of the header, then where dim, bitpix, vox_offset, slope with intercept, and datatype stand in it.
_LAYOUTS = {
    348: (("8h", 40), ("h", 72), ("f", 108), ("2f", 112), ("h", 70)),
    540: (("8q", 16), ("h", 14), ("q", 168), ("2d", 176), ("h", 12)),
}
_SEVERAL_NUMBERS = (32, 128, 1792, 2048, 2304)
"""Datatypes of complex numbers and colours."""


def refuse_cut_nifti(path: Path) -> None:
    """Check that a NIfTI file is as long as its header states.

    Parameters
    ----------
    path : pathlib.Path
        A NIfTI-1 or NIfTI-2 file.

    Raises
    ------
    ReadError
        It is shorter, its compression is broken, or it has no NIfTI header.
    """
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if zipped else path.open("rb") as file:
            head = file.read(540)
            promised = _promised(head)
            if promised is None:
                raise ReadError("has no NIfTI header", path=path, remedy=DOWNLOAD_AGAIN)
            if not 0 < promised <= MOST_BYTES:
                raise ReadError("has a damaged NIfTI header", path=path, remedy=DOWNLOAD_AGAIN)
            length = len(head)
            # To the end, where the checksum stands; but not for ever.
            while length <= 2 * promised + _BLOCK and (block := file.read(_BLOCK)):
                length += len(block)
    except (OSError, EOFError, zlib.error) as error:
        raise ReadError(f"is truncated or broken ({error})", path=path, remedy=DOWNLOAD_AGAIN) from error
    if length < promised:
        raise ReadError(f"is truncated: {length} of {promised} bytes are there", path=path, remedy=DOWNLOAD_AGAIN)


def _promised(head: bytes) -> int | None:
    """Return how long the file should be; None without a header, 0 with one that means nothing."""
    for order in "<>":
        size: int = struct.unpack_from(f"{order}i", head)[0] if len(head) >= 348 else 0
        layout = _LAYOUTS.get(size)
        if layout is None or len(head) < size:
            continue
        dim, bits, start, scale, kind = (struct.unpack_from(order + code, head, at) for code, at in layout)
        if not 1 <= dim[0] <= 7 or min(dim[1 : dim[0] + 1]) < 0 or bits[0] <= 0 or not 0 <= start[0] <= MOST_BYTES:
            return 0
        several = math.prod(dim[5 : dim[0] + 1]) > 1 or kind[0] in _SEVERAL_NUMBERS
        if several and (scale[0] not in (0, 1) or scale[1] != 0):
            return 0  # ITK writes beyond its memory when it rescales such values
        values: int = math.prod(max(length, 1) for length in dim[1 : dim[0] + 1])
        return int(start[0]) + values * int(bits[0]) // 8
    return None
