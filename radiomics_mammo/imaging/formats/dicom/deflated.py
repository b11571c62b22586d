"""Deflated DICOM: a limit on what a file may become, checked before anything is allocated."""

from __future__ import annotations

import zlib
from pathlib import Path

from radiomics_mammo.errors import ReadError

LIMIT = 1 << 29
"""Bytes; an image of 12 megapixels takes 24 MB."""
_SYNTAX = "1.2.840.10008.1.2.1.99"
_CHUNK = 1 << 20


def refuse_large_deflated(path: Path, *, limit: int = LIMIT) -> None:
    """Raise ReadError if a deflated DICOM file inflates to more than a limit.

    Parameters
    ----------
    path : path
        A file of any kind; others than deflated DICOM pass.
    limit : int
        Bytes.
    """
    from pydicom.filereader import read_dataset

    with path.open("rb") as file:
        head = file.read(132)
        start = 132 if head[128:] == b"DICM" else 0
        if not start and head[:2] != b"\x02\x00":
            return
        file.seek(start)
        # The file meta ends where the group number changes, whatever its stated length.
        meta = read_dataset(
            file, is_implicit_VR=False, is_little_endian=True, stop_when=lambda tag, _vr, _length: tag.group != 2
        )
        if str(meta.get("TransferSyntaxUID")) != _SYNTAX:
            return
        inflater, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
        while not inflater.eof:
            packed = inflater.unconsumed_tail or file.read(_CHUNK)
            if not packed:
                return  # cut: pydicom says so
            total += len(inflater.decompress(packed, _CHUNK))
            if total > limit:
                raise ReadError(
                    f"is deflated and holds more than {limit >> 20} MB", path=path, remedy="Store it uncompressed."
                )
