"""Feature values of a case outside the range of its training cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.prediction_units import aggregate
from radiomics_mammo.evaluation.cohort.records import Cohort, Floats
from radiomics_mammo.tables.feature_table import is_embedding

MOST = 5
"""Most values of a case: those farthest out."""


def out_of_range(cohort: Cohort, fold_of: NDArray[np.int16]) -> pd.DataFrame:
    """Find values outside the range of the training rows of the first repeat.

    How far out a value lies is counted in interquartile ranges of the training rows; where that range is 0, any value
    outside is as far as can be. A unit of several rows is their mean. Nulls are skipped, and so are embeddings,
    which have no meaning by themselves.
    """
    names = cohort.units.rows["case_id"].astype(str).to_numpy()
    parts = [
        _outside(cohort, column, fold_of[0]) for column, name in enumerate(cohort.features) if not is_embedding(name)
    ]
    unit, column, value, low, high, far = np.concatenate([np.empty((0, 6)), *parts]).T
    order = np.lexsort((column, -far, unit))
    position = np.arange(order.size) - np.searchsorted(unit[order], unit[order])
    order = order[position < MOST]
    return pd.DataFrame(
        {
            "case_id": names[unit[order].astype(np.intp)],
            "feature": np.array(cohort.features, dtype=object)[column[order].astype(np.intp)],
            "value": value[order],
            "low": low[order],
            "high": high[order],
        }
    )


def _outside(cohort: Cohort, column: int, fold_of: NDArray[np.int16]) -> Floats:
    """Return unit, column, value, low, high, distance of values outside."""
    # One column at a time: a copy of a large table for each fold would cost gigabytes.
    x, of = cohort.x[:, column], cohort.units.of
    by_unit = x if of.size == fold_of.size and (np.diff(of) > 0).all() else aggregate(x, of, "mean")
    parts = [np.empty((0, 6))]
    for fold in np.unique(fold_of):
        trained = x[fold_of[of] != fold]
        trained = trained[~np.isnan(trained)]
        if not trained.size:
            continue
        units = np.flatnonzero(fold_of == fold)
        low, quarter, third, high = np.quantile(trained, [0, 0.25, 0.75, 1])
        short = np.maximum(low - by_unit[units], by_unit[units] - high)
        out = short > 0  # never of NaN
        with np.errstate(divide="ignore"):
            far = short[out] / (third - quarter)
        ones = np.ones(out.sum())
        parts.append(np.column_stack([units[out], column * ones, by_unit[units][out], low * ones, high * ones, far]))
    return np.concatenate(parts)
