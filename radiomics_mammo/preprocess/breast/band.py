"""The band under the skin, where the compressed breast thins out and its brightness tells of thickness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HEIGHT_MM = 200.0
"""What the height of a breast is taken for where the pixel size is unknown."""


def skin_depth(tissue: NDArray[np.bool_], *, air: bool) -> NDArray[np.float32]:
    """Measure the distance to the air; the picture's edges and what lies behind the chest wall are no air.

    Parameters
    ----------
    tissue : ndarray of bool, shape (rows, columns)
        Breast, muscle and implant, chest wall at the left.
    air : bool
        Whether there is any.

    Returns
    -------
    ndarray of float32, shape (rows, columns)
        Pixels, from the centre of a pixel to the outline; large where there is no air.
    """
    from scipy import ndimage

    chest_wall = int(np.argmax(tissue.any(axis=0)))
    inner = tissue[:, chest_wall:]
    depth = np.full(tissue.shape, np.float32(sum(tissue.shape)))
    if air and not inner.all():
        depth[:, chest_wall:] = ndimage.distance_transform_edt(inner) - 0.5
    return depth


def band_width(tissue: NDArray[np.bool_], *, band_mm: float, pixel_mm: float | None) -> float:
    """Give the band's width in pixels; where their size is unknown, a share of the breast's height.

    Parameters
    ----------
    tissue : ndarray of bool, shape (rows, columns)
    band_mm : float
        Width, millimetres.
    pixel_mm : float or None
        Size of these pixels.
    """
    if pixel_mm is not None:
        return band_mm / pixel_mm
    return band_mm / HEIGHT_MM * float(np.count_nonzero(tissue.any(axis=1)))
