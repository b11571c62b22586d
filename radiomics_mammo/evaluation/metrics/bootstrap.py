"""Intervals by drawing patients, with all their rows, with replacement."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from radiomics_mammo.evaluation.metrics.arrays import Codes, Counts, Floats, Labels
from radiomics_mammo.evaluation.metrics.metrics import METRICS, scores

_BLOCK_VALUES = 100_000  # of one block of draws x rows: what stays in the processor's cache
_LEAST = 16  # draws of one block: the rows are sorted anew for each


def draw_patients(n_patients: int, *, draws: int, seed: int) -> Counts:
    """Draw patients with replacement and count them, shape (draws, n_patients)."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0xB007]))
    counts = np.empty((draws, n_patients), dtype=np.int32)
    for draw in range(draws):
        counts[draw] = np.bincount(rng.integers(n_patients, size=n_patients), minlength=n_patients)
    return counts


def blocks_of(draws: int, n_rows: int) -> list[slice]:
    """Divide draws into blocks that bound the memory, whatever the number of rows."""
    step = max(_LEAST, _BLOCK_VALUES // n_rows)
    return [slice(start, min(start + step, draws)) for start in range(0, draws, step)]


def all_bootstrap_scores(y: Labels, p: Floats, group: Codes, *, draws: int, seed: int, workers: int = 1) -> Floats:
    """Compute every metric of every candidate in every draw of patients.

    A value is the mean over repeats of the metric on that repeat's pooled out-of-fold predictions. The
    draws are the same for all candidates and repeats, so differences between candidates are paired.

    ``p`` has shape (n_candidates, n_repeats, n_rows), the result (n_candidates, n_metrics, n_draws); NaN where a metric
    is undefined in a draw.
    """
    counts = draw_patients(int(group.max()) + 1, draws=draws, seed=seed)
    values = np.empty((p.shape[0], len(METRICS), draws))

    def fill(block: slice) -> None:
        weights = counts[block][:, group]
        for candidate, repeats in enumerate(p):
            values[candidate, :, block] = np.mean([scores(y, each, weights) for each in repeats], axis=0)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(fill, blocks_of(draws, y.size)))  # a list: errors are raised
    return values


def interval(values: Floats, *, level: float = 0.95) -> tuple[float, float]:
    """Compute the percentile interval of the defined draws; NaN if there is none."""
    defined = values[~np.isnan(values)]
    if defined.size == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
