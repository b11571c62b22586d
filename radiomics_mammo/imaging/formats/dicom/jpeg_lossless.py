"""Lossless JPEG (ITU-T T.81, process 14) of one component, as half of the RSNA collection is encoded.

GDCM, the usual decoder, takes more than three times as long, and aborts the whole process on some damaged streams.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_DHT, _SOF3, _SOS, _DRI = 0xC4, 0xC3, 0xDA, 0xDD


@dataclass(frozen=True, slots=True, eq=False)
class _Scan:
    """Headers of a stream, and the start of its entropy-coded data."""

    precision: int
    rows: int
    columns: int
    interval: int
    predictor: int
    shift: int
    codes: NDArray[np.uint16]
    start: int


def decode_lossless(stream: bytes) -> NDArray[np.uint16]:
    """Read a lossless JPEG stream of one component.

    Parameters
    ----------
    stream : bytes
        From start to end of image; any predictor (selection value 1 to 7), point transform and restart interval.

    Returns
    -------
    ndarray of uint16, shape (rows, columns)

    Raises
    ------
    ValueError
        The stream is damaged, or of another kind.

    References
    ----------
    ITU-T T.81 (1992), annex H.
    """
    from radiomics_mammo.imaging.formats.dicom.jpeg_kernels import QUICK, SPARE, add_predictions, decode_changes

    scan = _headers(stream)
    initial = 1 << (scan.precision - scan.shift - 1)
    pixels = np.zeros((scan.rows, scan.columns), dtype=np.uint16)
    rows = scan.interval // scan.columns if scan.interval else scan.rows
    segments = _segments(stream, scan.start, restarts=scan.interval > 0, spare=SPARE)
    quick = np.ascontiguousarray(scan.codes[:: 1 << 16 - QUICK])
    quick = np.where(quick >> 8 <= QUICK, quick, 0).astype(np.uint16)
    if scan.interval % scan.columns or len(segments) < -(-scan.rows // rows):
        raise ValueError("its restart intervals do not fit")
    for number, first in enumerate(range(0, scan.rows, rows)):
        part = pixels[first : first + rows]
        if not decode_changes(segments[number], scan.codes, quick, part.reshape(-1)):
            raise ValueError(f"its codes end or make no sense in rows {first} to {first + len(part) - 1}")
        add_predictions(part, scan.predictor, initial)
    return pixels << np.uint16(scan.shift) if scan.shift else pixels


def _headers(stream: bytes) -> _Scan:
    tables: dict[int, NDArray[np.uint16]] = {}
    frame: tuple[int, ...] = ()
    interval = 0
    for marker, at, body in jpeg_headers(stream):
        if marker == _DHT:
            tables.update(_huffman_tables(body))
        elif marker == _SOF3:
            frame = struct.unpack_from(">BHHB", body)
        elif marker == _DRI:
            (interval,) = struct.unpack_from(">H", body)
        elif marker == _SOS:
            components, _, table, predictor, _, low = struct.unpack_from(">6B", body)
            if not frame or frame[3] != 1 or components != 1:
                raise ValueError("it is no lossless JPEG of one component")
            precision, rows, columns, _ = frame
            shift = low & 15
            if not (2 <= precision <= 16 and shift < precision and 1 <= predictor <= 7 and rows * columns):
                raise ValueError("its headers make no sense")
            if table >> 4 not in tables:
                raise ValueError("it lacks its Huffman table")
            return _Scan(precision, rows, columns, interval, predictor, shift, tables[table >> 4], at + len(body))
    raise ValueError("it has no scan")


def jpeg_headers(stream: bytes) -> list[tuple[int, int, bytes]]:
    """Return marker, position and body of each header of a stream, up to the scan's."""
    headers = []
    at = 2 if stream[:2] == b"\xff\xd8" else len(stream)
    while at + 4 <= len(stream) and stream[at] == 0xFF:
        marker = stream[at + 1]
        if marker == 0xFF:  # fill
            at += 1
            continue
        (length,) = struct.unpack_from(">H", stream, at + 2)
        headers.append((marker, at + 4, stream[at + 4 : at + 2 + length]))
        if marker == _SOS:
            break
        at += 2 + length
    return headers


def _huffman_tables(body: bytes) -> dict[int, NDArray[np.uint16]]:
    """Build tables: for any 16 bits, 256 times the length of their first code plus its value.

    Zero where no code begins so.
    """
    tables = {}
    at = 0
    while at + 17 <= len(body):
        name, counts = body[at], body[at + 1 : at + 17]
        values = body[at + 17 : at + 17 + sum(counts)]
        if len(values) < sum(counts) or any(value > 16 for value in values):
            raise ValueError("its Huffman table is damaged")
        codes = np.zeros(1 << 16, dtype=np.uint16)
        end = 0
        used = 0
        for length, count in enumerate(counts, start=1):
            for value in values[used : used + count]:
                first, end = end, end + (1 << 16 - length)
                codes[first:end] = length << 8 | value
            used += count
        if end > 1 << 16:
            raise ValueError("its Huffman table is damaged")
        tables[name & 15] = codes
        at += 17 + sum(counts)
    return tables


def _segments(stream: bytes, start: int, *, restarts: bool, spare: int) -> list[NDArray[np.uint8]]:
    """Return the entropy-coded data between restart markers, unstuffed, with spare bytes."""
    end = stream.rfind(b"\xff\xd9", start)
    data = stream[start:] if end < 0 else stream[start:end]
    parts = re.split(rb"\xff[\xd0-\xd7]", data) if restarts else [data]
    return [np.frombuffer(part.replace(b"\xff\x00", b"\xff") + bytes(spare), dtype=np.uint8) for part in parts]
