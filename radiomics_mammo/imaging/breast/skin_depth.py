"""Depth of each pixel of a breast below the skin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HEIGHT_MM = 200.0
"""Height assumed of a breast where the pixel size is unknown."""


def skin_depth(
    tissue: NDArray[np.bool_], *, has_background: bool = True, spacing: tuple[float, float] | None = None
) -> NDArray[np.float32]:
    """Compute the distance to the background.

    Neither the image's edges nor what lies behind the chest wall count as background.

    Parameters
    ----------
    tissue : ndarray of bool, shape (rows, columns)
        Breast, muscle and implant, chest wall at the left.
    has_background : bool
        Whether there is any.
    spacing : tuple of float, optional
        Millimetres (row, column) of a pixel.

    Returns
    -------
    ndarray of float32, shape (rows, columns)
        Pixels (millimetres where the spacing is given), from the centre of a pixel to the outline; larger than the
        image where there is no background.
    """
    from scipy import ndimage

    row, column = spacing or (1.0, 1.0)
    chest_wall = int(np.argmax(tissue.any(axis=0)))
    inner = tissue[:, chest_wall:]
    depth = np.full(tissue.shape, np.float32(tissue.shape[0] * row + tissue.shape[1] * column))
    if has_background and not inner.all():
        half_a_pixel = 0.5 * float(np.sqrt(row * column))
        depth[:, chest_wall:] = ndimage.distance_transform_edt(inner, sampling=spacing) - half_a_pixel
    return depth
