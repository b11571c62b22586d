"""Bin edges for grey levels: pyradiomics' ``getBinEdges``.

Fixed-width bins start at a multiple of the width (IBSI starts them at the region's minimum).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import RoiError
from radiomics_mammo.imaging.preprocessing.plane import Plane

MAX_LEVELS = 65_536
"""Most grey levels: those of a 16-bit image."""


def bin_edges(plane: Plane, settings: Settings) -> NDArray[np.float64]:
    """Compute edges such that a value's grey level is ``numpy.digitize(value, edges)``.

    Parameters
    ----------
    plane : Plane
        Cropped to the region.
    settings : Settings
        Uses ``binCount`` and ``binWidth``.

    Returns
    -------
    ndarray of float64, shape (n_bins + 1,)

    Raises
    ------
    RoiError
        There would be more than ``MAX_LEVELS`` levels, or levels closer to each other than numbers can be.
    """
    inside = plane.values[plane.mask]
    low, high = inside.min(), inside.max()
    if inside.dtype.kind != "f":
        # Whole numbers are binned in float64: a narrow integer type would wrap around at the upper edge.
        low, high = np.float64(low), np.float64(high)
    if settings.binCount is not None:
        _refuse_above(settings.binCount, float(low), float(high))
        if low == high:  # as numpy.histogram_bin_edges, which takes five times as long
            low, high = low - 0.5, high + 0.5
        edges = np.linspace(low, high, settings.binCount + 1, dtype=low.dtype)
        edges[-1] += 1
        return _increasing(edges.astype(np.float64))
    width = settings.binWidth
    _refuse_above((float(high) - float(low)) / width, float(low), float(high))
    edges = np.arange(low - (low % width), high + 2 * width, width)
    if len(edges) == 1:
        edges = np.array([edges[0] - 0.5, edges[0] + 0.5])
    return _increasing(edges.astype(np.float64))


def _increasing(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    if (edges[1:] > edges[:-1]).all():
        return edges
    raise RoiError(
        f"intensities near {edges[0]:g} differ by no more than rounding: {len(edges) - 1} bins are too many",
        remedy="Check the image, subtract what all pixels share, or set a larger binWidth or a smaller binCount.",
    )


def _refuse_above(levels: float, low: float, high: float) -> None:
    if levels <= MAX_LEVELS:
        return
    raise RoiError(
        f"intensities from {low:g} to {high:g} would have {levels:,.0f} grey levels, more than {MAX_LEVELS:,}",
        remedy=f"Set binWidth to {(high - low) / 256:.3g} or more (256 levels), or binCount to 64.",
    )
