"""Everything is fitted inside the fold; nothing depends on the workers."""

from __future__ import annotations

import numpy as np
import pytest
from cohorts import FEATURES, toy_frame
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from radiomics_mammo.errors import InputError
from radiomics_mammo.models import DEFAULT_ARMS, MODELS, SAMPLERS, arm_title, parse_arm, parse_arms
from radiomics_mammo.models.data.cohort import Question, prepare_cohort
from radiomics_mammo.models.records import Arm, Model, Settings
from radiomics_mammo.models.statistics.bootstrap import draw_people
from radiomics_mammo.models.study import Options, run_study
from radiomics_mammo.models.training.crossval import Plan, check_samplers, cross_validate, fit_fold
from radiomics_mammo.models.training.prepare import DropConstant, prepare, source_columns
from radiomics_mammo.models.training.samplers import smote_neighbours
from radiomics_mammo.models.training.splits import repeated_folds


def plan_of(frame=None, *, arms="logistic", folds=3, repeats=1, seed=0) -> Plan:
    cohort = prepare_cohort(toy_frame() if frame is None else frame, FEATURES, question=Question())
    assigned = repeated_folds(cohort.y, cohort.group, folds=folds, repeats=repeats, seed=seed)
    return Plan(cohort, assigned, parse_arms(arms), Settings(), seed)


class Spy(ClassifierMixin, BaseEstimator):
    """Remembers what it was fitted on."""

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        self.X_, self.y_ = X, y
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


@pytest.fixture
def spy(monkeypatch):
    monkeypatch.setitem(MODELS, "spy", Model("Spy", lambda *_: Spy()))


def test_preparation_is_fitted_on_training_rows_only(spy):
    frame = toy_frame()
    frame.loc[::5, FEATURES[3]] = np.nan
    plan = plan_of(frame, arms="spy")
    for fold in range(3):
        train = plan.fold_of[0] != fold
        fitted = fit_fold(plan, plan.arms[0], repeat=0, fold=fold)
        x = plan.cohort.x[train]
        by_hand = SimpleImputer(strategy="median", add_indicator=True).fit_transform(x)
        by_hand = StandardScaler().fit_transform(by_hand)
        np.testing.assert_allclose(fitted.named_steps["model"].X_, by_hand)
        assert source_columns(fitted).tolist() == [*range(8), 3]
        assert prepare(fitted, plan.cohort.x[~train]).shape == ((~train).sum(), 9)


@pytest.mark.parametrize("sampler", ["oversampling", "smote"])
def test_samplers_see_training_rows_only(spy, sampler):
    plan = plan_of(arms=f"spy+{sampler}")
    for fold in range(3):
        train = plan.fold_of[0] != fold
        seen = fit_fold(plan, plan.arms[0], repeat=0, fold=fold).named_steps["model"]
        counts = np.bincount(plan.cohort.y[train])
        assert np.bincount(seen.y_).tolist() == [counts.max()] * 2
        own = fit_fold(plan, Arm("spy"), repeat=0, fold=fold).named_steps["model"].X_
        np.testing.assert_array_equal(seen.X_[: len(own)], own)
        extra = seen.X_[len(own) :]
        if sampler == "oversampling":
            assert all((own == row).all(axis=1).any() for row in extra)
        else:
            assert (seen.y_[len(own) :] == 1).all()
            positives = own[plan.cohort.y[train] == 1]
            assert (extra >= positives.min(axis=0)).all()
            assert (extra <= positives.max(axis=0)).all()


def test_every_row_is_predicted_once_a_repeat_by_a_model_that_did_not_see_its_person():
    plan = plan_of(arms="prevalence", folds=4, repeats=2)
    p = cross_validate(plan).p
    for repeat in range(2):
        for fold in range(4):
            train = plan.fold_of[repeat] != fold
            assert p[0, repeat, ~train] == pytest.approx(plan.cohort.y[train].mean())


def test_results_do_not_depend_on_workers():
    plan = plan_of(arms="logistic,xgboost,xgboost+smote,forest", folds=3, repeats=1)
    one, two = cross_validate(plan, workers=1), cross_validate(plan, workers=2)
    assert (one.p == two.p).all()
    assert one.notes == two.notes
    assert not np.isnan(one.p).any()


def test_signal_is_found_and_noise_is_not():
    from sklearn.metrics import roc_auc_score

    arms = "logistic,xgboost"
    strong = plan_of(toy_frame(people=100, strength=2.5), arms=arms)
    assert all(roc_auc_score(strong.cohort.y, p[0]) > 0.85 for p in cross_validate(strong).p)
    rng = np.random.default_rng(0)
    frame = toy_frame(people=150, strength=0)
    shuffled = dict(zip(frame["patient_id"].unique(), rng.permutation(150) < 60, strict=True))
    frame["malignant"] = frame["patient_id"].map(shuffled).astype(int)
    assert all(
        0.35 < roc_auc_score(frame["malignant"], p[0]) < 0.65 for p in cross_validate(plan_of(frame, arms=arms)).p
    )


def test_a_column_constant_in_training_rows_is_dropped_there():
    x = np.array([[1.0, np.nan, 2.0], [1.0, np.nan, 2.0], [1.0, np.nan, 3.0]])
    fitted = DropConstant().fit(x)
    assert fitted.kept_.tolist() == [2]
    frame = toy_frame()
    frame[FEATURES[4]] = 7.25
    frame[FEATURES[5]] = np.where(frame["patient_id"] == "P_00000", 1.0, np.nan)
    p = cross_validate(plan_of(frame, arms="logistic,xgboost+smote")).p
    assert not np.isnan(p).any()


def test_few_cases_of_the_rarer_class_give_smote_fewer_neighbours():
    assert smote_neighbours(np.array([0] * 9 + [1] * 3, dtype=np.int8)) == 2
    frame = toy_frame(people=40, rows_each=1)
    frame["malignant"] = (np.arange(40) < 6).astype(int)
    outcome = cross_validate(plan_of(frame, arms="logistic+smote", folds=2))
    assert any("fewer than 5 neighbours" in note for note in outcome.notes)


def test_too_few_cases_for_smote_is_said_before_training():
    frame = toy_frame(people=40, rows_each=1)
    frame["malignant"] = (np.arange(40) < 2).astype(int)
    plan = plan_of(frame, arms="logistic,xgboost+smote", folds=2)
    with pytest.raises(InputError, match=r"xgboost\+smote needs 2 training cases.*has 1.*--models"):
        check_samplers(plan)


def test_a_model_that_does_not_converge_is_noted(monkeypatch):
    from sklearn.linear_model import LogisticRegression

    hasty = Model("Hasty", lambda *_: LogisticRegression(max_iter=1))
    monkeypatch.setitem(MODELS, "hasty", hasty)
    assert cross_validate(plan_of(arms="hasty")).notes == ("hasty did not converge in some folds",)


def test_twins_share_folds_and_seeds():
    plan = plan_of(arms="xgboost,xgboost+oversampling")
    frame = toy_frame()
    frame["malignant"] = np.repeat(np.arange(60) % 2, 2)  # even classes: the sampler has nothing to do
    even = plan_of(frame, arms="xgboost,xgboost+oversampling", folds=2)
    balanced = all(np.unique(np.bincount(even.cohort.y[even.fold_of[0] != fold])).size == 1 for fold in range(2))
    assert balanced
    p = cross_validate(even).p
    assert (p[0] == p[1]).all()
    assert (cross_validate(plan).p[0] != cross_validate(plan).p[1]).any()


def test_arms_are_parsed_or_refused():
    assert [arm.name for arm in parse_arms(",".join(DEFAULT_ARMS))] == list(DEFAULT_ARMS)
    assert parse_arm("logistic+smote") == Arm("logistic", "smote")
    assert arm_title(Arm("xgboost", "smote")) == "XGBoost + SMOTE"
    for text, said in (
        ("xgbost", "Models: prevalence, logistic"),
        ("xgboost+rose", "Samplers: none, oversampling"),
        ("prevalence+smote", "cannot be crossed"),
        ("logistic,logistic", "named twice: logistic"),
        (" , ", "no model was named"),
    ):
        with pytest.raises(InputError, match=said):
            parse_arms(text)


def test_every_line_of_the_tables_builds():
    y = np.array([0, 0, 0, 1, 1], dtype=np.int8)
    assert all(hasattr(model.build(Settings(), 0), "fit") for model in MODELS.values())
    assert all(s.build(y, 0) is None or hasattr(s.build(y, 0), "fit_resample") for s in SAMPLERS.values())


def test_draws_without_a_class_are_counted():
    frame = toy_frame(people=12, rows_each=1)
    frame["malignant"] = (np.arange(12) < 2).astype(int)
    plan = plan_of(frame, arms="logistic", folds=2)
    study = run_study(plan, options=Options(bootstrap=200))
    draws = draw_people(12, draws=200, seed=0)
    lacking = int((draws[:, :2].sum(axis=1) == 0).sum())  # cohort order: the first two people are positive
    assert lacking > 5
    assert f"{lacking} of 200 bootstrap draws lack a class" in study.notes[-1]
    assert not study.summary["low"].isna().any()
