"""Reliability table: predicted and observed within bins of equal size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.arrays import Codes, Floats, Labels
from radiomics_mammo.evaluation.metrics.proportions import clustered_proportion


def reliability_table(y: Labels, p: Floats, group: Codes, *, bins: int = 10, level: float = 0.95) -> pd.DataFrame:
    """Compute the reliability table of one candidate, all repeats together.

    Equal predictions stay in one bin, so bins may be larger than others, or fewer than asked for. Intervals are
    Wilson's, with the number of units divided by the design effect of patients.
    """
    of = _bin_of(p, bins)
    rows = []
    for number in np.unique(of):
        within = of == number
        weight = within.mean(axis=0)[None]  # proportion of repeats in which a unit is in the bin
        proportion = clustered_proportion(weight * y, weight, group, level=level)
        inside = p[within]
        rows.append(
            {
                "predicted": float(inside.mean()),
                "observed": proportion.value,
                "low": proportion.low,
                "high": proportion.high,
                "from": float(inside.min()),
                "to": float(inside.max()),
                "n": float(weight.sum()),
                "patients": proportion.patients,
            }
        )
    return pd.DataFrame(rows)


def _bin_of(p: Floats, bins: int) -> np.ndarray:
    """Return the bin of each prediction by its mid-rank."""
    ranked = np.sort(p, axis=None)
    twice = np.searchsorted(ranked, p, side="left") + np.searchsorted(ranked, p, side="right")
    return (twice * bins) // (2 * p.size)
