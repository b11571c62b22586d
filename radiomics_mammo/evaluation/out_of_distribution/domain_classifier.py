"""Covariate shift between training and test set, by a classifier that tells them apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.prediction_units import aggregate
from radiomics_mammo.evaluation.cohort.records import FEATURES, Cohort
from radiomics_mammo.evaluation.metrics.auroc_variance import auroc_interval, obuchowski
from radiomics_mammo.evaluation.out_of_distribution.feature_space import FeatureSpace

Floats = NDArray[np.float64]

ALL = "all columns"
_FOLDS, _TREES, _LISTED, _MOST_UNITS = 5, 200, 10, 10_000


def covariate_shift(train: Cohort, test: Cohort, *, seed: int) -> pd.DataFrame:
    """Measure how well features tell test units from training units; outcomes are not looked at.

    A random forest is cross-validated by patient on the pooled units (classifier two-sample test: Lopez-Paz and
    Oquab 2017). An AUROC of 0.5 is no shift.

    Returns
    -------
    pandas.DataFrame
        ``column`` (``all columns`` first, then the ten that differ most), ``auroc`` (the probability that a test unit
        has the higher value), ``low`` and ``high`` (95%, clustered by patient).
    """
    names = train.names(FEATURES)
    space = FeatureSpace.fit(train.x, names)
    parts = [_of_units(space, cohort, seed) for cohort in (train, test)]
    x = np.vstack([values for values, _ in parts])
    y = np.repeat(np.array([0, 1], dtype=np.int8), [len(values) for values, _ in parts])
    group = np.concatenate([parts[0][1], parts[1][1] + parts[0][1].max() + 1])
    shown = [*space.columns, *(f"component {i + 1}" for i in range(x.shape[1] - len(space.columns)))]
    single = [(name, *_auroc(y, x[:, column], group)) for column, name in enumerate(shown)]
    single.sort(key=lambda row: -abs(row[1] - 0.5))
    rows = [(ALL, *_auroc(y, _scores(x, y, group, seed), group)), *single[:_LISTED]]
    return pd.DataFrame(rows, columns=["column", "auroc", "low", "high"])


def _of_units(space: FeatureSpace, cohort: Cohort, seed: int) -> tuple[Floats, NDArray[np.int64]]:
    values = aggregate(space.coordinates(cohort.x).T, cohort.units.of, "mean").T
    group = cohort.units.group
    if len(values) > _MOST_UNITS:
        some = np.sort(np.random.default_rng(seed).choice(len(values), _MOST_UNITS, replace=False))
        values, group = values[some], group[some]
    return values, np.unique(group, return_inverse=True)[1].astype(np.int64)


def _scores(x: Floats, y: NDArray[np.int8], group: NDArray[np.int64], seed: int) -> Floats:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    fewest = min(np.unique(group[y == k]).size for k in (0, 1))
    scores = np.full(y.size, 0.5)
    if fewest < 2:
        return scores
    folds = StratifiedGroupKFold(min(_FOLDS, fewest), shuffle=True, random_state=seed)
    for fit, held_out in folds.split(x, y, group):
        forest = RandomForestClassifier(_TREES, min_samples_leaf=5, class_weight="balanced", random_state=seed)
        scores[held_out] = forest.fit(x[fit], y[fit]).predict_proba(x[held_out])[:, 1]
    return scores


def _auroc(y: NDArray[np.int8], score: Floats, group: NDArray[np.int64]) -> tuple[float, float, float]:
    estimate = obuchowski(y, score[None, None], group)
    value = float(estimate.value[0])
    return value, *auroc_interval(value, float(estimate.covariance[0, 0]))
