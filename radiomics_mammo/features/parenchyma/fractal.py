"""Fractal dimensions: how the breast's pattern fills the picture from one scale to the next.

All are taken on the breast brought to 256 pixels along its longer side (by means over areas, or by linear
interpolation from less; from less than 64 there is nothing to be seen), with a line fitted by least squares to
logarithms over scales of factors of two. Of the dense tissue and of its edge, boxes are counted; of the grey levels, as
a landscape, the growth of the surface is followed. Caldwell et al., Phys Med Biol 1990; 35:235; Byng et al., Phys Med
Biol 1996; 41:909. A blanket by dilation and erosion (Peleg 1984) was tried: over so few scales it gives surfaces of
dimension 2.8 as 2.5.
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
    """Measure all three."""
    found = dense_tissue(breast)
    if found.grid.longest < SMALLEST:
        return FractalTerms(np.nan, np.nan, np.nan)
    edge = found.region & ~_eroded(found.region)
    return FractalTerms(
        box_dimension(found.region),
        box_dimension(edge),
        surface_dimension(found.grid),
    )


def dense_dimension(m: FractalTerms) -> float:
    """−slope of log (number of boxes that hold dense tissue) against log (side of the box)

    How solidly the dense tissue fills its place: towards 2 for one compact white area, towards 1 for strands and
    scattered islands.
    """
    return m.dense


def edge_dimension(m: FractalTerms) -> float:
    """−slope of log (number of boxes that hold an edge of dense tissue) against log (side of the box)

    How ragged the border between dense tissue and fat is: near 1 for a smooth border, higher where gland and fat
    interlock.
    """
    return m.edge


def surface(m: FractalTerms) -> float:
    """3 − slope of log (mean |difference| of neighbouring cells) against log (side of the cell)

    Roughness of the parenchyma: near 2 for smooth, fatty or evenly dense breasts, towards 3 for busy nodular or
    streaky patterns. It has been related to Wolfe's grades and to density.
    """
    return m.surface


def _eroded(mask: Bools) -> Bools:
    """Pixels whose four neighbours are all in the mask; the picture's border is no edge."""
    framed = np.pad(mask, 1, mode="edge")
    inner: Bools = framed[1:-1, 1:-1] & framed[:-2, 1:-1] & framed[2:, 1:-1] & framed[1:-1, :-2] & framed[1:-1, 2:]
    return inner


_TOO_SMALL = (
    f"the region has fewer than {SMALLEST} pixels along its longer side, or its dense tissue cannot be told or reaches "
    "across less than an eighth of it"
)
_NO_ROOM = (
    f"the region has fewer than {SMALLEST} pixels along its longer side, fewer than 64 pairs of neighbouring cells of "
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
            _NO_ROOM,
            "2 to 3 for a fractal landscape, more for noise. Without the papers' flat part of the surface, which makes "
            "the value depend on the unit of the grey levels.",
        ),
    ),
)
