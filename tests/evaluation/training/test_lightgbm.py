"""LightGBM: against its own scikit-learn interface, in a comparison, and without the library."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import Candidate, Settings
from radiomics_mammo.evaluation.training.cross_validation import cross_validate, fit_final_model
from radiomics_mammo.evaluation.training.estimators import base
from radiomics_mammo.evaluation.training.estimators.boosting import MAX_BIN, BoostingRows
from radiomics_mammo.evaluation.training.estimators.lightgbm import LightGBM
from radiomics_mammo.evaluation.training.registry import parse_candidates
from radiomics_mammo.runs.saved_model import load_model, save_model
from tests.support.cohorts import toy_frame
from tests.support.plans import plan_of
from tests.support.saved_models import facts

lightgbm = pytest.importorskip("lightgbm", reason="needs the lightgbm extra")
PARAMETERS = {"num_leaves": 5, "learning_rate": 0.1, "min_data_in_leaf": 5, "bagging_fraction": 0.8,
              "feature_fraction": 0.5, "lambda_l2": 1.0, "rounds": 40}  # fmt: skip


def rows(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(n, 6))
    y = (x[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(np.int8)
    x[rng.random(x.shape) < 0.1] = np.nan
    return x, y


def test_it_is_what_the_library_fits():
    x, y = rows()
    estimator = LightGBM()
    binned = estimator.dataset(x, settings=Settings())
    model = estimator.train(BoostingRows(binned, y, np.ones(y.size)), PARAMETERS, settings=Settings(), seed=3)
    theirs = lightgbm.LGBMClassifier(
        n_estimators=40, num_leaves=5, learning_rate=0.1, min_child_samples=5, subsample=0.8, subsample_freq=1,
        colsample_bytree=0.5, reg_lambda=1.0, random_state=3, max_bin=MAX_BIN, deterministic=True, force_row_wise=True,
        n_jobs=1, verbosity=-1,
    ).fit(x, y)  # fmt: skip
    np.testing.assert_array_equal(estimator.score(model, x), theirs.booster_.predict(x))
    np.testing.assert_array_equal(estimator.contributions(model, x), theirs.booster_.predict(x, pred_contrib=True))


def test_it_is_compared_like_any_other_model():
    names = "xgboost,lightgbm,lightgbm+weights,lightgbm+oversampling,lightgbm+smote"
    plan = plan_of(toy_frame(patients=120), candidates=names, folds=2)
    outcome = cross_validate(plan, workers=1)
    again = cross_validate(plan, workers=2)
    np.testing.assert_array_equal(outcome.p, again.p)
    y = plan.cohort.units.y
    aurocs = [roc_auc_score(y, p[0]) for p in outcome.p]
    assert min(aurocs) > 0.6
    assert "lightgbm+bagging" not in [candidate.name for candidate in parse_candidates("lightgbm+all")]


def test_a_saved_model_scores_as_before_and_is_checked(tmp_path):
    plan = plan_of(toy_frame(patients=40), candidates="lightgbm", folds=2)
    model, _ = fit_final_model(plan, Candidate("lightgbm"), cross_validate(plan))
    save_model(tmp_path, model, facts=facts())
    loaded = load_model(tmp_path).fitted
    x = plan.cohort.x
    np.testing.assert_array_equal(loaded.score(x), model.score(x))
    booster = tmp_path / LightGBM.file
    booster.write_bytes(booster.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"booster\.txt"):
        load_model(tmp_path)


def test_without_the_library_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(base, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r'lightgbm is not installed.*pip install "radiomics-mammo\[lightgbm\]"'):
        LightGBM().require()
