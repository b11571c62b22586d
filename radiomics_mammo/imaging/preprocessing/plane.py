"""The record that passes through the preprocessing steps: image, masks and spacing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.records import Sample
from radiomics_mammo.errors import MaskError, ReadError


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """An image with its region.

    Attributes
    ----------
    values : ndarray, shape (rows, columns)
        Intensities, in the image's own dtype (bytes in native order, bool as uint8, half precision as float32) until a
        step changes it.
    mask : ndarray of bool, shape (rows, columns)
        The region for intensities and textures.
    shape_mask : ndarray of bool, shape (rows, columns)
        The region for shape.
    spacing : tuple of float or None
        (row, column) in millimetres.
    """

    values: NDArray[Any]
    mask: NDArray[np.bool_]
    shape_mask: NDArray[np.bool_]
    spacing: tuple[float, float] | None

    @classmethod
    def of(cls, sample: Sample) -> Plane:
        """Return the sample's pixels, after checking that they are one plane.

        Raises
        ------
        ReadError
            The image is not two-dimensional, or complex.
        MaskError
            The mask has another size.
        """
        image, mask = sample.image, sample.mask
        if image.ndim != 2 or image.dtype.kind not in "buif":
            raise ReadError(
                f"the image has shape {image.shape} and type {image.dtype}, not one plane of real numbers",
                path=sample.image_path,
                remedy="Give a single-channel 2-D image.",
            )
        if mask.shape != image.shape:
            raise MaskError(
                f"the mask is {mask.shape[0]} x {mask.shape[1]}, the image {image.shape[0]} x {image.shape[1]}",
                path=sample.mask_path,
                remedy="Give a mask drawn on this very image.",
            )
        return cls(_to_native(image), mask, mask, sample.spacing)


def _to_native(image: NDArray[Any]) -> NDArray[Any]:
    """Return the image in a type of NumPy, SimpleITK and pyradiomics: native bytes, no bool, no half precision."""
    dtype = image.dtype
    if dtype.kind == "b":
        return image.astype(np.uint8)
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        return image.astype(np.float32 if dtype.itemsize == 2 else np.float64)
    return image.astype(dtype.newbyteorder("="), copy=False)
