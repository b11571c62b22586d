"""What the formulas of the grey tone difference family need to know."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiomics_mammo.compute.reductions import Array


@dataclass(frozen=True, slots=True, eq=False)
class NgtdmStats:
    """Sufficient statistics of the grey tone differences.

    Attributes
    ----------
    count : ndarray, shape (n_roi, n_levels + 1)
        Pixels of each level (entry 0 is unused), isolated ones included as in pyradiomics.
    difference : ndarray, shape (n_roi, n_levels + 1)
        Sum over a level's pixels of abs(level - mean of the neighbours).
    joint : ndarray, shape (n_roi, 4)
        Sums over ordered pairs (i, j) of occupied levels: abs(i p_i - j p_j); p_i p_j (i - j)^2;
        abs(i - j) (p_i s_i + p_j s_j) / (p_i + p_j); (p_i + p_j) (i - j)^2.
    """

    count: Array
    difference: Array
    joint: Array

    @classmethod
    def empty(cls, n_roi: int, n_levels: int) -> NgtdmStats:
        """All zeros, on the host, for kernels to add to."""
        return cls(np.zeros((n_roi, n_levels + 1)), np.zeros((n_roi, n_levels + 1)), np.zeros((n_roi, 4)))

    def arrays(self) -> tuple[Array, Array, Array]:
        """Return the arrays in the order of the kernels' arguments."""
        return self.count, self.difference, self.joint
