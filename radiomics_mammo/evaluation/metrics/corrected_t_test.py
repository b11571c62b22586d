"""Corrected resampled t-test of differences over folds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from radiomics_mammo.evaluation.metrics.arrays import Floats, Labels
from radiomics_mammo.evaluation.metrics.auroc_variance import Difference
from radiomics_mammo.evaluation.metrics.metrics import auroc, curve


def fold_aurocs(y: Labels, p: Floats, fold_of: NDArray[np.int16]) -> Floats:
    """Compute the AUROC of every candidate in every fold of every repeat.

    Parameters
    ----------
    p : ndarray of float64, shape (n_candidates, n_repeats, n_units)

    Returns
    -------
    ndarray of float64, shape (n_candidates, n_repeats, n_folds)
        NaN in a fold with one class.
    """
    n_folds = int(fold_of.max()) + 1
    aurocs = np.empty((p.shape[0], p.shape[1], n_folds))
    for repeat, assigned in enumerate(fold_of):
        for fold in range(n_folds):
            rows = assigned == fold
            aurocs[:, repeat, fold] = [auroc(curve(y[rows], each[rows]))[0] for each in p[:, repeat]]
    return aurocs


def nadeau_bengio(differences: Floats, *, level: float = 0.95) -> Difference:
    """Compute Nadeau and Bengio's corrected resampled t-test.

    Nadeau & Bengio (2003), with all folds of all repeats as Bouckaert & Frank (2004) use it: the variance of J
    differences is multiplied by 1/J + 1/(folds - 1) in place of 1/J, on J - 1 degrees of freedom.

    Parameters
    ----------
    differences : ndarray of float64, shape (n_repeats, n_folds)
        NaN where undefined: left out.

    Returns
    -------
    Difference
        Interval and p are NaN with fewer than two defined differences; equal differences of 0 have p 1.
    """
    d = differences[~np.isnan(differences)]
    n_folds = differences.shape[-1]
    mean = float(d.mean()) if d.size else float("nan")
    if d.size < 2 or n_folds < 2:
        return Difference(mean, float("nan"), float("nan"), float("nan"))
    error = float(np.sqrt(d.var(ddof=1) * (1.0 / d.size + 1.0 / (n_folds - 1))))
    reach = float(stdtrit(d.size - 1, (1.0 + level) / 2.0)) * error
    if error == 0.0:
        return Difference(mean, mean, mean, 1.0 if mean == 0.0 else 0.0)
    return Difference(mean, mean - reach, mean + reach, float(2.0 * stdtr(d.size - 1, -abs(mean) / error)))
