"""From a mask's grid to its image's: by headers where both have one, by size where one has none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.formats.geometry import Geometry

Region = NDArray[np.bool_]
Notes = tuple[str, ...]
Shape = tuple[int, int]

TOLERANCE = 0.5
"""Pixels by which headers may place image and mask apart."""
SAME_RATIO = 0.002
"""Scale factors of the two axes that differ by less count as one factor."""
_EXPORT = "Export the mask in the image's frame."
_CORRECT = "Set correctMask in the recipe to resample the mask onto the image, or save both without headers."


def place(
    plane: NDArray[Any],
    shape: Shape,
    *,
    mask: Geometry | None,
    image: Geometry | None,
    correct: bool = False,
    tolerance: float | None = None,
) -> tuple[NDArray[Any], Notes]:
    """Return the label values of a mask on its image's grid.

    Where both files state where they lie, that decides: equal grids are taken as they are, a grid of the same extent
    and another resolution is scaled, and any other is resampled with ``correct`` and refused without, as pyradiomics
    does. Where one states nothing, a mask of the image's size, or of its aspect, is laid over it.

    Parameters
    ----------
    plane : ndarray, shape (mask rows, mask columns)
    shape : tuple of int
        Rows and columns of the image.
    mask, image : Geometry or None
        None where the format has no header.
    correct : bool
        Resample to the nearest pixel (``correctMask``).
    tolerance : float or None
        Pixels by which the grids may differ; None is ``TOLERANCE``.

    Raises
    ------
    MaskError
        The mask lies elsewhere, partly outside the image, or is of another aspect.
    """
    if mask is None or image is None:
        turned = mask is not None and any(max(step, key=abs) < 0 for step in (mask.down, mask.across))
        notes = ("the image has no header: the mask's pixels are taken in their order",) if turned else ()
        return _by_size(plane, shape, notes)
    affine, off_plane = mask.index_of(image)
    same_pixels = np.allclose(affine[:, :2], np.eye(2), atol=0.01)
    if mask.stated != image.stated and plane.shape == shape and not same_pixels:
        which = "image" if mask.stated else "mask"
        return plane, (f"the {which}'s header states no position: the two are taken as one grid",)
    allowed = TOLERANCE if tolerance is None else tolerance
    if off_plane > _off_plane_allowed(mask, image):
        raise MaskError(
            f"the mask's header places it {off_plane:.4g} mm off the image's plane",
            remedy="Check that they belong together.",
        )
    if plane.shape == shape and _largest_offset(affine, shape) <= allowed:
        return plane, ()
    if correct:
        return _resampled(plane, shape, affine), ("mask resampled onto the image's grid (correctMask)",)
    if _same_extent(affine, plane.shape, shape, allowed):
        return _by_size(plane, shape, ())
    raise MaskError(
        f"the mask's header places it elsewhere than the image ({_described(affine, plane.shape, shape)})",
        remedy=_CORRECT,
    )


def scaled_to(plane: NDArray[Any], shape: Shape) -> NDArray[Any] | None:
    """Return a mask of the image's size; None where aspects differ by over 0.2%.

    Each image pixel takes the mask pixel that its centre falls into. Every axis has its own exact factor, so
    that the two frames coincide at all four edges: rounding to one factor would shift the far side by pixels.

    Parameters
    ----------
    plane : ndarray, shape (mask rows, mask columns)
    shape : tuple of int
        Rows and columns of the image.
    """
    factor = (shape[0] / plane.shape[0], shape[1] / plane.shape[1])
    if abs(factor[0] / factor[1] - 1.0) > SAME_RATIO:
        return None
    rows, columns = (
        ((2 * np.arange(new, dtype=np.int64) + 1) * old) // (2 * new)
        for new, old in zip(shape, plane.shape, strict=True)
    )
    return np.ascontiguousarray(plane[rows][:, columns])


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


def _by_size(plane: NDArray[Any], shape: Shape, notes: Notes) -> tuple[NDArray[Any], Notes]:
    if plane.shape == shape:
        return plane, notes
    scaled = scaled_to(plane, shape)
    if scaled is None:
        raise MaskError(other_aspect(plane.shape, shape), remedy=_EXPORT)
    if plane.any() and not scaled.any():
        raise MaskError(
            f"the mask vanishes when scaled from {size(plane.shape)} to the image's {size(shape)}", remedy=_EXPORT
        )
    return scaled, (*notes, scaling_note(plane.shape, shape))


def _off_plane_allowed(mask: Geometry, image: Geometry) -> float:
    thinner = min(mask.thickness, image.thickness)
    steps = [float(np.linalg.norm(step)) for step in (mask.down, mask.across, image.down, image.across)]
    return max(thinner / 2 if np.isfinite(thinner) else 0.0, TOLERANCE * min(steps))


def _largest_offset(affine: NDArray[np.float64], shape: Shape) -> float:
    """Compute the largest distance, in pixels, between the corners of equal index."""
    corners = _corners(shape)
    return float(np.abs(affine @ corners - corners[:2]).max())


def _corners(shape: Shape) -> NDArray[np.float64]:
    rows, columns = shape[0] - 1.0, shape[1] - 1.0
    return np.array([[0.0, 0.0, rows, rows], [0.0, columns, 0.0, columns], [1.0] * 4])


def _same_extent(affine: NDArray[np.float64], mask: tuple[int, ...], image: Shape, allowed: float) -> bool:
    """Return whether the outer edges of two grids of one orientation coincide."""
    # Twice the tolerance: files that were resized often keep the origin of the first pixel's centre.
    edges = np.array([[-0.5, -0.5, image[0] - 0.5, image[0] - 0.5], [-0.5, image[1] - 0.5] * 2, [1.0] * 4])
    wanted = np.array([[-0.5, -0.5, mask[0] - 0.5, mask[0] - 0.5], [-0.5, mask[1] - 0.5] * 2])
    return bool(np.abs(affine @ edges - wanted).max() <= 2 * allowed)


def _resampled(plane: NDArray[Any], shape: Shape, affine: NDArray[np.float64]) -> NDArray[Any]:
    """Return the label values at the nearest mask pixel of each image pixel; 0 outside."""
    inverse = np.linalg.inv(np.vstack([affine, [0, 0, 1]]))[:2]
    inside = np.argwhere(plane != 0)
    box = np.zeros((2, 4))
    if inside.size:
        (top, left), (bottom, right) = inside.min(axis=0) - 0.5, inside.max(axis=0) + 0.5
        box = inverse @ np.array([[top, top, bottom, bottom], [left, right, left, right], [1.0] * 4])
        limit = np.array([[shape[0] - 0.5], [shape[1] - 0.5]]) + 1e-3
        if (box < -0.5 - 1e-3).any() or (box > limit).any():
            raise MaskError(
                "the region lies partly outside the image, so that correctMask cannot place it",
                remedy="Check that image and mask belong together.",
            )
    placed = np.zeros(shape, plane.dtype)
    if not inside.size:
        return placed
    # Only where the region can be: a mammogram has 12 million pixels.
    first = np.maximum(np.floor(box.min(axis=1)).astype(int), 0)
    last = np.minimum(np.ceil(box.max(axis=1)).astype(int) + 1, shape)
    grid = np.indices(tuple(last - first), dtype=np.float64).reshape(2, -1) + first[:, None]
    at = affine @ np.vstack([grid, np.ones(grid.shape[1])])
    nearest = np.floor(at + 0.5 + 1e-9).astype(np.int64)
    known = ((nearest >= 0) & (nearest < np.array([[plane.shape[0]], [plane.shape[1]]]))).all(axis=0)
    values = np.zeros(grid.shape[1], plane.dtype)
    values[known] = plane[nearest[0, known], nearest[1, known]]
    placed[first[0] : last[0], first[1] : last[1]] = values.reshape(tuple(last - first))
    return placed


def _described(affine: NDArray[np.float64], mask: tuple[int, ...], image: Shape) -> str:
    linear = affine[:, :2]
    if np.abs(linear[[0, 1], [1, 0]]).max() > 0.01 * np.abs(linear).max() or linear[0, 0] < 0 or linear[1, 1] < 0:
        return "the axes run otherwise"
    if not np.allclose(np.diag(linear), 1, rtol=0.01):
        return f"its pixels are {1 / linear[0, 0]:.3g} times as large and its extent differs"
    row, column = -affine[:, 2]
    return f"{size(mask)} pixels that begin at row {row:.4g}, column {column:.4g} of the image's {size(image)}"
