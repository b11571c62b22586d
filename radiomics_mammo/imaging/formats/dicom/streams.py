"""Compressed streams of a DICOM file: what they say of themselves, and whether they are whole."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radiomics_mammo.errors import ReadError
from radiomics_mammo.imaging.formats.dicom.jpeg_lossless import jpeg_headers

JPEG_LOSSY_12 = "1.2.840.10008.1.2.4.51"
JPEG_LOSSLESS = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
JPEG_2000 = (
    *("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"),
    *("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203"),
)
"""JPEG 2000 and, with the same headers, high-throughput JPEG 2000."""

_START_OF_FRAME = {
    **dict.fromkeys(JPEG_LOSSLESS, (0xC3,)),
    **dict.fromkeys(JPEG_LS, (0xF7,)),
    # Baseline, extended, progressive: each is met under either transfer syntax.
    **dict.fromkeys(("1.2.840.10008.1.2.4.50", JPEG_LOSSY_12), (0xC0, 0xC1, 0xC2)),
}
_END_OF_IMAGE = b"\xff\xd9"
_SIZE = b"\xff\x4f\xff\x51"
_AGAIN = "Download or export the file again."


@dataclass(frozen=True, slots=True)
class StreamHeader:
    """What a stream says of its values; ``whole`` is False where its end is missing."""

    bits: int
    rows: int
    columns: int
    samples: int
    signed: bool
    whole: bool


def stream_header(stream: bytes, syntax: str) -> StreamHeader | None:
    """Read the header of a JPEG, JPEG-LS or JPEG 2000 stream; None where it has none."""
    if syntax in JPEG_2000:
        return _jpeg_2000(stream)
    for marker, _, body in jpeg_headers(stream):
        if marker in _START_OF_FRAME[syntax] and len(body) >= 6:
            bits, rows, columns, samples = struct.unpack_from(">BHHB", body)
            return StreamHeader(bits, rows, columns, samples, signed=False, whole=_has_end(stream))
    return None


def check_stream(stream: bytes, dataset: Any, *, path: Path) -> StreamHeader | None:
    """Check the size in a stream against the header's: decoders pad what is cut, or write past the end.

    Returns
    -------
    StreamHeader or None
        None for transfer syntaxes whose streams have no header.

    Raises
    ------
    ReadError
        The stream is cut, or is not of the size that the header states.
    """
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax not in _START_OF_FRAME and syntax not in JPEG_2000:
        return None
    header = stream_header(stream, syntax)
    stated = (int(dataset.Rows), int(dataset.Columns), 1)
    if (
        header is None
        or (header.rows, header.columns, header.samples) != stated
        or header.bits > int(dataset.BitsAllocated)
    ):
        raise ReadError("is damaged: the compressed picture is not what its header says", path=path, remedy=_AGAIN)
    if not header.whole:
        raise ReadError("is truncated: the compressed picture has no end", path=path, remedy=_AGAIN)
    return header


def _jpeg_2000(stream: bytes) -> StreamHeader | None:
    """Read the SIZ marker (ISO/IEC 15444-1, A.5.1) and walk the tile-parts (A.4.2)."""
    start = stream.find(_SIZE, 0, 4096)
    if start < 0 or len(stream) < start + 45:
        return None
    right, lower, left, upper = struct.unpack_from(">IIII", stream, start + 8)
    (samples,) = struct.unpack_from(">H", stream, start + 40)
    depth = stream[start + 42]
    whole = _tiles_are_whole(stream, start + 2)
    return StreamHeader((depth & 0x7F) + 1, lower - upper, right - left, samples, signed=bool(depth >> 7), whole=whole)


def _tiles_are_whole(stream: bytes, place: int) -> bool:
    """Return whether every marker segment and tile-part lies inside the stream."""
    while place + 4 <= len(stream):
        marker, length = struct.unpack_from(">HH", stream, place)
        if marker != 0xFF90:
            place += 2 + length
            continue
        if place + 12 > len(stream):
            return False
        (size,) = struct.unpack_from(">I", stream, place + 6)
        if size == 0:  # until the end of the codestream
            return _has_end(stream)
        place += size
        following = stream[place : place + 2]
        if following == _END_OF_IMAGE:
            return True
        if following[:1] in (b"", b"\0"):  # no end marker, as some encoders write it, and padding
            return place <= len(stream) and not stream[place:].strip(b"\0")
    return False


def _has_end(stream: bytes) -> bool:
    return _END_OF_IMAGE in stream[-8:] or stream.rstrip(b"\0").endswith(_END_OF_IMAGE)
