"""Segmentation of dense tissue on one image, without a calibration of dose and thickness: an estimate.

Thickness is equalised after Byng, Critten and Yaffe, Radiology 1997; 203:564.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.otsu import otsu_threshold
from radiomics_mammo.features.parenchyma.base import Breast
from radiomics_mammo.features.parenchyma.grid import Bools, Coarse, Floats, coarse

FEWEST_PIXELS = 100
"""Pixels of the interior, in the image and on the coarse grid, below which no threshold is computed."""
FAT_LAYER = 0.1
"""Proportion of the interior, nearest to the skin, that is taken for subcutaneous fat."""
DEVIATIONS = 2.5
"""Standard deviations by which dense tissue must be brighter than that fat."""
FAT_QUANTILE = 0.1
"""Quantile of a ring under the skin that is taken for fat: even in dense breasts a tenth of it is."""
THINNING = 0.45
"""Depth up to which the breast may thin out, as a proportion of the greatest: film darkens further than it thins."""


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """The dense tissue of a breast.

    ``values`` are those of the interior after thickness equalisation, empty without a threshold; ``threshold`` is NaN
    where none can be computed; ``region`` are the dense pixels of the interior.
    """

    grid: Coarse
    values: Floats
    threshold: float
    region: Bools

    @property
    def defined(self) -> bool:
        """Whether there is a threshold."""
        return bool(np.isfinite(self.threshold))


@lru_cache(maxsize=1)  # as in grid: two families use it
def dense_tissue(breast: Breast) -> Dense:
    """Find the dense tissue.

    Thickness is equalised towards the skin. Otsu's threshold of the interior separates dense tissue from fat, but in a
    breast of fat it would separate fat from fat: it is raised to ``DEVIATIONS`` standard deviations above the
    subcutaneous fat (the tenth of the interior nearest to the skin), where that is higher. The standard deviation is
    that of the layer's darker half, as the brighter may hold gland. A region without a band under the skin, such as a
    lesion, is not equalised and has Otsu's threshold.
    """
    grid = coarse(breast)
    nothing = np.zeros_like(grid.mask)
    if min(grid.pixels, int(np.count_nonzero(grid.interior))) < FEWEST_PIXELS:
        return Dense(grid, np.zeros(0), np.nan, nothing)
    equalised, lowest = grid.values, -np.inf
    if (grid.mask & ~grid.interior).any() and np.ptp(grid.depth[grid.mask]) > 0:
        equalised = equalise_thickness(grid)
        lowest = _above_fat(equalised[grid.interior], grid.depth[grid.interior])
    values = equalised[grid.interior]
    if values.min() == values.max():
        return Dense(grid, np.zeros(0), np.nan, nothing)
    threshold = max(otsu_threshold(values), lowest)
    return Dense(grid, values, threshold, grid.interior & (equalised > threshold))


def equalise_thickness(grid: Coarse) -> Floats:
    """Raise the values near the skin by what fat is darker there than deeper."""
    reach = int(THINNING * grid.depth[grid.mask].max())
    ring = np.minimum(np.maximum(grid.depth, 0.0).astype(np.int64), reach + 1)  # the last holds all that is deeper
    inside = ring[grid.mask]
    order = np.argsort(inside.astype(np.int16), kind="stable")  # by radix: the coarse grid has few rings
    ordered = grid.values[grid.mask][order]
    ends = np.searchsorted(inside[order], np.arange(reach + 2))
    of_rings = [_fat_of(ordered[a:b]) if b > a else -np.inf for a, b in pairwise(ends)]
    fat = np.maximum.accumulate(of_rings)  # fat gets no darker with depth: a dark patch there is not thinness
    raised: Floats = grid.values + np.append(fat[-1] - fat, 0.0)[ring]
    return raised


def _fat_of(values: Floats) -> float:
    """Return a value that occurs: interpolating between two takes ten times as long."""
    at = int(FAT_QUANTILE * len(values))
    return float(np.partition(values, at)[at])


def separability(values: Floats, threshold: float) -> float:
    """Compute the proportion of the variance between the two classes."""
    upper = values > threshold
    proportion = float(upper.mean())
    if proportion in (0.0, 1.0):
        return 0.0
    distance = float(values[upper].mean() - values[~upper].mean())
    return proportion * (1.0 - proportion) * distance**2 / float(values.var())


def _above_fat(values: Floats, depth: NDArray[np.float32]) -> float:
    layer = values[depth <= np.quantile(depth, FAT_LAYER)]
    middle, low = np.quantile(layer, (0.5, 0.158655))  # the lower is one standard deviation below in a Gaussian
    return float(middle + DEVIATIONS * (middle - low))
