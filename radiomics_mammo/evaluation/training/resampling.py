"""Training rows as a candidate's sampler leaves them: other rows, or other weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.training.registry import SAMPLERS
from radiomics_mammo.evaluation.training.samplers import NEIGHBOURS, balanced_weights, neighbours

Floats = NDArray[np.float64]

_NOTHING_TO_ADD = ("No samples will be generated", "Not any neigbours belong to the majority class")
"""How ADASYN says so, in its own spelling."""


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """Rows to train on.

    Attributes
    ----------
    x : ndarray of float64, shape (n, n_columns)
    y : ndarray of int8, shape (n,)
    weight : ndarray of float64, shape (n,)
    note : str
        What could not be done as the sampler's name says; may be empty.
    """

    x: Floats
    y: NDArray[np.int8]
    weight: Floats
    note: str = ""


def resample(x: Floats, y: NDArray[np.int8], *, sampler: str, seed: int) -> Resampled:
    """Apply a sampler of ``SAMPLERS`` to training rows.

    Rows that it cannot work with (too few of the rarer class, nothing to add, a class cleaned away) are left as
    they are, and the note says so.
    """
    if sampler == "weights":
        return Resampled(x, y, balanced_weights(y))
    as_they_are = Resampled(x, y, np.ones(y.size))
    fewest = int(np.bincount(y, minlength=2).min())
    if fewest < SAMPLERS[sampler].least:
        return _left(as_they_are, "too few training cases of the rarer class")
    built = SAMPLERS[sampler].build(y, seed)
    if built is None:
        return as_they_are
    try:
        new_x, new_y = built.fit_resample(x, y)
    except (ValueError, RuntimeError) as error:
        if not str(error).startswith(_NOTHING_TO_ADD):
            raise
        return _left(as_they_are, "it had nothing to add")
    if np.unique(new_y).size < 2:
        return _left(as_they_are, "it cleaned a whole class away")
    if fewest < y.size - fewest and np.array_equal(np.bincount(new_y), np.bincount(y)):
        return _left(as_they_are, "it had nothing to add")
    note = ""
    if SAMPLERS[sampler].interpolates and neighbours(y) < NEIGHBOURS:
        note = f"looked at fewer than {NEIGHBOURS} neighbours in some folds: too few training cases of the rarer class"
    return Resampled(np.asarray(new_x), np.asarray(new_y, dtype=np.int8), np.ones(len(new_y)), note)


def repeats(y: NDArray[np.int8], *, seed: int) -> Floats:
    """Count how often random oversampling takes each row: the weight with which a booster sees it once.

    A row that counts twice adds to every sum of gradients what two copies would. Two things differ from literal
    copies: where rows are subsampled it is drawn or left with all its copies, and the bins, built once, are those of
    the rows as they are.
    """
    built = SAMPLERS["oversampling"].build(y, seed)
    built.fit_resample(np.zeros((y.size, 1)), y)
    return np.bincount(built.sample_indices_, minlength=y.size).astype(np.float64)


def _left(rows: Resampled, why: str) -> Resampled:
    return Resampled(rows.x, rows.y, rows.weight, f"left the training rows of some folds as they are: {why}")
