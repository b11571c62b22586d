"""XGBoost grown on several sets of rows in step, so that one number of rounds is right for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.training.estimators import MAX_BIN

Floats = NDArray[np.float64]

MOST_ROUNDS = 300
_STEP = 20  # rounds between two looks at the rows held out
_PATIENCE = 3  # looks without a better mean before it stops


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Rows as XGBoost keeps them, built once and used by every candidate and trial of a fold.

    Attributes
    ----------
    rows : xgboost.DMatrix
    y : ndarray of int8, shape (n_rows,)
    """

    rows: Any
    y: NDArray[np.int8]


def to_matrix(x: Floats, y: NDArray[np.int8], *, settings: Settings, reference: Matrix | None = None) -> Matrix:
    """Put rows into bins, once; nulls stay nulls, which XGBoost sends down the better branch.

    Parameters
    ----------
    x, y
        Prepared rows and their labels.
    settings : Settings
    reference : Matrix, optional
        Training rows whose bins are to be used.
    """
    import xgboost

    if settings.tree_method != "hist":
        return Matrix(xgboost.DMatrix(x, label=y, nthread=1), y)
    ref = None if reference is None else reference.rows
    return Matrix(xgboost.QuantileDMatrix(x, label=y, ref=ref, max_bin=MAX_BIN, nthread=1), y)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Rows to train on, how much each counts, and rows held out."""

    train: Matrix
    weight: Floats
    held: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """What growing in step came to.

    Attributes
    ----------
    rounds : int
        Where the mean score over the pairs was highest.
    score : float
    held : list of ndarray of float64
        Each pair's probabilities of its held rows after so many rounds.
    """

    rounds: int
    score: float
    held: list[Floats]


def booster_parameters(settings: Settings, parameters: dict[str, Any], *, seed: int) -> dict[str, Any]:
    """Write tuned parameters as XGBoost takes them."""
    return {
        "objective": "binary:logistic",
        "tree_method": settings.tree_method,
        "device": settings.device,
        "max_bin": MAX_BIN,
        "nthread": 1,
        "seed": seed,
        # XGBoost draws from one stream a process: seeded anew each round, boosters grown in step do not disturb
        # each other.
        "seed_per_iteration": True,
        "verbosity": 0,
        **{name: value for name, value in parameters.items() if name != "rounds"},
    }


def grow_together(
    pairs: Sequence[Pair], parameters: dict[str, Any], *, judge: Callable[[Sequence[Floats]], float]
) -> Grown:
    """Add trees to one booster a pair, in step, until the rows held out gain nothing more.

    Parameters
    ----------
    pairs : sequence of Pair
        The inner folds.
    parameters : dict
        From :func:`booster_parameters`.
    judge : callable (held probabilities, one array a pair) -> float
        Higher is better.
    """
    import xgboost

    for pair in pairs:
        pair.train.rows.set_weight(pair.weight)
    boosters = [xgboost.Booster(parameters, cache=[pair.train.rows, pair.held.rows]) for pair in pairs]
    best, since = Grown(0, -np.inf, []), 0
    for done in range(0, MOST_ROUNDS, _STEP):
        for booster, pair in zip(boosters, pairs, strict=True):
            for one in range(done, done + _STEP):
                booster.update(pair.train.rows, one)
        held = [booster.predict(pair.held.rows) for booster, pair in zip(boosters, pairs, strict=True)]
        held = [np.asarray(p, dtype=np.float64) for p in held]
        score = judge(held)
        if score > best.score:
            best, since = Grown(done + _STEP, score, held), 0
        else:
            since += 1
        if since == _PATIENCE:
            break
    return best


def grow(train: Matrix, weight: Floats, parameters: dict[str, Any], *, rounds: int) -> Any:
    """Train one booster for a known number of rounds."""
    import xgboost

    train.rows.set_weight(weight)
    return xgboost.train(parameters, train.rows, num_boost_round=rounds)
