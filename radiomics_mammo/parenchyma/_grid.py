"""A breast on a coarser grid: means over blocks of its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.parenchyma.records import Breast

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LONGEST = 512
"""Pixels along the longer side of a coarse breast: about 0.4 mm each on a mammogram."""


@dataclass(frozen=True, slots=True, eq=False)
class Coarse:
    """A breast in its box, reduced until the longer side has ``LONGEST`` pixels at most.

    Attributes
    ----------
    values : ndarray of float64, shape (rows, columns)
        Means over the breast's pixels in each block; 0 where ``mask`` is False.
    mask, interior : ndarray of bool, shape (rows, columns)
        Blocks of which at least half lies in the breast, and in its interior.
    block : int
        Pixels along a block's side.
    """

    values: Floats
    mask: Bools
    interior: Bools
    block: int


@lru_cache(maxsize=1)  # by the record itself, which stays alive here: families of one breast share the work
def coarse(breast: Breast) -> Coarse:
    """Reduce a breast of one pixel or more, cut to its box."""
    box = box_of(breast.mask)
    mask = breast.mask[box]
    block = -(-max(mask.shape) // LONGEST)
    count = block_sums(mask, block)
    sums = block_sums(breast.values[box], block, where=mask)
    full = block_sums(np.ones((mask.shape[0], 1), np.bool_), block) * block_sums(np.ones((1, mask.shape[1])), block)
    inside = 2.0 * count >= full
    interior = (2.0 * block_sums(breast.interior[box], block) >= full) & inside
    return Coarse(np.where(inside, sums / np.maximum(count, 1.0), 0.0), inside, interior, block)


def box_of(mask: Bools) -> tuple[slice, slice]:
    """Smallest box around a mask; one without rows and columns where the mask is empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return slice(0, 0), slice(0, 0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def block_sums(values: NDArray[np.generic], block: int, *, where: Bools | None = None) -> Floats:
    """Add up square blocks; the last ones in each direction may be cut short.

    Parameters
    ----------
    values : ndarray, shape (rows, columns)
    block : int
        Pixels along a side.
    where : ndarray of bool, shape (rows, columns), optional
        Which pixels count; all if it is not given.

    Returns
    -------
    ndarray of float64, shape (⌈rows / block⌉, ⌈columns / block⌉)
    """
    if block == 1:
        return np.asarray(values if where is None else np.where(where, values, 0), dtype=np.float64)
    # Counts of a column's pixels fit 16 bits, and a breast has twelve million of them.
    kind = np.uint16 if values.dtype == np.bool_ else np.float64
    strips = np.empty((-(-values.shape[0] // block), values.shape[1]), kind)
    for strip, start in zip(strips, range(0, values.shape[0], block), strict=True):  # no copy of the whole picture
        part = np.s_[start : start + block]
        wanted = values[part] if where is None else np.where(where[part], values[part], 0)
        np.sum(wanted, axis=0, dtype=kind, out=strip)
    return np.add.reduceat(strips, np.arange(0, values.shape[1], block), axis=1, dtype=np.float64)
