"""A breast resampled to one grid, so that exports of different sizes compare."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.bounding_box import bounding_box
from radiomics_mammo.features.parenchyma.base import Breast
from radiomics_mammo.imaging.breast.skin_depth import skin_depth

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LONGEST = 256
"""Pixels along the longer side of a coarse breast: about 0.8 mm each, the size in the smallest exports."""
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Coarse:
    """A breast in its bounding box, resampled to ``LONGEST`` pixels along the longer side.

    Attributes
    ----------
    values : ndarray of float64, shape (rows, columns)
        Means over the breast's part of each pixel's area; 0 where ``mask`` is False.
    mask, interior : ndarray of bool, shape (rows, columns)
        Pixels of which at least half lies in the breast, and in its interior.
    depth : ndarray of float32, shape (rows, columns)
        Distance from the skin, coarse pixels.
    pixels : int
        Pixels of the image in the interior.
    longest : int
        Pixels of the image along the longer side.
    """

    values: Floats
    mask: Bools
    interior: Bools
    depth: NDArray[np.float32]
    pixels: int
    longest: int


@lru_cache(maxsize=1)  # by the record itself, which stays alive here: families of one breast share the work
def coarse(breast: Breast) -> Coarse:
    """Resample a breast of one pixel or more, cropped to its bounding box."""
    box = bounding_box(breast.mask)
    assert box is not None
    cut = np.s_[box[0] : box[1], box[2] : box[3]]
    mask, inner = breast.mask[cut], breast.interior[cut]
    tissue = mask if breast.tissue is None or breast.tissue is breast.mask else breast.tissue[cut]
    longest = max(mask.shape)
    shape = tuple(max(1, round(n * LONGEST / longest)) for n in mask.shape)
    cover = resampled(mask, shape)
    inside = cover >= 0.5 - ROUNDING
    sums = resampled(breast.values[cut], shape, where=mask)
    values = np.divide(sums, cover, out=np.zeros(shape), where=inside)
    interior = (resampled(inner, shape) >= 0.5 - ROUNDING) & inside
    whole = inside if tissue is mask else (resampled(tissue, shape) >= 0.5 - ROUNDING) | inside
    depth = depth_in(whole, film=film_edges(inner | tissue & ~mask))
    return Coarse(values, inside, interior, depth, int(np.count_nonzero(inner)), longest)


def resampled(values: NDArray[np.generic], shape: tuple[int, ...], *, where: Bools | None = None) -> Floats:
    """Compute means over areas: of each new pixel, or of an old one where those are larger (linear interpolation).

    Parameters
    ----------
    where : ndarray of bool, shape (rows, columns), optional
        Pixels that count, the others being 0; the default is all.
    """
    strips = _down_rows(values, shape[0], where)
    return _down_rows(np.ascontiguousarray(strips.T), shape[1], None).T


def _down_rows(values: NDArray[np.generic], new: int, where: Bools | None) -> Floats:
    """Resample the rows strip by strip, so that the whole image is not copied."""
    old = values.shape[0]
    step = old / new
    width = max(step, 1.0)
    # Counts of a column's pixels fit 16 bits, and a breast has twelve million of them.
    kind = np.uint16 if values.dtype == np.bool_ else np.float64
    strips = np.empty((new, values.shape[1]))
    for k, strip in enumerate(strips):
        low, high = (k + 0.5) * step - width / 2, (k + 0.5) * step + width / 2
        first, past = max(int(np.floor(low)), 0), min(int(np.ceil(high)), old)
        part = values[first:past] if where is None else np.where(where[first:past], values[first:past], 0)
        outer = min(high, first + 1) - max(low, first), min(high, past) - max(low, past - 1)
        if past - first == 1:
            strip[:] = part[0]
            continue
        np.multiply(part[0], outer[0], out=strip)
        if past - first > 2:
            strip += np.add.reduce(part[1:-1], axis=0, dtype=kind)
        strip += outer[1] * part[-1].astype(np.float64)
        strip /= outer[0] + (past - first - 2) + outer[1]
    return strips


def block_sums(values: NDArray[np.generic], block: int) -> Floats:
    """Compute sums of square blocks, of which the image holds a whole number."""
    if block == 1:
        return np.asarray(values, dtype=np.float64)
    strips = np.empty((values.shape[0] // block, values.shape[1]))
    for strip, start in zip(strips, range(0, values.shape[0], block), strict=True):
        np.sum(values[start : start + block], axis=0, dtype=np.float64, out=strip)
    return np.add.reduceat(strips, np.arange(0, values.shape[1], block), axis=1, dtype=np.float64)


Edges = tuple[bool, bool, bool]
"""Top, bottom and right of an image."""


def film_edges(deep: NDArray[np.bool_]) -> Edges:
    """Find the edges at which the film ends the breast: the interior reaches them."""
    return bool(deep[0].any()), bool(deep[-1].any()), bool(deep[:, -1].any())


def depth_in(
    tissue: NDArray[np.bool_], *, film: Edges, spacing: tuple[float, float] | None = None
) -> NDArray[np.float32]:
    """Compute the distance from the skin by ``skin_depth``, with background outside all edges but the film's.

    Pixels, or millimetres where the spacing is given; the chest wall is at the left.
    """
    top, bottom, right = (int(not edge) for edge in film)
    framed = np.pad(tissue, ((top, bottom), (0, right)))
    return skin_depth(framed, spacing=spacing)[top : top + tissue.shape[0], : tissue.shape[1]]
