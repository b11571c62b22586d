"""Reliability table: predicted and observed within bins of equal size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.arrays import Codes, Floats, Labels
from radiomics_mammo.evaluation.metrics.proportions import clustered_proportion


def reliability_table(y: Labels, p: Floats, group: Codes, *, bins: int = 10, level: float = 0.95) -> pd.DataFrame:
    """Compute the reliability table of one candidate, all repeats together.

    Equal predictions stay in one bin, so bins may be larger than others, or fewer than asked for.

    Parameters
    ----------
    y : ndarray of int8, shape (n_units,)
    p : ndarray of float64, shape (n_repeats, n_units)
        Probabilities.
    group : ndarray of int64, shape (n_units,)
    bins : int
    level : float

    Returns
    -------
    pandas.DataFrame
        One row a bin: ``predicted`` and ``observed`` (means), ``low`` and ``high`` of the latter (Wilson, number of
        units divided by the design effect of patients), ``from`` and ``to`` (least and greatest prediction), ``n``
        (units a repeat, so not always a whole number) and ``patients`` (in the bin in any repeat).
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
