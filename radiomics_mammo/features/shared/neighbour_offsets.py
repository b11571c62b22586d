"""Small pieces that the counting kernels of several families share."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import DeviceBatch
from radiomics_mammo.compute.reductions import Array, total

XLOG2X = np.arange(4096, dtype=np.float64)
"""n log2 n for small n: most entries of a count matrix hold small numbers, and a logarithm costs ten look-ups."""
XLOG2X[1:] *= np.log2(XLOG2X[1:])

Entries = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""Non-zero entries of one matrix: row, column, count."""


def neighbour_offsets(distances: tuple[int, ...]) -> NDArray[np.int64]:
    """All (row, column) steps whose larger component is one of the distances."""
    reach = max(distances)
    steps = [
        (dy, dx)
        for dy in range(-reach, reach + 1)
        for dx in range(-reach, reach + 1)
        if max(abs(dy), abs(dx)) in distances
    ]
    return np.array(steps, dtype=np.int64)


def unique_offsets(distances: tuple[int, ...]) -> NDArray[np.int64]:
    """One step of each opposite pair: the angles of a matrix, four for each unit of distance."""
    steps = neighbour_offsets(distances)
    forward = (steps[:, 0] > 0) | ((steps[:, 0] == 0) & (steps[:, 1] > 0))
    return np.ascontiguousarray(steps[forward])


def offset_weights(
    offsets: NDArray[np.int64], spacing: NDArray[np.float64], norm: str, *, decay: bool
) -> NDArray[np.float64]:
    """Weight of each angle by its step, as pyradiomics' ``weightingNorm`` has it.

    With ``decay`` it is exp(-length squared) (co-occurrence), without the length itself (runs).
    """
    if norm == "no_weighting":
        return np.ones(len(offsets))
    steps = np.abs(offsets) * spacing
    lengths: NDArray[np.float64] = {
        "infinity": steps.max(axis=1),
        "euclidean": np.sqrt((steps**2).sum(axis=1)),
        "manhattan": steps.sum(axis=1),
    }[norm]
    return np.exp(-(lengths**2)) if decay else lengths


def merge_weighted(entries: list[Entries], weights: NDArray[np.float64], side: int) -> Entries:
    """Add the angles' matrices, weighted; ``side`` exceeds any column index."""
    keys = np.concatenate([i * side + j for i, j, _ in entries])
    counts = np.concatenate([w * c for w, (_, _, c) in zip(weights, entries, strict=True)])
    unique, inverse = np.unique(keys, return_inverse=True)
    merged = np.bincount(inverse, weights=counts, minlength=len(unique)).astype(np.float64)
    return unique // side, unique % side, merged


def entropy_of(p: Array, *, xp: ModuleType) -> Array:
    """Entropy in bits over the last axis; empty entries add nothing.

    pyradiomics adds 2.2e-16 inside the logarithm instead, which moves the result by about 1e-15.
    """
    return -total(p * xp.log2(xp.where(p > 0, p, 1.0)))


def angle_weights(batch: DeviceBatch, offsets: NDArray[np.int64], norm: str, *, decay: bool) -> Array:
    """Weight of each angle of all regions, as ``offset_weights`` of one."""
    xp = batch.device.xp
    if norm == "no_weighting":
        return xp.ones((batch.n_roi, len(offsets)), dtype=xp.float64)
    steps = batch.device.constant(np.abs(offsets).astype(np.float64))[None] * batch.spacing[:, None]
    down, across = steps[..., 0], steps[..., 1]
    if norm == "infinity":
        lengths = xp.maximum(down, across)
    elif norm == "euclidean":
        lengths = xp.sqrt(down * down + across * across)  # a power may round otherwise
    elif norm == "manhattan":
        lengths = down + across
    else:
        raise ValueError(f"no norm is called {norm!r}")
    return xp.exp(-lengths * lengths) if decay else lengths
