"""Shape in the plane: size and form of the outline, whatever lies inside.

A is the area within the outline, P its length; λ₁ ≥ λ₂ are the variances of the pixel centres along the two main axes.
The outline runs by marching squares through the midpoints between pixels. pyradiomics ``shape2D``; IBSI defines shape
in three dimensions only, so that no feature here has a code.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from radiomics_mammo.compute.reductions import Array, divide, square
from radiomics_mammo.features.base import Family, Feature
from radiomics_mammo.features.shape2d.cpu import statistics
from radiomics_mammo.features.shape2d.cuda import footprint
from radiomics_mammo.features.shape2d.cuda import statistics as cuda_statistics
from radiomics_mammo.features.shape2d.sufficient_statistics import Shape2DStats


@dataclass(frozen=True, slots=True, eq=False)
class Shape2DTerms:
    """What several formulas need; arrays have shape (n_roi,).

    Area (mm²) and perimeter (mm) are of the marching-squares outline; ``major`` and ``minor`` are variances of the
    pixel centres along the main axes, mm².
    """

    stats: Shape2DStats
    area: Array
    perimeter: Array
    major: Array
    minor: Array


def derive(s: Shape2DStats, xp: ModuleType) -> Shape2DTerms:
    """Compute area, perimeter and main axes in millimetres (pixels where the spacing is unknown)."""
    oblique = 0.5 * xp.sqrt(square(s.row) + square(s.column))
    # Rounded alike where rows and columns are, so that a line's determinant is exactly 0.
    yy, xx, yx = s.yy * square(s.row), s.xx * square(s.column), s.yx * (s.row * s.column)
    major = 0.5 * (yy + xx) + xp.sqrt(square(0.5 * (yy - xx)) + square(yx))
    # The determinant gives the smaller eigenvalue without cancellation.
    minor = divide(xp.maximum(yy * xx - square(yx), 0.0), major, xp=xp, otherwise=0.0)
    perimeter = s.across * s.column + s.down * s.row + s.oblique * oblique
    return Shape2DTerms(s, s.eighths / 8.0 * s.row * s.column, perimeter, major, minor)


def elongation(m: Shape2DTerms, xp: ModuleType) -> Array:
    """Compute √(λ₂ / λ₁)

    Roundness of the whole: 1 for round, small for long narrow regions.
    """
    return xp.sqrt(divide(m.minor, m.major, xp=xp, otherwise=np.nan))


def major_axis_length(m: Shape2DTerms, xp: ModuleType) -> Array:
    """Compute 4 √λ₁

    Length of the region, taken as an ellipse.
    """
    return 4.0 * xp.sqrt(m.major)


def maximum_diameter(m: Shape2DTerms, xp: ModuleType) -> Array:
    """Compute the greatest distance between two points of the outline

    The region's size as a reader would measure it.
    """
    return m.stats.diameter


def mesh_surface(m: Shape2DTerms, xp: ModuleType) -> Array:
    """Compute the area within the outline, A

    The region's area, as its outline encloses it.
    """
    return m.area


def minor_axis_length(m: Shape2DTerms, xp: ModuleType) -> Array:
    """Compute 4 √λ₂

    Width of the region, taken as an ellipse.
    """
    return 4.0 * xp.sqrt(m.minor)


def perimeter_length(m: Shape2DTerms, xp: ModuleType) -> Array:
    """Compute the length of the outline, P

    Length of the outline: long for large, lobulated or spiculated regions.
    """
    return m.perimeter


def perimeter_surface_ratio(m: Shape2DTerms, xp: ModuleType) -> Array:
    """Compute P / A

    Outline per area: high for small, irregular or spiculated regions.
    """
    return m.perimeter / m.area


def pixel_surface(m: Shape2DTerms, xp: ModuleType) -> Array:
    """Compute the number of pixels times the area of one

    The region's area, counted pixel by pixel.
    """
    return m.stats.n * (m.stats.row * m.stats.column)


def sphericity(m: Shape2DTerms, xp: ModuleType) -> Array:
    """Compute 2 √(π A) / P

    Roundness of the outline: 1 for a circle, lower the more lobulated or spiculated it is.
    """
    return 2.0 * xp.sqrt(np.pi * m.area) / m.perimeter


def spherical_disproportion(m: Shape2DTerms, xp: ModuleType) -> Array:
    """Compute P / (2 √(π A))

    Irregularity of the outline: 1 for a circle, higher the more lobulated or spiculated it is.
    """
    return 1.0 / sphericity(m, xp)


_CROP = "With resegmentRange, pyradiomics measures the part of the region inside the resegmented box; so does this."
_THIN = f"Of a line one pixel wide λ₂ is 0; pyradiomics may return rounding noise for it. {_CROP}"

FAMILY = Family(
    name="shape2D",
    title="Shape",
    cpu=statistics,
    cuda=cuda_statistics,
    footprint=footprint,
    derive=derive,
    features=(
        Feature("Elongation", elongation, "", "1", "0 to 1", "the region is a single pixel", _THIN),
        Feature("MajorAxisLength", major_axis_length, "", "mm", "≥ 0", remark=_CROP),
        Feature("MaximumDiameter", maximum_diameter, "", "mm", "> 0", remark=_CROP),
        Feature("MeshSurface", mesh_surface, "", "mm²", "> 0", remark=_CROP),
        Feature("MinorAxisLength", minor_axis_length, "", "mm", "≥ 0", remark=_THIN),
        Feature("Perimeter", perimeter_length, "", "mm", "> 0", remark=_CROP),
        Feature("PerimeterSurfaceRatio", perimeter_surface_ratio, "", "1 / mm", "> 0", remark=_CROP),
        Feature("PixelSurface", pixel_surface, "", "mm²", "> 0", remark=_CROP),
        Feature("Sphericity", sphericity, "", "1", "0 to 1", remark=_CROP),
    ),
    optional=(
        Feature("SphericalDisproportion", spherical_disproportion, "", "1", "≥ 1", remark=f"1 / Sphericity. {_CROP}"),
    ),
)
