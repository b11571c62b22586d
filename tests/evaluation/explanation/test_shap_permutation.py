"""Refits on permuted labels: the same pipeline, other patients's labels, nothing found."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from radiomics_mammo.evaluation.explanation.shap_values import contributions
from radiomics_mammo.evaluation.training import permutation as ours
from radiomics_mammo.evaluation.training.cross_validation import cross_validate
from radiomics_mammo.evaluation.training.permutation import PermutedLabels, refit_permuted_labels
from radiomics_mammo.evaluation.training.plan import Plan
from tests.support.explained_run import NAMES, PLANTED, noise_frame, toy_plan

PLACE = NAMES.index(PLANTED)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return toy_plan(noise_frame(strength=2.5), repeats=1)


@pytest.fixture(scope="module")
def outcome(plan):
    return cross_validate(plan)


def permuted(
    plan: Plan, outcome, *, permutations: int = 12, most_rows: int = 10**6, workers: int = 1
) -> PermutedLabels:
    return refit_permuted_labels(
        plan,
        plan.candidates[0],
        outcome,
        measure=contributions,
        permutations=permutations,
        most_rows=most_rows,
        workers=workers,
    )


def test_a_planted_feature_is_worth_nothing_on_permuted_labels(plan, outcome):
    found = permuted(plan, outcome)
    assert found.size.shape == (12, 3, len(NAMES))
    assert found.n_validation.tolist() == [30, 30, 30]
    assert found.rows == 90
    assert abs(found.auroc.mean() - 0.5) < 0.06
    ranks = (-found.importance).argsort(axis=1).argsort(axis=1)[:, PLACE]
    assert ranks.mean() > 4  # 11.5 where all are alike


def test_workers_and_the_number_asked_for_change_no_bit(plan, outcome):
    one, two = permuted(plan, outcome, permutations=3), permuted(plan, outcome, permutations=3, workers=2)
    np.testing.assert_array_equal(one.size, two.size)
    np.testing.assert_array_equal(one.auroc, two.auroc)


def test_folds_that_share_rows_share_their_labels(plan, outcome, monkeypatch):
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    def spy(bench, candidate, choice, rankings):
        seen.append((bench.train, bench.y))
        return fit(bench, candidate, choice, rankings)

    fit = ours.fit
    monkeypatch.setattr(ours, "fit", spy)
    permuted(plan, outcome, permutations=2)
    given = np.full((2, 90), -1)
    for i, (rows, labels) in enumerate(seen):
        known = given[i % 2, rows]
        assert ((known == -1) | (known == labels)).all()
        given[i % 2, rows] = labels
    assert given.sum(axis=1).tolist() == [45, 45]  # the same patients are ill, only others
    assert (given != plan.cohort.y).any(axis=1).all()


def test_a_booster_is_told_the_new_labels_and_trained_as_from_scratch(plan, outcome):
    """The second permutation reuses the first one's bins: it must equal a run in which it comes first."""
    given = ours._labels(plan, np.ones(90, dtype=bool), 2)
    choice = outcome.tuned["xgboost", 0, 1]
    args = (plan, plan.candidates[0], choice, 1, np.ones(90, dtype=bool))
    both = ours._refit_fold(*args, given, contributions, len(NAMES))
    alone = ours._refit_fold(*args, given[1:], contributions, len(NAMES))
    np.testing.assert_array_equal(both[1][1], alone[1][0])
    assert not np.array_equal(both[1][0], both[1][1])


def test_large_cohorts_are_thinned_by_patients_of_both_classes(plan, outcome):
    found = permuted(plan, outcome, permutations=2, most_rows=40)
    assert found.rows == 40
    assert found.n_validation.sum() == 40


def test_features_are_selected_anew(plan):
    forest = toy_plan(noise_frame(strength=2.5), candidate="forest", repeats=1)
    forest = replace(forest, tuning=replace(forest.tuning, select="mrmr"))
    chosen = cross_validate(forest)
    assert all(one.parameters["select"] == "mrmr" for one in chosen.tuned.values())
    found = permuted(forest, chosen, permutations=3)
    used = found.size > 0
    assert (used.sum(axis=2) < len(NAMES)).all()
    for first, second in combinations(used, 2):
        assert (first != second).any(axis=1).all()
