"""What the formulas of the first-order family need to know of a region's intensities."""

from __future__ import annotations

from dataclasses import dataclass

from radiomics_mammo.compute.reductions import Array


@dataclass(frozen=True, slots=True, eq=False)
class FirstOrderStats:
    """Sufficient statistics of intensities; arrays have shape (n_roi,) unless said.

    Attributes
    ----------
    n : ndarray
        Number of pixels.
    low, high, mean : ndarray
        Minimum, maximum, mean.
    m2, m3, m4 : ndarray
        Central moments (divided by n).
    deviation, robust_deviation : ndarray
        Mean absolute deviation; the same of the pixels between the 10th and 90th percentiles.
    energy : ndarray
        Sum of (intensity + voxelArrayShift) squared.
    quantiles : ndarray, shape (n_roi, 5)
        10th, 25th, 50th, 75th and 90th percentile, linearly interpolated.
    pixel_area : ndarray
        Square millimetres, or 1 where the spacing is unknown.
    count : ndarray, shape (n_roi, n_levels + 1)
        Pixels of each grey level (entry 0 is unused).
    """

    n: Array
    low: Array
    high: Array
    mean: Array
    m2: Array
    m3: Array
    m4: Array
    deviation: Array
    robust_deviation: Array
    energy: Array
    quantiles: Array
    pixel_area: Array
    count: Array

    @classmethod
    def of(cls, moments: Array, quantiles: Array, pixel_area: Array, count: Array) -> FirstOrderStats:
        """Name the columns of what the kernels wrote, shape (n_roi, 10)."""
        n, low, high, mean, m2, m3, m4, deviation, robust, energy = moments.T
        return cls(n, low, high, mean, m2, m3, m4, deviation, robust, energy, quantiles, pixel_area, count)
