"""The stored pixels of a DICOM picture: what is refused, and which library decodes what.

The order of decoders is for speed and for surviving damaged files, lossless results being the same whichever decodes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import ReadError
from radiomics_mammo.imaging.formats.dicom.jpeg_lossless import decode_lossless, jpeg_headers

DOWNLOAD_AGAIN = "Download or export the file again."
NOTHING_THERE = "Download the file again; if it is the same there, it has nothing to measure."

_RLE = "1.2.840.10008.1.2.5"
_JPEG_LOSSLESS = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
_JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
_JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_PREFERRED = {
    # pylibjpeg-rle, if it is there, panics on a cut stream with an error that cannot be caught by name.
    _RLE: "pydicom",
    # GDCM, first in pydicom's order, needs half as much time again and aborts the process on damaged streams.
    **dict.fromkeys(_JPEG_2000, "pylibjpeg"),
    **dict.fromkeys(_JPEG_LS, "pyjpegls"),
}
_JPEG_LOSSY_12 = ("1.2.840.10008.1.2.4.51",)
_NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2")
_WORDS = {
    "1.2.840.10008.1.2": "raw",
    "1.2.840.10008.1.2.1": "raw",
    "1.2.840.10008.1.2.1.99": "deflated",
    "1.2.840.10008.1.2.2": "raw",
    _RLE: "RLE",
    "1.2.840.10008.1.2.4.50": "JPEG 8-bit",
    "1.2.840.10008.1.2.4.51": "JPEG 12-bit",
    **dict.fromkeys(_JPEG_LOSSLESS, "JPEG lossless"),
    _JPEG_LS[0]: "JPEG-LS lossless",
    _JPEG_LS[1]: "JPEG-LS",
    _JPEG_2000[0]: "JPEG 2000 lossless",
    _JPEG_2000[1]: "JPEG 2000",
}
_LOSSLESS, _LS = 0xC3, 0xF7
_START_OF_FRAME = {**dict.fromkeys(_JPEG_LOSSLESS, _LOSSLESS), **dict.fromkeys(_JPEG_LS, _LS)}
_END_OF_IMAGE = b"\xff\xd9"


def stored_pixels(
    dataset: Any, path: Path, *, frame: int | None = None, projection: str | None = None
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Read one grey frame of a dataset, or a projection of its frames.

    Parameters
    ----------
    dataset : pydicom.Dataset
        With its pixel data and file meta.
    path : path
        For messages.
    frame : int, optional
        From 1.
    projection : {'mean', 'maximum'}, optional
        Of all frames, pixel by pixel.

    Returns
    -------
    pixels : ndarray, shape (rows, columns)
        Native, writeable, contiguous. Bits above BitsStored stay where they belong to the value; left-aligned
        values are shifted.
    notes : tuple of str

    Raises
    ------
    ReadError
        No pixel data, several frames, colour, or no decoder for the transfer syntax.
    """
    frames = _check_grey_frames(dataset, path, frame=frame, projection=projection)
    notes = _believe_stream_sign(dataset)
    indices = range(frames) if projection else [(frame or 1) - 1]
    marker = _START_OF_FRAME.get(str(dataset.file_meta.TransferSyntaxUID))
    stored = _projected((_frame(dataset, index, frames, marker=marker, path=path) for index in indices), projection)
    if frames > 1:
        what = f"{projection} of {frames} frames" if projection else f"frame {frame} of {frames}"
        notes = (*notes, what)
    stored, shifted = _right_aligned(stored, dataset)
    notes = (*notes, *shifted)
    if stored.ndim != 2:
        raise ReadError(
            f"is not a two-dimensional picture (shape {stored.shape})",
            path=path,
            remedy="Export single grey frames.",
        )
    # Compiled kernels know native, writeable, contiguous arrays.
    return np.require(stored, dtype=stored.dtype.newbyteorder("="), requirements=["C", "W"]), notes


def _frame(dataset: Any, index: int, frames: int, *, marker: int | None, path: Path) -> NDArray[Any]:
    if marker is None:
        return _by_pydicom(dataset, index)
    return _jpeg(dataset, marker, path, index=index, frames=frames)


def _projected(frames: Iterator[NDArray[Any]], projection: str | None) -> NDArray[Any]:
    first = next(frames)
    if projection is None:
        return first
    count, total = 1, first.astype(np.float64) if projection == "mean" else first.copy()
    for each in frames:
        count += 1
        total = total + each if projection == "mean" else np.maximum(total, each)
    return (total / count).astype(np.float32) if projection == "mean" else total


def _right_aligned(stored: NDArray[Any], dataset: Any) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Shift values that lie at the top of their bits (HighBit above BitsStored - 1)."""
    high, bits = dataset.get("HighBit"), bits_of(dataset)
    spare = 0 if high is None else int(high) + 1 - bits
    if spare <= 0 or stored.dtype.kind not in "iu" or str(dataset.file_meta.TransferSyntaxUID) not in _NATIVE:
        return stored, ()
    return stored >> spare, (f"values in bits {spare} to {int(high)}: shifted down by {spare}",)


def _believe_stream_sign(dataset: Any) -> tuple[str, ...]:
    """Make the header agree with a JPEG 2000 stream on whether values are signed."""
    if str(dataset.file_meta.TransferSyntaxUID) not in _JPEG_2000:
        return ()
    data = bytes(dataset.PixelData[:4096])
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0 or len(data) < start + 43:
        return ()
    signed = data[start + 42] >> 7  # Ssiz of the first component
    if signed == int(dataset.get("PixelRepresentation") or 0):
        return ()
    dataset.PixelRepresentation = signed
    return (f"the compressed picture has {'signed' if signed else 'unsigned'} values, and the header says otherwise",)


def encoding_of(dataset: Any) -> str:
    """Return the transfer syntax in words, such as ``JPEG 2000 lossless``, or nothing."""
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    return "" if syntax is None else _WORDS.get(str(syntax), str(syntax.name))


def bits_of(dataset: Any) -> int:
    """Return BitsStored, or BitsAllocated where the header lacks it."""
    return int(dataset.get("BitsStored") or dataset.get("BitsAllocated") or 16)


def header_text(dataset: Any, keyword: str) -> str:
    """Return a header value as text, several joined as in the file; empty if absent."""
    value = dataset.get(keyword)
    if value is None:
        return ""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\\".join(str(item) for item in value).strip()
    return str(value).strip()


def _decoder(syntax: Any) -> Any:
    from pydicom.pixels import get_decoder

    return get_decoder(syntax)


def _by_pydicom(dataset: Any, index: int) -> NDArray[Any]:
    syntax = dataset.file_meta.TransferSyntaxUID
    plugin = _PREFERRED.get(str(syntax), "")
    if plugin not in _decoder(syntax).available_plugins:
        plugin = ""
    dataset.pixel_array_options(index=index, decoding_plugin=plugin, correct_unused_bits=_has_foreign_bits(dataset))
    pixels: NDArray[Any] = dataset.pixel_array
    return pixels


def _jpeg(dataset: Any, marker: int, path: Path, *, index: int, frames: int) -> NDArray[Any]:
    """Read lossless JPEG or JPEG-LS, once the stream is known to be whole and of the stated size."""
    from pydicom.encaps import get_frame

    stream = get_frame(dataset.PixelData, index, number_of_frames=frames)
    _refuse_lying_stream(stream, dataset, marker=marker, path=path)
    if _is_ours(dataset):
        return decode_lossless(stream).astype(f"u{int(dataset.BitsAllocated) // 8}", copy=False)
    return _by_pydicom(dataset, index)


def _is_ours(dataset: Any) -> bool:
    """Return whether this package decodes the stream itself."""
    plain = int(dataset.get("BitsAllocated") or 0) in (8, 16) and not _has_foreign_bits(dataset)
    return plain and str(dataset.file_meta.TransferSyntaxUID) in _JPEG_LOSSLESS


def _refuse_lying_stream(stream: bytes, dataset: Any, *, marker: int, path: Path) -> None:
    """Check the size in a stream against the header's: decoders pad what is cut, or write past the end."""
    frame = _frame_header(stream, marker)
    stated = (int(dataset.Rows), int(dataset.Columns), 1)
    if frame is None or frame[1:] != stated or frame[0] > int(dataset.BitsAllocated):
        raise ReadError(
            "is damaged: the compressed picture is not what its header says", path=path, remedy=DOWNLOAD_AGAIN
        )
    if _END_OF_IMAGE not in stream[-8:]:
        raise ReadError("is truncated: the compressed picture has no end", path=path, remedy=DOWNLOAD_AGAIN)


def _frame_header(stream: bytes, marker: int) -> tuple[int, int, int, int] | None:
    """Return precision, rows, columns and components of a JPEG or JPEG-LS stream, or None."""
    for has_marker, _, body in jpeg_headers(stream):
        if has_marker == marker and len(body) >= 6:
            precision, rows, columns, components = struct.unpack_from(">BHHB", body)
            return precision, rows, columns, components
    return None


def _has_foreign_bits(dataset: Any) -> bool:
    """Return whether bits above BitsStored are a sign to extend or an overlay, not values.

    Otherwise they stay: pydicom would clear them, which wraps a saturated pixel round to the dark end.
    """
    overlays = (dataset.get((group, 0x0102)) for group in range(0x6000, 0x6020, 2))
    embedded = any(element is not None and int(element.value or 0) > 0 for element in overlays)
    return embedded or int(dataset.get("PixelRepresentation") or 0) == 1


def _check_grey_frames(dataset: Any, path: Path, *, frame: int | None, projection: str | None) -> int:
    """Return the number of frames, once it is known that they can be read."""
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1 and frame is None and projection is None:
        raise ReadError(
            f"has {frames} frames",
            path=path,
            remedy="Name one (--frame N, or a column frame), or take their --projection mean or maximum.",
        )
    if frame is not None and not 1 <= frame <= frames:
        raise ReadError(f"has no frame {frame}; it has {frames}", path=path, remedy="Correct the number of the frame.")
    samples = int(dataset.get("SamplesPerPixel") or 1)
    photometric = header_text(dataset, "PhotometricInterpretation")
    if samples > 1 or photometric not in ("MONOCHROME1", "MONOCHROME2", ""):
        raise ReadError(
            f"is a colour picture ({photometric or f'{samples} samples a pixel'})",
            path=path,
            remedy="Export it as MONOCHROME2.",
        )
    if not any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise ReadError("has no pixel data, or is truncated before them", path=path, remedy=DOWNLOAD_AGAIN)
    syntax = getattr(dataset.file_meta, "TransferSyntaxUID", None)
    if syntax is None:
        raise ReadError("does not state its transfer syntax", path=path, remedy=DOWNLOAD_AGAIN)
    try:
        decoder = _decoder(syntax)
    except NotImplementedError as error:
        raise ReadError(
            f"has a transfer syntax that is no picture's ({syntax.name})",
            path=path,
            remedy="Convert it to an uncompressed DICOM file.",
        ) from error
    if not (decoder.is_available or _is_ours(dataset)):
        wheel = "pylibjpeg-libjpeg" if str(syntax) in _JPEG_LOSSY_12 else "radiomics-mammo[dicom]"
        raise ReadError(
            f"is compressed as {syntax.name}, and no decoder for that is installed",
            path=path,
            remedy=f'Run: pip install "{wheel}"',
        )
    return frames
