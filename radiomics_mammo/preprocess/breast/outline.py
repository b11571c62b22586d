"""The breast on a mammogram: everything that is neither air, nor label, nor the film's edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import MaskError
from radiomics_mammo.preprocess.breast.background import inside_frame, plates
from radiomics_mammo.preprocess.breast.shrink import centres, enlarge, shrink

_BINS = 256
_LEAST_SHARE = 0.02
_LABELS_SHARE = 0.03
_NOISE = 0.2
_GRAIN = 0.06
_FLAT = 0.008
_ALIKE = 0.12
_LEAST_AIR = 0.003
_GLARING = 0.9
"""Frames and plates are at least this bright, as a share of the range."""
_REMEDY = "Look at the image, for instance with --preview."


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
    """

    mask: NDArray[np.bool_]
    field: NDArray[np.float32]
    air: bool


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
        The image is constant or holds nothing but noise or labels.

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
    small = _quiet(small)
    values, line = _parted(small)
    glaring = _unit(small) > _GLARING
    box = inside_frame(values > (-1.0 if line is None else line), glaring)
    frame = tuple((first, length - past) for (first, past), length in zip((box[:2], box[2:]), small.shape, strict=True))
    cut = np.s_[box[0] : box[1], box[2] : box[3]]
    if any(map(any, frame)):
        values, line = _parted(small[cut])
    above = np.ones(values.shape, np.bool_) if line is None else values > line
    above &= ~plates(glaring[cut], above)
    kept = above if line is None else _piece(above)
    if np.count_nonzero(kept) < _LEAST_SHARE * small.size:
        raise MaskError(
            f"no breast was found: the largest bright piece is {100 * kept.mean():.1f}% of the image", remedy=_REMEDY
        )
    field = np.where(kept, np.float32(1), np.float32(-1))
    if smooth and line is not None:
        field = _field(values, line, kept)
    # The breast goes on under a border: film glows at its edges.
    return Outline(np.pad(kept, frame, mode="edge"), np.pad(field, frame, mode="edge"), line is not None)


def _unit(small: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = small.min(), small.max()
    unit: NDArray[np.float32] = (small - low) / max(high - low, np.finfo(np.float32).tiny)
    return unit


def _parted(small: NDArray[np.float32]) -> tuple[NDArray[np.float32], float | None]:
    """Give the square roots of the values, capped below labels, and the skin's threshold; None: there is no air."""
    cap = float(small.max())
    low = float(small.min())
    for _ in range(3):
        values = np.sqrt((np.minimum(small, cap) - low) / (cap - low), dtype=np.float32)
        middle = otsu(values)
        # A few pixels that outshine all others are labels: the breast is among the others.
        if np.count_nonzero(values > middle) >= _LABELS_SHARE * values.size:
            break
        cap = low + middle * middle * (cap - low)
    capped = np.minimum(small, cap)
    if _is_air(capped, values <= middle, values > middle):
        return values, _skin_line(values, middle)
    # Where the breast fills nearly all, the first cut parts fat from gland, and air is the darker part of the fat.
    below = values[values <= middle]
    if below.max() > below.min():
        lower = otsu(below)
        if _is_air(capped, values <= lower, (values > lower) & (values <= middle)):
            return values, _skin_line(values, lower)
    return values, None


def _quiet(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Smooth a picture as far as its grain asks for; one of nothing but grain is refused."""
    from scipy import ndimage

    spread = float(small.std())
    if min(small.shape) < 16:
        return small
    if float(ndimage.gaussian_filter(small, 3.0).std()) < _NOISE * spread:
        raise MaskError("the image holds nothing but noise: no breast can be told from air", remedy=_REMEDY)
    # Differences across two diagonals leave nothing of slopes: half of their spread is the grain's.
    grain = small[1:, 1:] - small[1:, :-1] - small[:-1, 1:] + small[:-1, :-1]
    share = 0.5 * 1.4826 * float(np.median(np.abs(grain))) / spread
    return small if share < _GRAIN else ndimage.gaussian_filter(small, min(3.0, 10.0 * share))


def _is_air(small: NDArray[np.float32], dark: NDArray[np.bool_], bright: NDArray[np.bool_]) -> bool:
    """Air is all alike or at least flat, once its noise is averaged away; tissue below a threshold is neither."""
    from scipy import ndimage

    inner = ndimage.minimum_filter(dark.view(np.uint8), size=5).view(np.bool_)
    if np.count_nonzero(inner) < _LEAST_AIR * dark.size or not bright.any():
        return False
    means = ndimage.uniform_filter(small, 5)
    gap = float(np.median(small[bright]) - np.median(small[inner]))
    if float(np.subtract(*np.percentile(means[inner], [75, 10]))) < _ALIKE * gap:
        return True
    return float(np.median(np.abs(means - ndimage.uniform_filter(small, 17))[inner])) < _FLAT * gap


def _skin_line(values: NDArray[np.float32], middle: float) -> float:
    """Lower Otsu's threshold to the first third of the way from air, but keep clear of the air's noise."""
    air = values[values <= middle]
    level = float(np.median(air))
    noise = 1.4826 * float(np.median(np.abs(air - level)))
    return min(middle, max(level + (middle - level) / 3.0, level + 5.0 * noise))


def otsu(values: NDArray[Any]) -> float:
    """Threshold that parts values into two classes of greatest between-class variance.

    Parameters
    ----------
    values : ndarray
        Finite, not all equal.

    Returns
    -------
    float
        Values above it belong to the upper class.
    """
    counts, edges = np.histogram(values, bins=_BINS)
    centre = 0.5 * (edges[:-1] + edges[1:])
    below = np.cumsum(counts)[:-1].astype(np.float64)
    above = counts.sum() - below
    sums = np.cumsum(counts * centre)
    mean_below = sums[:-1] / np.maximum(below, 1.0)
    mean_above = (sums[-1] - sums[:-1]) / np.maximum(above, 1.0)
    between = below * above * (mean_above - mean_below) ** 2
    # Any cut inside a gap is as good as another: its middle does not lean to either side.
    best = np.flatnonzero(between >= between.max() * (1.0 - 1e-12))
    return float(edges[1:-1][best].mean())


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
