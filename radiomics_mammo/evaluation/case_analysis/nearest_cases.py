"""Nearest training cases of each case."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.prediction_units import aggregate
from radiomics_mammo.evaluation.cohort.records import Cohort, Floats
from radiomics_mammo.evaluation.training.preprocessing import preparation
from radiomics_mammo.tables.feature_table import is_embedding

MOST_UNITS = 20_000
"""Most training units in which neighbours are searched: of a larger cohort the rarer class, up to half of them, and
evenly spaced units of the other."""
_BLOCK = 512
_SPARE = 16  # more than k: approximate distances are accurate to about 1e-7
_DIGITS = 9  # in which distances that are equal on paper agree


def nearest_cases(cohort: Cohort, fold_of: NDArray[np.int16], *, k: int = 5) -> pd.DataFrame:
    """Find the training units nearest to each unit, in the fold that left it out.

    The features are prepared as a linear model of that fold has them, fitted on its training rows: constant and
    redundant columns out, nulls filled with medians, scaled. A unit of several rows is their mean. The distance is
    Euclidean, divided by the square root of the number of prepared columns, so that 1 is about one standard deviation
    in each. Embeddings are left out where there are other features: a thousand columns would drown a hundred. Of more
    than ``MOST_UNITS`` units only so many are searched.

    Parameters
    ----------
    fold_of : ndarray of int16, shape (n_repeats, n_units)
        The fold in which a unit is tested, all units of a patient in one: no patient is a neighbour of itself.
    k : int
        Neighbours of a unit; fewer where a fold has fewer training units.
    """
    units = cohort.units
    columns = interpretable_columns(cohort)
    pool = _pool(units.y)
    blocks: list[tuple[NDArray[np.intp], NDArray[np.intp], Floats]] = []
    for fold in np.unique(fold_of[0]):
        test_units, known = np.flatnonzero(fold_of[0] == fold), np.flatnonzero((fold_of[0] != fold) & pool)
        steps = preparation(native_nulls=False).fit(_rows(cohort, known, columns))
        near = _by_unit(cohort, known, columns, steps)
        for start in range(0, test_units.size, _BLOCK):
            block = test_units[start : start + _BLOCK]
            which, distance = _closest(_by_unit(cohort, block, columns, steps), near, k)
            blocks.append((block, known[which], distance))
    test_units = np.concatenate([np.repeat(block, which.shape[1]) for block, which, _ in blocks])
    rank = np.concatenate([np.tile(np.arange(1, which.shape[1] + 1), block.size) for block, which, _ in blocks])
    other = np.concatenate([which.ravel() for _, which, _ in blocks])
    distance = np.concatenate([part.ravel() for *_, part in blocks])
    order = np.lexsort((rank, test_units))
    names, patients = (units.rows[name].astype(str).to_numpy() for name in ("case_id", "patient_id"))
    return pd.DataFrame(
        {
            "case_id": names[test_units[order]],
            "rank": rank[order],
            "neighbour": names[other[order]],
            "neighbour_patient": patients[other[order]],
            "neighbour_y": units.y[other[order]],
            "distance": distance[order],
        }
    )


def interpretable_columns(cohort: Cohort) -> NDArray[np.intp]:
    """Return the positions of features other than embeddings."""
    plain = [i for i, name in enumerate(cohort.features) if not is_embedding(name)]
    return np.asarray(plain or range(len(cohort.features)), dtype=np.intp)


def _pool(y: NDArray[np.int8]) -> NDArray[np.bool_]:
    rarer = np.int8(y.mean() < 0.5)
    rare, common = np.flatnonzero(y == rarer), np.flatnonzero(y != rarer)
    rare = _spaced(rare, MOST_UNITS // 2) if y.size > MOST_UNITS else rare
    pool = np.zeros(y.size, dtype=np.bool_)
    pool[rare] = pool[_spaced(common, max(MOST_UNITS - rare.size, 0))] = True
    return pool


def _spaced(units: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    return units[np.linspace(0, units.size - 1, min(most, units.size)).astype(np.intp)]


def _rows(cohort: Cohort, units: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
    selected = np.isin(cohort.units.of, units)
    return np.asarray(cohort.x[np.ix_(selected, columns)])


def _by_unit(cohort: Cohort, units: NDArray[np.intp], columns: NDArray[np.intp], steps: object) -> Floats:
    """Return prepared rows averaged by unit, (n_units, n_prepared)."""
    rows = np.flatnonzero(np.isin(cohort.units.of, units))
    prepared = np.asarray(steps.transform(cohort.x[np.ix_(rows, columns)]))  # type: ignore[attr-defined]
    of = cohort.units.of[rows]
    return prepared if rows.size == units.size and (np.diff(of) > 0).all() else aggregate(prepared.T, of, "mean").T


def _closest(test_units: Floats, near: Floats, k: int) -> tuple[NDArray[np.intp], Floats]:
    """Return positions and distances of the k nearest, both of shape (n_asked, k)."""
    k = min(k, len(near))
    spare = min(k + _SPARE, len(near))
    # |t|^2 - 2 q.t orders as the distance does, in one matrix product; the few that may win are measured again.
    approximate = (near**2).sum(axis=1) - 2 * (test_units @ near.T)
    block = np.sort(np.argpartition(approximate, spare - 1, axis=1)[:, :spare], axis=1)
    exact = np.sqrt(((near[block] - test_units[:, None]) ** 2).mean(axis=2))
    order = np.argsort(np.round(exact, _DIGITS), axis=1, kind="stable")[:, :k]
    return np.take_along_axis(block, order, axis=1), np.take_along_axis(exact, order, axis=1)
