"""Shape in the plane on the CPU: marching squares in whole numbers, hull and diameter.

Source of the definitions: Lorensen and Cline, 1987 (in two dimensions); pyradiomics ``shape2D``.
"""

from __future__ import annotations

import numpy as np

from radiomics_mammo.compute.jit import kernel
from radiomics_mammo.core.records import RoiBatch
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features.shape2d.sufficient_statistics import Shape2DStats

N_MEASURES = 9
FAR = 1 << 40


def statistics(batch: RoiBatch, settings: Settings) -> Shape2DStats:
    """Outline, area, second moments and diameter of every region."""
    del settings
    measures = np.zeros((batch.n_roi, N_MEASURES))
    _all(batch.shape_mask, batch.starts, batch.shapes, batch.pad, batch.spacing, measures)
    return Shape2DStats.of(measures, batch.spacing)


@kernel
def _all(mask, starts, shapes, pad, spacing, measures):
    for r in range(len(shapes)):
        rows, columns = shapes[r]
        w = columns + 2 * pad
        box = mask[starts[r] : starts[r + 1]]
        # The outline's leftmost and rightmost vertex on each half row; coordinates are doubled to stay whole.
        left, right = np.full(2 * rows + 1, FAR, np.int64), np.full(2 * rows + 1, -FAR, np.int64)
        _outline(box, rows, columns, pad, w, left, right, measures[r])
        _second_moments(box, rows, columns, pad, w, measures[r])
        measures[r, 8] = _diameter(left, right, spacing[r, 0], spacing[r, 1])


@kernel
def _outline(box, rows, columns, pad, w, left, right, out):
    """Classify every 2 x 2 square of pixels, the frame's first row and column included."""
    across = down = oblique = eighths = 0
    corners = np.zeros(columns + 1, np.uint8)
    for y in range(rows + 1):  # the square's upper row is y - 1
        at = (y - 1 + pad) * w + pad - 1
        upper, lower = box[at : at + columns + 2], box[at + w : at + w + columns + 2]
        for x in range(columns + 1):
            corners[x] = upper[x] + upper[x + 1] + lower[x] + lower[x + 1]
        for x in range(columns + 1):
            inside = corners[x]
            if inside == 0:
                continue
            if inside == 4:
                eighths += 8
                continue
            a, b, d, c = upper[x], upper[x + 1], lower[x], lower[x + 1]
            if inside == 2:
                if a == c:
                    oblique += 2
                    eighths += 2
                else:
                    eighths += 4
                    if a == b:
                        across += 1
                    else:
                        down += 1
            else:
                oblique += 1
                eighths += 1 if inside == 1 else 7
            if a != b and y > 0:
                left[2 * y - 1], right[2 * y - 1] = min(left[2 * y - 1], 2 * x), max(right[2 * y - 1], 2 * x)
            if a != d:
                left[2 * y], right[2 * y] = min(left[2 * y], 2 * x - 1), max(right[2 * y], 2 * x - 1)
            if b != c:
                left[2 * y], right[2 * y] = min(left[2 * y], 2 * x + 1), max(right[2 * y], 2 * x + 1)
    out[1], out[2], out[3], out[4] = across, down, oblique, eighths


@kernel(fastmath={"reassoc", "contract"})
def _row_sums(box, rows, columns, pad, w, sums):
    """Sum of 1, x and x squared over each row: whole numbers below 2^53, so that their order does not matter."""
    for y in range(rows):
        row = box[(y + pad) * w + pad : (y + pad) * w + pad + columns]
        n = xs = squares = 0.0
        for x in range(columns):
            inside = np.float64(row[x])
            along = np.float64(x) * inside
            n += inside
            xs += along
            squares += along * np.float64(x)
        sums[y, 0], sums[y, 1], sums[y, 2] = n, xs, squares


@kernel
def _second_moments(box, rows, columns, pad, w, out):
    sums = np.empty((rows, 3))
    _row_sums(box, rows, columns, pad, w, sums)
    n = sy = sx = 0.0
    for y in range(rows):
        n += sums[y, 0]
        sy += sums[y, 0] * y
        sx += sums[y, 1]
    my, mx = sy / n, sx / n
    yy = xx = yx = 0.0
    for y in range(rows):
        dy = y - my
        yy += sums[y, 0] * dy * dy
        yx += dy * (sums[y, 1] - sums[y, 0] * mx)
        xx += sums[y, 2] - 2.0 * mx * sums[y, 1] + sums[y, 0] * mx * mx
    out[0] = n
    out[5], out[6], out[7] = yy / n, xx / n, yx / n


@kernel
def _chain(edge, side, ty, tx, n):
    """Append the convex chain of one side (Andrew, 1979) to the list of vertices; points come sorted by row."""
    first = n
    for t in range(len(edge)):
        if abs(edge[t]) == FAR:
            continue
        while n - first >= 2:
            turn = (ty[n - 1] - ty[n - 2]) * (edge[t] - tx[n - 2]) - (tx[n - 1] - tx[n - 2]) * (t - ty[n - 2])
            if turn * side > 0:
                break
            n -= 1
        ty[n], tx[n] = t, edge[t]
        n += 1
    return n


@kernel
def _diameter(left, right, row, column):
    ty, tx = np.empty(2 * len(left), np.int64), np.empty(2 * len(left), np.int64)
    n = _chain(left, 1, ty, tx, 0)
    n = _chain(right, -1, ty, tx, n)
    longest = 0.0
    for k in range(n):
        for q in range(k):
            dy, dx = 0.5 * (ty[k] - ty[q]) * row, 0.5 * (tx[k] - tx[q]) * column
            longest = max(longest, dy * dy + dx * dx)
    return np.sqrt(longest)
