"""DICOM files: read one grey picture, a frame, or a projection of frames."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import ReadError
from radiomics_mammo.imaging.formats.dicom.decode import (
    DOWNLOAD_AGAIN,
    bits_of,
    encoding_of,
    header_text,
    stored_pixels,
)
from radiomics_mammo.imaging.formats.dicom.deflated import refuse_large_deflated
from radiomics_mammo.imaging.formats.dicom.display_window import CHOICES, NOT_APPLIED, Shown, displayed, rescaled
from radiomics_mammo.imaging.formats.dicom.functional_groups import apply_functional_groups
from radiomics_mammo.imaging.formats.dicom.repair import completed, has_no_preamble
from radiomics_mammo.imaging.formats.geometry import Geometry

PHANTOM_MANUFACTURER = "radiomics_mammo phantom"
"""The Manufacturer that marks a simulated image."""

PROJECTIONS = ("mean", "maximum")
"""Of the frames of a tomosynthesis volume."""

# What pydicom 3 raises on bytes that are not what they claim to be (found by fuzzing real files).
_BAD_BYTES = (
    ValueError,
    RuntimeError,  # NotImplementedError is one
    AttributeError,
    LookupError,
    TypeError,
    EOFError,
    zlib.error,
    OverflowError,
    MemoryError,
    struct.error,
)
_CUT = (
    "less than expected",
    "doesn't match the expected",
    "end of file",
    "end of buffer",
    "requires a buffer",
    "unexpected end",
    "truncated",
    "eof",
)


@dataclass(frozen=True, slots=True, eq=False)
class DicomImage:
    """One DICOM picture, as this package uses it.

    Attributes
    ----------
    pixels : ndarray, shape (rows, columns)
        Values after the modality rescale and MONOCHROME1 inversion, or as displayed; shape (0, 0) after a
        header-only read.
    rows, columns, frames : int
        Size that the header states.
    geometry : Geometry or None
        Where the pixels lie; an image that states no position lies at the origin, as SimpleITK has it.
    spacing : tuple of float or None
        Millimetres (row, column).
    notes : tuple of str
        What a user should know of the values or the spacing.
    patient_id, study_uid, series_uid, series_description, manufacturer, photometric, laterality, view : str
        Header values, empty where absent.
    encoding : str
        The transfer syntax in words, such as ``JPEG 2000 lossless`` or ``raw``.
    bits_stored : int
        How many bits hold a value.
    presentation_intent_type : str
        ``FOR PRESENTATION`` or ``FOR PROCESSING``; empty where the header states none.
    voi : str
        The VOI transform that was applied, see :class:`radiomics_mammo.imaging.formats.dicom.display_window.Shown`;
        ``none`` otherwise.
    """

    pixels: NDArray[np.generic]
    rows: int
    columns: int
    frames: int
    spacing: tuple[float, float] | None
    geometry: Geometry | None
    notes: tuple[str, ...]
    patient_id: str
    study_uid: str
    series_uid: str
    series_description: str
    manufacturer: str
    photometric: str
    laterality: str
    view: str
    encoding: str
    bits_stored: int
    presentation_intent_type: str
    voi: str

    @property
    def phantom(self) -> bool:
        """Return whether this package simulated the image."""
        return self.manufacturer == PHANTOM_MANUFACTURER


def read_dicom(
    path: str | Path,
    *,
    header_only: bool = False,
    voi: str | None = None,
    frame: int | None = None,
    projection: str | None = None,
) -> DicomImage:
    """Read a grey DICOM file, or one frame of it, or a projection of its frames.

    Values are the stored ones after the modality rescale (identity keeps the integer dtype) and, for
    MONOCHROME1, the inversion ``2**BitsStored - 1 - stored`` (before the rescale), so that bright is always
    dense. No VOI LUT or window is applied: windows are for screens and differ between images. Pixel padding
    gets no treatment of its own, and values above BitsStored are kept as decoded.

    With ``voi``, values are as a screen shows them instead:
    :func:`radiomics_mammo.imaging.formats.dicom.display_window.displayed`.

    Parameters
    ----------
    path : path
        The file.
    header_only : bool
        Leave the pixels on disk; ``pixels`` is then of shape (0, 0).
    voi : {'first', 'none'}, optional
        Give values as displayed, with the header's first VOI transform or without one.
    frame : int, optional
        Which frame of several, from 1.
    projection : {'mean', 'maximum'}, optional
        Of all frames.

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

    if voi not in (None, *CHOICES):
        raise ValueError(f"voi is {voi!r}: choose one of {', '.join(CHOICES)}")
    path = Path(path)
    if frame is not None and projection is not None:
        raise ReadError(
            "is asked for one frame and for a projection", path=path, remedy="Leave out --frame or --projection."
        )
    refuse_non_files(path)
    # Header values are converted when they are asked for, so the whole reading is guarded, not only dcmread.
    with _explained(path):
        refuse_large_deflated(path)
        dataset = dcmread(path, stop_before_pixels=header_only, force=has_no_preamble(path))
        apply_functional_groups(dataset, frame=(frame or 1) - 1)
        notes = (*completed(dataset), *_origin_notes(dataset))
        if header_only:
            return _image(dataset, Shown(np.empty((0, 0), dtype=np.uint8), NOT_APPLIED, notes))
        if projection not in (None, *PROJECTIONS):
            raise ValueError(f"projection is {projection!r}: choose one of {', '.join(PROJECTIONS)}")
        frames = int(dataset.get("NumberOfFrames") or 1)
        if projection is not None and frames > 1:
            if voi is not None:
                raise ValueError("a projection has no VOI transform: leave voi out")
            pixels, decoded = _projected(dataset, path, projection=projection, frames=frames)
            return _image(dataset, Shown(pixels, NOT_APPLIED, (*notes, *decoded)))
        stored, decoded = stored_pixels(dataset, path, frame=frame)
        notes = (*notes, *decoded)
        if voi is None:
            shown = Shown(_pixels(stored, dataset), NOT_APPLIED, _above_bits(stored, dataset))
        else:
            shown = displayed(stored, dataset, voi=voi, path=path)
        return _image(dataset, replace(shown, notes=(*notes, *shown.notes)))


def _image(dataset: Any, shown: Shown) -> DicomImage:
    spacing, notes = _spacing(dataset)
    return DicomImage(
        pixels=shown.pixels,
        rows=int(dataset.get("Rows") or 0),
        columns=int(dataset.get("Columns") or 0),
        frames=int(dataset.get("NumberOfFrames") or 1),
        spacing=spacing,
        geometry=_geometry(dataset, spacing),
        notes=(*notes, *shown.notes),
        patient_id=header_text(dataset, "PatientID"),
        study_uid=header_text(dataset, "StudyInstanceUID"),
        series_uid=header_text(dataset, "SeriesInstanceUID"),
        series_description=header_text(dataset, "SeriesDescription"),
        manufacturer=header_text(dataset, "Manufacturer"),
        photometric=header_text(dataset, "PhotometricInterpretation"),
        laterality=header_text(dataset, "ImageLaterality") or header_text(dataset, "Laterality"),
        view=header_text(dataset, "ViewPosition") or header_text(dataset, "PatientOrientation"),
        encoding=encoding_of(dataset),
        bits_stored=bits_of(dataset),
        presentation_intent_type=header_text(dataset, "PresentationIntentType").upper(),
        voi=shown.voi,
    )


def refuse_non_files(path: Path) -> None:
    """Raise ReadError unless there is a file at ``path`` with something in it."""
    if path.is_dir():
        raise ReadError("is a folder, not a file", path=path, remedy="Name one file.")
    if not path.exists():
        raise ReadError("does not exist", path=path, remedy="Check the path, or download the file.")
    if not path.is_file():
        raise ReadError("is a pipe or a device, not a file", path=path, remedy="Name a file on disk.")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ReadError(f"cannot be read ({error.strerror})", path=path, remedy="Check its rights.") from error
    if size == 0:
        raise ReadError("is empty (0 bytes)", path=path, remedy=DOWNLOAD_AGAIN)


def _origin_notes(dataset: Any) -> tuple[str, ...]:
    notes = []
    if header_text(dataset, "PresentationIntentType").upper() == "FOR PROCESSING":
        notes.append("image FOR PROCESSING: values are not those of images for presentation")
    if header_text(dataset, "BurnedInAnnotation").upper() == "YES":
        notes.append("burned-in annotation: text may lie within the region")
    return tuple(notes)


def _projected(dataset: Any, path: Path, *, projection: str, frames: int) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Compute the mean or maximum over frames, each after its own rescale and inversion."""
    total: NDArray[Any] | None = None
    notes: list[str] = []
    for index in range(frames):
        apply_functional_groups(dataset, frame=index)
        repaired = completed(dataset)
        stored, more = stored_pixels(dataset, path, frame=index + 1)
        notes += (*repaired, *more[1:])
        values = _pixels(stored, dataset)
        if projection == "mean":
            values = values.astype(np.float64)
            total = values if total is None else total + values
        else:
            total = values if total is None else np.maximum(total, values)
    if total is None:
        raise ReadError("has no frames", path=path, remedy=DOWNLOAD_AGAIN)
    apply_functional_groups(dataset, frame=0)
    pixels = (total / frames).astype(np.float32) if projection == "mean" else total
    return pixels, (f"{projection} of {frames} frames", *dict.fromkeys(notes))


def _above_bits(stored: NDArray[Any], dataset: Any) -> tuple[str, ...]:
    """Note values above BitsStored, which are kept."""
    bits = bits_of(dataset)
    if stored.dtype.kind != "u" or int(stored.max(initial=0)) < 1 << bits:
        return ()
    count = int(np.count_nonzero(stored >= 1 << bits))
    return (f"{count} pixels above the highest value of {bits} bits: kept",)


def _pixels(stored: NDArray[Any], dataset: Any) -> NDArray[np.generic]:
    if header_text(dataset, "PhotometricInterpretation") == "MONOCHROME1":
        stored = _inverted(stored, bits=bits_of(dataset))
    return rescaled(stored, dataset)


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


def _spacing(dataset: Any) -> tuple[tuple[float, float] | None, tuple[str, ...]]:
    notes: tuple[str, ...] = ()
    for keyword, note in (
        ("PixelSpacing", ()),
        ("ImagerPixelSpacing", ("spacing at the detector, not corrected for magnification",)),
        ("NominalScannedPixelSpacing", ("spacing of the scanned film",)),
    ):
        try:
            text = header_text(dataset, keyword)
            numbers = [float(number) for number in text.split("\\")] if text else []
        except (ValueError, TypeError, OverflowError):  # pydicom converts the text when it is asked for
            text, numbers = "no number", []
        if len(numbers) == 2 and min(numbers) > 0 and np.isfinite(numbers).all():
            return (numbers[0], numbers[1]), (*notes, *note)
        if text:
            notes = (*notes, f"{keyword} is not usable: {text[:40]!r}")
    aspect = header_text(dataset, "PixelAspectRatio").split("\\")
    if len(aspect) == 2 and aspect[0] != aspect[1]:
        notes = (
            *notes,
            f"pixels are not square (PixelAspectRatio {':'.join(aspect)}): shape is measured as if they were",
        )
    return None, notes


def _geometry(dataset: Any, spacing: tuple[float, float] | None) -> Geometry | None:
    if spacing is None:
        return None
    try:
        origin = [float(mm) for mm in dataset.get("ImagePositionPatient") or (0, 0, 0)]
        axes = [float(cosine) for cosine in dataset.get("ImageOrientationPatient") or (1, 0, 0, 0, 1, 0)]
        thickness = float(dataset.get("SpacingBetweenSlices") or dataset.get("SliceThickness") or 1.0)
    except (ValueError, TypeError, OverflowError):
        return None
    if len(origin) != 3 or len(axes) != 6 or not np.isfinite([*origin, *axes]).all():
        return None
    direction = np.column_stack([axes[:3], axes[3:], np.cross(axes[:3], axes[3:])]).ravel()
    return Geometry.of_slice(origin, direction.tolist(), (spacing[1], spacing[0], thickness))


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _is_cut(error: BaseException) -> bool:
    """Return whether an error says that bytes are missing."""
    kinds = (EOFError, zlib.error, struct.error)
    return isinstance(error, kinds) or any(word in str(error).lower() for word in _CUT)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Raise ReadError for what pydicom raises, and ignore warnings about harmless headers."""
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
        raise ReadError(f"cannot be read ({_short(error)})", path=path, remedy=DOWNLOAD_AGAIN) from error
    except (*_BAD_BYTES, BytesLengthException) as error:
        if _is_cut(error):
            raise ReadError(f"is truncated or damaged ({_short(error)})", path=path, remedy=DOWNLOAD_AGAIN) from error
        raise ReadError(
            f"has a header or pixel data that cannot be read ({_short(error)})",
            path=path,
            remedy="If a DICOM viewer shows it, export it from there as uncompressed DICOM; otherwise get it again.",
        ) from error
