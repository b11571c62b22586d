"""Detection of an implant: a large, smooth, bright body at the chest wall."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.otsu import otsu_threshold
from radiomics_mammo.imaging.breast.background_threshold import BINS
from radiomics_mammo.imaging.breast.outline import largest

_PROPORTIONS = (0.08, 0.85)
_BEHIND = 0.2
_MIN_SOLIDITY = 0.9
_CLEAR = 0.03
_SHARP = 0.35


def find_implant(values: NDArray[np.float32], breast: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Find the implant as the largest bright piece of the smoothed breast.

    Otsu's threshold is tried on the breast, then on the brighter of its two parts. A piece is an implant if it
    reaches the back fifth of the breast but not its upper end, as muscle does, is convex but for a few per cent, takes
    a plausible share of it, and falls off steeply: dense tissue fades.

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
    implant, best = None, _MIN_SOLIDITY
    levels = smooth[breast]
    for _ in range(3):
        if not levels.max() > levels.min():
            break
        middle = otsu_threshold(levels, bins=BINS)
        piece = _body((smooth > middle) & breast)
        solid = _solidity(piece) if _is_plausible(piece, breast) and _sharpness(smooth, piece, breast) > _SHARP else 0.0
        if solid > best:
            implant, best = piece, solid
        levels = levels[levels > middle]
    return implant


def _body(bright: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest component without thin bridges, holes filled."""
    from scipy import ndimage

    radius = max(2.0, max(bright.shape) / 40)
    behind = np.pad(bright, ((0, 0), (1, 0)), mode="edge")
    core: NDArray[np.bool_] = ndimage.distance_transform_edt(behind)[:, 1:] > radius
    if not core.any():
        return core
    grown = ndimage.distance_transform_edt(~largest(core)) <= radius
    body: NDArray[np.bool_] = ndimage.binary_fill_holes(largest(grown & bright))
    return body


def _is_plausible(piece: NDArray[np.bool_], breast: NDArray[np.bool_]) -> bool:
    if not piece.any():
        return False
    proportion = np.count_nonzero(piece) / np.count_nonzero(breast)
    columns, rows = (np.flatnonzero(breast.any(axis=axis)) for axis in (0, 1))
    back, top = columns[0] + _BEHIND * len(columns), rows[0] + _CLEAR * len(rows)
    first_row, first_column = (np.flatnonzero(piece.any(axis=axis))[0] for axis in (1, 0))
    return bool(_PROPORTIONS[0] <= proportion <= _PROPORTIONS[1] and first_column <= back and first_row >= top)


def _sharpness(values: NDArray[np.float32], piece: NDArray[np.bool_], breast: NDArray[np.bool_]) -> float:
    """Compute the drop of brightness at the edge, as a proportion of the whole drop."""
    from scipy import ndimage

    reach = max(2, round(max(piece.shape) / 40))
    inner = piece & ~ndimage.binary_erosion(piece, iterations=reach, border_value=1)
    outer = ndimage.binary_dilation(piece, iterations=reach) & breast & ~piece
    rest = breast & ~piece
    if not outer.any():
        return 0.0
    fall = np.median(values[inner]) - np.median(values[outer])
    return float(fall / max(np.median(values[piece]) - np.median(values[rest]), np.finfo(np.float32).tiny))


def _solidity(piece: NDArray[np.bool_]) -> float:
    """Compute the area over the area of the convex hull."""
    from scipy.spatial import ConvexHull

    rows = np.flatnonzero(piece.any(axis=1))
    first = np.argmax(piece[rows], axis=1)
    past = piece.shape[1] - np.argmax(piece[rows, ::-1], axis=1)
    corners = np.concatenate([np.stack([r, c], axis=1) for r in (rows, rows + 1) for c in (first, past)])
    return float(np.count_nonzero(piece) / ConvexHull(corners).volume)
