"""Air on a mammogram: whether there is any, and the brightness at which the skin begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.otsu import otsu_threshold
from radiomics_mammo.errors import MaskError

LOOK = "Look at the image, for instance with --preview."
BINS = 256
_LABELS_SHARE = 0.08
"""What outshines the rest on less than this share of the picture may be labels: it is capped, for a second look."""
_NOISE = 0.2
"""What smoothing leaves of the spread of pure noise is less than this share."""
_GRAIN = 0.06
"""Grain, as a share of the picture's spread, that is smoothed away."""
_ALIKE = 0.12
_FLAT = 0.008
"""How far air may vary: from place to place, and nearby, as shares of the step from air to breast."""
_LEAST_AIR = 0.003
_SURROUNDS = 0.6
"""A breast takes less than this share of the picture's border, air around it more."""
_AT_THE_EDGE, _ALONG = 0.06, 0.75
"""Air takes this share of some column near the edge, which neither muscle nor implant do."""


def parted(small: NDArray[np.float32]) -> tuple[NDArray[np.float32], float | None]:
    """Find the threshold that parts the breast from air.

    Parameters
    ----------
    small : ndarray of float32, shape (rows, columns)
        Finite, not constant.

    Returns
    -------
    values : ndarray of float32
        Square roots of the values above the darkest, from 0 to 1; what outshines the breast is capped.
    line : float or None
        The skin's threshold on them; None where there is no air.
    """
    cap = float(small.max())
    low = float(small.min())
    for _ in range(6):
        values = np.sqrt((np.minimum(small, cap) - low) / (cap - low), dtype=np.float32)
        middle = otsu_threshold(values, bins=BINS)
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
        lower = otsu_threshold(below, bins=BINS)
        if _is_air(capped, values <= lower, (values > lower) & (values <= middle)):
            return values, _skin_line(values, lower)
    return values, None


def quiet(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Smooth a picture as far as its grain asks for.

    Parameters
    ----------
    small : ndarray of float32, shape (rows, columns)

    Raises
    ------
    MaskError
        There is nothing but grain.
    """
    from scipy import ndimage

    if min(small.shape) < 16:
        return small
    refuse_noise(small)
    spread = float(small.std())
    # Differences across two diagonals leave nothing of slopes: half of their spread is the grain's.
    grain = small[1:, 1:] - small[1:, :-1] - small[:-1, 1:] + small[:-1, :-1]
    share = 0.5 * 1.4826 * float(np.median(np.abs(grain))) / spread
    return small if share < _GRAIN else ndimage.gaussian_filter(small, min(3.0, 10.0 * share))


def refuse_noise(small: NDArray[np.float32]) -> None:
    """Raise MaskError where smoothing leaves nothing of a picture."""
    from scipy import ndimage

    if float(ndimage.gaussian_filter(small, 3.0).std()) < _NOISE * float(small.std()):
        raise MaskError("the image holds nothing but noise: no breast can be told from air", remedy=LOOK)


def refuse_inverted(small: NDArray[np.float32], bright: NDArray[np.bool_] | None) -> None:
    """Raise MaskError where what is bright is air: the picture's values are upside down.

    Parameters
    ----------
    small : ndarray of float32, shape (rows, columns)
        Finite, not constant.
    bright : ndarray of bool, shape (rows, columns), or None
        What is brighter than air; None where there is none.

    Raises
    ------
    MaskError
        There is air in the negative, and nothing dark that would be air with more right.
    """
    if min(small.shape) < 32 or (bright is not None and _border_share(bright) < _SURROUNDS):
        return
    values, line = parted(small.max() - small)
    if line is None:
        return
    air = values <= line
    gap = float(np.median(small[air]) - np.median(small[~air]))
    alike = float(np.subtract(*np.percentile(small[air], [75, 25]))) < _ALIKE * gap
    sides = air.mean(axis=0)
    deep = max(2, round(_AT_THE_EDGE * len(sides)))
    if alike and max(sides[:deep].max(), sides[-deep:].max()) >= _ALONG:
        raise MaskError(
            "the image looks inverted: bright air around a dark breast",
            remedy="Invert its values, so that dense tissue is bright (a PNG cannot say that it is MONOCHROME1).",
        )


def _border_share(mask: NDArray[np.bool_]) -> float:
    return float(np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]]).mean())


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
