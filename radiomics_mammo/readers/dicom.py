"""DICOM files: read one single-frame grey picture, write a plain Secondary Capture."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import ReadError

PHANTOM_MANUFACTURER = "radiomics_mammo phantom"
"""The Manufacturer that marks a simulated image."""

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_IMPLICIT_LITTLE = "1.2.840.10008.1.2"
_RLE = "1.2.840.10008.1.2.5"
# Under pydicom's own root; names the writer, so that bytes do not change with pydicom's version.
_IMPLEMENTATION = "1.2.826.0.1.3680043.8.498.20261121"

# What pydicom 3 raises on bytes that are not what they claim to be (found by fuzzing real files).
_BAD_BYTES = (
    ValueError,
    RuntimeError,  # NotImplementedError is one
    AttributeError,
    LookupError,
    TypeError,
    EOFError,
    OverflowError,
    MemoryError,
    struct.error,
)
_DOWNLOAD_AGAIN = "Download or export the file again."


@dataclass(frozen=True, slots=True, eq=False)
class DicomImage:
    """One DICOM picture, as this package uses it.

    Attributes
    ----------
    pixels : ndarray, shape (rows, columns)
        Values after the modality rescale and MONOCHROME1 inversion; shape (0, 0) after a header-only read.
    rows, columns : int
        Size that the header states.
    spacing : tuple of float or None
        Millimetres (row, column).
    notes : tuple of str
        What a user should know of the values or the spacing.
    patient_id, study_uid, series_uid, series_description, manufacturer, photometric, laterality, view : str
        Header values, empty where absent. They are for matching files, never for columns of a table.
    """

    pixels: NDArray[np.generic]
    rows: int
    columns: int
    spacing: tuple[float, float] | None
    notes: tuple[str, ...]
    patient_id: str
    study_uid: str
    series_uid: str
    series_description: str
    manufacturer: str
    photometric: str
    laterality: str
    view: str

    @property
    def phantom(self) -> bool:
        """Whether this package simulated the image."""
        return self.manufacturer == PHANTOM_MANUFACTURER


def read_dicom(path: str | Path, *, header_only: bool = False) -> DicomImage:
    """Read a single-frame, grey DICOM file.

    Values are the stored ones after the modality rescale (identity keeps the integer dtype) and, for
    MONOCHROME1, the inversion ``2**BitsStored - 1 - stored`` (before the rescale), so that bright is always
    dense. No VOI LUT or window is applied: windows are for screens and differ between images. Pixel padding
    gets no treatment of its own, and values above BitsStored are kept as decoded.

    Parameters
    ----------
    path : path
        The file.
    header_only : bool
        Leave the pixels on disk; ``pixels`` is then of shape (0, 0).

    Returns
    -------
    DicomImage

    Raises
    ------
    ReadError
        Missing, empty, truncated, not DICOM, no pixel data, several frames, colour, or a transfer syntax
        for which no decoder is installed.
    """
    from pydicom import dcmread

    path = Path(path)
    refuse_non_files(path)
    # Header values are converted when they are asked for, so the whole reading is guarded, not only dcmread.
    with _explained(path):
        dataset = dcmread(path, stop_before_pixels=header_only)
        pixels = np.empty((0, 0), dtype=np.uint8) if header_only else _pixels(dataset, path)
        return _image(dataset, pixels)


def _image(dataset: Any, pixels: NDArray[np.generic]) -> DicomImage:
    spacing, notes = _spacing(dataset)
    return DicomImage(
        pixels=pixels,
        rows=int(dataset.get("Rows") or 0),
        columns=int(dataset.get("Columns") or 0),
        spacing=spacing,
        notes=notes,
        patient_id=_text(dataset, "PatientID"),
        study_uid=_text(dataset, "StudyInstanceUID"),
        series_uid=_text(dataset, "SeriesInstanceUID"),
        series_description=_text(dataset, "SeriesDescription"),
        manufacturer=_text(dataset, "Manufacturer"),
        photometric=_text(dataset, "PhotometricInterpretation"),
        laterality=_text(dataset, "ImageLaterality") or _text(dataset, "Laterality"),
        view=_text(dataset, "ViewPosition") or _text(dataset, "PatientOrientation"),
    )


def write_dicom(
    path: str | Path,
    pixels: NDArray[np.generic],
    *,
    patient_id: str,
    series_description: str,
    series_uid: str | None = None,
    study_uid: str | None = None,
    sop_uid: str | None = None,
    manufacturer: str = "",
    laterality: str | None = None,
    view: str | None = None,
    spacing: tuple[float, float] | None = None,
    bits_stored: int | None = None,
) -> None:
    """Write a grey image as the official CBIS-DDSM files are: Secondary Capture, implicit VR little endian.

    The bytes depend on the arguments alone: identifiers that are not given are derived from the others.

    Parameters
    ----------
    path : path
        Written over if it exists; its folder must exist.
    pixels : ndarray of uint8 or uint16, shape (rows, columns)
        Stored as MONOCHROME2.
    patient_id, series_description : str
        Header values; CBIS-DDSM puts the folder's name into the patient's.
    series_uid, study_uid, sop_uid : str, optional
        DICOM identifiers.
    manufacturer : str
        ``PHANTOM_MANUFACTURER`` for whatever is simulated.
    laterality : str, optional
        ``L`` or ``R``.
    view : str, optional
        ``CC`` or ``MLO``, written where CBIS-DDSM has it (PatientOrientation).
    spacing : tuple of float, optional
        Millimetres (row, column); left out when unknown, as in CBIS-DDSM.
    bits_stored : int, optional
        Defaults to all bits of the dtype.

    Raises
    ------
    ValueError
        The array is not two-dimensional uint8 or uint16.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, generate_uid

    if pixels.ndim != 2 or pixels.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"write_dicom takes 2-D uint8 or uint16, not {pixels.dtype} of shape {pixels.shape}")
    study_uid = study_uid or str(generate_uid(entropy_srcs=["study", patient_id]))
    series_uid = series_uid or str(generate_uid(entropy_srcs=["series", study_uid, series_description]))
    sop_uid = sop_uid or str(generate_uid(entropy_srcs=["file", series_uid, Path(path).name]))
    bits = 8 * pixels.dtype.itemsize

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(SECONDARY_CAPTURE)
    meta.MediaStorageSOPInstanceUID = UID(sop_uid)
    meta.TransferSyntaxUID = UID(_IMPLICIT_LITTLE)
    meta.ImplementationClassUID = UID(_IMPLEMENTATION)
    meta.ImplementationVersionName = "RADIOMICS_MAMMO"

    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID = UID(SECONDARY_CAPTURE)
    dataset.SOPInstanceUID = UID(sop_uid)
    dataset.Modality = "MG"
    dataset.ConversionType = "WSD"
    dataset.Manufacturer = manufacturer
    dataset.SeriesDescription = series_description
    dataset.PatientName = patient_id
    dataset.PatientID = patient_id
    dataset.BodyPartExamined = "BREAST"
    dataset.StudyInstanceUID = UID(study_uid)
    dataset.SeriesInstanceUID = UID(series_uid)
    if view is not None:
        dataset.PatientOrientation = view
    if laterality is not None:
        dataset.Laterality = laterality
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    if spacing is not None:
        dataset.PixelSpacing = [f"{mm:.10g}" for mm in spacing]
    dataset.BitsAllocated = bits
    dataset.BitsStored = bits_stored or bits
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 0
    data = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=True)


def refuse_non_files(path: Path) -> None:
    """Raise ReadError unless there is a file at ``path`` with something in it."""
    if path.is_dir():
        raise ReadError("is a folder, not a file", path=path, remedy="Name one file.")
    if not path.exists():
        raise ReadError("does not exist", path=path, remedy="Check the path, or download the file.")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ReadError(f"cannot be read ({error.strerror})", path=path, remedy="Check its rights.") from error
    if size == 0:
        raise ReadError("is empty (0 bytes)", path=path, remedy=_DOWNLOAD_AGAIN)


def _pixels(dataset: Any, path: Path) -> NDArray[np.generic]:
    _refuse_what_is_not_one_grey_frame(dataset, path)
    # pylibjpeg-rle, if it is there, panics on a cut stream with an error that cannot be caught by name.
    plugin = "pydicom" if dataset.file_meta.TransferSyntaxUID == _RLE else ""
    dataset.pixel_array_options(decoding_plugin=plugin, correct_unused_bits=_has_foreign_bits(dataset))
    stored = dataset.pixel_array
    if stored.ndim != 2:
        raise ReadError(
            f"is not a two-dimensional picture (shape {stored.shape})",
            path=path,
            remedy="Export single grey frames.",
        )
    # Compiled kernels know native, writeable, contiguous arrays.
    stored = np.require(stored, dtype=stored.dtype.newbyteorder("="), requirements=["C", "W"])
    if _text(dataset, "PhotometricInterpretation") == "MONOCHROME1":
        stored = _inverted(stored, bits=int(dataset.get("BitsStored") or 8 * stored.dtype.itemsize))
    return _rescaled(stored, dataset)


def _has_foreign_bits(dataset: Any) -> bool:
    """Whether bits above BitsStored mean something else than the value: a sign to extend, or an overlay.

    Otherwise they stay: pydicom would clear them, which wraps a saturated pixel round to the dark end.
    """
    overlays = (dataset.get((group, 0x0102)) for group in range(0x6000, 0x6020, 2))
    embedded = any(element is not None and int(element.value or 0) > 0 for element in overlays)
    return embedded or int(dataset.get("PixelRepresentation") or 0) == 1


def _refuse_what_is_not_one_grey_frame(dataset: Any, path: Path) -> None:
    from pydicom.pixels import get_decoder

    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1:
        raise ReadError(
            f"has {frames} frames; this reads single pictures",
            path=path,
            remedy="Export the frames one by one.",
        )
    samples = int(dataset.get("SamplesPerPixel") or 1)
    photometric = _text(dataset, "PhotometricInterpretation")
    if samples > 1 or photometric not in ("MONOCHROME1", "MONOCHROME2", ""):
        raise ReadError(
            f"is a colour picture ({photometric or f'{samples} samples a pixel'})",
            path=path,
            remedy="Export it as MONOCHROME2.",
        )
    if not any(name in dataset for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise ReadError("has no pixel data, or is truncated before them", path=path, remedy=_DOWNLOAD_AGAIN)
    syntax = getattr(dataset.file_meta, "TransferSyntaxUID", None)
    if syntax is None:
        raise ReadError("does not state its transfer syntax", path=path, remedy=_DOWNLOAD_AGAIN)
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise ReadError(
            f"has a transfer syntax that is no picture's ({syntax.name})",
            path=path,
            remedy="Convert it to an uncompressed DICOM file.",
        ) from error
    if not decoder.is_available:
        raise ReadError(
            f"is compressed as {syntax.name}, and no decoder for that is installed",
            path=path,
            remedy='Run: pip install "radiomics-mammo[dicom]"',
        )


def _inverted(stored: NDArray[Any], *, bits: int) -> NDArray[Any]:
    if not np.issubdtype(stored.dtype, np.integer):
        return -stored
    if np.issubdtype(stored.dtype, np.signedinteger):
        return ~stored
    top = (1 << bits) - 1
    if int(stored.max(initial=0)) > top:
        # Values above BitsStored exist in the wild; unsigned arithmetic would wrap them to the bright end.
        stored = stored.astype(np.int64 if stored.dtype.itemsize > 2 else np.int32)
    inverted: NDArray[Any] = stored.dtype.type(top) - stored
    return inverted


def _rescaled(stored: NDArray[Any], dataset: Any) -> NDArray[Any]:
    from pydicom.pixels import apply_modality_lut

    if "ModalityLUTSequence" in dataset:
        return np.ascontiguousarray(apply_modality_lut(stored, dataset))
    slope = float(dataset.get("RescaleSlope", None) or 1.0)
    intercept = float(dataset.get("RescaleIntercept", None) or 0.0)
    if slope == 1.0 and intercept == 0.0:
        return stored
    if slope.is_integer() and intercept.is_integer() and np.issubdtype(stored.dtype, np.integer):
        return stored.astype(np.int64) * int(slope) + int(intercept)
    return stored.astype(np.float64) * slope + intercept


def _spacing(dataset: Any) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    for keyword, note in (
        ("PixelSpacing", ()),
        (
            "ImagerPixelSpacing",
            ("spacing at the detector (ImagerPixelSpacing), not corrected for magnification",),
        ),
    ):
        value = dataset.get(keyword)
        if value is None or len(value) != 2:
            continue
        row, column = float(value[0]), float(value[1])
        if row > 0 and column > 0 and np.isfinite([row, column]).all():
            return (row, column), note
    return None, ()


def _text(dataset: Any, keyword: str) -> str:
    value = dataset.get(keyword)
    if value is None:
        return ""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\\".join(str(item) for item in value).strip()
    return str(value).strip()


def _short(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what pydicom raises into a ReadError, and keep it quiet about harmless disorder in headers."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        with warnings.catch_warnings():
            # An odd date, an unknown identifier, a padded tail; pixels are checked by decoding them.
            warnings.filterwarnings("ignore", category=UserWarning)
            yield
    except InvalidDicomError as error:
        raise ReadError(
            "is not a DICOM file (no DICM prefix)", path=path, remedy="Check what the file really is."
        ) from error
    except OSError as error:
        raise ReadError(f"cannot be read ({_short(error)})", path=path, remedy=_DOWNLOAD_AGAIN) from error
    except (*_BAD_BYTES, BytesLengthException) as error:
        raise ReadError(
            f"is truncated or not valid DICOM ({_short(error)})", path=path, remedy=_DOWNLOAD_AGAIN
        ) from error
