"""What the formulas of the co-occurrence family need to know of a matrix, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from radiomics_mammo.compute.reductions import Array
from radiomics_mammo.core.records import RoiBatch


class GlcmSums(NamedTuple):
    """The arrays of :class:`GlcmStats` that kernels add to, as one argument."""

    px: Array
    py: Array
    p_sum: Array
    p_diff: Array
    joint: Array
    mcc: Array


@dataclass(frozen=True, slots=True, eq=False)
class GlcmStats:
    """Sufficient statistics of co-occurrence matrices; counts are held in float64.

    Attributes
    ----------
    px, py : ndarray, shape (n_roi, n_angle, n_levels + 1)
        Row and column sums, by grey level (entry 0 is unused).
    p_sum : ndarray, shape (n_roi, n_angle, 2 * n_levels + 1)
        Counts by i + j.
    p_diff : ndarray, shape (n_roi, n_angle, n_levels + 1)
        Counts by abs(i - j).
    joint : ndarray, shape (n_roi, n_angle, 5)
        Sum of c, of c squared, of c log2 c, of i j c, and the largest c.
    mcc : ndarray, shape (n_roi, n_angle)
        Second largest singular value of the normalised matrix.
    n_levels, n_distinct : ndarray, shape (n_roi,)
        Highest grey level of each region, and how many occur.
    """

    px: Array
    py: Array
    p_sum: Array
    p_diff: Array
    joint: Array
    mcc: Array
    n_levels: Array
    n_distinct: Array

    @classmethod
    def empty(cls, batch: RoiBatch, n_angle: int) -> GlcmStats:
        """All zeros, on the host, for kernels to add to."""
        highest = int(batch.n_levels.max())
        levels = (batch.n_roi, n_angle, highest + 1)
        return cls(
            np.zeros(levels),
            np.zeros(levels),
            np.zeros((batch.n_roi, n_angle, 2 * highest + 1)),
            np.zeros(levels),
            np.zeros((batch.n_roi, n_angle, 5)),
            np.zeros((batch.n_roi, n_angle)),
            batch.n_levels.astype(np.float64),
            batch.n_distinct.astype(np.float64),
        )

    def sums(self) -> GlcmSums:
        """Return the arrays that kernels add to."""
        return GlcmSums(self.px, self.py, self.p_sum, self.p_diff, self.joint, self.mcc)
