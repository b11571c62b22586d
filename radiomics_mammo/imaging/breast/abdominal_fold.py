"""An abdominal fold below the breast, by the shape of the outline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SMOOTHING = 0.014
"""Of the outline, in breast heights: the width of a nipple."""
MOST = 0.06
"""Rise of the outline below the breast, in breast heights; 0.055 is the most of simulated breasts without a fold."""


def may_have_fold(breast: NDArray[np.bool_]) -> bool:
    """Return whether the outline of a mediolateral view widens again below the breast.

    Parameters
    ----------
    breast : ndarray of bool, shape (rows, columns)
        Breast and muscle, chest wall at the left.
    """
    from scipy import ndimage

    rows = np.flatnonzero(breast.any(axis=1))
    first, past = int(rows[0]), int(rows[-1]) + 1
    depth = breast.shape[1] - np.argmax(breast[first:past, ::-1], axis=1).astype(np.float64)
    depth[~breast[first:past].any(axis=1)] = 0
    smooth = ndimage.gaussian_filter1d(depth, SMOOTHING * depth.size, mode="nearest")
    below = smooth[int(smooth.argmax()) :]
    return bool((below - np.minimum.accumulate(below)).max() > MOST * depth.size)
