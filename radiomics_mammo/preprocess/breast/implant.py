"""An implant: a large, smooth, bright body against the chest wall. Looked for only where the collection says so."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.preprocess.breast.outline import largest, otsu

_SHARES = (0.05, 0.85)
_BEHIND = 0.35
_SOLID = 0.88


def find_implant(values: NDArray[np.float32], breast: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Find the implant as the largest bright piece of the smoothed breast.

    Otsu's threshold is tried on the breast, then on the brighter of its two parts. A piece is an implant if it
    reaches the back third of the breast, is convex but for a few per cent, and takes a plausible share of it.

    Parameters
    ----------
    values : ndarray of float32, shape (rows, columns)
        The small picture, chest wall at the left.
    breast : ndarray of bool, shape (rows, columns)
        Breast with implant.

    Returns
    -------
    ndarray of bool, shape (rows, columns), or None
    """
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(np.where(breast, values, np.median(values[breast])), 1.5)
    found, best = None, _SOLID
    levels = smooth[breast]
    for _ in range(3):
        if not levels.max() > levels.min():
            break
        middle = otsu(levels)
        piece = _body((smooth > middle) & breast)
        solid = _solidity(piece) if _fits(piece, breast) else 0.0
        if solid > best:
            found, best = piece, solid
        levels = levels[levels > middle]
    return found


def _body(bright: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest piece without what hangs on it by a thin bridge, holes filled."""
    from scipy import ndimage

    radius = max(2.0, max(bright.shape) / 40)
    core: NDArray[np.bool_] = (
        ndimage.distance_transform_edt(np.pad(bright, ((0, 0), (1, 0)), mode="edge"))[:, 1:] > radius
    )
    if not core.any():
        return core
    grown = ndimage.distance_transform_edt(~largest(core)) <= radius
    body: NDArray[np.bool_] = ndimage.binary_fill_holes(largest(grown & bright))
    return body


def _fits(piece: NDArray[np.bool_], breast: NDArray[np.bool_]) -> bool:
    if not piece.any():
        return False
    share = np.count_nonzero(piece) / np.count_nonzero(breast)
    columns = np.flatnonzero(breast.any(axis=0))
    back = columns[0] + _BEHIND * len(columns)
    return bool(_SHARES[0] <= share <= _SHARES[1] and np.flatnonzero(piece.any(axis=0))[0] <= back)


def _solidity(piece: NDArray[np.bool_]) -> float:
    """Area over the area of the convex hull."""
    from scipy.spatial import ConvexHull

    rows = np.flatnonzero(piece.any(axis=1))
    first = np.argmax(piece[rows], axis=1)
    past = piece.shape[1] - np.argmax(piece[rows, ::-1], axis=1)
    corners = np.concatenate([np.stack([r, c], axis=1) for r in (rows, rows + 1) for c in (first, past)])
    return float(np.count_nonzero(piece) / ConvexHull(corners).volume)
