"""Every registered kind of model keeps the contract, and the check notices what does not."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.training.estimators.linear import Logistic
from radiomics_mammo.evaluation.training.estimators.xgboost import XGBoost
from radiomics_mammo.evaluation.training.registry import MODELS
from radiomics_mammo.testing.estimators import check_estimator

FITTED = [name for name, model in MODELS.items() if model.estimator and not model.baseline and not model.components]


@pytest.mark.parametrize("name", FITTED)
def test_a_registered_estimator_conforms(name):
    check_estimator(MODELS[name].estimator)


class DependsOnOtherRows(Logistic):
    def score(self, model, x):
        return np.clip(super().score(model, x) + 1e-9 * len(x), 0, 1)


class ForgetsItsModel(Logistic):
    def load(self, content, *, path):
        model, notes = super().load(content, path=path)
        model.intercept_ = model.intercept_ + 0.1
        return model, notes


class AddsUpToSomethingElse(XGBoost):
    def contributions(self, model, x):
        return super().contributions(model, x) * 1.01


class OutOfRange(Logistic):
    def score_fold(self, model, x):
        return super().score_fold(model, x) * 2


class NotInstalled(Logistic):
    library, extra = "no_such_library", "extra-name"


@pytest.mark.parametrize(
    ("broken", "requirement"),
    [
        (DependsOnOtherRows(), "depends on the rows"),
        (ForgetsItsModel(), "saved model scores otherwise"),
        (AddsUpToSomethingElse(), "do not add up"),
        (OutOfRange(), "not between 0 and 1"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_does_not_conform_is_noticed(broken, requirement):
    with pytest.raises(AssertionError, match=requirement):
        check_estimator(broken)


def test_a_library_that_is_missing_is_named_with_its_extra():
    with pytest.raises(InputError, match=r"no_such_library is not installed.*radiomics-mammo\[extra-name\]"):
        check_estimator(NotInstalled())
