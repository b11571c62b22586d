"""Baseline models of fixed settings for the leakage checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.metrics.arrays import Flags, Floats, Labels
from radiomics_mammo.evaluation.training.splits import fold_seed

_NEIGHBOURS = 5
_BOOSTED = {
    "max_depth": 3,
    "max_bin": 64,
    "min_child_weight": 0.1,  # a leaf may hold one row: a leaking split rewards models that know patients again
    "objective": "binary:logistic",
    "nthread": 1,
    "verbosity": 0,
}


@dataclass(frozen=True, slots=True)
class BaselineModel:
    """A line of ``BASELINE_MODELS``.

    Attributes
    ----------
    title : str
    predict : callable (x_train, y_train, x_test, seed) -> ndarray of float64, shape (n_test,)
        Fits on the one and scores the other; a higher score means more likely positive.
    """

    title: str
    predict: Callable[[Floats, Labels, Floats, int], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class ResampledRows:
    """A resampled table.

    Attributes
    ----------
    x : ndarray of float64, shape (n_rows + n_added, n_columns)
        The rows that were there, in their order, then the added ones.
    y : ndarray of int8, shape (n_rows + n_added,)
    source : ndarray of int64, shape (n_rows + n_added,)
        The row that each is, or was added from; of SMOTE's, the nearest row of its class.
    """

    x: Floats
    y: Labels
    source: NDArray[np.int64]


def out_of_fold(
    x: Floats,
    y: Labels,
    fold_of: NDArray[np.integer],
    *,
    model: str = "xgboost",
    resample: str = "",
    n_selected: int = 0,
    seed: int = 0,
    workers: int = 1,
) -> Floats:
    """Compute out-of-fold scores of all rows by a baseline model.

    Parameters
    ----------
    x : ndarray of float64, shape (n_rows, n_columns)
        NaN where undefined.
    y : ndarray of int8, shape (n_rows,)
    fold_of : ndarray of int, shape (n_repeats, n_rows)
        The fold in which a row is scored.
    model : str
        A key of ``BASELINE_MODELS``.
    resample : {'', 'oversampling', 'smote'}
        What is done to the training rows of each fold.
    n_selected : int
        Columns to select on the training rows of each fold; 0 takes all.
    seed : int
        Of everything random.
    workers : int
        Processes; the result does not depend on it.

    Returns
    -------
    ndarray of float64, shape (n_repeats, n_rows)
        One half where the training rows hold one class only.
    """
    from joblib import Parallel, delayed

    folds = [(repeat, int(fold)) for repeat, assigned in enumerate(fold_of) for fold in np.unique(assigned)]
    results = Parallel(n_jobs=workers)(
        delayed(_fold)(x, y, fold_of[repeat] == fold, model, resample, n_selected, fold_seed(seed, repeat, fold))
        for repeat, fold in folds
    )
    p = np.full(fold_of.shape, np.nan)
    for (repeat, fold), scores in zip(folds, results, strict=True):
        p[repeat, fold_of[repeat] == fold] = scores
    return p


def _fold(x: Floats, y: Labels, test: Flags, model: str, resample: str, n_selected: int, seed: int) -> Floats:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    x_train, y_train = x[~test], y[~test]
    if np.unique(y_train).size < 2:
        return np.full(int(test.sum()), 0.5)
    with threadpool_limits(1):  # BLAS adds in another order with another number of threads
        columns = most_associated(x_train, y_train, n_selected) if n_selected else np.arange(x.shape[1])
        x_train, x_test = x_train[:, columns], x[test][:, columns]
        if resample == "smote":
            x_train, x_test = standardise(x_train, x_test)
        if resample:
            more = resample_rows(x_train, y_train, kind=resample, seed=seed)
            x_train, y_train = more.x, more.y
        return BASELINE_MODELS[model].predict(x_train, y_train, x_test, seed)


def standardise(train: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Fit median imputation and scaling on training rows; drop constants."""
    low, high = np.fmin.reduce(train, axis=0), np.fmax.reduce(train, axis=0)
    varies = high > low  # False for a column without any value
    train, other = train[:, varies], other[:, varies]
    middle = np.nanmedian(train, axis=0) if train.size else np.zeros(train.shape[1])
    filled = np.where(np.isnan(train), middle, train)
    mean, deviation = filled.mean(axis=0), filled.std(axis=0)
    return (filled - mean) / deviation, (np.where(np.isnan(other), middle, other) - mean) / deviation


def most_associated(x: Floats, y: Labels, k: int) -> NDArray[np.int64]:
    """Return the k columns that correlate most with the label, ranked as by an F-test.

    Nulls count as the median, a constant column as uncorrelated; ties go to the earlier column.
    """
    low, high = np.fmin.reduce(x, axis=0), np.fmax.reduce(x, axis=0)
    strength = np.zeros(x.shape[1])
    strength[high > low] = np.abs((y - y.mean()) @ standardise(x, x[:0])[0])
    return np.sort(np.argsort(-strength, kind="stable")[:k])


def resample_rows(x: Floats, y: Labels, *, kind: str, seed: int) -> ResampledRows:
    """Build balanced classes by ``oversampling`` or ``smote``.

    Where SMOTE (Chawla et al., JAIR 2002;16:321-357) has a single row to interpolate from, that row is copied.
    """
    from imblearn.over_sampling import SMOTE, RandomOverSampler

    fewest = int(np.bincount(y, minlength=2).min())
    if kind == "smote" and fewest > 1:
        sampler: Any = SMOTE(k_neighbors=min(_NEIGHBOURS, fewest - 1), random_state=seed)
        more, labels = sampler.fit_resample(x, y)
        return ResampledRows(more, labels.astype(np.int8), _nearest(x, y, more))
    sampler = RandomOverSampler(random_state=seed)
    rows, labels = sampler.fit_resample(np.arange(y.size)[:, None], y)
    return ResampledRows(x[rows[:, 0]], labels.astype(np.int8), rows[:, 0].astype(np.int64))


def _nearest(x: Floats, y: Labels, more: Floats) -> NDArray[np.int64]:
    from sklearn.neighbors import NearestNeighbors

    rare = np.flatnonzero(y == np.argmin(np.bincount(y, minlength=2)))
    added = more[y.size :]
    source = np.arange(y.size, dtype=np.int64)
    if added.shape[0] == 0:
        return source
    nearest = NearestNeighbors(n_neighbors=1).fit(x[rare]).kneighbors(added, return_distance=False)
    return np.concatenate([source, rare[nearest[:, 0]]])


def _boosted(x: Floats, y: Labels, other: Floats, seed: int, *, rounds: int, eta: float) -> Floats:
    import xgboost

    rows = xgboost.QuantileDMatrix(x, label=y, nthread=1, max_bin=_BOOSTED["max_bin"])
    model = xgboost.train(_BOOSTED | {"seed": seed, "eta": eta}, rows, rounds)
    return np.asarray(model.inplace_predict(other), dtype=np.float64)


def _logistic(x: Floats, y: Labels, other: Floats, seed: int) -> Floats:  # noqa: ARG001 (one signature for the table)
    from sklearn.linear_model import LogisticRegression

    x_train, x_test = standardise(x, other)
    if x_train.shape[1] == 0:
        return np.full(other.shape[0], float(y.mean()))
    model = LogisticRegression(C=0.1, max_iter=5_000).fit(x_train, y)
    return np.asarray(model.decision_function(x_test), dtype=np.float64)


def _forest(x: Floats, y: Labels, other: Floats, seed: int) -> Floats:
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(n_estimators=100, n_jobs=1, random_state=seed).fit(x, y)
    return np.asarray(model.predict_proba(other)[:, 1], dtype=np.float64)


BASELINE_MODELS: dict[str, BaselineModel] = {
    "xgboost": BaselineModel("XGBoost, 100 rounds of depth 3", partial(_boosted, rounds=100, eta=0.1)),
    "short": BaselineModel("XGBoost, 30 rounds of depth 3", partial(_boosted, rounds=30, eta=0.3)),
    "forest": BaselineModel("random forest, 100 full trees", _forest),
    "logistic": BaselineModel("logistic regression (L2)", _logistic),
}
