"""From a mask file's pixels to regions: labels, lossy masks, masks of another size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.formats.image_file import Geometry, ImageFile

MOST_LABELS = 32
"""A file with more distinct values, and no label asked for, is taken for a grey picture."""

JPEG_THRESHOLD = 127
SAME_RATIO = 0.002
"""Scale factors of the two axes that differ by less count as one factor."""

_SEVERAL_LABELS = "Name the label with a mask_label column, or check that image and mask are not swapped."


def labels_in(pixels: NDArray[Any], *, path: str | Path) -> list[float]:
    """List the distinct finite values other than zero, ascending.

    Raises
    ------
    MaskError
        Nothing but NaN, nothing but zero, or more than a thousand values.
    """
    if pixels.dtype == np.bool_ and pixels.any():
        return [1.0]
    inside = pixels[pixels != 0]
    if inside.dtype.kind == "f":
        inside = inside[np.isfinite(inside)]
        if inside.size == 0 and np.isnan(pixels).all():
            raise MaskError("the mask holds nothing but NaN", path=path, remedy="Draw or export the mask again.")
    if inside.size == 0:
        raise MaskError("the mask is empty", path=path, remedy="Draw or export the mask again.")
    # A grey picture is told by a part of it: sorting 12 million pixels takes seconds.
    values = np.unique(inside[:200_000])
    if values.size <= 1000:
        values = np.unique(inside)
    if values.size > 1000:
        raise MaskError(_grey(values.size), path=path, remedy=_SEVERAL_LABELS)
    return [float(value) for value in values]


def refuse_grey(labels: list[float], *, path: str | Path) -> None:
    """Raise MaskError if the values cannot be labels: too many, or several that are not whole numbers."""
    if len(labels) > MOST_LABELS:
        raise MaskError(_grey(len(labels)), path=path, remedy=_SEVERAL_LABELS)
    if len(labels) > 1 and any(not label.is_integer() for label in labels):
        raise MaskError(
            "the mask has several values that are not whole numbers",
            path=path,
            remedy="Threshold it, or save labels as integers.",
        )


def _grey(count: int) -> str:
    return f"the mask has at least {count} distinct values: it is a grey image, not a mask"


def lossy_mask(pixels: NDArray[Any], *, path: str | Path) -> NDArray[np.bool_]:
    """Compute a mask from a JPEG file, where 0 and 255 have become two clusters.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (rows, columns)
        The decoded file.
    path : path
        For messages.

    Returns
    -------
    ndarray of bool, shape (rows, columns)

    Raises
    ------
    MaskError
        Not two clusters, or nothing above the threshold.
    """
    if not pixels.any():
        raise MaskError("the mask is empty", path=path, remedy="Draw or export the mask again.")
    if not two_clusters(pixels):
        raise MaskError(
            "the JPEG mask is not black and white: it is a grey image",
            path=path,
            remedy="Save masks as PNG with 0 outside; check that image and mask are not swapped.",
        )
    return pixels > JPEG_THRESHOLD


def two_clusters(pixels: NDArray[Any]) -> bool:
    """Return whether an image was black and white before JPEG."""
    low, high = pixels < 48, pixels > 207
    return bool(low.any() and high.any() and pixels.size - low.sum() - high.sum() <= 0.05 * pixels.size)


def scaled_to(mask: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_] | None:
    """Compute a mask of the image's size; None where aspects differ by over 0.2%.

    Each image pixel takes the mask pixel that its centre falls into. Every axis has its own exact factor, so
    that the two frames coincide at all four edges: rounding to one factor would shift the far side by pixels.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
        The mask in its own frame.
    shape : tuple of int
        Rows and columns of the image.

    Returns
    -------
    ndarray of bool of that shape, or None
    """
    factor = (shape[0] / mask.shape[0], shape[1] / mask.shape[1])
    if abs(factor[0] / factor[1] - 1.0) > SAME_RATIO:
        return None
    rows, columns = (
        ((2 * np.arange(new, dtype=np.int64) + 1) * old) // (2 * new)
        for new, old in zip(shape, mask.shape, strict=True)
    )
    return np.ascontiguousarray(mask[rows][:, columns])


def fitted(
    mask: NDArray[np.bool_], shape: tuple[int, int], *, path: str | Path
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Return a mask of its image's size, and a note if it was scaled.

    Raises
    ------
    MaskError
        The aspects differ, or nothing is left of the mask.
    """
    if mask.shape == shape:
        return mask, ()
    scaled = scaled_to(mask, shape)
    if scaled is None:
        raise MaskError(other_aspect(mask.shape, shape), path=path, remedy="Export the mask in the image's frame.")
    if not scaled.any():
        raise MaskError(
            f"the mask vanishes when scaled from {size(mask.shape)} to the image's {size(shape)}",
            path=path,
            remedy="Export the mask in the image's frame.",
        )
    return scaled, (scaling_note(mask.shape, shape),)


def scaling_note(mask_shape: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """Format by how much a mask was scaled."""
    factor = shape[0] / mask_shape[0]
    return f"mask scaled by {factor:.4g} from {size(mask_shape)} to the image's {size(shape)}"


def other_aspect(mask_shape: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """Format that mask and image differ in aspect."""
    return f"the mask's {size(mask_shape)} pixels are of another aspect than the image's {size(shape)}"


def size(shape: tuple[int, ...]) -> str:
    """Write a shape as rows x columns."""
    return " x ".join(str(length) for length in shape)


def refuse_other_frame(
    image: Geometry | None, mask: Geometry | None, *, path: str | Path, tolerance: float | None = None
) -> None:
    """Check that two headers place image and mask together.

    Parameters
    ----------
    image, mask : Geometry or None
        As the files state it; nothing is checked where one of them has none.
    path : path
        The mask, for the message.
    tolerance : float or None
        Pixels by which the origins may differ; None is half a pixel.

    Raises
    ------
    MaskError
        Directions differ, or origins lie further apart.
    """
    if image is None or mask is None or len(image.origin) != len(mask.origin):
        return
    same_pixels = np.allclose(image.spacing, mask.spacing, rtol=0.01)
    turned = not np.allclose(image.direction, mask.direction, atol=1e-3)
    displaced = np.abs(np.subtract(image.origin, mask.origin)) > (tolerance or 0.5) * np.asarray(image.spacing)
    if turned or (same_pixels and displaced.any()):
        raise MaskError(
            "the mask's header places it elsewhere than the image "
            + (f"(directions {image.direction} and {mask.direction})" if turned else "")
            + (f"(origins {image.origin} and {mask.origin})" if not turned else ""),
            path=path,
            remedy="Set correctMask in the recipe to resample the mask onto the image, or save both without headers.",
        )


def onto_frame(mask: ImageFile, image: ImageFile, *, path: str | Path) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Compute a mask on its image's grid by their headers (``correctMask``).

    Parameters
    ----------
    mask, image : ImageFile
        Both with a geometry.
    path : path
        The mask, for messages.

    Returns
    -------
    pixels : ndarray, shape of the image
    notes : tuple of str
        Says so if the grids differed.

    Raises
    ------
    MaskError
        The region does not lie inside the image.
    """
    import SimpleITK as sitk

    frames = []
    for file in (mask, image):
        if file.geometry is None:
            raise TypeError("both pictures need a geometry")
        frame = sitk.GetImageFromArray(file.pixels)
        frame.SetOrigin(file.geometry.origin[:2])
        frame.SetSpacing(file.geometry.spacing[:2])
        axes = int(len(file.geometry.direction) ** 0.5)
        frame.SetDirection(np.reshape(file.geometry.direction, (axes, axes))[:2, :2].ravel().tolist())
        frames.append(frame)
    source, grid = frames
    if source.GetSize() == grid.GetSize() and source.IsSameImageGeometryAs(grid):
        return mask.pixels, ()
    inside = np.argwhere(mask.pixels != 0)
    limit = np.array(grid.GetSize()) - 0.5 + 1e-3
    for row, column in (inside.min(axis=0) - 0.5, inside.max(axis=0) + 0.5) if len(inside) else ():
        point = source.TransformContinuousIndexToPhysicalPoint((float(column), float(row)))
        at = np.array(grid.TransformPhysicalPointToContinuousIndex(point))
        if (at < -0.5 - 1e-3).any() or (at > limit).any():
            raise MaskError(
                "the region lies partly outside the image, so that correctMask cannot place it",
                path=path,
                remedy="Check that image and mask belong together.",
            )
    moved = sitk.Resample(source, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0, source.GetPixelID())
    return sitk.GetArrayFromImage(moved), ("mask resampled onto the image's grid (correctMask)",)


def labelled_regions(
    mask: ImageFile,
    image: ImageFile,
    *,
    labels: tuple[int, ...] | None,
    correct: bool = False,
    tolerance: float | None = None,
    path: str = "",
) -> tuple[list[tuple[int | None, NDArray[np.bool_]]], tuple[str, ...]]:
    """Return the regions that a mask marks on an image, one for each label.

    Parameters
    ----------
    mask, image : ImageFile
    labels : tuple of int, or None
        Values of the mask that are regions; empty for each value that it has. None takes the one value that it has,
        whatever it is, or each of several.
    correct : bool
        Resample a mask that its header places elsewhere onto the image's grid (``correctMask``).
    tolerance : float or None
        Pixels by which headers may place image and mask apart; None is half a pixel.
    path : str
        The mask's file, for messages.

    Returns
    -------
    regions : list of (int or None, ndarray of bool of the image's shape)
        Label (None where it is not a whole number) and region.
    notes : tuple of str
        Changes made to fit the mask to the image.

    Raises
    ------
    MaskError
        The mask is empty, no mask, lacks a label, or is of another aspect or frame than the image.
    """
    notes: tuple[str, ...] = ()
    if correct and image.geometry is not None and mask.geometry is not None:
        pixels, notes = onto_frame(mask, image, path=path)
    else:
        pixels = mask.pixels
        refuse_other_frame(image.geometry, mask.geometry, path=path, tolerance=tolerance)
    if mask.lossy and labels not in (None, (), (1,), (255,)):
        raise MaskError("labels do not survive JPEG", path=path, remedy="Save the mask as PNG, or name no label.")
    if mask.lossy:
        labelled: list[tuple[int | None, NDArray[np.bool_]]] = [(None, lossy_mask(pixels, path=path))]
    else:
        labelled = [(_whole(label), np.asarray(pixels == label)) for label in _wanted(pixels, labels, path=path)]
    shape = (image.pixels.shape[0], image.pixels.shape[1])
    fitting = [(label, *fitted(region, shape, path=path)) for label, region in labelled]
    notes = (*notes, *fitting[0][2], *([f"JPEG mask thresholded at {JPEG_THRESHOLD}"] if mask.lossy else []))
    return [(label, region) for label, region, _ in fitting], notes


def _wanted(pixels: NDArray[Any], labels: tuple[int, ...] | None, *, path: str) -> Sequence[float]:
    present = labels_in(pixels, path=path)
    if labels is None:
        refuse_grey(present, path=path)
    absent = [label for label in labels or () if label not in present]
    if absent:
        raise MaskError(
            f"the mask has no label {_listed(absent)}; it has {_listed(present)}",
            path=path,
            remedy="Correct the label: the manifest's column, the recipe's label, or label=.",
        )
    return labels or present


def _whole(label: float) -> int | None:
    return int(label) if float(label).is_integer() else None


def _listed(labels: Sequence[float]) -> str:
    shown = ", ".join(f"{label:g}" for label in labels[:12])
    return shown + (", …" if len(labels) > 12 else "")
