"""Bring a picture to the size that the network takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def resized(picture: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Compute a square image of another size by antialiased bicubic interpolation.

    Parameters
    ----------
    picture : ndarray of float32, shape (rows, columns)
        From 0 to 1.
    size : int
        Rows and columns of the result.

    Returns
    -------
    ndarray of float32, shape (size, size)
        From 0 to 1; where the interpolation overshoots it is cut off.
    """
    scaled = Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(scaled, dtype=np.float32), 0.0, 1.0)
