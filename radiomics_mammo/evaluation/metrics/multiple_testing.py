"""P-values adjusted for multiple testing; NaN stays and is not counted."""

from __future__ import annotations

import numpy as np

from radiomics_mammo.evaluation.metrics.arrays import Floats


def holm(p: Floats) -> Floats:
    """Compute Holm's adjusted p-values (1979): family-wise error rate."""
    order, ranked = _ascending(p)
    factor = ranked.size - np.arange(ranked.size)
    return _put_back(p, order, np.maximum.accumulate(ranked * factor))


def benjamini_hochberg(p: Floats) -> Floats:
    """Compute Benjamini and Hochberg's adjusted p-values (1995): FDR."""
    order, ranked = _ascending(p)
    raised = ranked * ranked.size / (np.arange(ranked.size) + 1.0)
    return _put_back(p, order, np.minimum.accumulate(raised[::-1])[::-1])


def _ascending(p: Floats) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], Floats]:
    order = np.argsort(p, kind="stable")  # NaN last
    order = order[: np.count_nonzero(~np.isnan(p))]
    return order, p[order]


def _put_back(p: Floats, order: np.ndarray[tuple[int], np.dtype[np.intp]], adjusted: Floats) -> Floats:
    placed = np.full(p.shape, np.nan)
    placed[order] = np.minimum(adjusted, 1.0)
    return placed
