"""How deep under the skin each place of a breast lies: the one rule for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HEIGHT_MM = 200.0
"""What the height of a breast is taken for where the pixel size is unknown."""


def skin_depth(
    tissue: NDArray[np.bool_], *, air: bool = True, spacing: tuple[float, float] | None = None
) -> NDArray[np.float32]:
    """Measure the distance to the air; the picture's edges and what lies behind the chest wall are no air.

    Parameters
    ----------
    tissue : ndarray of bool, shape (rows, columns)
        Breast, muscle and implant, chest wall at the left.
    air : bool
        Whether there is any.
    spacing : tuple of float, optional
        Millimetres (row, column) of a pixel.

    Returns
    -------
    ndarray of float32, shape (rows, columns)
        Pixels (millimetres where the spacing is given), from the centre of a pixel to the outline; larger than the
        picture where there is no air.
    """
    from scipy import ndimage

    row, column = spacing or (1.0, 1.0)
    chest_wall = int(np.argmax(tissue.any(axis=0)))
    inner = tissue[:, chest_wall:]
    depth = np.full(tissue.shape, np.float32(tissue.shape[0] * row + tissue.shape[1] * column))
    if air and not inner.all():
        half_a_pixel = 0.5 * float(np.sqrt(row * column))
        depth[:, chest_wall:] = ndimage.distance_transform_edt(inner, sampling=spacing) - half_a_pixel
    return depth
