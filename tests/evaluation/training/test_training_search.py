"""The search begins at the defaults and never ends below them."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_mammo.evaluation.training.estimators.base import Report, Trial
from radiomics_mammo.evaluation.training.registry import MODELS
from radiomics_mammo.evaluation.training.tuning import Defaults, search


def space(draw):
    return {
        "C": draw.log_uniform("C", 0.1, 1e-3, 10.0),
        "share": draw.uniform("share", 0.5, 0.1, 0.9),
        "leaf": draw.integer("leaf", 5, 2, 30),
        "way": draw.categorical("way", "none", ("none", "some")),
    }


def attempts(score, tried: list[dict]):
    def attempt(parameters, report: Report) -> Trial:
        tried.append(parameters)
        return Trial(parameters, score(parameters), [])

    return attempt


def test_the_first_trial_is_the_defaults_to_the_bit():
    tried: list[dict] = []
    search(attempts(lambda _: 0.5, tried), space, trials=5, seed=0)
    assert tried[0] == {"C": 0.1, "share": 0.5, "leaf": 5, "way": "none"}
    assert len(tried) == 5
    assert all(1e-3 <= one["C"] <= 10 and 0.1 <= one["share"] <= 0.9 and 2 <= one["leaf"] <= 30 for one in tried)
    assert len({one["C"] for one in tried}) == 5


def test_of_equal_ones_the_first_wins():
    tried: list[dict] = []
    assert search(attempts(lambda _: 0.5, tried), space, trials=5, seed=0).parameters is tried[0]


@pytest.mark.parametrize("seed", range(3))
def test_the_best_wins_and_is_never_worse_than_the_defaults(seed):
    tried: list[dict] = []
    found = search(attempts(lambda one: -abs(np.log10(one["C"])), tried), space, trials=10, seed=seed)
    assert found.score == max(-abs(np.log10(one["C"])) for one in tried)
    assert found.score >= -1
    worst = search(attempts(lambda one: 1.0 if one["C"] == 0.1 else 0.0, []), space, trials=6, seed=seed)
    assert worst.parameters["C"] == 0.1


def test_the_seed_decides():
    runs = []
    for seed in (4, 4, 5):
        tried: list[dict] = []
        search(attempts(lambda one: one["share"], tried), space, trials=6, seed=seed)
        runs.append(tried)
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_what_was_given_up_never_wins():
    """Scores that fall from one setting to the next are below the median of those before, on the first fold."""
    given_up, seen = [], []

    def attempt(parameters, report: Report) -> Trial:
        seen.append(parameters)
        for step in range(3):
            if report(1.0 / len(seen), step):
                given_up.append(parameters)
                return Trial(parameters, None, [])
        return Trial(parameters, 1.0 / len(seen), [])

    found = search(attempt, space, trials=6, seed=0)
    assert found.parameters is seen[0]
    assert seen[0] not in given_up
    assert seen[1] not in given_up
    assert len(given_up) == 4


def test_one_trial_or_nothing_to_tune_is_one_attempt_without_optuna(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)  # an import would fail
    tried: list[dict] = []
    search(attempts(lambda _: 0.5, tried), space, trials=1, seed=0)
    search(attempts(lambda _: 0.5, tried), lambda _: {}, trials=9, seed=0)
    assert tried == [{"C": 0.1, "share": 0.5, "leaf": 5, "way": "none"}, {}]


class Bounded(Defaults):
    """Checks that a default lies within its limits."""

    def log_uniform(self, name, default, low, high):
        assert low <= default <= high, name
        return super().log_uniform(name, default, low, high)

    def integer(self, name, default, low, high):
        assert low <= default <= high, name
        return super().integer(name, default, low, high)

    def categorical(self, name, default, options):
        assert default in options, name
        return super().categorical(name, default, options)


@pytest.mark.parametrize("name", [name for name, model in MODELS.items() if not model.ensemble])
def test_every_models_defaults_lie_within_its_space(name):
    draw = Bounded()
    estimator = MODELS[name].estimator
    for one in (estimator, estimator.bag_member or estimator):
        assert one.space(draw).items() <= draw.drawn.items()
