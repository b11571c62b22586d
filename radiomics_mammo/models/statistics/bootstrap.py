"""Intervals by drawing people, with all their rows, with replacement."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.models.statistics.metrics import METRICS, scores

Floats = NDArray[np.float64]

_CELLS = 100_000  # of one block of draws x rows: what stays in the processor's cache
_LEAST = 16  # draws of one block: the rows are sorted anew for each


def draw_people(n_people: int, *, draws: int, seed: int) -> NDArray[np.int32]:
    """Draw as many people as there are, with replacement, and count how often each was drawn.

    Returns
    -------
    ndarray of int32, shape (draws, n_people)
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0xB007]))
    counts = np.empty((draws, n_people), dtype=np.int32)
    for draw in range(draws):
        counts[draw] = np.bincount(rng.integers(n_people, size=n_people), minlength=n_people)
    return counts


def bootstrap_scores(
    y: NDArray[np.int8], p: Floats, group: NDArray[np.int64], counts: NDArray[np.int32]
) -> Iterator[tuple[slice, Floats]]:
    """Compute every metric of every arm in every draw, a block of draws at a time.

    A value is the mean over repeats of the metric on that repeat's pooled out-of-fold predictions. The
    draws are the same for all arms and repeats, so differences between arms are paired.

    Parameters
    ----------
    y : ndarray of int8, shape (n_rows,)
        Labels.
    p : ndarray of float64, shape (n_arms, n_repeats, n_rows)
        Out-of-fold predictions.
    group : ndarray of int64, shape (n_rows,)
        The person of each row, coded from 0.
    counts : ndarray of int32, shape (n_draws, n_people)
        From :func:`draw_people`.

    Yields
    ------
    draws : slice
        Which draws these are.
    values : ndarray of float64, shape (n_arms, n_metrics, draws in the block)
    """
    step = max(_LEAST, _CELLS // y.size)
    for start in range(0, counts.shape[0], step):
        block = slice(start, min(start + step, counts.shape[0]))
        weights = counts[block][:, group]
        values = np.stack([np.mean([scores(y, one, weights) for one in repeats], axis=0) for repeats in p])
        yield block, values


def all_bootstrap_scores(y: NDArray[np.int8], p: Floats, group: NDArray[np.int64], *, draws: int, seed: int) -> Floats:
    """Collect :func:`bootstrap_scores` for freshly drawn people.

    Returns
    -------
    ndarray of float64, shape (n_arms, n_metrics, n_draws)
    """
    counts = draw_people(int(group.max()) + 1, draws=draws, seed=seed)
    values = np.empty((p.shape[0], len(METRICS), draws))
    for block, part in bootstrap_scores(y, p, group, counts):
        values[:, :, block] = part
    return values


def interval(values: Floats, *, level: float = 0.95) -> tuple[float, float]:
    """Give the percentile interval of the draws in which the value is defined; NaN if there is none.

    Parameters
    ----------
    values : ndarray of float64, shape (n_draws,)
    level : float
        Share of the draws inside.
    """
    defined = values[~np.isnan(values)]
    if defined.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
