"""Permutation test of a pipeline on labels permuted between patients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.leakage.baseline_models import out_of_fold
from radiomics_mammo.evaluation.metrics.arrays import Codes, Floats, Labels
from radiomics_mammo.evaluation.training.label_permutation import fold_auroc, permuted_labels

PERMUTATIONS = 12

Predict = Callable[[Floats, Labels, NDArray[np.integer], int], Floats]


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """AUROC of a pipeline on permuted labels.

    Attributes
    ----------
    value : float
        Mean over permutations of :func:`~radiomics_mammo.evaluation.training.label_permutation.fold_auroc`; NaN where
        fewer than two of them leave a fold with both classes.
    low, high : float
        Its interval; NaN as above.
    """

    value: float
    low: float
    high: float

    @property
    def passed(self) -> bool:
        """Return whether the interval is not above one half: leakage raises the AUROC, it does not lower it."""
        return self.low <= 0.5


def baseline_scores(x: Floats, y: Labels, fold_of: NDArray[np.integer], seed: int) -> Floats:
    """Compute out-of-fold scores, shape (n_rows,), of thirty rounds of XGBoost."""
    p: Floats = out_of_fold(x, y, fold_of[None, :], model="short", seed=seed)[0]
    return p


def permutation_test(
    x: Floats,
    y: Labels,
    group: Codes,
    fold_of: NDArray[np.integer],
    *,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
    workers: int = 1,
    level: float = 0.95,
    predict: Predict = baseline_scores,
) -> PermutationTest:
    """Compute the out-of-fold AUROC on permuted labels, with its interval.

    The interval is that of the mean over permutations, by Student's t. Permutations are independent draws, each a draw
    of patients with all their rows, so it needs no formula for clustered or cross-validated scores. A formula for
    independent predictions would be too narrow: two alike patients in two folds are scored rightly or wrongly together.
    The mean is unbiased for one half: which of two patients of one fold has which label does not touch the rows that
    their fold's model was trained on, so either order is as likely.

    Parameters
    ----------
    x : ndarray of float64, shape (n_rows, n_columns)
    y : ndarray of int8, shape (n_rows,)
    group : ndarray of int64, shape (n_rows,)
    fold_of : ndarray of int, shape (n_repeats, n_rows)
        The repeats take turns.
    seed : int
    permutations : int
        At least two.
    workers : int
        Processes; the result does not depend on it.
    level : float
        Of the interval.
    predict : callable (x, y, fold_of of one repeat, seed) -> ndarray of float64, shape (n_rows,)
        The pipeline that is tested.
    """
    from joblib import Parallel, delayed

    values = np.array(
        Parallel(n_jobs=workers)(
            delayed(_permuted_auroc)(x, y, group, fold_of[turn % len(fold_of)], int(state), predict)
            for turn, state in enumerate(np.random.SeedSequence([seed, 0xCA]).generate_state(permutations))
        )
    )
    values = values[~np.isnan(values)]
    if values.size < 2:
        return PermutationTest(float("nan"), float("nan"), float("nan"))
    from scipy.stats import t

    mean = float(values.mean())
    reach = float(t.ppf((1 + level) / 2, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size))
    return PermutationTest(mean, mean - reach, mean + reach)


def _permuted_auroc(
    x: Floats, y: Labels, group: Codes, fold_of: NDArray[np.integer], seed: int, predict: Predict
) -> float:
    permuted = permuted_labels(y, group, seed=seed)
    return fold_auroc(permuted, predict(x, permuted, fold_of, seed), fold_of)
