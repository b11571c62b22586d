"""Checks of what labels and features say of each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.leakage.subsample import subsample_patients
from radiomics_mammo.evaluation.metrics.arrays import Codes, Floats, Labels
from radiomics_mammo.evaluation.training.label_permutation import fold_auroc

SEPARATES = 0.99
MOST = 0.5
_LEAST_PATIENTS = 5
_CHUNK = 64


def separating_columns(
    x: Floats, y: Labels, group: Codes, fold_of: NDArray[np.integer], *, seed: int = 0
) -> list[tuple[int, float]]:
    """Find columns of which each alone separates the classes.

    Parameters
    ----------
    x : ndarray of float64, shape (n_rows, n_columns)
        A null comes before all values.
    y : ndarray of int8, shape (n_rows,)
    group : ndarray of int64, shape (n_rows,)
        The patient.
    fold_of : ndarray of int, shape (n_repeats, n_rows)
        Folds by patient: the direction is that of the training rows.
    seed : int
        Of the patients that a first pass takes.

    Returns
    -------
    list of (int, float)
        Position of the column and its AUROC out of fold, ``SEPARATES`` or more.
    """
    rows, _ = subsample_patients(y, group, columns=x.shape[1], seed=seed)
    separating = []
    for start in range(0, x.shape[1], _CHUNK):
        rough = _aurocs(_filled(x[rows, start : start + _CHUNK]), y[rows])
        for at in (start + np.flatnonzero(np.abs(rough - 0.5) >= SEPARATES - 0.5)).tolist():
            value = _out_of_fold(_filled(x[:, [at]])[:, 0], y, fold_of)
            if value >= SEPARATES:
                separating.append((at, value))
    return separating


def patients_of_both_classes(y: Labels, group: Codes) -> tuple[int, int]:
    """Count the patients of several rows who have rows of both classes, and all patients of several rows."""
    rows, positive = np.bincount(group), np.bincount(group, weights=y)
    return int(((positive > 0) & (positive < rows)).sum()), int((rows > 1).sum())


def are_most(count: int, of: int) -> bool:
    """Return whether patients of both classes are more than half of enough patients."""
    return of >= _LEAST_PATIENTS and count > MOST * of


def _filled(x: Floats) -> Floats:
    return np.where(np.isnan(x), -np.inf, x)


def _aurocs(x: Floats, y: Labels) -> Floats:
    from scipy.stats import rankdata

    positive = int(y.sum())
    negative = y.size - positive
    if not positive or not negative:
        return np.full(x.shape[1], 0.5)
    ranks = rankdata(x, axis=0)[y == 1].sum(axis=0)
    return np.asarray((ranks - positive * (positive + 1) / 2) / (positive * negative))


def _out_of_fold(column: Floats, y: Labels, fold_of: NDArray[np.integer]) -> float:
    """Return the mean over repeats of the AUROC within folds, each in the direction of its training rows."""
    values = []
    for folds in fold_of:
        signed = np.empty(column.size)
        for fold in np.unique(folds):
            test = folds == fold
            rising = _aurocs(column[~test, None], y[~test])[0] >= 0.5
            signed[test] = column[test] if rising else -column[test]
        values.append(fold_auroc(y, signed, folds))
    return float(np.mean(values))
