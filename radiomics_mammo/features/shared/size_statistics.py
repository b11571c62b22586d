"""Matrices of level by size (runs, zones, dependences): their statistics, and how counts become them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiomics_mammo.compute.jit import kernel
from radiomics_mammo.compute.reductions import Array

SHORT = 32
"""Sizes up to this one are counted in a table; longer ones, of which a region holds few, in a sorted list."""


@dataclass(frozen=True, slots=True, eq=False)
class SizeStats:
    """Sufficient statistics of matrices c(i, j) of level i by size j.

    Attributes
    ----------
    count : ndarray, shape (n_roi, n_angle, n_levels + 1)
        Sum over j of c, by level (entry 0 is unused).
    square, inverse : ndarray, shape (n_roi, n_angle, n_levels + 1)
        Sum over j of c j^2 and of c / j^2, by level.
    joint : ndarray, shape (n_roi, n_angle, 4)
        Sum of c j; sum over j of (sum over i of c)^2; sum of c log2 c; sum of c (j - mean j)^2.
    """

    count: Array
    square: Array
    inverse: Array
    joint: Array

    @classmethod
    def empty(cls, n_roi: int, n_angle: int, n_levels: int) -> SizeStats:
        """All zeros, on the host, for kernels to add to."""
        levels = (n_roi, n_angle, n_levels + 1)
        return cls(np.zeros(levels), np.zeros(levels), np.zeros(levels), np.zeros((n_roi, n_angle, 4)))

    def arrays(self) -> tuple[Array, Array, Array, Array]:
        """Return the arrays in the order of the kernels' arguments."""
        return self.count, self.square, self.inverse, self.joint


@kernel
def reduce_sizes(r, a, i, j, c, log_table, count, square, inverse, joint):
    """Add the non-zero entries (level, size, count) of one matrix to its statistics."""
    n = sizes = logs = 0.0
    longest = np.int64(0)
    for k in range(len(i)):
        longest = max(longest, j[k])
    by_size = np.zeros(longest + 1)
    for k in range(len(i)):
        size = np.float64(j[k])
        n += c[k]
        sizes += c[k] * size
        whole = np.int64(c[k])
        logs += log_table[whole] if whole < len(log_table) and whole == c[k] else c[k] * np.log2(c[k])
        by_size[j[k]] += c[k]
        count[r, a, i[k]] += c[k]
        square[r, a, i[k]] += c[k] * (size * size)
        inverse[r, a, i[k]] += c[k] / (size * size)
    mean = sizes / n if n > 0.0 else 0.0
    squares = spread = 0.0
    for size in range(1, longest + 1):
        if by_size[size] > 0.0:
            squares += by_size[size] * by_size[size]
            spread += by_size[size] * (size - mean) * (size - mean)
    joint[r, a, 0] = sizes
    joint[r, a, 1] = squares
    joint[r, a, 2] = logs
    joint[r, a, 3] = spread


@kernel
def occupied(table, width, long_keys, n_long, side, i, j, c):
    """List the non-zero entries of a matrix, from its table and its long sizes.

    ``long_keys`` hold size * side + level and are sorted in place.
    """
    n = 0
    for level in range(1, len(table) // width):
        for at in range(level * width + 1, (level + 1) * width):
            if table[at] > 0:
                i[n] = level
                j[n] = at - level * width
                c[n] = table[at]
                n += 1
    _shell_sort(long_keys, n_long)
    k = 0
    while k < n_long:
        first = k
        while k < n_long and long_keys[k] == long_keys[first]:
            k += 1
        i[n] = long_keys[first] % side
        j[n] = long_keys[first] // side
        c[n] = k - first
        n += 1
    return n


@kernel
def _shell_sort(a, n):
    gap = 1
    while gap < n:
        gap = 3 * gap + 1
    while gap > 0:
        for k in range(gap, n):
            v = a[k]
            at = k
            while at >= gap and a[at - gap] > v:
                a[at] = a[at - gap]
                at -= gap
            a[at] = v
        gap //= 3
