"""Counting by plain loops and by SciPy, slowly and plainly: what the kernels are held to."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import label as label_zones

from radiomics_mammo.core.records import Roi, RoiBatch
from radiomics_mammo.engines.ragged import pack

Entries = Counter[tuple[int, int]]


def batch_of(levels: np.ndarray, *, pad: int = 1, spacing: tuple[float, float] = (1.0, 1.0)) -> RoiBatch:
    """A batch of one region; 0 is outside, any other number its own grey level."""
    levels = np.asarray(levels)
    mask = levels > 0
    edges = np.arange(1.0, levels.max() + 2.0)
    return pack([Roi(levels.astype(np.float64), mask, mask, edges, spacing)], pad=pad)


def regions(max_side: int = 8, top: int = 5) -> st.SearchStrategy[np.ndarray]:
    shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=max_side)
    arrays = hnp.arrays(np.int64, shapes, elements=st.integers(0, top))
    return arrays.filter(lambda a: bool(a.any()))


def inside(levels: np.ndarray, y: int, x: int) -> int:
    """The level at a place, 0 beyond the border."""
    rows, columns = levels.shape
    return int(levels[y, x]) if 0 <= y < rows and 0 <= x < columns else 0


def places(levels: np.ndarray) -> list[tuple[int, int]]:
    return [(int(y), int(x)) for y, x in np.argwhere(levels > 0)]


def pairs(levels: np.ndarray, offset: np.ndarray, *, symmetric: bool) -> Entries:
    found: Entries = Counter()
    for y, x in places(levels):
        a, b = int(levels[y, x]), inside(levels, y + offset[0], x + offset[1])
        if b:
            found[a, b] += 1
            if symmetric:
                found[b, a] += 1
    return found


def runs(levels: np.ndarray, step: tuple[int, int]) -> Entries:
    found: Entries = Counter()
    lined = False
    dy, dx = step
    for y, x in places(levels):
        lined = lined or any(
            inside(levels, y + k * dy, x + k * dx) for k in range(1, sum(levels.shape))
        )  # two pixels of the region on one line, wherever
        level = int(levels[y, x])
        if inside(levels, y - dy, x - dx) == level:
            continue  # not where it begins
        length = 1
        while inside(levels, y + length * dy, x + length * dx) == level:
            length += 1
        found[level, length] += 1
    return found if lined else Counter()


def zones(levels: np.ndarray) -> Entries:
    found: Entries = Counter()
    for level in np.unique(levels[levels > 0]):
        labels, _ = label_zones(levels == level, structure=np.ones((3, 3)))
        found.update((int(level), int(size)) for size in np.bincount(labels.ravel())[1:])
    return found


def dependences(levels: np.ndarray, offsets: np.ndarray, alpha: int) -> Entries:
    found: Entries = Counter()
    for y, x in places(levels):
        level = int(levels[y, x])
        near = [inside(levels, y + dy, x + dx) for dy, dx in offsets]
        found[level, 1 + sum(n > 0 and abs(n - level) <= alpha for n in near)] += 1
    return found


def tone_differences(levels: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    count, difference = np.zeros(levels.max() + 1), np.zeros(levels.max() + 1)
    for y, x in places(levels):
        near = [n for n in (inside(levels, y + dy, x + dx) for dy, dx in offsets) if n]
        count[levels[y, x]] += 1
        if near:
            difference[levels[y, x]] += abs(levels[y, x] - np.mean(near))
    return count, difference


def spiral(n: int) -> np.ndarray:
    """One winding path: the worst case for joining provisional zones."""
    levels = np.ones((n, n), dtype=int)
    y, x, dy, dx = 0, 0, 0, 1
    left, top, right, bottom = 0, 0, n - 1, n - 1
    while left <= right and top <= bottom:
        levels[y, x] = 2
        if (dx == 1 and x == right) or (dx == -1 and x == left) or (dy == 1 and y == bottom) or (dy == -1 and y == top):
            if dx == 1:
                top += 2
            elif dy == 1:
                right -= 2
            elif dx == -1:
                bottom -= 2
            else:
                left += 2
            dy, dx = dx, -dy
        y, x = y + dy, x + dx
    return levels


def comb(n: int) -> np.ndarray:
    """Teeth that join only in the last row."""
    levels = np.ones((n, n), dtype=int)
    levels[:, ::2] = 2
    levels[-1] = 2
    return levels
