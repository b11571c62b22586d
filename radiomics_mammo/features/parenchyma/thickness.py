"""Towards the skin a breast gets thinner and darker: its fat is brought to one brightness.

After Byng, Critten and Yaffe, Radiology 1997; 203:564, "Thickness-equalization processing for mammographic images".
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from radiomics_mammo.features.parenchyma.grid import Coarse, Floats

FAT = 0.1
"""The quantile of a ring under the skin that is taken for fat: even in dense breasts a tenth of it is."""
REACH = 0.45
"""How far the breast may thin out, as a share of its greatest depth: on film it darkens further than it thins."""


def equalised(grid: Coarse) -> Floats:
    """Raise the values near the skin by what fat is darker there than deeper; the rest stays as it is.

    Parameters
    ----------
    grid : Coarse
        With skin: a depth that differs from place to place.

    Returns
    -------
    ndarray of float64, shape (rows, columns)
    """
    reach = int(REACH * grid.depth[grid.mask].max())
    ring = np.minimum(np.maximum(grid.depth, 0.0).astype(np.int64), reach + 1)  # the last holds all that is deeper
    inside = ring[grid.mask]
    order = np.argsort(inside.astype(np.int16), kind="stable")  # by radix: the coarse grid has few rings
    ordered = grid.values[grid.mask][order]
    ends = np.searchsorted(inside[order], np.arange(reach + 2))
    found = [_rank(ordered[a:b]) if b > a else -np.inf for a, b in pairwise(ends)]
    fat = np.maximum.accumulate(found)  # fat gets no darker with depth: a dark patch there is not thinness
    raised: Floats = grid.values + np.append(fat[-1] - fat, 0.0)[ring]
    return raised


def _rank(values: Floats) -> float:
    """The fat's share of the way up; a value that occurs, for interpolating takes ten times as long."""
    at = int(FAT * len(values))
    return float(np.partition(values, at)[at])
