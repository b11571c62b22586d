"""What a pipeline scores on shuffled labels, and how far from one half chance takes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.leakage.quick_models import out_of_fold
from radiomics_mammo.evaluation.training.label_permutation import fold_auroc, shuffled_labels

SHUFFLES = 12

Predict = Callable[[NDArray[np.float64], NDArray[np.int8], NDArray[np.integer], int], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class NullAuroc:
    """What a pipeline scores on labels that tell nothing.

    Attributes
    ----------
    value : float
        Mean over shuffles of :func:`~radiomics_mammo.evaluation.training.label_permutation.fold_auroc`; NaN where fewer
        than two of them leave a fold with both classes.
    low, high : float
        Its interval; NaN as above.
    """

    value: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether one half lies inside, as it must where nothing leaks."""
        return self.low <= 0.5 <= self.high


def quick_scores(
    x: NDArray[np.float64], y: NDArray[np.int8], fold_of: NDArray[np.integer], seed: int
) -> NDArray[np.float64]:
    """Score rows out of fold, shape (n_rows,), by thirty rounds of XGBoost: what every run's check asks."""
    p: NDArray[np.float64] = out_of_fold(x, y, fold_of[None, :], learner="short", seed=seed)[0]
    return p


def null_auroc(
    x: NDArray[np.float64],
    y: NDArray[np.int8],
    group: NDArray[np.int64],
    fold_of: NDArray[np.integer],
    *,
    seed: int = 0,
    shuffles: int = SHUFFLES,
    workers: int = 1,
    level: float = 0.95,
    predict: Predict = quick_scores,
) -> NullAuroc:
    """Shuffle labels between patients, score all rows out of fold, and give the AUROC with its interval.

    The interval is that of the mean over shuffles, by Student's t. Shuffles are independent draws, each a draw of
    patients with all their rows, so it needs no formula for clustered or cross-validated scores. A formula for
    independent predictions would be too narrow: two alike patients in two folds are told rightly or wrongly together.
    Nothing pulls the mean away from one half: who of two patients of one fold has which label does not touch the
    rows that their fold's model was trained on, so either way round is as likely.

    Parameters
    ----------
    x : ndarray of float64, shape (n_rows, n_columns)
    y : ndarray of int8, shape (n_rows,)
    group : ndarray of int64, shape (n_rows,)
    fold_of : ndarray of int, shape (n_repeats, n_rows)
        The repeats take turns.
    seed : int
    shuffles : int
        At least two.
    workers : int
        Processes; the result does not depend on it.
    level : float
        Of the interval.
    predict : callable (x, y, fold_of of one repeat, seed) -> ndarray of float64, shape (n_rows,)
        The pipeline that is asked.
    """
    from joblib import Parallel, delayed

    values = np.array(
        Parallel(n_jobs=workers)(
            delayed(_one_shuffle)(x, y, group, fold_of[turn % len(fold_of)], int(state), predict)
            for turn, state in enumerate(np.random.SeedSequence([seed, 0xCA]).generate_state(shuffles))
        )
    )
    values = values[~np.isnan(values)]
    if values.size < 2:
        return NullAuroc(float("nan"), float("nan"), float("nan"))
    from scipy.stats import t

    mean = float(values.mean())
    reach = float(t.ppf((1 + level) / 2, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size))
    return NullAuroc(mean, mean - reach, mean + reach)


def _one_shuffle(
    x: NDArray[np.float64],
    y: NDArray[np.int8],
    group: NDArray[np.int64],
    fold_of: NDArray[np.integer],
    seed: int,
    predict: Predict,
) -> float:
    given = shuffled_labels(y, group, seed=seed)
    return fold_auroc(given, predict(x, given, fold_of, seed), fold_of)
