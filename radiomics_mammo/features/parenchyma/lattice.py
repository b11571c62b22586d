"""Windows of a breast: the lattice, and one window behind the nipple.

Zheng, Y. et al. (2015). Parenchymal texture analysis in digital mammography: A fully automated pipeline for breast
cancer risk assessment. Med Phys 42(7), 4149-4160.
Huo, Z. et al. (2002). Computerized analysis of digitized mammograms of BRCA1 and BRCA2 gene mutation carriers.
Radiology 225(2), 519-526. Li, H. et al. (2004). Computerized analysis of mammographic parenchymal patterns for
assessing breast cancer risk: effect of ROI size and location. Med Phys 31(3), 549-555 (a window of 25.6 mm).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.bounding_box import bounding_box
from radiomics_mammo.errors import RoiError
from radiomics_mammo.features.parenchyma.base import Breast
from radiomics_mammo.features.parenchyma.grid import depth_in, film_edges

Box = tuple[int, int, int, int]
"""First and past-the-last row, first and past-the-last column."""
LEAST_SIDE = 4
"""Windows of fewer pixels a side have no texture."""
RETROAREOLAR = "retroareolar"
"""The prefix of columns of the window behind the nipple."""
RETROAREOLAR_SCALE = 2.5
"""Its side in sides of a window of the lattice: 25 mm for 10 mm."""
RETROAREOLAR_COVERAGE = 0.5
"""Least proportion of its square in the interior."""
SHAPE = "shape2D"
"""The class that windows do not have: all of them are squares."""
DEPTH_PIXELS = 64
"""Pixels of the image on which depth is measured: a few times finer than the windows."""


@dataclass(frozen=True, slots=True)
class LatticeSettings:
    """Settings of the lattice, under the recipe's names.

    Attributes
    ----------
    windowMm : float
        Side of a window, where the pixel size is known.
    windowPx : int
        Side of a window in pixels, where it is not.
    step : float
        Distance from one window to the next, in sides of a window.
    coverage : float
        Least proportion of a window's pixels that lie in the interior of the breast.
    quantiles : tuple of float
        Quantiles over the windows that become columns, from 0 to 1.
    outlyingWindows : int or float
        Number of outlying windows that ``latticeOutlying`` is the mean of; below 1 their proportion, at least one
        window.
    retroareolar : bool
        Measure one larger window behind the nipple, too.
    featureClass : mapping of str to tuple of str
        Features of a window: family to names, all of a family's where the tuple is empty.
    """

    windowMm: float = 10.0  # noqa: N815
    windowPx: int = 64  # noqa: N815
    step: float = 1.0
    coverage: float = 0.8
    quantiles: tuple[float, ...] = (0.1, 0.5, 0.9)
    outlyingWindows: int | float = 3  # noqa: N815
    retroareolar: bool = True
    featureClass: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # noqa: N815


def window_size(spacing: tuple[float, float] | None, settings: LatticeSettings) -> tuple[int, int]:
    """Return rows and columns of a window, in pixels, at least ``LEAST_SIDE``."""
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

    The grid covers the interior's bounding box and is centred on it, except that in a breast it begins at the chest
    wall, where a window half outside would lose the deepest tissue. Windows are cropped to the image. A window is used
    where at least ``coverage`` of its whole square is interior: none in an interior smaller than a window.
    """
    box = bounding_box(breast.interior)
    size = window_size(breast.spacing, settings)
    if box is None:
        return []
    tops = _starts(box[0], box[1], size[0], settings.step)
    lefts = _starts(box[2], box[3], size[1], settings.step)
    if breast.tissue is not None:
        lefts += box[2] - lefts[0]
    inside = breast.interior
    counts = _counts(inside, tops=tops, lefts=lefts, size=size)
    least = settings.coverage * size[0] * size[1]
    # A proportion such as 0.8 is not exact in binary: a window exactly at the limit is used.
    corners = np.argwhere(counts >= least * (1.0 - 1e-12))
    return [_cut((int(tops[i]), int(lefts[j])), size, inside.shape) for i, j in corners]


def retroareolar_window(breast: Breast, settings: LatticeSettings, *, nipple: tuple[float, float] | None) -> Box | None:
    """Lay one square window behind the nipple, towards the chest wall.

    Its edge lies where the interior of the breast begins on that row: skin and nipple are outside.

    None where the nipple is not known, no interior lies on its row, or less than half of the square is interior.
    """
    if nipple is None:
        return None
    rows = len(breast.interior)
    height, width = (round(RETROAREOLAR_SCALE * side) for side in window_size(breast.spacing, settings))
    row, column = (round(place) for place in nipple)
    row = min(max(row, 0), rows - 1)
    behind = np.flatnonzero(breast.interior[row, : max(column + 1, 0)])
    if not len(behind):
        return None
    right, top = int(behind[-1]) + 1, row - height // 2
    box = (max(top, 0), min(top + height, rows), max(right - width, 0), right)
    inside = np.count_nonzero(breast.interior[box[0] : box[1], box[2] : box[3]])
    return box if inside >= RETROAREOLAR_COVERAGE * height * width else None


def depths(breast: Breast, boxes: list[Box]) -> NDArray[np.float64]:
    """Compute the windows' depth, 0 to 1: distance from the skin over the largest.

    The chest wall, at the image's left edge, is not skin, nor is an edge where the film cuts the breast; muscle and
    implant count as tissue. In a region that is not a whole breast all of the outline counts. Distances are taken on an
    image subsampled to about ``DEPTH_PIXELS`` pixels.
    """
    block = max(1, max(breast.mask.shape) // DEPTH_PIXELS)
    thin = np.s_[block // 2 :: block, block // 2 :: block]
    spacing = breast.spacing or (1.0, 1.0)
    if breast.tissue is None:
        distance = _from_outline(breast.mask[thin], spacing)
    else:
        # Tissue outside the breast is muscle or implant, and deep.
        film = film_edges(breast.interior | breast.tissue & ~breast.mask)
        distance = depth_in(breast.tissue[thin], film=film, spacing=spacing).astype(np.float64)
    distance = np.where(breast.mask[thin], distance, 0.0)
    deepest = float(distance.max(initial=0.0))
    if deepest == 0.0:  # the region is too thin for the subsampled image
        return np.zeros(len(boxes))
    last = np.array(distance.shape) - 1
    centres = np.array([((b[0] + b[1]) // 2, (b[2] + b[3]) // 2) for b in boxes], dtype=np.int64).reshape(-1, 2)
    y, x = np.minimum(centres // block, last).T
    relative: NDArray[np.float64] = distance[y, x] / deepest
    return relative


def _from_outline(mask: NDArray[np.bool_], spacing: tuple[float, float]) -> NDArray[np.float64]:
    """Compute the distance from all of an outline, including the image's edges."""
    from scipy import ndimage

    distance: NDArray[np.float64] = ndimage.distance_transform_edt(np.pad(mask, 1), sampling=spacing)[1:-1, 1:-1]
    half_pixel = 0.5 * float(np.sqrt(spacing[0] * spacing[1]))
    return np.maximum(distance - half_pixel, 0.0)


def _starts(first: int, past: int, side: int, step: float) -> NDArray[np.int64]:
    """Return where windows begin along one axis: as few as cover it, centred on it; may be below 0."""
    stride = max(1, round(step * side))
    count = 1 + max(0, -(-(past - first - side) // stride))
    covered = side + (count - 1) * stride
    return first + (past - first - covered) // 2 + stride * np.arange(count)


def _counts(
    inside: NDArray[np.bool_], *, tops: NDArray[np.int64], lefts: NDArray[np.int64], size: tuple[int, int]
) -> NDArray[np.int64]:
    """Count the interior pixels of every window, shape (n_tops, n_lefts)."""
    ones = np.ascontiguousarray(inside).view(np.uint8)
    upto = np.zeros((len(tops), inside.shape[1] + 1), dtype=np.int64)
    for row, top in zip(upto, tops.tolist(), strict=True):
        ones[max(top, 0) : max(top + size[0], 0)].sum(axis=0, dtype=np.int64, out=row[1:])
    np.cumsum(upto, axis=1, out=upto)
    ends = np.clip(lefts + size[1], 0, inside.shape[1])
    return upto[:, ends] - upto[:, np.clip(lefts, 0, inside.shape[1])]


def _cut(corner: tuple[int, int], size: tuple[int, int], shape: tuple[int, ...]) -> Box:
    top, left = corner
    return max(top, 0), min(top + size[0], shape[0]), max(left, 0), min(left + size[1], shape[1])
