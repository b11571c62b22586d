"""Laplacian of Gaussian, equal to the bit to the recursive filter that pyradiomics calls.

Deriche's fourth-order recursive Gaussian with the coefficients of Farnebäck and Westin, "Improving Deriche-style
Recursive Gaussian Filters", J Math Imaging Vis 2006; 26:293–299. A line is filtered by a causal and an anti-causal
recursion, both begun in the steady state of a border sample that is repeated for ever. For each axis the second
derivative is taken along it and the result smoothed along the other; the two are added. Sums are float64 and taken in
one order, and each pass is stored as float32: binning the result is sensitive to its last bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.jit import kernel
from radiomics_mammo.errors import RoiError
from radiomics_mammo.imaging.filters.base import Box, Filter, FilterInput

MARGIN = 15
"""Sigmas round the region that are filtered with it: beyond, the filter's response is below the last bit of float32."""
LEAST_SIDE = 4
"""Samples that the recursion needs."""
_PREFIX, _SUFFIX = "log-sigma-", "-mm-3D"
_LANES = np.uint64(16)  # lines filtered together: enough to hide the latency of the recursion
_FREQUENCY, _DECAY = (0.6681, 2.0787), (-1.3932, -1.3732)
_GAUSSIAN = ((1.3530, -0.3531), (1.8151, 0.0902))
_SECOND_DERIVATIVE = ((-1.3563, 0.3446), (5.2318, -2.2355))
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Settings of the Laplacian of Gaussian.

    Attributes
    ----------
    sigma : tuple of int or float
        Standard deviations of the Gaussian, one image each, in millimetres (in pixels where the pixel size is
        unknown). An integer and a float are spelled differently in the columns, as in pyradiomics.
    """

    sigma: tuple[int | float, ...] = ()

    def __post_init__(self) -> None:
        """Check the values."""
        valid = isinstance(self.sigma, tuple) and all(
            isinstance(s, int | float) and not isinstance(s, bool) and 0 < s < math.inf for s in self.sigma
        )
        if not valid or not self.sigma or len(set(map(str, self.sigma))) < len(self.sigma):
            raise ValueError(f"sigma is {self.sigma!r}, but must be a list of different numbers above 0 (mm)")


def log_image_types(options: LogOptions) -> tuple[str, ...]:
    """Return pyradiomics' names of the images; they end in ``3D`` in the plane, too."""
    return tuple(f"{_PREFIX}{str(s).replace('.', '-')}{_SUFFIX}" for s in options.sigma)


def describe_log(image_type: str) -> str | None:
    """Describe the filter of a column's beginning; None for another image type."""
    if not (image_type.startswith(_PREFIX) and image_type.endswith(_SUFFIX)):
        return None
    sigma = image_type.removeprefix(_PREFIX).removesuffix(_SUFFIX).replace("-", ".")
    return (
        f"the Laplacian of Gaussian with sigma {sigma} mm (pixels where the pixel size is unknown), which answers to "
        "spots and edges of that size"
    )


def apply_log(source: FilterInput, options: LogOptions) -> list[NDArray[np.floating[Any]]]:
    """Filter the region's box for each sigma.

    Parameters
    ----------
    source : FilterInput
    options : LogOptions

    Returns
    -------
    list of ndarray of float32, shape of the box

    Raises
    ------
    RoiError
        The image is smaller than the filter needs.
    """
    return [_filtered(source, float(sigma)) for sigma in options.sigma]


def _filtered(source: FilterInput, sigma: float) -> NDArray[np.float32]:
    row_spacing, column_spacing = source.spacing
    for side, spacing in zip(source.values.shape, source.spacing, strict=True):
        least = max(LEAST_SIDE, math.ceil(sigma / spacing) + 1)
        if side < least:
            raise RoiError(
                f"the image is {side} pixels wide in one direction, and the Laplacian of Gaussian with sigma {sigma:g} "
                f"needs {least}",
                remedy="Give the whole image instead of a crop, raise padDistance, or leave this sigma out.",
            )
    window, box = _with_margin(source, sigma)
    y, x = (coefficients(sigma, spacing, derivative=False) for spacing in (row_spacing, column_spacing))
    yy, xx = (coefficients(sigma, spacing, derivative=True) for spacing in (row_spacing, column_spacing))
    strips = _strips(window)
    lanes = int(_LANES)
    first, last = box[2] // lanes, -(-box[3] // lanes)  # strips that the box touches
    rows, columns = window.shape
    line, result = np.zeros((2, (max(rows, len(strips) * lanes) + 4) * lanes))
    along_x = np.empty((last - first, rows, lanes), np.float32)
    _across(strips, columns, xx, first, along_x, line, result)
    term_x = np.empty((last - first, box[1] - box[0], lanes), np.float32)
    _down(along_x, y, box[0], term_x, line, result)
    along_y = np.empty((len(strips), box[1] - box[0], lanes), np.float32)
    _down(strips, yy, box[0], along_y, line, result)
    term_y = np.empty_like(term_x)
    _across(along_y, columns, x, first, term_y, line, result)
    # As the reference rounds: products are float64, the first is stored as float32, and so is the sum.
    per_x, per_y = np.float64(1.0 / column_spacing**2), np.float64(1.0 / row_spacing**2)
    total = (term_x * per_x).astype(np.float32) + term_y * per_y
    image = total.astype(np.float32).transpose(1, 0, 2).reshape(box[1] - box[0], -1)
    return np.ascontiguousarray(image[:, box[2] - first * lanes : box[3] - first * lanes])


def _with_margin(source: FilterInput, sigma: float) -> tuple[NDArray[Any], Box]:
    """Return the part of the image that the result depends on, and the box within it."""
    top, bottom, left, right = source.box
    down, across = (math.ceil(MARGIN * sigma / spacing) for spacing in source.spacing)
    first_row, first_column = max(0, top - down), max(0, left - across)
    # The recursion needs a few samples, however near the border the box lies.
    window = source.values[
        first_row : max(bottom + down, first_row + LEAST_SIDE),
        first_column : max(right + across, first_column + LEAST_SIDE),
    ]
    return window, (top - first_row, bottom - first_row, left - first_column, right - first_column)


def coefficients(sigma: float, spacing: float, *, derivative: bool) -> Floats:
    """Return the coefficients of one pass: N0-3, M1-4, D1-4, then the causal and the anti-causal border's.

    Parameters
    ----------
    sigma, spacing : float
        In the same unit.
    derivative : bool
        Of the second derivative, normalised across scales, instead of the Gaussian.

    Returns
    -------
    ndarray of float64, shape (20,)
    """
    s = sigma / spacing
    d = _denominator(s)
    sums_d = (
        1 + d[0] + d[1] + d[2] + d[3],
        d[0] + 2 * d[1] + 3 * d[2] + 4 * d[3],
        d[0] + 4 * d[1] + 9 * d[2] + 16 * d[3],
    )
    n = _numerator(_GAUSSIAN, s)
    if derivative:
        n = _as_second_derivative(n, _numerator(_SECOND_DERIVATIVE, s), sums_d, sigma)
    else:
        n = n * (1.0 / (2 * _sums(n)[0] / sums_d[0] - n[0]))
    m = np.array([n[1] - d[0] * n[0], n[2] - d[1] * n[0], n[3] - d[2] * n[0], -d[3] * n[0]])
    sum_n, sum_m = n[0] + n[1] + n[2] + n[3], m[0] + m[1] + m[2] + m[3]
    return np.concatenate([n, m, d, d * sum_n / sums_d[0], d * sum_m / sums_d[0]])


def _as_second_derivative(n: Floats, other: Floats, sums_d: tuple[float, float, float], sigma: float) -> Floats:
    """Combine both numerators so that constants and ramps vanish and a parabola is exact."""
    sd, dd, ed = sums_d
    sn, dn, en = _sums(n)
    so, do, eo = _sums(other)
    beta = -(2 * so - sd * other[0]) / (2 * sn - sd * n[0])
    sn, dn, en = so + beta * sn, do + beta * dn, eo + beta * en
    alpha = en * sd * sd - ed * sn * sd - 2 * dn * dd * sd + 2 * dd * dd * sn
    alpha /= sd * sd * sd
    combined: Floats = (other + beta * n) * (sigma * sigma / alpha)
    return combined


def _sums(n: Floats) -> tuple[float, float, float]:
    """Return the sums of n_k, k n_k and k^2 n_k."""
    return n[0] + n[1] + n[2] + n[3], n[1] + 2 * n[2] + 3 * n[3], n[1] + 4 * n[2] + 9 * n[3]


def _waves(s: float) -> tuple[float, ...]:
    """Return sine, cosine and decay of both waves at a distance of one sample."""
    (w1, w2), (l1, l2) = _FREQUENCY, _DECAY
    return math.sin(w1 / s), math.sin(w2 / s), math.cos(w1 / s), math.cos(w2 / s), math.exp(l1 / s), math.exp(l2 / s)


def _numerator(weights: tuple[tuple[float, float], tuple[float, float]], s: float) -> Floats:
    (a1, a2), (b1, b2) = weights
    s1, s2, c1, c2, e1, e2 = _waves(s)
    n1 = e2 * (b2 * s2 - (a2 + 2 * a1) * c2) + e1 * (b1 * s1 - (a1 + 2 * a2) * c1)
    n2 = ((a1 + a2) * c2 * c1 - (b1 * c2 * s1 + b2 * c1 * s2)) * (2 * e1 * e2) + (a2 * e1 * e1 + a1 * e2 * e2)
    n3 = e2 * e1 * e1 * (b2 * s2 - a2 * c2) + e1 * e2 * e2 * (b1 * s1 - a1 * c1)
    return np.array([a1 + a2, n1, n2, n3])


def _denominator(s: float) -> Floats:
    _, _, c1, c2, e1, e2 = _waves(s)
    d4 = e1 * e1 * e2 * e2
    d3 = -2 * c1 * e1 * e2 * e2 - 2 * c2 * e2 * e1 * e1
    d2 = 4 * c2 * c1 * e1 * e2 + (e1 * e1 + e2 * e2)
    d1 = -2 * (e2 * c2 + e1 * c1)
    return np.array([d1, d2, d3, d4])


def _strips(image: NDArray[Any]) -> NDArray[Any]:
    """Return the image as strips of 16 columns, (n_strips, rows, 16), which a pass down the columns reads in order."""
    rows, columns = image.shape
    lanes = int(_LANES)
    count = -(-columns // lanes)
    wide = np.zeros((rows, count * lanes), image.dtype)
    wide[:, :columns] = image
    return np.ascontiguousarray(wide.reshape(rows, count, lanes).transpose(1, 0, 2))


@kernel
def _down(strips, c, first, out, line, result):  # type: ignore[no-untyped-def]
    """Filter along the columns; the rows from ``first`` on that fit are stored."""
    samples, lanes = strips.shape[1], np.int64(_LANES)
    stored = out.shape[1] * lanes
    for k in range(strips.shape[0]):
        flat = strips[k].reshape(samples * lanes)
        for i in range(samples * lanes):
            line[i] = flat[i]
        _recursion(line, result, samples, c)
        flat_out = out[k].reshape(stored)
        part = result[first * lanes : first * lanes + stored]
        for i in range(stored):
            flat_out[i] = part[i]


@kernel
def _across(strips, samples, c, first, out, line, result):  # type: ignore[no-untyped-def]
    """Filter along the rows, turning blocks of 16 x 16; the strips from ``first`` on that fit are stored."""
    rows, lanes = strips.shape[1], np.int64(_LANES)
    block = lanes * lanes
    for top in range(0, rows, lanes):
        height = min(lanes, rows - top)
        for k in range(strips.shape[0]):
            source = strips[k, top : top + height]
            part = line[k * block : (k + 1) * block].reshape((lanes, lanes))
            for j in range(lanes):
                for i in range(height):
                    part[j, i] = source[i, j]
        _recursion(line, result, samples, c)
        for k in range(out.shape[0]):
            target = out[k, top : top + height]
            part = result[(first + k) * block : (first + k + 1) * block].reshape((lanes, lanes))
            for i in range(height):
                for j in range(lanes):
                    target[i, j] = part[j, i]


@kernel
def _recursion(x, y, n, c):  # type: ignore[no-untyped-def]
    """Filter n samples of 16 lines, x (overwritten, four samples longer) into y.

    Indices are unsigned and buffers flat, or the recursion is not vectorised.
    """
    b = _LANES
    b2, b3, b4 = np.uint64(2) * b, np.uint64(3) * b, np.uint64(4) * b
    n0, n1, n2, n3, m1, m2, m3, m4 = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
    d1, d2, d3, d4 = c[8], c[9], c[10], c[11]
    for j in range(b):
        v, x1, x2, x3 = x[j], x[j + b], x[j + b2], x[j + b3]
        y0 = (v * n0 + v * n1 + v * n2 + v * n3) - (v * c[12] + v * c[13] + v * c[14] + v * c[15])
        y1 = (x1 * n0 + v * n1 + v * n2 + v * n3) - (y0 * d1 + v * c[13] + v * c[14] + v * c[15])
        y2 = (x2 * n0 + x1 * n1 + v * n2 + v * n3) - (y1 * d1 + y0 * d2 + v * c[14] + v * c[15])
        y3 = (x3 * n0 + x2 * n1 + x1 * n2 + v * n3) - (y2 * d1 + y1 * d2 + y0 * d3 + v * c[15])
        y[j], y[j + b], y[j + b2], y[j + b3] = y0, y1, y2, y3
    for k in range(np.uint64(n - 4) * b):
        y[k + b4] = (x[k + b4] * n0 + x[k + b3] * n1 + x[k + b2] * n2 + x[k + b] * n3) - (
            y[k + b3] * d1 + y[k + b2] * d2 + y[k + b] * d3 + y[k] * d4
        )
    # Anti-causal: the output of sample i is kept in x at i + 4, which nothing needs any more.
    last = np.uint64(n - 1) * b
    for j in range(b):
        p = last + j
        v, x1, x2 = x[p], x[p - b], x[p - b2]
        z0 = (v * m1 + v * m2 + v * m3 + v * m4) - (v * c[16] + v * c[17] + v * c[18] + v * c[19])
        z1 = (v * m1 + v * m2 + v * m3 + v * m4) - (z0 * d1 + v * c[17] + v * c[18] + v * c[19])
        z2 = (x1 * m1 + v * m2 + v * m3 + v * m4) - (z1 * d1 + z0 * d2 + v * c[18] + v * c[19])
        z3 = (x2 * m1 + x1 * m2 + v * m3 + v * m4) - (z2 * d1 + z1 * d2 + z0 * d3 + v * c[19])
        y[p] += z0
        y[p - b] += z1
        y[p - b2] += z2
        y[p - b3] += z3
        x[p + b4], x[p + b3], x[p + b2], x[p + b] = z0, z1, z2, z3
    b5, b6, b7, b8 = np.uint64(5) * b, np.uint64(6) * b, np.uint64(7) * b, np.uint64(8) * b
    for r in range(np.uint64(n - 4)):
        first = (np.uint64(n - 5) - r) * b
        for j in range(b):
            i = first + j
            z = (x[i + b] * m1 + x[i + b2] * m2 + x[i + b3] * m3 + x[i + b4] * m4) - (
                x[i + b5] * d1 + x[i + b6] * d2 + x[i + b7] * d3 + x[i + b8] * d4
            )
            x[i + b4] = z
            y[i] += z


LOG = Filter("LoG", LogOptions, log_image_types, apply_log, describe_log)
