"""The lattice: windows of one size in a regular grid across the breast.

Zheng, Y. et al. (2015). Parenchymal texture analysis in digital mammography: A fully automated pipeline for breast
cancer risk assessment. Med Phys 42(7), 4149-4160.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.bounding_box import bounding_box
from radiomics_mammo.errors import RoiError
from radiomics_mammo.features.parenchyma.base import Breast
from radiomics_mammo.features.parenchyma.depth import depth_in, film_edges

Box = tuple[int, int, int, int]
"""First and past-the-last row, first and past-the-last column."""
LEAST_SIDE = 4
"""Windows of fewer pixels a side have no texture."""
BEHIND = "retroareolar"
"""The prefix of columns of the window behind the nipple."""
SHAPE = "shape2D"
"""The one class that windows do not have: they are squares, and their shape says nothing."""
THIN = 64
"""Pixels of the picture that depth is measured on: a few times finer than the windows."""


@dataclass(frozen=True, slots=True)
class LatticeSettings:
    """How the windows are laid and summed up; the names are the recipe's.

    Attributes
    ----------
    windowMm : float
        Side of a window, where the pixel size is known.
    windowPx : int
        Side of a window in pixels, where it is not.
    step : float
        From one window to the next, as a share of the side.
    coverage : float
        Least share of a window's pixels that lie in the interior of the breast.
    quantiles : tuple of float
        Which quantiles over the windows become columns, from 0 to 1.
    suspicious : int or float
        How many of the windows that are most unlike the others ``latticeTop`` is the mean of; below 1 the share of
        them, at least one window.
    retroareolar : bool
        Whether one larger window behind the nipple is measured, too.
    featureClass : mapping of str to tuple of str
        Features of a window: family to names, all of a family's where the tuple is empty.
    """

    windowMm: float = 10.0  # noqa: N815
    windowPx: int = 64  # noqa: N815
    step: float = 1.0
    coverage: float = 0.8
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    suspicious: int | float = 3
    retroareolar: bool = True
    featureClass: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # noqa: N815


def window_sides(spacing: tuple[float, float] | None, settings: LatticeSettings) -> tuple[int, int]:
    """Rows and columns of a window, in pixels.

    Raises
    ------
    RoiError
        Fewer than ``LEAST_SIDE``.
    """
    if spacing is None:
        return settings.windowPx, settings.windowPx
    row, column = (round(settings.windowMm / pixel) for pixel in spacing)
    if min(row, column) < LEAST_SIDE:
        raise RoiError(
            f"a window of {settings.windowMm:g} mm is {row} x {column} pixels at this pixel size",
            remedy="Set a larger windowMm in the recipe's lattice, or check the pixel size.",
        )
    return row, column


def windows(breast: Breast, settings: LatticeSettings) -> list[Box]:
    """Lay the lattice over the interior of a breast.

    The grid is as large as it must be to cover the interior's bounding box, and centred on it, but for one side: of a
    breast it begins at the chest wall, where a window half outside would lose the deepest tissue. Windows that reach
    beyond the image are cut there. A window is kept where at least ``coverage`` of its whole square is interior.

    Parameters
    ----------
    breast : Breast
    settings : LatticeSettings

    Returns
    -------
    list of (top, bottom, left, right)
        Row by row; empty where the interior is smaller than a window.

    Raises
    ------
    RoiError
        A window has too few pixels.
    """
    box = bounding_box(breast.interior)
    sides = window_sides(breast.spacing, settings)
    if box is None:
        return []
    tops = _starts(box[0], box[1], sides[0], settings.step)
    lefts = _starts(box[2], box[3], sides[1], settings.step)
    if breast.tissue is not None:
        lefts += box[2] - lefts[0]
    inside = breast.interior
    counts = _counts(inside, tops=tops, lefts=lefts, sides=sides)
    least = settings.coverage * sides[0] * sides[1]
    # A share such as 0.8 is not exact in binary: a window right at the limit is kept.
    kept = np.argwhere(counts >= least * (1.0 - 1e-12))
    return [_cut((int(tops[i]), int(lefts[j])), sides, inside.shape) for i, j in kept]


def depths(breast: Breast, boxes: list[Box]) -> NDArray[np.float64]:
    """How deep the windows' centres lie: distance from the skin, over the largest one in the breast.

    The chest wall, at the image's left edge, is no skin, nor is an edge where the film cuts the breast; muscle and
    implant are as deep as tissue. Of a region that is no breast, all of its outline counts. Distances are taken on a
    picture thinned to about ``THIN`` pixels.

    Parameters
    ----------
    breast : Breast
    boxes : list of (top, bottom, left, right)

    Returns
    -------
    ndarray of float64, shape (n_windows,)
        From 0 to 1.
    """
    block = max(1, max(breast.mask.shape) // THIN)
    thin = np.s_[block // 2 :: block, block // 2 :: block]
    spacing = breast.spacing or (1.0, 1.0)
    if breast.tissue is None:
        distance = _from_outline(breast.mask[thin], spacing)
    else:
        # What of the tissue is none of the breast is muscle or implant, and deep.
        film = film_edges(breast.interior | breast.tissue & ~breast.mask)
        distance = depth_in(breast.tissue[thin], film=film, spacing=spacing).astype(np.float64)
    distance = np.where(breast.mask[thin], distance, 0.0)
    deepest = float(distance.max(initial=0.0))
    if deepest == 0.0:  # too thin a region for the thinned picture
        return np.zeros(len(boxes))
    last = np.array(distance.shape) - 1
    centres = np.array([((b[0] + b[1]) // 2, (b[2] + b[3]) // 2) for b in boxes], dtype=np.int64).reshape(-1, 2)
    y, x = np.minimum(centres // block, last).T
    found: NDArray[np.float64] = distance[y, x] / deepest
    return found


def _from_outline(mask: NDArray[np.bool_], spacing: tuple[float, float]) -> NDArray[np.float64]:
    """Distance from all of an outline, the picture's edges among it."""
    from scipy import ndimage

    distance: NDArray[np.float64] = ndimage.distance_transform_edt(np.pad(mask, 1), sampling=spacing)[1:-1, 1:-1]
    half_a_pixel = 0.5 * float(np.sqrt(spacing[0] * spacing[1]))
    return np.maximum(distance - half_a_pixel, 0.0)


def _starts(first: int, past: int, side: int, step: float) -> NDArray[np.int64]:
    """Where windows begin along one axis: as few as cover it, centred on it; below 0 where they reach beyond."""
    apart = max(1, round(step * side))
    count = 1 + max(0, -(-(past - first - side) // apart))
    covered = side + (count - 1) * apart
    return first + (past - first - covered) // 2 + apart * np.arange(count)


def _counts(
    inside: NDArray[np.bool_], *, tops: NDArray[np.int64], lefts: NDArray[np.int64], sides: tuple[int, int]
) -> NDArray[np.int64]:
    """Interior pixels of every window, shape (n_tops, n_lefts)."""
    ones = np.ascontiguousarray(inside).view(np.uint8)
    upto = np.zeros((len(tops), inside.shape[1] + 1), dtype=np.int64)
    for row, top in zip(upto, tops.tolist(), strict=True):
        ones[max(top, 0) : max(top + sides[0], 0)].sum(axis=0, dtype=np.int64, out=row[1:])
    np.cumsum(upto, axis=1, out=upto)
    ends = np.clip(lefts + sides[1], 0, inside.shape[1])
    return upto[:, ends] - upto[:, np.clip(lefts, 0, inside.shape[1])]


def _cut(corner: tuple[int, int], sides: tuple[int, int], shape: tuple[int, ...]) -> Box:
    top, left = corner
    return max(top, 0), min(top + sides[0], shape[0]), max(left, 0), min(left + sides[1], shape[1])
