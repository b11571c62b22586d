"""The stored pixels of a DICOM picture: what is refused, and which library decodes what.

The order of decoders is for speed and for surviving damaged files, lossless results being the same whichever decodes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import ReadError
from radiomics_mammo.imaging.formats.dicom.jpeg_lossless import decode_lossless
from radiomics_mammo.imaging.formats.dicom.streams import (
    JPEG_2000,
    JPEG_LOSSLESS,
    JPEG_LOSSY_12,
    JPEG_LS,
    check_stream,
)

DOWNLOAD_AGAIN = "Download or export the file again."
NOTHING_THERE = "Download the file again; if it is the same there, it has nothing to measure."

_RLE = "1.2.840.10008.1.2.5"
_PREFERRED = {
    # pylibjpeg-rle, if it is there, panics on a cut stream with an error that cannot be caught by name.
    _RLE: "pydicom",
    # GDCM, first in pydicom's order, needs half as much time again and aborts the process on damaged streams.
    **dict.fromkeys(JPEG_2000, "pylibjpeg"),
    **dict.fromkeys(JPEG_LS, "pyjpegls"),
}
_ENCAPSULATED = "1.2.840.10008.1.2.1.98"
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_MOST_PIXELS = 1 << 28
_WORDS = {
    "1.2.840.10008.1.2": "raw",
    "1.2.840.10008.1.2.1": "raw",
    "1.2.840.10008.1.2.1.99": "deflated",
    "1.2.840.10008.1.2.2": "raw",
    _RLE: "RLE",
    "1.2.840.10008.1.2.4.50": "JPEG 8-bit",
    JPEG_LOSSY_12: "JPEG 12-bit",
    **dict.fromkeys(JPEG_LOSSLESS, "JPEG lossless"),
    JPEG_LS[0]: "JPEG-LS lossless",
    JPEG_LS[1]: "JPEG-LS",
    JPEG_2000[0]: "JPEG 2000 lossless",
    JPEG_2000[1]: "JPEG 2000",
    _ENCAPSULATED: "raw",
}


def stored_pixels(dataset: Any, path: Path, *, frame: int | None = None) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Read one grey frame of a dataset.

    Parameters
    ----------
    dataset : pydicom.Dataset
        With its pixel data and file meta. Its PixelRepresentation is set to what a JPEG 2000 stream says.
    path : path
        For messages.
    frame : int, optional
        From 1.

    Returns
    -------
    pixels : ndarray, shape (rows, columns)
        Native, writeable, contiguous. Bits above BitsStored stay where they belong to the value; left-aligned
        values are shifted.
    notes : tuple of str

    Raises
    ------
    ReadError
        No pixel data, several frames, colour, a damaged stream, or no decoder for the transfer syntax.
    """
    frames = check_grey_frames(dataset, path, frame=frame)
    index = (frame or 1) - 1
    notes: tuple[str, ...] = (f"frame {frame} of {frames}",) if frames > 1 else ()
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        stored, more = _from_stream(dataset, path, index=index, frames=frames)
        notes = (*notes, *more)
    else:
        stored = _by_pydicom(dataset, index)
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


def _from_stream(dataset: Any, path: Path, *, index: int, frames: int) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Read one compressed frame, once its stream is known to be whole and of the stated size."""
    from pydicom.encaps import get_frame
    from pydicom.uid import ExplicitVRLittleEndian

    syntax = str(dataset.file_meta.TransferSyntaxUID)
    extended = (dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths"))
    stream = get_frame(
        dataset.PixelData, index, number_of_frames=frames, extended_offsets=extended if all(extended) else None
    )
    if syntax == _ENCAPSULATED:
        dataset.PixelData, dataset.NumberOfFrames = stream, 1
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        return _by_pydicom(dataset, 0), ()
    header = check_stream(stream, dataset, path=path)
    notes: tuple[str, ...] = ()
    if syntax in JPEG_2000 and header and header.signed != bool(dataset.get("PixelRepresentation")):
        dataset.PixelRepresentation = int(header.signed)
        kind = "signed" if header.signed else "unsigned"
        notes = (f"the compressed picture has {kind} values, and the header says otherwise",)
    if _is_ours(dataset):
        return decode_lossless(stream).astype(f"u{int(dataset.BitsAllocated) // 8}", copy=False), notes
    if syntax == JPEG_LOSSY_12 and header and header.bits > 8:
        return _by_simpleitk(stream, dataset, path), (*notes, "12-bit lossy JPEG")
    return _by_pydicom(dataset, index), notes


def _by_simpleitk(stream: bytes, dataset: Any, path: Path) -> NDArray[Any]:
    """Read a 12-bit lossy JPEG stream, which pydicom's own plugins refuse, with the GDCM inside SimpleITK."""
    import SimpleITK
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate

    single = Dataset()
    single.file_meta = FileMetaDataset()
    single.file_meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    single.SOPClassUID, single.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
    single.SamplesPerPixel, single.PhotometricInterpretation = 1, "MONOCHROME2"
    for name in ("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"):
        setattr(single, name, dataset[name].value)
    single.PixelData = encapsulate([stream])
    single["PixelData"].is_undefined_length = True
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "frame.dcm")
        single.save_as(file, enforce_file_format=True)
        try:
            pixels: NDArray[Any] = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(file))[0]
        except RuntimeError as error:
            raise ReadError("is damaged: its JPEG cannot be decoded", path=path, remedy=DOWNLOAD_AGAIN) from error
    return pixels


def _right_aligned(stored: NDArray[Any], dataset: Any) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Shift values that lie at the top of their bits (HighBit above BitsStored - 1); what lies outside is cut off."""
    high, bits = dataset.get("HighBit"), bits_of(dataset)
    spare = 0 if high is None else int(high) + 1 - bits
    width = 8 * stored.dtype.itemsize
    if spare <= 0 or int(high) >= width or stored.dtype.kind not in "iu":
        return stored, ()
    packed = bool(dataset.file_meta.TransferSyntaxUID.is_encapsulated)
    if packed and (int(stored.max(initial=0)) < 1 << bits and int(stored.min(initial=0)) >= -(1 << bits)):
        return stored, ()  # compressed values are as a rule aligned already
    shifted = (stored << width - 1 - int(high)) >> width - bits
    return shifted, (f"values in bits {spare} to {int(high)}: shifted down by {spare}",)


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


def _is_ours(dataset: Any) -> bool:
    """Return whether this package decodes the stream itself."""
    plain = int(dataset.get("BitsAllocated") or 0) in (8, 16) and not _has_foreign_bits(dataset)
    return plain and str(dataset.file_meta.TransferSyntaxUID) in JPEG_LOSSLESS


def _has_foreign_bits(dataset: Any) -> bool:
    """Return whether bits above BitsStored are a sign to extend or an overlay, not values.

    Otherwise they stay: pydicom would clear them, which wraps a saturated pixel round to the dark end.
    """
    overlays = (dataset.get((group, 0x0102)) for group in range(0x6000, 0x6020, 2))
    embedded = any(element is not None and int(element.value or 0) > 0 for element in overlays)
    left = dataset.get("HighBit") is not None and int(dataset.HighBit) >= bits_of(dataset)
    # Left-aligned values are shifted, which cuts the others off; pydicom would take the bits for right-aligned.
    return not left and (embedded or int(dataset.get("PixelRepresentation") or 0) == 1)


def check_grey_frames(dataset: Any, path: Path, *, frame: int | None) -> int:
    """Return the number of frames, once it is known that one can be read.

    Raises
    ------
    ReadError
        As of :func:`stored_pixels`.
    """
    samples = int(dataset.get("SamplesPerPixel") or 1)
    photometric = header_text(dataset, "PhotometricInterpretation")
    if samples > 1 or photometric not in ("MONOCHROME1", "MONOCHROME2", ""):
        raise ReadError(
            f"is a colour picture ({photometric or f'{samples} samples a pixel'})",
            path=path,
            remedy="Export it as MONOCHROME2.",
        )
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1 and frame is None:
        raise ReadError(
            f"has {frames} frames",
            path=path,
            remedy="Name one (--frame N, or a column frame), or of an image with a mask of one frame take --projection "
            "mean or maximum.",
        )
    if frame is not None and not 1 <= frame <= frames:
        raise ReadError(f"has no frame {frame}; it has {frames}", path=path, remedy="Correct the number of the frame.")
    if not any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise ReadError("has no pixel data, or is truncated before them", path=path, remedy=DOWNLOAD_AGAIN)
    missing = [name for name in ("Rows", "Columns", "BitsAllocated") if not dataset.get(name)]
    if missing:
        raise ReadError(
            f"lacks {', '.join(missing)} in its header", path=path, remedy="Export it again from where it came from."
        )
    if int(dataset.Rows) * int(dataset.Columns) > _MOST_PIXELS:
        raise ReadError(
            f"states {dataset.Rows} x {dataset.Columns} pixels, more than {_MOST_PIXELS}",
            path=path,
            remedy="Crop it, or check its header.",
        )
    _check_decoder(dataset, path)
    return frames


def _check_decoder(dataset: Any, path: Path) -> None:
    syntax = getattr(dataset.file_meta, "TransferSyntaxUID", None)
    if syntax is None:
        raise ReadError("does not state its transfer syntax", path=path, remedy=DOWNLOAD_AGAIN)
    if str(syntax) in (_ENCAPSULATED, JPEG_LOSSY_12):
        return
    try:
        decoder = _decoder(syntax)
    except NotImplementedError as error:
        raise ReadError(
            f"has a transfer syntax that cannot be read ({syntax.name})",
            path=path,
            remedy="Convert it to an uncompressed DICOM file.",
        ) from error
    if not (decoder.is_available or _is_ours(dataset)):
        raise ReadError(
            f"is compressed as {syntax.name}, and no decoder for that is installed",
            path=path,
            remedy='Run: pip install "radiomics-mammo[dicom]"',
        )
