"""Pictures that are in memory already, and the region that a mask marks on one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import MaskError, ReadError
from radiomics_mammo.imaging.formats.image_file import Geometry, ImageFile, read_image
from radiomics_mammo.imaging.formats.masks import labelled_regions

if TYPE_CHECKING:
    import SimpleITK as sitk

Picture: TypeAlias = Union["NDArray[Any]", "sitk.Image", str, Path]


def picture_of(given: Picture, *, what: str) -> ImageFile:
    """Read an image from an array, a SimpleITK image or a path.

    Parameters
    ----------
    given : ndarray, SimpleITK.Image or path
    what : str
        ``image`` or ``mask``, for messages.

    Raises
    ------
    ReadError
        The file cannot be read, or it is not one plane of real numbers.
    """
    if isinstance(given, (str, Path)):
        return read_image(given, indices=what == "mask")
    if isinstance(given, np.ndarray):
        return ImageFile(_single_plane(given, what))
    if hasattr(given, "GetDirection"):
        import SimpleITK as sitk

        spacing = given.GetSpacing()
        return ImageFile(
            _single_plane(sitk.GetArrayFromImage(given), what),
            spacing=(float(spacing[1]), float(spacing[0])),
            geometry=Geometry(given.GetOrigin(), given.GetDirection(), spacing),
        )
    raise ReadError(f"the {what} is {type(given).__name__}", remedy="Give an array, a SimpleITK image or a path.")


def _single_plane(pixels: NDArray[Any], what: str) -> NDArray[Any]:
    plane = pixels[0] if pixels.ndim == 3 and pixels.shape[0] == 1 else pixels
    if plane.ndim != 2 or plane.size == 0 or plane.dtype.kind not in "buif":
        raise ReadError(
            f"the {what} has shape {pixels.shape} and type {pixels.dtype}", remedy="Give one plane of real numbers."
        )
    return plane


def region_of(
    mask: ImageFile,
    image: ImageFile,
    *,
    label: int | None,
    correct: bool = False,
    tolerance: float | None = None,
    path: str = "",
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Find the pixels that a mask marks on an image.

    Parameters
    ----------
    mask, image : ImageFile
    label : int or None
        The value that counts; None takes any but 0, if the mask has only one.
    correct : bool
        Resample a mask that lies elsewhere onto the image's grid.
    tolerance : float or None
        How far headers may place image and mask apart, in pixels.
    path : str
        The mask's file, for messages.

    Returns
    -------
    region : ndarray of bool, shape of the image
    notes : tuple of str
        What was done to make it fit.

    Raises
    ------
    MaskError
        No or several regions, another aspect, or another place.
    """
    labels = None if label is None or mask.lossy else (label,)
    regions, notes = labelled_regions(mask, image, labels=labels, correct=correct, tolerance=tolerance, path=path)
    if len(regions) > 1:
        raise MaskError(
            f"the mask holds {len(regions)} labels ({', '.join(str(value) for value, _ in regions[:12])})",
            path=path,
            remedy="Name one with label=.",
        )
    return regions[0][1], notes
