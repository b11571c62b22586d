"""Bring a breast to the pixel size that all are compared at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def rescale(image: NDArray[Any], *, steps: tuple[float, float], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Compute an image with other pixels: means where they grow, else interpolated.

    The grids share their top left corner. What a new pixel covers beyond the image does not count.

    Parameters
    ----------
    image : ndarray, shape (rows, columns)
    steps : tuple of float
        Size of a new pixel (row, column), in old ones.
    shape : tuple of int
        Rows and columns of the new image.

    Returns
    -------
    ndarray of float32
    """
    along_rows, along_columns = (
        _weights(old, new, step) for old, new, step in zip(image.shape, shape, steps, strict=True)
    )
    rows = along_rows @ image.astype(np.float32, copy=False)
    return np.ascontiguousarray((along_columns @ rows.T).T)


def new_length(old: int, step: float) -> int:
    """Return how many new pixels cover the old ones, to the nearest."""
    return max(1, round(old / step))


def _weights(old: int, new: int, step: float) -> Any:
    """Build a sparse matrix, new by old, whose rows add up to 1."""
    from scipy import sparse

    if step > 1:
        edges = np.minimum(np.arange(new + 1) * step, old)
        first = np.minimum(np.floor(edges[:-1]).astype(int), old - 1)
        taps = first[:, None] + np.arange(int(np.ceil(step)) + 1)
        weight = np.minimum(edges[1:, None], taps + 1) - np.maximum(edges[:-1, None], taps)
    else:
        at = np.clip((np.arange(new) + 0.5) * step - 0.5, 0, old - 1)
        first = np.minimum(at.astype(int), max(old - 2, 0))
        taps = first[:, None] + np.arange(2)
        weight = np.stack([1 - (at - first), at - first], axis=1)
    weight = np.clip(weight, 0, None) * (taps < old)
    weight /= weight.sum(axis=1, keepdims=True)
    index = np.minimum(taps, old - 1).ravel()
    ends = np.arange(new + 1) * taps.shape[1]
    return sparse.csr_array((weight.ravel().astype(np.float32), index, ends), shape=(new, old))
