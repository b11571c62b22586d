"""Array operations that every engine must do in the same order, so that all give the same bits."""

from __future__ import annotations

from functools import singledispatch
from types import ModuleType
from typing import Any

import numpy as np

from radiomics_mammo.compute.jit import kernel

Array = Any
"""An ndarray of NumPy or of CuPy."""


@singledispatch
def total(a: Array) -> Array:
    """Sum over the last axis in an order that is the same on every engine.

    The implementation is chosen by the array's type; that for CuPy's is registered in ``cupy_device``. Padding the
    axis with zeros leaves every bit of the result as it was, which a library's own sum does not promise; rows of one
    table may therefore be computed in batches of any make-up.
    """
    raise TypeError(f"no sum in a fixed order for {type(a).__name__}")


@total.register(np.ndarray)
def _total_numpy(a: np.ndarray) -> Array:
    n = a.shape[-1]
    return a[..., 0] if n == 1 else _fold(np.ascontiguousarray(a).reshape(-1, n)).reshape(a.shape[:-1])


@kernel
def _fold(a):  # type: ignore[no-untyped-def]
    """Add in that order, without a temporary array for each half."""
    rows, n = a.shape
    out = np.empty(rows)
    first = 1
    while 2 * first < n:
        first *= 2
    b = np.empty(first)
    for r in range(rows):
        for k in range(n - first):
            b[k] = a[r, k] + a[r, first + k]
        for k in range(n - first, first):
            b[k] = a[r, k]
        half = first // 2
        while half > 0:
            for k in range(half):
                b[k] += b[half + k]
            half //= 2
        out[r] = b[0]
    return out


def square(a: Array) -> Array:
    """Multiply an array by itself: a GPU may round a power otherwise."""
    return a * a


def divide(numerator: Array, denominator: Array, *, xp: ModuleType, otherwise: float) -> Array:
    """Divide, with the value ``otherwise`` where the denominator is zero."""
    zero = denominator == 0
    return xp.where(zero, otherwise, numerator / xp.where(zero, 1.0, denominator))


def mean_over_angles(a: Array, *, xp: ModuleType) -> Array:
    """Return the mean over the last axis (the angles) without NaN; NaN where all are."""
    known = ~xp.isnan(a)
    return divide(total(xp.where(known, a, 0.0)), total(known.astype(np.float64)), xp=xp, otherwise=np.nan)
