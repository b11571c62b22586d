"""The breast on a mammogram: everything that is neither air, nor label, nor the film's edge."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import MaskError

_SMALL = 512
_BINS = 256


def breast_mask(image: NDArray[Any]) -> NDArray[np.bool_]:
    """Find the breast by a threshold and the largest connected piece.

    The image is shrunk to about 512 pixels by means over blocks, which takes film grain away. Otsu's
    threshold is taken on the square root of the values above the darkest, since on the values themselves it
    parts dense tissue from fat; then it is lowered towards the air, for the skin is thin and dark. Pieces
    that hang together only by a few pixels (name plates, scanner edges) are cut off, the largest is kept and
    its holes are filled. The outline is good to about 1/500 of the image's side.

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
        The image is constant, so that nothing can be told apart.

    References
    ----------
    Otsu, N. (1979). IEEE Trans. Syst. Man Cybern. 9(1), 62-66.
    """
    from scipy import ndimage

    block = max(1, -(-max(image.shape) // _SMALL))
    small = _block_means(image, block)
    low, high = float(small.min()), float(small.max())
    if not high > low:
        raise MaskError(
            "the image is constant: no breast can be told from air",
            remedy="Check the image, or use whole=image.",
        )
    stretched = np.sqrt((small - low) / (high - low))
    above = stretched > _skin_line(stretched)
    # An opening only cuts; what it rounded off the kept piece is given back from the threshold's own picture.
    radius = max(1, max(small.shape) // 56)
    disk = _disk(radius)
    opened = ndimage.binary_opening(above, structure=disk)
    piece = _largest(opened if opened.any() else above)
    piece = ndimage.binary_dilation(piece, structure=disk, iterations=2) & above
    piece = ndimage.binary_fill_holes(_largest(piece))
    return _enlarged(piece, block, (image.shape[0], image.shape[1]))


def _skin_line(values: NDArray[np.float64]) -> float:
    """Lower Otsu's threshold to the first third of the way from air, but keep clear of the air's noise."""
    middle = otsu(values)
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
    centres = 0.5 * (edges[:-1] + edges[1:])
    below = np.cumsum(counts)[:-1].astype(np.float64)
    above = counts.sum() - below
    sums = np.cumsum(counts * centres)
    mean_below = sums[:-1] / np.maximum(below, 1.0)
    mean_above = (sums[-1] - sums[:-1]) / np.maximum(above, 1.0)
    between = below * above * (mean_above - mean_below) ** 2
    # Any cut inside a gap is as good as another: its middle does not lean to either side.
    best = np.flatnonzero(between >= between.max() * (1.0 - 1e-12))
    return float(edges[1:-1][best].mean())


def _block_means(image: NDArray[Any], block: int) -> NDArray[np.float64]:
    rows, columns = (-(-length // block) for length in image.shape)
    values = image.astype(np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        values = np.where(finite, values, values[finite].min() if finite.any() else 0.0)
    padded = np.pad(values, ((0, rows * block - image.shape[0]), (0, columns * block - image.shape[1])), mode="edge")
    means: NDArray[np.float64] = padded.reshape(rows, block, columns, block).mean(axis=(1, 3))
    return means


def _disk(radius: int) -> NDArray[np.bool_]:
    offsets = np.arange(-radius, radius + 1)
    inside: NDArray[np.bool_] = offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius * radius
    return inside


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy import ndimage

    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())


def _enlarged(small: NDArray[np.bool_], block: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
    whole = np.repeat(np.repeat(small, block, axis=0), block, axis=1)
    return np.ascontiguousarray(whole[: shape[0], : shape[1]])
