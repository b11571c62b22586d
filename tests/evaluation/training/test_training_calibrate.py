"""Calibration against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from radiomics_mammo.evaluation.training.calibration import fit_calibrator
from radiomics_mammo.evaluation.training.calibration import logit as own_logit


def scored(seed: int = 0, *, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Overconfident scores of the right order."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    return expit(3 * z + 1), (rng.random(n) < expit(z - 0.5)).astype(np.int8)


GRID = np.linspace(0, 1, 101)


@pytest.mark.parametrize("seed", range(3))
def test_sigmoid_is_an_unpenalised_logistic_regression_on_the_logit(seed):
    score, y = scored(seed)
    theirs = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(
        logit(np.clip(score, 1e-3, 0.999))[:, None], y
    )
    inside = GRID[1:-1]
    wanted = theirs.predict_proba(logit(inside)[:, None])[:, 1]
    np.testing.assert_allclose(fit_calibrator(score, y)(inside), wanted, atol=2e-4)


class Passes(ClassifierMixin, BaseEstimator):
    """Its decision is the one column that it is given."""

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        return self

    def decision_function(self, X):
        return X[:, 0]

    def predict(self, X):
        return (X[:, 0] > 0).astype(int)


def test_sigmoid_agrees_with_calibrated_classifier_cv_but_for_platts_softened_labels():
    score, y = scored(n=4_000)
    z = logit(score)[:, None]
    theirs = CalibratedClassifierCV(FrozenEstimator(Passes().fit(z, y)), method="sigmoid").fit(z, y)
    wanted = theirs.predict_proba(logit(GRID[1:-1])[:, None])[:, 1]
    np.testing.assert_allclose(fit_calibrator(score, y)(GRID[1:-1]), wanted, atol=0.01)


def test_isotonic_is_scikit_learns():
    score, y = scored()
    theirs = IsotonicRegression(out_of_bounds="clip").fit(score, y)
    # But for certainty, which n patients do not give.
    wanted = np.clip(theirs.predict(GRID), 0.5 / y.size, 1 - 0.5 / y.size)
    np.testing.assert_allclose(fit_calibrator(score, y, kind="isotonic")(GRID), wanted, atol=1e-12)


def test_none_is_the_score_itself():
    score, y = scored()
    np.testing.assert_array_equal(fit_calibrator(score, y, kind="none")(score), score)


@pytest.mark.parametrize("kind", ["sigmoid", "isotonic", "none"])
@pytest.mark.parametrize("turned", [False, True])
def test_it_never_turns_the_order_round(kind, turned):
    score, y = scored()
    p = fit_calibrator(score, (1 - y).astype(np.int8) if turned else y, kind=kind)(GRID)
    assert (np.diff(p) >= 0).all()
    assert ((p >= 0) & (p <= 1)).all()


def test_a_negative_slope_and_a_constant_score_become_the_share():
    score, y = scored()
    turned = (1 - y).astype(np.int8)
    np.testing.assert_allclose(fit_calibrator(score, turned)(GRID), turned.mean(), rtol=1e-12)
    np.testing.assert_allclose(fit_calibrator(np.full(y.size, 0.3), y)(GRID), y.mean(), rtol=1e-12)


def test_zero_and_one_have_a_logit_by_a_hair():
    assert np.isfinite(own_logit(np.array([0.0, 1.0]))).all()
    np.testing.assert_allclose(own_logit(GRID[1:-1]), logit(GRID[1:-1]), rtol=1e-12)


def test_a_few_scores_of_exactly_zero_do_not_bend_the_line():
    score, y = scored(n=600)
    few = np.zeros(6)
    bent = fit_calibrator(np.append(score, few), np.append(y, [0, 0, 0, 0, 0, 1]).astype(np.int8))
    np.testing.assert_allclose(bent(GRID[20:81]), fit_calibrator(score, y)(GRID[20:81]), atol=0.03)
    assert bent(np.array([1e-5]))[0] < bent(np.array([1e-4]))[0] < bent(np.array([1e-3]))[0]  # no order is lost
