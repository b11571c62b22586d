"""The background of a mammogram: whether there is any, its noise, and the threshold at which the skin begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.otsu import otsu_threshold
from radiomics_mammo.errors import MaskError

CHECK_IMAGE = "Check the image, for instance with --preview."
BINS = 256
_LABEL_PROPORTION = 0.08
"""What is brightest on less than this proportion of the image may be labels: it is capped, for a second threshold."""
_NOISE = 0.2
"""Smoothing leaves less than this proportion of the standard deviation of pure noise."""
_GRAIN = 0.06
"""Grain is smoothed from this level on, as a proportion of the image's standard deviation."""
_UNIFORM = 0.12
_FLAT = 0.008
"""How far the background may vary, over all and locally, as proportions of the step from background to breast."""
_MIN_BACKGROUND = 0.003
_SURROUNDS = 0.6
"""A breast takes less than this proportion of the image's border, background around it more."""
_EDGE_DEPTH, _EDGE_PROPORTION = 0.06, 0.75
"""Background takes this proportion of some column near the edge, which neither muscle nor implant do."""


def background_threshold(small: NDArray[np.float32]) -> tuple[NDArray[np.float32], float | None]:
    """Find the threshold that separates the breast from the background.

    Parameters
    ----------
    small : ndarray of float32, shape (rows, columns)
        Finite, not constant.

    Returns
    -------
    values : ndarray of float32
        Square roots of the values above the darkest, from 0 to 1; what is brighter than the breast is capped.
    threshold : float or None
        Threshold of the skin on them; None where there is no background.
    """
    cap = float(small.max())
    low = float(small.min())
    for _ in range(6):
        values = np.sqrt((np.minimum(small, cap) - low) / (cap - low), dtype=np.float32)
        middle = otsu_threshold(values, bins=BINS)
        # A few pixels much brighter than all others are labels: the breast is among the others.
        if np.count_nonzero(values > middle) >= _LABEL_PROPORTION * values.size:
            break
        cap = low + middle * middle * (cap - low)
    capped = np.minimum(small, cap)
    if _is_background(capped, values <= middle, values > middle):
        return values, _skin_threshold(values, middle)
    # Where the breast fills nearly all, the first threshold separates fat from gland, and background is darker fat.
    below = values[values <= middle]
    if below.max() > below.min():
        lower = otsu_threshold(below, bins=BINS)
        if _is_background(capped, values <= lower, (values > lower) & (values <= middle)):
            return values, _skin_threshold(values, lower)
    return values, None


def suppress_noise(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the image, smoothed as far as its noise level requires.

    Parameters
    ----------
    small : ndarray of float32, shape (rows, columns)

    Raises
    ------
    MaskError
        There is nothing but noise.
    """
    from scipy import ndimage

    if min(small.shape) < 16:
        return small
    check_not_noise(small)
    # Differences across two diagonals leave nothing of slopes: half of their spread is the noise's.
    differences = small[1:, 1:] - small[1:, :-1] - small[:-1, 1:] + small[:-1, :-1]
    noise_level = 0.5 * 1.4826 * float(np.median(np.abs(differences))) / float(small.std())
    return small if noise_level < _GRAIN else ndimage.gaussian_filter(small, min(3.0, 10.0 * noise_level))


def check_not_noise(small: NDArray[np.float32]) -> None:
    """Raise MaskError where smoothing leaves nothing of an image."""
    from scipy import ndimage

    if float(ndimage.gaussian_filter(small, 3.0).std()) < _NOISE * float(small.std()):
        raise MaskError(
            "the image holds nothing but noise: no breast can be told from the background", remedy=CHECK_IMAGE
        )


def check_not_inverted(small: NDArray[np.float32], bright: NDArray[np.bool_] | None) -> None:
    """Raise MaskError where the background is bright: the image's values are inverted.

    Parameters
    ----------
    small : ndarray of float32, shape (rows, columns)
        Finite, not constant.
    bright : ndarray of bool, shape (rows, columns), or None
        What is brighter than the background; None where there is none.

    Raises
    ------
    MaskError
        There is a background in the negative, and none that is as likely in the image.
    """
    if min(small.shape) < 32 or (bright is not None and _border_proportion(bright) < _SURROUNDS):
        return
    values, threshold = background_threshold(small.max() - small)
    if threshold is None:
        return
    background = values <= threshold
    step = float(np.median(small[background]) - np.median(small[~background]))
    uniform = float(np.subtract(*np.percentile(small[background], [75, 25]))) < _UNIFORM * step
    columns = background.mean(axis=0)
    depth = max(2, round(_EDGE_DEPTH * len(columns)))
    if uniform and max(columns[:depth].max(), columns[-depth:].max()) >= _EDGE_PROPORTION:
        raise MaskError(
            "the image looks inverted: a bright background around a dark breast",
            remedy="Invert its values only if dense tissue is dark in it (a PNG cannot state that it is MONOCHROME1); "
            "if dense tissue is bright, cut the bright film edge off.",
        )


def _border_proportion(mask: NDArray[np.bool_]) -> float:
    return float(np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]]).mean())


def _is_background(small: NDArray[np.float32], dark: NDArray[np.bool_], bright: NDArray[np.bool_]) -> bool:
    """Return whether the dark part is uniform or flat once its noise is averaged away, as tissue never is."""
    from scipy import ndimage

    inner = ndimage.minimum_filter(dark.view(np.uint8), size=5).view(np.bool_)
    if np.count_nonzero(inner) < _MIN_BACKGROUND * dark.size or not bright.any():
        return False
    means = ndimage.uniform_filter(small, 5)
    step = float(np.median(small[bright]) - np.median(small[inner]))
    if float(np.subtract(*np.percentile(means[inner], [75, 10]))) < _UNIFORM * step:
        return True
    return float(np.median(np.abs(means - ndimage.uniform_filter(small, 17))[inner])) < _FLAT * step


def _skin_threshold(values: NDArray[np.float32], middle: float) -> float:
    """Return a third of the way from background to Otsu's threshold, above the noise."""
    background = values[values <= middle]
    level = float(np.median(background))
    noise = 1.4826 * float(np.median(np.abs(background - level)))
    return min(middle, max(level + (middle - level) / 3.0, level + 5.0 * noise))
