"""The breast on a mammogram: everything that is neither air, nor label, nor the film's edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.breast.air_threshold import LOOK, parted, quiet, refuse_inverted, refuse_noise
from radiomics_mammo.imaging.breast.background import DEEPEST, Frame, bright_frame, plates
from radiomics_mammo.imaging.breast.pyramid import centres, enlarge, shrink

_LEAST_SHARE = 0.02
_GLARING = 0.9
"""Frames and plates are at least this bright, as a share of the range."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A breast found on the small picture.

    Attributes
    ----------
    mask : ndarray of bool, shape (rows, columns)
        The breast.
    field : ndarray of float32, shape (rows, columns)
        Above zero inside; crosses zero on the skin, between pixels too.
    air : bool
        Whether there is any air; otherwise the breast is everything but frames and plates.
    white : Frame
        Lines along the edges that are white from end to end: the mask goes on under them, but there is nothing to see.
    """

    mask: NDArray[np.bool_]
    field: NDArray[np.float32]
    air: bool
    white: Frame


def breast_mask(image: NDArray[Any]) -> NDArray[np.bool_]:
    """Find the breast by a threshold and the largest connected piece.

    The image is shrunk to about 512 pixels by means over blocks, which takes film grain away. Otsu's
    threshold is taken on the square root of the values above the darkest, since on the values themselves it
    parts dense tissue from fat; then it is lowered towards the air, for the skin is thin and dark. Bright borders,
    plates and pieces that hang together only by a few pixels are cut off, the largest is kept and its holes are
    filled. An image without air is breast all over. The outline is good to about 1/1000 of the image's side.

    Parameters
    ----------
    image : ndarray, shape (rows, columns)
        A mammogram with bright tissue. NaN counts as air.

    Returns
    -------
    ndarray of bool, shape (rows, columns)

    Raises
    ------
    MaskError
        The image is constant, holds nothing but noise, labels or a border, or looks inverted.

    References
    ----------
    Otsu, N. (1979). IEEE Trans. Syst. Man Cybern. 9(1), 62-66.
    """
    small, block = shrink(image)
    found = find_outline(small, smooth=block > 1)
    if block == 1:
        return found.mask
    rows, columns = (centres(length, block=block) for length in image.shape)
    return enlarge(found.field, rows_at=rows, columns_at=columns)


def find_outline(small: NDArray[np.float32], *, smooth: bool) -> Outline:
    """Find the breast on a picture of about 512 pixels.

    Parameters
    ----------
    small : ndarray of float32, shape (rows, columns)
        Finite.
    smooth : bool
        Whether the field may be smoothed by a fraction of a pixel: not where the picture is the image itself.

    Raises
    ------
    MaskError
        As :func:`breast_mask`.
    """
    if not float(small.max()) > float(small.min()):
        raise MaskError(
            "the image is constant: no breast can be told from air", remedy="Check the image, or use whole=image."
        )
    dark = _dark_frame(small)
    cut = tuple(slice(first, length - past) for (first, past), length in zip(dark, small.shape, strict=True))
    if any(left < DEEPEST * length for left, length in zip(small[cut].shape, small.shape, strict=True)):
        raise MaskError("there is nothing but a bright border: all else is constant", remedy=LOOK)
    inner = _find_within(quiet(small[cut]), smooth=smooth)
    if np.count_nonzero(inner.mask) < _LEAST_SHARE * small.size:
        share = 100 * np.count_nonzero(inner.mask) / small.size
        raise MaskError(f"no breast was found: the largest bright piece is {share:.1f}% of the image", remedy=LOOK)
    white = [(own[0] + more[0], own[1] + more[1]) for own, more in zip(inner.white, dark, strict=True)]
    field = np.pad(inner.field, dark, constant_values=-1)
    return Outline(np.pad(inner.mask, dark), field, inner.air, (white[0], white[1]))


def _dark_frame(small: NDArray[np.float32]) -> Frame:
    """Lines along the edges where nothing is brighter than the darkest: a shutter, or air that was set to 0."""
    lit = small > small.min()
    rows, columns = (np.flatnonzero(lit.any(axis=axis)) for axis in (1, 0))
    inner = small[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if not inner.max() > inner.min():
        return ((0, 0), (0, 0))
    return (
        (int(rows[0]), len(small) - 1 - int(rows[-1])),
        (int(columns[0]), small.shape[1] - 1 - int(columns[-1])),
    )


def _find_within(small: NDArray[np.float32], *, smooth: bool) -> Outline:
    values, line = parted(small)
    glaring = _unit(small) > _GLARING
    frame = bright_frame(values > (-1.0 if line is None else line), glaring)
    cut = tuple(slice(first, length - past) for (first, past), length in zip(frame, small.shape, strict=True))
    inner = small[cut]
    if any(map(any, frame)):
        if not inner.max() > inner.min():
            raise MaskError("there is nothing but a bright border: all else is constant", remedy=LOOK)
        refuse_noise(inner)
        values, line = parted(inner)
    refuse_inverted(inner, None if line is None else values > line)
    above = np.ones(values.shape, np.bool_) if line is None else values > line
    above &= ~plates(glaring[cut], above)
    kept = above if line is None else _piece(above)
    field = np.where(kept, np.float32(1), np.float32(-1))
    if smooth and line is not None:
        field = _field(values, line, kept)
    # The breast goes on under a border: film glows at its edges.
    white = bright_frame(glaring, glaring)
    return Outline(np.pad(kept, frame, mode="edge"), np.pad(field, frame, mode="edge"), line is not None, white)


def _unit(small: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = small.min(), small.max()
    unit: NDArray[np.float32] = (small - low) / max(high - low, np.finfo(np.float32).tiny)
    return unit


def _piece(above: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the largest piece that does not hang by a thread; what the cut rounded off it is given back."""
    from scipy import ndimage

    radius = max(1, max(above.shape) // 56)
    # Beyond the picture's edge is no breast: strips along it are as thin as they look.
    core = ndimage.distance_transform_edt(np.pad(above, 1))[1:-1, 1:-1] > radius
    core = largest(core if core.any() else above)
    near = ndimage.distance_transform_edt(~core) <= 3 * radius
    whole: NDArray[np.bool_] = ndimage.binary_fill_holes(largest(near & above))
    # What the core's surroundings brought back of strips and plates is thinner than any part of a breast.
    thick = ndimage.binary_dilation(ndimage.binary_erosion(whole, iterations=radius // 4), iterations=radius // 2)
    return whole & thick if radius >= 4 else whole


def largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give the largest 4-connected piece."""
    from scipy import ndimage

    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())


def _field(values: NDArray[np.float32], line: float, kept: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Make the threshold's own crossing the outline, wherever it is the threshold that drew it."""
    from scipy import ndimage

    air = float(np.median(values[values <= line]))
    field = np.clip((values - line) / max(line - air, 1e-6), -1, 1)
    field = np.where(kept, np.where(field > 0, field, 1), np.where(field < 0, field, -1))
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(field.astype(np.float32), 1.0)
    return smooth
