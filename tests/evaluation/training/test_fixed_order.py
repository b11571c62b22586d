"""Scores of saved models: the bits of a row's score depend on that row alone."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from radiomics_mammo.evaluation.cohort.records import Candidate
from radiomics_mammo.evaluation.training.cross_validation import cross_validate, fit_final_model
from radiomics_mammo.evaluation.training.fixed_order import dot, squared_distances
from tests.support.cohorts import embedded_frame
from tests.support.plans import plan_of
from tests.support.saved_models import KINDS, fitted, toy_rows

EMBEDDED = ("probe", "emb-logistic", "emb-xgboost", "head", "fusion-logistic", "fusion-xgboost")


def in_parts(score, x: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Score the rows in a random order, so many at a time."""
    order = rng.permutation(len(x))
    found = np.full(len(x), np.nan)
    for start in range(0, len(x), size):
        rows = order[start : start + size]
        found[rows] = score(x[rows])
    return found


def assert_rows_score_alike(score, x: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    whole = score(x)
    for size in (1, 2, 7, len(x)):
        np.testing.assert_array_equal(in_parts(score, x, size, rng), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_scores_the_same_whatever_it_is_scored_with(kind):
    x, _ = toy_rows(n=60, seed=9)
    assert_rows_score_alike(fitted(kind).score, x)


@pytest.mark.parametrize("candidate", EMBEDDED)
def test_a_row_of_embeddings_scores_the_same_whatever_it_is_scored_with(candidate):
    plan = plan_of(embedded_frame(patients=30), candidates=candidate, folds=2)
    model, _ = fit_final_model(plan, Candidate(candidate), cross_validate(plan))
    x = plan.cohort.take(model.block, np.arange(plan.cohort.y.size))
    assert_rows_score_alike(model.score, x)
    np.testing.assert_allclose(model.score(x), model.score_fold(x), rtol=1e-6 if candidate == "head" else 1e-12)


def test_scores_that_depend_on_the_other_rows_are_noticed():
    x, _ = toy_rows(n=20, seed=9)

    def careless(rows):
        return fitted().score(rows) * (1 + 1e-15 * (len(rows) > 1))

    with pytest.raises(AssertionError):
        assert_rows_score_alike(careless, x)


@pytest.mark.parametrize("kind", ["logistic", "svm", "svm-rbf", "svm-rbf-approximated", "bagged-logistic"])
def test_no_product_of_the_libraries_is_asked(kind, monkeypatch):
    from sklearn import kernel_approximation, svm
    from sklearn.linear_model import _base

    model = fitted(kind)
    x, _ = toy_rows(n=50, seed=9)
    library = model.score_fold(x)
    for owner in (_base.LinearClassifierMixin, svm.SVC):
        monkeypatch.setattr(owner, "decision_function", lambda *_: pytest.fail("a product by BLAS"))
    monkeypatch.setattr(kernel_approximation.Nystroem, "transform", lambda *_: pytest.fail("a product by BLAS"))
    np.testing.assert_allclose(model.score(x), library, rtol=1e-12)
    with pytest.raises(pytest.fail.Exception):
        model.score_fold(x)


def test_sums_are_exact_to_the_last_digits_whatever_the_width():
    rng = np.random.default_rng(1)
    for width in (0, 1, 2, 3, 7, 64, 1001):
        x, weights = rng.normal(size=(5, width)), rng.normal(size=width)
        exact = [float(sum(Fraction(a) * Fraction(b) for a, b in zip(row, weights, strict=True))) for row in x]
        np.testing.assert_allclose(dot(x, weights), exact, rtol=0, atol=1e-15 * max(1.0, np.sqrt(width)))
        np.testing.assert_array_equal(dot(x, np.stack([weights, -weights], axis=1))[:, 1], -dot(x, weights))
    x, points = rng.normal(size=(4, 9)), rng.normal(size=(3, 9))
    np.testing.assert_allclose(squared_distances(x, points), ((x[:, None] - points) ** 2).sum(axis=2), rtol=1e-14)


def test_rows_in_blocks_are_rows_as_one():
    rng = np.random.default_rng(2)
    x, weights = rng.normal(size=(3, 700_000)), rng.normal(size=700_000)
    np.testing.assert_array_equal(dot(x, weights), [dot(row[None], weights)[0] for row in x])
