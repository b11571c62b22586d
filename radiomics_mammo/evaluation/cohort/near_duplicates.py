"""Rows of a test table that are rows of the training table but for rounding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.records import Floats

NEAR = 0.05
"""Distance, as a proportion of the usual one between nearest rows of different patients."""
_COLUMNS, _LEAST_COLUMNS = 64, 4
_ROWS, _CHUNK = 1_000, 200


def near_duplicates(train: Floats, test: Floats, group: NDArray[np.int64]) -> tuple[int, int]:
    """Count test rows whose nearest training row is almost at distance 0.

    Distances are Euclidean between ranks in the training table, interpolated, of up to 64 features; a null counts as
    the median. Almost 0 is below ``NEAR`` times the median distance of a training row to its nearest row of another
    patient.

    Parameters
    ----------
    train : ndarray of float64, shape (n_train, n_features)
    test : ndarray of float64, shape (n_test, n_features)
    group : ndarray of int64, shape (n_train,)
        Patients of the training rows.

    Returns
    -------
    near, tested : int
        Of up to 1,000 test rows, evenly spaced; 0 and 0 where fewer than four features vary.
    """
    columns = [at for at in range(train.shape[1]) if np.unique(train[:, at][~np.isnan(train[:, at])]).size > 1]
    if len(columns) < _LEAST_COLUMNS or not len(test) or np.unique(group).size < 2:
        return 0, 0
    columns = columns[:: -(-len(columns) // _COLUMNS)]
    ranks = np.column_stack([_ranks(train[:, at], train[:, at]) for at in columns])
    rows = _evenly(len(test), _ROWS)
    others = np.column_stack([_ranks(train[:, at], test[rows, at]) for at in columns])
    sample = _evenly(len(train), _CHUNK)
    usual = float(np.median(_nearest(ranks[sample], ranks, group[sample, None] == group[None, :])))
    distances = np.concatenate([_nearest(others[i : i + _CHUNK], ranks) for i in range(0, len(others), _CHUNK)])
    return int((distances < NEAR * usual).sum()), len(rows)


def _evenly(size: int, most: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, size - 1, min(size, most)).astype(np.int64))


def _ranks(reference: Floats, values: Floats) -> Floats:
    """Return ranks from 0 to 1 in a reference column."""
    known, counts = np.unique(reference[~np.isnan(reference)], return_counts=True)
    middle = (np.cumsum(counts) - counts / 2) / counts.sum()
    return np.where(np.isnan(values), 0.5, np.interp(values, known, middle))


def _nearest(rows: Floats, others: Floats, excluded: NDArray[np.bool_] | None = None) -> Floats:
    from scipy.spatial.distance import cdist

    distances = cdist(rows, others)
    return np.asarray((distances if excluded is None else np.where(excluded, np.inf, distances)).min(axis=1))
