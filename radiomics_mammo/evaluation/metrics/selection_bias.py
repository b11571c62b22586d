"""Selection bias of the best of several candidates (BBC-CV)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.metrics.arrays import Codes, Counts, Floats, Labels
from radiomics_mammo.evaluation.metrics.bootstrap import blocks_of, draw_patients, interval
from radiomics_mammo.evaluation.metrics.metrics import auroc, curve


@dataclass(frozen=True, slots=True)
class SelectionBias:
    """The candidate with the highest AUROC, and its corrected AUROC.

    Attributes
    ----------
    corrected, low, high : float
        AUROC of "whichever candidate is best" for patients that took no part in the selection, with its interval; NaN
        where no draw leaves patients of both classes out.
    selected : tuple of float
        Proportion of draws in which each candidate is the best.
    """

    name: str
    apparent: float
    corrected: float
    low: float
    high: float
    selected: tuple[float, ...]

    @property
    def optimism(self) -> float:
        """Apparent minus corrected AUROC."""
        return self.apparent - self.corrected


def selection_bias(
    names: Sequence[str],
    y: Labels,
    p: Floats,
    group: Codes,
    *,
    draws: int = 1_000,
    seed: int = 0,
    level: float = 0.95,
) -> SelectionBias:
    """Compute the bias-corrected AUROC of the best candidate by BBC-CV.

    Tsamardinos, Greasidou & Borboudakis (2018).
    In each draw the candidate that is best for the patients drawn is scored on those not drawn. Nothing is refitted.
    The interval is the percentile interval of those scores; as about 37% of the patients are left out, it is rather
    wide.

    ``p`` has shape (n_candidates, n_repeats, n_units); of equal candidates the first is the best.
    """
    counts = draw_patients(int(group.max()) + 1, draws=draws, seed=seed)
    blocks = [counts[block] for block in blocks_of(draws, y.size)]
    within = np.concatenate([_aurocs(y, p, group, block) for block in blocks], axis=1)
    without = np.concatenate([_aurocs(y, p, group, (block == 0).astype(np.int32)) for block in blocks], axis=1)
    defined = ~np.isnan(within[0])
    best = within[:, defined].argmax(axis=0)
    scored = without[best, np.flatnonzero(defined)]
    low, high = interval(scored, level=level)
    apparent = _aurocs(y, p, group, np.ones((1, counts.shape[1]), dtype=np.int32))[:, 0]
    first, proportions = int(apparent.argmax()), np.bincount(best, minlength=len(names)) / max(best.size, 1)
    corrected = float(scored[~np.isnan(scored)].mean()) if not np.isnan(scored).all() else float("nan")
    return SelectionBias(names[first], float(apparent[first]), corrected, low, high, tuple(proportions.tolist()))


def _aurocs(y: Labels, p: Floats, group: Codes, counts: Counts) -> Floats:
    """Compute the AUROC of every candidate and draw; (n_candidates, n_draws)."""
    weights: NDArray[np.int32] = counts[:, group]
    values: Floats = np.stack([np.mean([auroc(curve(y, each, weights)) for each in repeats], axis=0) for repeats in p])
    return values
