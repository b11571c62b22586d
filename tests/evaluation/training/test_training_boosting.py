"""Boosters grown in step are what a plain loop of xgboost.train gives; weights are what repeated rows are."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost
from sklearn.metrics import roc_auc_score

from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.training.estimators.boosting import MOST_ROUNDS, BoostingRows
from radiomics_mammo.evaluation.training.estimators.xgboost import XGBoost, booster_parameters
from radiomics_mammo.evaluation.training.samplers import repeats, resample

TUNED = {"max_depth": 3, "learning_rate": 0.1, "min_child_weight": 1.0, "subsample": 0.8, "colsample_bytree": 0.5}
WHOLE_ROWS = {**TUNED, "subsample": 1.0, "colsample_bytree": 1.0}


def rows(seed: int, *, n: int = 150, strength: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype(np.int8)
    x = rng.normal(size=(n, 6))
    x[:, 0] += strength * y
    x[rng.random(x.shape) < 0.05] = np.nan
    return x, y


def folds_of(settings: Settings, *, strength: float = 1.0) -> tuple[list[BoostingRows], list[tuple]]:
    folds, raw = [], []
    for seed in (1, 3):
        (x, y), (other, other_y) = rows(seed, strength=strength), rows(seed + 1, n=80, strength=strength)
        weight = np.where(y == 1, 2.0, 1.0)
        train = XGBoost().dataset(x, settings=settings)
        validation = XGBoost().dataset(other, settings=settings, reference=train)
        folds.append(BoostingRows(train, y, weight, validation))
        raw.append((x, y, weight, other, other_y))
    return folds, raw


def grow(x: np.ndarray, y: np.ndarray, weight: np.ndarray, *, rounds: int, train=None):
    train = XGBoost().dataset(x, settings=Settings()) if train is None else train
    return XGBoost().train(
        BoostingRows(train, y, weight), {**WHOLE_ROWS, "rounds": rounds}, settings=Settings(), seed=0
    )


def plainly(raw, parameters, rounds: int) -> list[np.ndarray]:
    held = []
    for x, y, weight, x_held, _ in raw:
        if parameters["tree_method"] == "hist":  # bins by the rows, not by their weights
            train = xgboost.QuantileDMatrix(x, label=y, max_bin=parameters["max_bin"])
        else:
            train = xgboost.DMatrix(x, label=y)
        train.set_weight(weight)
        booster = xgboost.train(parameters, train, num_boost_round=rounds)
        held.append(booster.predict(xgboost.DMatrix(x_held)))
    return held


def judged(raw, held) -> float:
    return float(np.mean([roc_auc_score(one[4], p) for one, p in zip(raw, held, strict=True)]))


@pytest.mark.parametrize("method", ["hist", "approx", "exact"])
def test_growing_in_step_is_a_plain_loop(method):
    settings = Settings(tree_method=method)
    folds, raw = folds_of(settings)
    parameters = booster_parameters(settings, {**WHOLE_ROWS, "rounds": 7}, seed=3)
    assert "rounds" not in parameters
    found = XGBoost().fit_together(folds, WHOLE_ROWS, settings=settings, seed=3, judge=lambda held: judged(raw, held))
    scores = [judged(raw, plainly(raw, parameters, n)) for n in range(20, found.parameters["rounds"] + 61, 20)]
    best = int(np.argmax(scores))
    assert found.parameters["rounds"] == 20 * (best + 1)
    assert found.score == pytest.approx(max(scores), abs=1e-12)
    for held, wanted in zip(found.validation, plainly(raw, parameters, found.parameters["rounds"]), strict=True):
        np.testing.assert_allclose(held, wanted, atol=1e-6)


def test_subsampling_does_not_depend_on_the_other_boosters():
    folds, raw = folds_of(Settings())
    parameters = booster_parameters(Settings(), TUNED, seed=11)
    found = XGBoost().fit_together(folds, TUNED, settings=Settings(), seed=11, judge=lambda held: judged(raw, held))
    for held, wanted in zip(found.validation, plainly(raw, parameters, found.parameters["rounds"]), strict=True):
        np.testing.assert_allclose(held, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("scores", "rounds", "looks"),
    [
        ([0.5, 0.6, 0.6, 0.55, 0.5, 0.9], 40, 5),  # equal is not better; three looks without a better one end it
        ([0.5, 0.4, 0.4, 0.6, 0.1, 0.1, 0.1, 0.9], 80, 7),
        ([0.1 * i for i in range(100)], MOST_ROUNDS, MOST_ROUNDS // 20),
    ],
)
def test_it_stops_as_it_says(scores, rounds, looks):
    folds, _ = folds_of(Settings())
    seen: list[list[np.ndarray]] = []

    def judge(held):
        seen.append(held)
        return scores[len(seen) - 1]

    found = XGBoost().fit_together(folds, TUNED, settings=Settings(), seed=0, judge=judge)
    assert (found.parameters, len(seen)) == ({**TUNED, "rounds": rounds}, looks)
    assert found.validation is seen[rounds // 20 - 1]


def test_oversampling_by_weight_is_literally_repeating_rows():
    x, y = rows(5)
    weighed = grow(x, y, repeats(y, seed=4), rounds=30)
    again = resample(np.nan_to_num(x, nan=-9.0), y, sampler="oversampling", seed=4)
    again_x = np.where(again.x == -9.0, np.nan, again.x)
    bins = XGBoost().dataset(x, settings=Settings())
    same = XGBoost().dataset(again_x, settings=Settings(), reference=bins)
    repeated = grow(again_x, again.y, np.ones(again.y.size), rounds=30, train=same)
    np.testing.assert_allclose(
        weighed.predict(xgboost.DMatrix(x)), repeated.predict(xgboost.DMatrix(x)), rtol=0, atol=2e-6
    )


def test_weights_of_one_candidate_do_not_stay_for_the_next():
    x, y = rows(6)
    shared = XGBoost().dataset(x, settings=Settings())
    first = grow(x, y, np.ones(y.size), rounds=5, train=shared).predict(xgboost.DMatrix(x))
    grow(x, y, repeats(y, seed=0), rounds=5, train=shared)
    again = grow(x, y, np.ones(y.size), rounds=5, train=shared).predict(xgboost.DMatrix(x))
    np.testing.assert_array_equal(first, again)


def test_missingness_that_tells_is_found():
    x, y = rows(7, strength=0.0)
    x[:, 3] = np.where(y == 1, np.nan, 1.0)
    x[0, 3] = 2.0
    p = grow(x, y, np.ones(y.size), rounds=20).predict(xgboost.DMatrix(x))
    assert roc_auc_score(y, p) > 0.99
