"""What files people bring: from pixels and a header to a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK as sitk
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from tools.recombined_inputs.frames import Header

DEPTH_SPACING = 2.5


def raster(pixels: Any, header: Header, path: Path) -> None:
    """Write a picture without a header."""
    picture = Image.fromarray(pixels) if isinstance(pixels, np.ndarray) else pixels
    options: dict[str, Any] = {"quality": 95} if path.suffix == ".jpg" else {}
    picture.save(path, **options)


def array(pixels: NDArray[Any], header: Header, path: Path) -> None:
    """Write a NumPy array."""
    np.save(path, pixels)


def plane(pixels: NDArray[Any], header: Header, path: Path) -> None:
    """Write a two-dimensional medical image."""
    picture = sitk.GetImageFromArray(_numbers(pixels))
    picture.SetOrigin(header.origin)
    picture.SetSpacing(header.spacing)
    picture.SetDirection(header.direction)
    sitk.WriteImage(picture, str(path), useCompression=True)


def volume(pixels: NDArray[Any], header: Header, path: Path) -> None:
    """Write a volume of one slice."""
    picture = sitk.GetImageFromArray(_numbers(pixels)[None])
    picture.SetOrigin((*header.origin, 0.0))
    picture.SetSpacing((*header.spacing, DEPTH_SPACING))
    a, b, c, d = header.direction
    picture.SetDirection((a, b, 0, c, d, 0, 0, 0, 1))
    sitk.WriteImage(picture, str(path))


def sagittal(pixels: NDArray[Any], header: Header, path: Path) -> None:
    """Write a volume whose first axis has one element, of a sagittal slice."""
    picture = sitk.GetImageFromArray(_numbers(pixels)[..., None])
    picture.SetOrigin((0.0, *header.origin))
    picture.SetSpacing((DEPTH_SPACING, *header.spacing))
    a, b, c, d = header.direction
    picture.SetDirection((1, 0, 0, 0, a, b, 0, c, d))
    sitk.WriteImage(picture, str(path))


def dicom(pixels: NDArray[Any], header: Header, path: Path) -> None:
    """Write a DICOM file with position, orientation and spacing."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = pydicom.uid.DigitalMammographyXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    data = pydicom.Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.Modality, data.PhotometricInterpretation, data.SamplesPerPixel = "MG", "MONOCHROME2", 1
    data.Rows, data.Columns = pixels.shape
    bits = pixels.dtype.itemsize * 8
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = bits, bits, bits - 1, 0
    data.PixelSpacing = [header.spacing[1], header.spacing[0]]
    data.ImagePositionPatient = [*header.origin, 0.0]
    data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    data.PixelData = pixels.tobytes()
    data.save_as(path, enforce_file_format=True)


def _numbers(pixels: NDArray[Any]) -> NDArray[Any]:
    return pixels.astype(np.uint8) if pixels.dtype == np.bool_ else pixels


Write = Callable[[Any, Header, Path], None]

WITH_HEADER: dict[str, tuple[str, Write, str]] = {
    "NIfTI": (".nii.gz", plane, "plane"),
    "NRRD": (".nrrd", plane, "plane"),
    "MetaImage": (".mha", plane, "plane"),
    "NIfTI, one slice": (".nii.gz", volume, "volume"),
    "NRRD, one slice": (".nrrd", volume, "volume"),
    "NRRD, sagittal": (".nrrd", sagittal, "sagittal"),
    "DICOM": (".dcm", dicom, "volume"),
}
"""Ending, writer, and the axes of the geometry: only files of the same axes lie in one frame."""

WITHOUT_HEADER: dict[str, tuple[str, Write]] = {
    "PNG": (".png", raster),
    "TIFF": (".tif", raster),
    "BMP": (".bmp", raster),
    "GIF": (".gif", raster),
    "NumPy": (".npy", array),
    "JPEG": (".jpg", raster),
}


def writable(pixels: Any, kind: str) -> bool:
    """Return whether a kind of file holds such pixels."""
    if not isinstance(pixels, np.ndarray):
        return kind == "PNG" or (kind in ("TIFF", "GIF", "BMP") and pixels.mode == "P")
    if pixels.ndim == 3:
        return kind == "PNG" or (kind == "TIFF" and pixels.shape[2] == 3)
    dtypes = {
        "PNG": "bool uint8 uint16",
        "TIFF": "bool uint8 uint16 float32",
        "BMP": "bool uint8",
        "GIF": "uint8",
        "JPEG": "",
        "DICOM": "uint8 uint16",
    }
    return kind not in dtypes or pixels.dtype.name in dtypes[kind].split()
