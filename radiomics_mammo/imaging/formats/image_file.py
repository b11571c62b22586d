"""Picture files of every kind that radiologists export, as one two-dimensional array."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import ReadError
from radiomics_mammo.imaging.formats.dicom.decode import DOWNLOAD_AGAIN
from radiomics_mammo.imaging.formats.dicom.read import read_dicom, refuse_non_files
from radiomics_mammo.imaging.formats.geometry import Geometry
from radiomics_mammo.imaging.formats.itk_header import check_itk_file
from radiomics_mammo.imaging.formats.nifti import refuse_cut_nifti
from radiomics_mammo.imaging.formats.raster import read_raster

FORMATS = "DICOM, NIfTI, NRRD, MHA, PNG, TIFF, JPEG, BMP, GIF, PGM, WebP, .npy"
_SINGLE_SLICES = "This is 3-D: export single slices."
_RASTERS = (
    *(b"\x89PNG", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM"),
    *(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    *(b"P1", b"P2", b"P4", b"P5"),
)
"""First bytes of PNG, JPEG, GIF, BMP, TIFF and portable grey maps."""


@dataclass(frozen=True, slots=True, eq=False)
class ImageFile:
    """One picture from disk.

    Attributes
    ----------
    pixels : ndarray, shape (rows, columns)
        Integer, floating or bool, native byte order; no view of other data.
    spacing : tuple of float or None
        Millimetres (row, column), from the header.
    notes : tuple of str
        What had to be done, or should be known.
    lossy : bool
        The pixels went through 8-bit JPEG.
    phantom : bool
        The header says that this package simulated it.
    geometry : Geometry or None
        Where the pixels lie; None where the format has no header for it.
    palette : ndarray of uint8, shape (n_colours, 3 or 4), or None
        Of a mask file: the colours of its values.
    segments : bool
        Of a mask file: each channel is a segment.
    presentation_intent_type : str
        Of a DICOM file: ``FOR PRESENTATION``, ``FOR PROCESSING``, or empty.
    frames : int
        That the file holds.
    """

    pixels: NDArray[Any]
    spacing: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    lossy: bool = False
    phantom: bool = False
    geometry: Geometry | None = None
    palette: NDArray[np.uint8] | None = None
    segments: bool = False
    presentation_intent_type: str = ""
    frames: int = 1

    @property
    def values(self) -> NDArray[Any]:
        """Return the pixels of an image that is measured: of 1-bit files as numbers."""
        return self.pixels.astype(np.uint8) if self.pixels.dtype == np.bool_ else self.pixels


def read_image(path: str | Path, *, frame: int | None = None, projection: str | None = None) -> ImageFile:
    """Read one grey image; its first bytes, then its name, decide the format.

    Parameters
    ----------
    path : path
        DICOM, NIfTI, NRRD, MHA/MHD, PNG, TIFF, JPEG, BMP, GIF, PGM, WebP or .npy. A third axis of length one is
        dropped.
    frame : int, optional
        Which frame of a DICOM file, from 1.
    projection : {'mean', 'maximum'}, optional
        Of all frames of a DICOM file.

    Raises
    ------
    ReadError
        Missing, empty, a folder, unreadable, of an unknown kind, truly three-dimensional, or in colour; or it has no
        such frame.
    """
    image = _read(Path(path), mask=False, frame=frame, projection=projection)
    if image.pixels.ndim == 3 and _has_channels(image):
        pixels, notes = grey_of(image.pixels, path=path)
        image = replace(image, pixels=pixels, notes=(*image.notes, *notes))
    return _checked(image, path)


def read_mask(path: str | Path, *, frame: int | None = None) -> ImageFile:
    """Read a mask file as :func:`read_image` does, with its channels and its palette, which tell what it means.

    A mask of one frame is the mask of every frame.

    Raises
    ------
    ReadError
        As of an image; colours are read.
    """
    return _checked(_read(Path(path), mask=True, frame=frame), path)


def _read(path: Path, *, mask: bool, frame: int | None = None, projection: str | None = None) -> ImageFile:
    if "://" in str(path) or str(path).startswith(("http:/", "https:/")):
        raise ReadError("is an address, not a file", path=path, remedy="Download it first.")
    if "\0" in str(path):
        raise ReadError("has a NUL character in its name", path=path, remedy="Correct the name.")
    refuse_non_files(path)
    reader = _reader_of(path, indices=mask)
    if reader is _read_dicom:
        single = mask and frame is not None and read_dicom(path, header_only=True).frames == 1
        return _read_dicom(path, frame=None if single else frame, projection=projection)
    if frame not in (None, 1) and not mask:
        raise ReadError(f"has no frame {frame}", path=path, remedy="Frames are of DICOM files.")
    return reader(path)


def _checked(image: ImageFile, path: str | Path) -> ImageFile:
    pixels = image.pixels
    if pixels.dtype.kind not in "biuf":
        raise ReadError(
            f"holds {pixels.dtype} values",
            path=path,
            remedy="Save it with integers or floating-point numbers.",
        )
    if pixels.ndim != 2 and not (pixels.ndim == 3 and _has_channels(image)):
        raise ReadError(f"has the shape {pixels.shape}", path=path, remedy=_SINGLE_SLICES)
    if pixels.size == 0:
        raise ReadError(f"has no pixels (shape {pixels.shape})", path=path, remedy="Export the file again.")
    if pixels.dtype == np.float16:
        pixels = pixels.astype(np.float32)
    # Compiled kernels know native, writeable, contiguous arrays; masks of one bit are left as bool.
    pixels = np.require(pixels, dtype=pixels.dtype.newbyteorder("="), requirements=["C", "W"])
    return replace(image, pixels=pixels)


def _has_channels(image: ImageFile) -> bool:
    shape = image.pixels.shape
    return image.segments or (shape[-1] in (2, 3, 4) and min(shape[:2]) > 4)


def _reader_of(path: Path, *, indices: bool) -> Callable[[Path], ImageFile]:
    try:
        with path.open("rb") as file:
            head = file.read(132)
    except OSError as error:
        raise ReadError(f"cannot be read ({error.strerror})", path=path, remedy="Check its rights.") from error
    name = path.name.lower()
    if head[128:132] == b"DICM":
        return _read_dicom
    if head.startswith(_RASTERS) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return lambda path: _read_raster(path, indices=indices)
    if head.startswith(b"\x93NUMPY"):
        return _read_npy
    if head.startswith(b"NRRD") or name.endswith((".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")):
        return _read_itk
    if name.endswith((".dcm", ".dicom", ".ima")):
        return _read_dicom  # which says what is wrong with it
    if name.endswith((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".npy", ".bmp", ".gif", ".pgm", ".webp")):
        kind = path.suffix.lstrip(".").upper()
        raise ReadError(f"is not a {kind} file inside", path=path, remedy=DOWNLOAD_AGAIN)
    raise ReadError("is of an unknown kind", path=path, remedy=f"Readable are {FORMATS}.")


def _read_dicom(path: Path, *, frame: int | None = None, projection: str | None = None) -> ImageFile:
    image = read_dicom(path, frame=frame, projection=projection)
    return ImageFile(
        image.pixels,
        spacing=image.spacing,
        notes=image.notes,
        phantom=image.phantom,
        geometry=image.geometry,
        presentation_intent_type=image.presentation_intent_type,
        frames=image.frames,
    )


def _read_raster(path: Path, *, indices: bool) -> ImageFile:
    picture = read_raster(path, indices=indices)
    lossy = ("8-bit lossy JPEG",) if picture.lossy else ()
    return ImageFile(picture.pixels, notes=(*lossy, *picture.notes), lossy=picture.lossy, palette=picture.palette)


def _read_npy(path: Path) -> ImageFile:
    try:
        # A map is no longer than its file, whatever the header announces.
        array = np.array(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError, TypeError, OverflowError, SyntaxError, TokenError) as error:
        raise ReadError(
            f"is not a readable array ({error})",
            path=path,
            remedy="Save it with numpy.save(..., allow_pickle=False).",
        ) from error
    if array.ndim == 3 and 1 in array.shape:
        array = array.squeeze(axis=array.shape.index(1))
    return ImageFile(array)


def _read_itk(path: Path) -> ImageFile:
    import SimpleITK

    if path.name.lower().endswith((".nii", ".nii.gz")):
        refuse_cut_nifti(path)
    else:
        check_itk_file(path)
    try:
        image = SimpleITK.ReadImage(str(path))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1][-160:]
        raise ReadError(f"cannot be read ({reason})", path=path, remedy=DOWNLOAD_AGAIN) from error
    # A copy: a view of an image that only this function holds would be of freed memory.
    return of_itk(image)


def of_itk(image: Any) -> ImageFile:
    """Return a SimpleITK image; a third axis of length one is dropped."""
    import SimpleITK

    array = SimpleITK.GetArrayFromImage(image)
    spacing, normal = tuple(image.GetSpacing()), 2
    if image.GetDimension() == 3 and 1 in image.GetSize():
        normal = len(spacing) - 1 - array.shape.index(1)
        array = array.squeeze(axis=2 - normal)
    geometry = None
    if array.ndim - (image.GetNumberOfComponentsPerPixel() > 1) == 2 and len(spacing) < 4:
        geometry = Geometry.of_slice(image.GetOrigin(), image.GetDirection(), spacing, normal=normal)
    in_plane = [mm for axis, mm in enumerate(spacing) if axis != normal or len(spacing) == 2]
    known = geometry is not None and all(np.isfinite(mm) and mm > 0 for mm in in_plane)
    channels = image.GetNumberOfComponentsPerPixel() > 1
    coloured = array.dtype == np.uint8 and array.shape[-1] in (3, 4) and array.max(initial=0) > 1
    return ImageFile(
        array,
        spacing=(float(in_plane[1]), float(in_plane[0])) if known else None,
        geometry=geometry,
        segments=channels and not coloured,
    )


def grey_of(channels: NDArray[Any], *, path: str | Path | None) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return the one channel of an image whose colours are all grey; alpha comes last."""
    count = channels.shape[-1]
    colours = channels[..., : count - 1] if count in (2, 4) else channels
    first = colours[..., 0]
    if count > 4 or any(not np.array_equal(first, colours[..., i]) for i in range(1, colours.shape[-1])):
        raise ReadError("is a colour picture", path=path, remedy="Export it in shades of grey.")
    notes = ("colour file with equal channels read as grey",) if colours.shape[-1] > 1 else ()
    if count in (2, 4):
        alpha = channels[..., -1]
        if alpha.min() != alpha.max():
            notes = (*notes, "transparency ignored")
    return first.copy(), notes
