"""The band under the skin, where the compressed breast thins out and its brightness tells of thickness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.imaging.breast.skin_depth import HEIGHT_MM, skin_depth

__all__ = ["band_width", "skin_depth"]


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
