"""Boosters grown in step are what a plain loop of xgboost.train gives; weights are what repeated rows are."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost
from sklearn.metrics import roc_auc_score

from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.training.resampling import repeats, resample
from radiomics_mammo.evaluation.training.xgboost import (
    MOST_ROUNDS,
    Grown,
    Pair,
    booster_parameters,
    grow,
    grow_together,
    to_matrix,
)

TUNED = {"max_depth": 3, "learning_rate": 0.1, "min_child_weight": 1.0, "subsample": 0.8, "colsample_bytree": 0.5}
WHOLE_ROWS = {**TUNED, "subsample": 1.0, "colsample_bytree": 1.0}


def rows(seed: int, *, n: int = 150, strength: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3).astype(np.int8)
    x = rng.normal(size=(n, 6))
    x[:, 0] += strength * y
    x[rng.random(x.shape) < 0.05] = np.nan
    return x, y


def pairs_of(settings: Settings, *, strength: float = 1.0) -> tuple[list[Pair], list[tuple]]:
    pairs, raw = [], []
    for seed in (1, 3):
        (x, y), (x_held, y_held) = rows(seed, strength=strength), rows(seed + 1, n=80, strength=strength)
        weight = np.where(y == 1, 2.0, 1.0)
        train = to_matrix(x, y, settings=settings)
        pairs.append(Pair(train, weight, to_matrix(x_held, y_held, settings=settings, reference=train)))
        raw.append((x, y, weight, x_held, y_held))
    return pairs, raw


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
    pairs, raw = pairs_of(settings)
    parameters = booster_parameters(settings, {**WHOLE_ROWS, "rounds": 7}, seed=3)
    assert "rounds" not in parameters
    found = grow_together(pairs, parameters, judge=lambda held: judged(raw, held))
    scores = [judged(raw, plainly(raw, parameters, n)) for n in range(20, found.rounds + 61, 20)]
    best = int(np.argmax(scores))
    assert found.rounds == 20 * (best + 1)
    assert found.score == pytest.approx(max(scores), abs=1e-12)
    for held, wanted in zip(found.held, plainly(raw, parameters, found.rounds), strict=True):
        np.testing.assert_allclose(held, wanted, atol=1e-6)


def test_subsampling_does_not_depend_on_the_other_boosters():
    pairs, raw = pairs_of(Settings())
    parameters = booster_parameters(Settings(), TUNED, seed=11)
    found = grow_together(pairs, parameters, judge=lambda held: judged(raw, held))
    for held, wanted in zip(found.held, plainly(raw, parameters, found.rounds), strict=True):
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
    pairs, _ = pairs_of(Settings())
    seen: list[list[np.ndarray]] = []

    def judge(held):
        seen.append(held)
        return scores[len(seen) - 1]

    found = grow_together(pairs, booster_parameters(Settings(), TUNED, seed=0), judge=judge)
    assert (found.rounds, len(seen)) == (rounds, looks)
    assert isinstance(found, Grown)
    assert found.held is seen[rounds // 20 - 1]


def test_oversampling_by_weight_is_literally_repeating_rows():
    x, y = rows(5)
    counts = repeats(y, seed=4)
    parameters = booster_parameters(Settings(), WHOLE_ROWS, seed=0)
    weighed = grow(to_matrix(x, y, settings=Settings()), counts, parameters, rounds=30)
    again = resample(np.nan_to_num(x, nan=-9.0), y, sampler="oversampling", seed=4)
    again_x = np.where(again.x == -9.0, np.nan, again.x)
    bins = to_matrix(x, y, settings=Settings())
    same = to_matrix(again_x, again.y, settings=Settings(), reference=bins)
    repeated = grow(same, np.ones(again.y.size), parameters, rounds=30)
    np.testing.assert_allclose(
        weighed.predict(xgboost.DMatrix(x)), repeated.predict(xgboost.DMatrix(x)), rtol=0, atol=2e-6
    )


def test_weights_of_one_candidate_do_not_stay_for_the_next():
    x, y = rows(6)
    shared = to_matrix(x, y, settings=Settings())
    parameters = booster_parameters(Settings(), WHOLE_ROWS, seed=0)
    first = grow(shared, np.ones(y.size), parameters, rounds=5).predict(xgboost.DMatrix(x))
    grow(shared, repeats(y, seed=0), parameters, rounds=5)
    again = grow(shared, np.ones(y.size), parameters, rounds=5).predict(xgboost.DMatrix(x))
    np.testing.assert_array_equal(first, again)


def test_missingness_that_tells_is_found():
    x, y = rows(7, strength=0.0)
    x[:, 3] = np.where(y == 1, np.nan, 1.0)
    x[0, 3] = 2.0
    parameters = booster_parameters(Settings(), WHOLE_ROWS, seed=0)
    p = grow(to_matrix(x, y, settings=Settings()), np.ones(y.size), parameters, rounds=20).predict(xgboost.DMatrix(x))
    assert roc_auc_score(y, p) > 0.99
