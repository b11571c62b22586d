"""Detection of the nipple: where the skin line is far from the chest wall and pointed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_NIPPLE = 0.014
_AROUND = 0.05
_PRIOR = 0.035
_STEPS = 0.25


def find_nipple(breast: NDArray[np.bool_], *, has_background: bool) -> tuple[tuple[float, float] | None, bool]:
    """Find the place on the skin line that is deep and pointed.

    Parameters
    ----------
    breast : ndarray of bool, shape (rows, columns)
        Breast and muscle on the small image, chest wall at the left.
    has_background : bool
        Whether there is any; otherwise there is no skin line.

    Returns
    -------
    nipple : tuple of float or None
        (row, column); None where the image's edge cuts off the tip of the breast, or there is no background.
    in_profile : bool
        Whether the skin line is pointed there; elsewhere the nipple is the deepest place.
    """
    from scipy import ndimage

    rows = np.flatnonzero(breast.any(axis=1))
    first, past = int(rows[0]), int(rows[-1]) + 1
    height = past - first
    depth = breast.shape[1] - np.argmax(breast[first:past, ::-1], axis=1).astype(np.float64)
    depth[~breast[first:past].any(axis=1)] = 0
    if not has_background or depth.max() >= breast.shape[1] - 1 or height < 16:
        return None, False
    fine = ndimage.gaussian_filter1d(depth, max(0.7, _NIPPLE / 2 * height), mode="nearest")
    broad = ndimage.gaussian_filter1d(depth, _AROUND * height, mode="nearest")
    # Less than a fraction of a nipple is the steps of the outline.
    pointed = np.clip((fine - broad) / (_NIPPLE * height) - _STEPS, 0, 1)
    shallow = (broad.max() - broad) / (_PRIOR * height)
    row = int(np.argmax(pointed - shallow**2))
    return (float(first + row) + 0.5, float(fine[row])), bool(pointed[row] > 0)
