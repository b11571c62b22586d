"""Fractal dimensions of the parenchyma.

The breast is resampled to 256 pixels along its longer side (by means over areas, or by linear interpolation from less;
fewer than 64 are refused), and a line is fitted by least squares to logarithms over scales of factors of two: boxes are
counted for the dense tissue and its edge, differences of blocks for the grey-level surface. Caldwell et al., Phys Med
Biol 1990; 35:235; Byng et al., Phys Med Biol 1996; 41:909. Blankets by dilation and erosion (Peleg 1984) would give
surfaces of dimension 2.8 as 2.5 over so few scales.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiomics_mammo.features.parenchyma.base import Breast, Measure, MeasureFamily
from radiomics_mammo.features.parenchyma.box_counting import box_dimension, surface_dimension
from radiomics_mammo.features.parenchyma.dense_tissue import dense_tissue
from radiomics_mammo.features.parenchyma.grid import Bools

SMALLEST = 64
"""Pixels along a region's longer side below which the grid's finer half is interpolated."""


@dataclass(frozen=True, slots=True)
class FractalTerms:
    """The three dimensions; NaN where undefined."""

    dense: float
    edge: float
    surface: float


def derive(breast: Breast) -> FractalTerms:
    """Compute all three."""
    dense = dense_tissue(breast)
    if dense.grid.longest < SMALLEST:
        return FractalTerms(np.nan, np.nan, np.nan)
    edge = dense.region & ~_eroded(dense.region)
    return FractalTerms(box_dimension(dense.region), box_dimension(edge), surface_dimension(dense.grid))


def dense_dimension(m: FractalTerms) -> float:
    """Compute −slope of log (number of boxes that hold dense tissue) against log (side of the box)

    How solidly the dense tissue fills its place: towards 2 for one compact white area, towards 1 for strands and
    scattered islands.
    """
    return m.dense


def edge_dimension(m: FractalTerms) -> float:
    """Compute −slope of log (number of boxes that hold an edge of dense tissue) against log (side of the box)

    How ragged the border between dense tissue and fat is: near 1 for a smooth border, higher where gland and fat
    interlock.
    """
    return m.edge


def surface(m: FractalTerms) -> float:
    """Compute 3 − slope of log (mean |difference| of neighbouring blocks) against log (side of the block)

    Roughness of the parenchyma: near 2 for smooth, fatty or evenly dense breasts, towards 3 for busy nodular or
    streaky patterns. It has been related to Wolfe's grades and to density.
    """
    return m.surface


def _eroded(mask: Bools) -> Bools:
    """Return the pixels whose four neighbours are all in the mask; the image's border is not an edge."""
    framed = np.pad(mask, 1, mode="edge")
    inner: Bools = framed[1:-1, 1:-1] & framed[:-2, 1:-1] & framed[2:, 1:-1] & framed[1:-1, :-2] & framed[1:-1, 2:]
    return inner


_TOO_SMALL = (
    f"the region has fewer than {SMALLEST} pixels along its longer side, or it has no density threshold, or its dense "
    "tissue extends over less than an eighth of it"
)
_TOO_FEW_PAIRS = (
    f"the region has fewer than {SMALLEST} pixels along its longer side, fewer than 64 pairs of neighbouring blocks of "
    "1/32 of it lie in the interior in either direction, or they are all alike"
)
_BOXES = "box counting: Lopes and Betrouni, Med Image Anal 2009; 13:634"

FAMILY = MeasureFamily(
    name="fractal",
    title="Fractal dimensions",
    derive=derive,
    measures=(
        Measure("DenseDimension", dense_dimension, "1", "0 to 2", _BOXES, _TOO_SMALL),
        Measure(
            "EdgeDimension",
            edge_dimension,
            "1",
            "0 to 2",
            f"{_BOXES}; of outlines: Rangayyan and Nguyen, J Digit Imaging 2007; 20:223",
            _TOO_SMALL,
        ),
        Measure(
            "SurfaceDimension",
            surface,
            "1",
            "any",
            "Caldwell et al., Phys Med Biol 1990; 35:235; Byng et al., Phys Med Biol 1996; 41:909",
            _TOO_FEW_PAIRS,
            "2 to 3 for a fractal landscape, more for noise. Without the papers' flat part of the surface, which makes "
            "the value depend on the unit of the grey levels.",
        ),
    ),
)
