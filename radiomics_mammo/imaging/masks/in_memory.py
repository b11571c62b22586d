"""Pictures that are in memory already, and the region that a mask marks on one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import MaskError, ReadError
from radiomics_mammo.imaging.formats.image_file import ImageFile, grey_of, of_itk, read_image, read_mask
from radiomics_mammo.imaging.formats.raster import palette_of
from radiomics_mammo.imaging.masks.regions import labelled_regions

if TYPE_CHECKING:
    import SimpleITK as sitk
    from PIL import Image

Picture: TypeAlias = Union["NDArray[Any]", "sitk.Image", "Image.Image", str, Path]


def picture_of(given: Picture, *, what: str, frame: int | None = None, projection: str | None = None) -> ImageFile:
    """Read an image or a mask from an array, a SimpleITK or PIL image, or a path.

    Parameters
    ----------
    given : ndarray, SimpleITK.Image, PIL.Image.Image or path
        Of an array, an axis of length one is dropped.
    what : str
        ``image`` or ``mask``.
    frame, projection : optional
        Of a path, as for :func:`radiomics_mammo.imaging.formats.image_file.read_image`.

    Raises
    ------
    ReadError
        The file cannot be read, or it is not one plane of real numbers.
    """
    if isinstance(given, (str, Path)):
        if what == "mask":
            return read_mask(given, frame=frame)
        return read_image(given, frame=frame, projection=projection)
    if hasattr(given, "GetDirection"):
        file = of_itk(given)
    elif isinstance(given, np.ndarray):
        file = ImageFile(given)
    elif hasattr(given, "getpalette"):
        indexed = given.mode in ("P", "PA")
        picture = given.convert("RGB") if indexed and what == "image" else given
        file = ImageFile(np.asarray(picture), palette=palette_of(given) if indexed and what == "mask" else None)
    else:
        raise ReadError(
            f"the {what} is {type(given).__name__}", remedy="Give an array, a SimpleITK or PIL image, or a path."
        )
    return _single_plane(file, what)


def _single_plane(file: ImageFile, what: str) -> ImageFile:
    pixels, notes = file.pixels, file.notes
    if pixels.ndim == 3 and 1 in (pixels.shape[0], pixels.shape[2]):
        pixels = pixels.squeeze(axis=0 if pixels.shape[0] == 1 else 2)
    channels = pixels.ndim == 3 and (file.segments or pixels.shape[2] in (2, 3, 4)) and pixels.dtype.kind in "buif"
    if channels and what == "image":
        pixels, more = grey_of(pixels, path=None)
        notes = (*notes, *more)
    if not (channels or pixels.ndim == 2) or pixels.size == 0 or pixels.dtype.kind not in "buif":
        raise ReadError(
            f"the {what} has shape {pixels.shape} and type {pixels.dtype}", remedy="Give one plane of real numbers."
        )
    return replace(file, pixels=pixels, notes=notes)


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
    labels = None if label is None else (label,)
    regions, notes = labelled_regions(mask, image, labels=labels, correct=correct, tolerance=tolerance, path=path)
    if len(regions) > 1:
        raise MaskError(
            f"the mask holds {len(regions)} labels ({', '.join(str(value) for value, _ in regions[:12])})",
            path=path,
            remedy="Name one with label=.",
        )
    return regions[0][1], notes
