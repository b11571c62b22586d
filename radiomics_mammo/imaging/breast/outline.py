"""Segmentation of the breast: what is neither background, nor label, nor the film's edge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.breast.artifacts import DEEPEST, Frame, bright_frame, plates
from radiomics_mammo.imaging.breast.background_threshold import (
    CHECK_IMAGE,
    background_threshold,
    check_not_inverted,
    check_not_noise,
    suppress_noise,
)
from radiomics_mammo.imaging.breast.film_background import above_film, reaches_far_side, stands_out
from radiomics_mammo.imaging.breast.pyramid import centres, enlarge, shrink

_MIN_PROPORTION = 0.02
_MOST_OF_FILM = 0.85
_NEARLY_ALL = 0.9
_GLARING = 0.9
"""Frames and plates are at least this bright, as a proportion of the range."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A breast segmented on the small image.

    Attributes
    ----------
    mask : ndarray of bool, shape (rows, columns)
        The breast.
    field : ndarray of float32, shape (rows, columns)
        Above zero inside; crosses zero on the skin, between pixels too.
    has_background : bool
        Whether there is any background; otherwise the breast is everything but frames and plates.
    hidden : Frame
        Lines along the edges that are white from end to end: the mask continues under them.
    note : str
        What makes the outline uncertain; empty where nothing does.
    """

    mask: NDArray[np.bool_]
    field: NDArray[np.float32]
    has_background: bool
    hidden: Frame
    note: str = ""


def breast_mask(image: NDArray[Any]) -> NDArray[np.bool_]:
    """Find the breast as the largest connected component above a threshold.

    The image is shrunk to about 512 pixels by means over blocks, which removes film grain. Otsu's threshold is taken
    on the square root of the values above the darkest, since on the values themselves it separates dense tissue from
    fat; then it is lowered towards the background, since the skin is thin and dark. Bright borders, plates and
    components connected by a few pixels only are cut off, and holes are filled. An image without background is all
    breast. The outline is accurate to about 1/1000 of the image's side.

    Parameters
    ----------
    image : ndarray, shape (rows, columns)
        A mammogram with bright tissue. NaN counts as background.

    Returns
    -------
    ndarray of bool, shape (rows, columns)

    Raises
    ------
    MaskError
        The image is constant, holds nothing but noise, labels or a border, looks inverted, or its breast cannot be told
        from the film's background.
    """
    small, block = shrink(image)
    outline = find_outline(small, smooth=block > 1)
    if block == 1:
        return outline.mask
    rows, columns = (centres(length, block=block) for length in image.shape)
    return enlarge(outline.field, rows_at=rows, columns_at=columns)


def find_outline(small: NDArray[np.float32], *, smooth: bool) -> Outline:
    """Find the breast on an image of about 512 pixels.

    Parameters
    ----------
    small : ndarray of float32, shape (rows, columns)
        Finite.
    smooth : bool
        Whether the field may be smoothed by a fraction of a pixel: not where the small image is the image itself.

    Raises
    ------
    MaskError
        As :func:`breast_mask`.
    """
    if not float(small.max()) > float(small.min()):
        raise MaskError(
            "the image is constant: no breast can be told from the background",
            remedy="Check the image, or use whole=image.",
        )
    dark = _dark_frame(small)
    cut = tuple(slice(first, length - past) for (first, past), length in zip(dark, small.shape, strict=True))
    if any(left < DEEPEST * length for left, length in zip(small[cut].shape, small.shape, strict=True)):
        raise _nothing_but_border()
    inner = _first_or_second(suppress_noise(small[cut]), smooth=smooth, least=_MIN_PROPORTION * small.size)
    if np.count_nonzero(inner.mask) < _MIN_PROPORTION * small.size:
        percent = 100 * np.count_nonzero(inner.mask) / small.size
        raise MaskError(
            f"no breast was found: the largest bright component is {percent:.1f}% of the image", remedy=CHECK_IMAGE
        )
    rows, columns = (
        (hidden[0] + more[0], hidden[1] + more[1]) for hidden, more in zip(inner.hidden, dark, strict=True)
    )
    field = np.pad(inner.field, dark, constant_values=-1)
    return replace(inner, mask=np.pad(inner.mask, dark), field=field, hidden=(rows, columns))


def _first_or_second(small: NDArray[np.float32], *, smooth: bool, least: float) -> Outline:
    """Find the breast with a threshold; where that outline cannot be a breast's, with a model of the background."""
    first = _find_within(small, smooth=smooth)
    if not first.has_background:
        # Tissue alone, or a film whose background is as uneven as tissue.
        return _find_on_film(small, smooth=smooth, sure=True) or first
    if np.count_nonzero(first.mask) < max(1, least) or not reaches_far_side(first.mask):
        return first
    second = _find_on_film(small, smooth=smooth)
    if second is None and np.count_nonzero(first.mask) > _NEARLY_ALL * small.size:
        # An image that was cut to the breast, with a little air in a corner.
        return replace(first, note="uncertain outline: it reaches the edge on the side away from the chest wall")
    if second is None:
        raise MaskError(
            "the breast cannot be told from the background: the outline reaches the edge of the film on the side away "
            "from the chest wall",
            remedy="Cut the image to the film, or give a mask. " + CHECK_IMAGE,
        )
    return second


def _find_on_film(small: NDArray[np.float32], *, smooth: bool, sure: bool = False) -> Outline | None:
    film = above_film(small)
    if film is None:
        return None
    values, threshold, frame = film
    breast = _solid_component(values > threshold)
    proportion = np.count_nonzero(breast) / breast.size
    if not _MIN_PROPORTION < proportion < _MOST_OF_FILM or reaches_far_side(breast):
        return None
    if sure and not stands_out(values, breast):
        return None
    field = _field(values, threshold, breast) if smooth else np.where(breast, np.float32(1), np.float32(-1))
    padded = np.pad(breast, frame), np.pad(field, frame, constant_values=-1)
    return Outline(*padded, True, ((0, 0), (0, 0)), "uneven film background: outline found with a model of it")


def _nothing_but_border() -> MaskError:
    return MaskError("there is nothing but a bright border: all else is constant", remedy=CHECK_IMAGE)


def _dark_frame(small: NDArray[np.float32]) -> Frame:
    """Find lines along the edges where all is darkest: a shutter, or a background that was set to 0."""
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
    values, threshold = background_threshold(small)
    low, high = small.min(), small.max()
    glaring = (small - low) / max(high - low, np.finfo(np.float32).tiny) > _GLARING
    frame = bright_frame(values > (-1.0 if threshold is None else threshold), glaring)
    cut = tuple(slice(first, length - past) for (first, past), length in zip(frame, small.shape, strict=True))
    inner = small[cut]
    if any(map(any, frame)):
        if not inner.max() > inner.min():
            raise _nothing_but_border()
        check_not_noise(inner)
        values, threshold = background_threshold(inner)
    check_not_inverted(inner, None if threshold is None else values > threshold)
    above = np.ones(values.shape, np.bool_) if threshold is None else values > threshold
    above &= ~plates(glaring[cut], above)
    breast = above if threshold is None else _solid_component(above)
    field = np.where(breast, np.float32(1), np.float32(-1))
    if smooth and threshold is not None:
        field = _field(values, threshold, breast)
    # The breast continues under a border: film glows at its edges.
    hidden = bright_frame(glaring, glaring)
    padded = np.pad(breast, frame, mode="edge"), np.pad(field, frame, mode="edge")
    return Outline(*padded, threshold is not None, hidden)


def _solid_component(above: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest component without what hangs on it by a thin bridge; its corners are restored."""
    from scipy import ndimage

    radius = max(1, max(above.shape) // 56)
    # Outside the image is no breast: strips along its edge are as thin as they are seen.
    core = ndimage.distance_transform_edt(np.pad(above, 1))[1:-1, 1:-1] > radius
    core = largest(core if core.any() else above)
    near = ndimage.distance_transform_edt(~core) <= 3 * radius
    whole: NDArray[np.bool_] = ndimage.binary_fill_holes(largest(near & above))
    # Strips and plates restored with the corners are thinner than any part of a breast.
    thick = ndimage.binary_dilation(ndimage.binary_erosion(whole, iterations=radius // 4), iterations=radius // 2)
    return whole & thick if radius >= 4 else whole


def largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest 4-connected component."""
    from scipy import ndimage

    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())


def _field(values: NDArray[np.float32], threshold: float, breast: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return a field that crosses zero where the values cross the threshold, if that is the breast's outline."""
    from scipy import ndimage

    background = float(np.median(values[values <= threshold]))
    field = np.clip((values - threshold) / max(threshold - background, 1e-6), -1, 1)
    field = np.where(breast, np.where(field > 0, field, 1), np.where(field < 0, field, -1))
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(field.astype(np.float32), 1.0)
    return smooth
