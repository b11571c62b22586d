"""Dense tissue told from fat on one picture, without a calibration of dose and thickness: an estimate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.otsu import otsu_threshold
from radiomics_mammo.features.parenchyma.base import Breast
from radiomics_mammo.features.parenchyma.grid import Bools, Coarse, Floats, coarse
from radiomics_mammo.features.parenchyma.thickness import equalised

FEWEST = 100
"""Pixels of the interior, in the image and on the coarse grid, below which no threshold is looked for."""
LAYER = 0.1
"""Share of the interior, nearest to the skin, that is taken for fat under the skin."""
SPREADS = 2.5
"""How many of its standard deviations dense tissue must be brighter than that fat."""


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """Where a breast is dense.

    Attributes
    ----------
    grid : Coarse
        The breast on the grid on which this was decided.
    values : ndarray of float64, shape (n,)
        The interior's values after thickness equalisation; empty where nothing can be told.
    threshold : float
        Above it a value is dense; NaN where nothing can be told.
    region : ndarray of bool, shape (rows, columns)
        The dense pixels of the interior.
    """

    grid: Coarse
    values: Floats
    threshold: float
    region: Bools

    @property
    def told(self) -> bool:
        """Whether dense and fat could be told apart at all."""
        return bool(np.isfinite(self.threshold))


@lru_cache(maxsize=1)  # as in _grid: two families ask for it
def dense_tissue(breast: Breast) -> Dense:
    """Find the dense tissue.

    The values are equalised towards the skin. Otsu's threshold of the interior parts dense from fat, but in a breast
    of nothing but fat it would part fat from fat: so it is raised to ``SPREADS`` standard deviations above the fat
    under the skin (the tenth of the interior nearest to it), where that is higher. The standard deviation is
    that of the layer's darker half, for the brighter may hold gland. A region without a band under the skin, such
    as a lesion, is neither equalised nor is there fat to compare with: Otsu's threshold decides.
    """
    grid = coarse(breast)
    nothing = np.zeros_like(grid.mask)
    if min(grid.pixels, int(np.count_nonzero(grid.interior))) < FEWEST:
        return Dense(grid, np.zeros(0), np.nan, nothing)
    picture, lowest = grid.values, -np.inf
    if (grid.mask & ~grid.interior).any() and np.ptp(grid.depth[grid.mask]) > 0:
        picture = equalised(grid)
        lowest = _above_fat(picture[grid.interior], grid.depth[grid.interior])
    values = picture[grid.interior]
    if values.min() == values.max():
        return Dense(grid, np.zeros(0), np.nan, nothing)
    threshold = max(otsu_threshold(values), lowest)
    return Dense(grid, values, threshold, grid.interior & (picture > threshold))


def separability(values: Floats, threshold: float) -> float:
    """Share of the values' variance that lies between the two classes; 0 where one of them is empty."""
    upper = values > threshold
    share = float(upper.mean())
    if share in (0.0, 1.0):
        return 0.0
    apart = float(values[upper].mean() - values[~upper].mean())
    return share * (1.0 - share) * apart**2 / float(values.var())


def _above_fat(values: Floats, depth: NDArray[np.float32]) -> float:
    layer = values[depth <= np.quantile(depth, LAYER)]
    middle, low = np.quantile(layer, (0.5, 0.158655))  # the lower is one standard deviation below in a Gaussian
    return float(middle + SPREADS * (middle - low))
