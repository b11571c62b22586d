"""What the formulas of the shape family need to know of an outline."""

from __future__ import annotations

from dataclasses import dataclass

from radiomics_mammo.compute.reductions import Array


@dataclass(frozen=True, slots=True, eq=False)
class Shape2DStats:
    """Sufficient statistics of each region's shape; every array has shape (n_roi,).

    Attributes
    ----------
    n : ndarray
        Number of pixels.
    across, down, oblique : ndarray
        Segments of the marching-squares outline that run along a row, along a column, and across a corner.
    eighths : ndarray
        Area inside that outline, in eighths of a pixel.
    yy, xx, yx : ndarray
        Central second moments of the pixel centres, px^2.
    diameter : ndarray
        Greatest distance between two points of the outline, mm.
    row, column : ndarray
        Pixel spacing, mm, or 1 where unknown.
    """

    n: Array
    across: Array
    down: Array
    oblique: Array
    eighths: Array
    yy: Array
    xx: Array
    yx: Array
    diameter: Array
    row: Array
    column: Array

    @classmethod
    def of(cls, measures: Array, spacing: Array) -> Shape2DStats:
        """Name the columns of what the kernel wrote, shape (n_roi, 9)."""
        return cls(*measures.T, *spacing.T)
