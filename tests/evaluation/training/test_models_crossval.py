"""Everything is fitted inside the fold: what test patients are like changes nothing that is chosen without them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xgboost
from scipy.special import expit, logit
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

from radiomics_mammo.evaluation.cohort.records import Candidate
from radiomics_mammo.evaluation.metrics.operating_point import choose_threshold, parse_rule
from radiomics_mammo.evaluation.training import cross_validation, nested_cv
from radiomics_mammo.evaluation.training.cross_validation import (
    cross_validate,
    fit_final_model,
    models_of,
    refit,
    run_model,
)
from radiomics_mammo.evaluation.training.estimators.xgboost import booster_parameters
from radiomics_mammo.evaluation.training.fold_data import FoldData
from radiomics_mammo.evaluation.training.fold_store import FoldStore
from radiomics_mammo.evaluation.training.plan import WHOLE
from radiomics_mammo.evaluation.training.registry import MODELS, Model
from radiomics_mammo.evaluation.training.samplers import repeats
from radiomics_mammo.evaluation.training.splits import inner_folds
from tests.support.cohorts import FEATURES, toy_frame
from tests.support.plans import Built, Spy, cohort_of, plan_of, with_rows


def add_spy(monkeypatch) -> None:
    monkeypatch.setitem(MODELS, "spy", Model("Spy", Built(lambda: Spy())))
    Spy.shown.clear()


def test_a_model_is_shown_training_rows_only_prepared_on_themselves(monkeypatch):
    add_spy(monkeypatch)
    frame = toy_frame()
    frame.loc[::5, FEATURES[3]] = np.nan
    plan = plan_of(frame, candidates="spy")
    cross_validate(plan)
    shown = iter(Spy.shown)
    cohort = plan.cohort
    for fold in range(3):
        train = np.flatnonzero(plan.fold_of[0] != fold)
        inner = FoldData(plan, repeat=0, fold=fold, block="features").inner
        for rows in (train[inner[0][0]], train[inner[1][0]], train):
            assert not np.isin(cohort.group[rows], cohort.group[plan.fold_of[0] == fold]).any()
            x, y = next(shown)
            by_hand = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
            np.testing.assert_allclose(x, by_hand.fit_transform(cohort.x[rows]), atol=1e-12)
            np.testing.assert_array_equal(y, cohort.y[rows])
    assert next(shown, None) is None


def test_inner_folds_keep_patients_and_classes_together():
    bench = FoldData(plan_of(folds=3), repeat=0, fold=1, block="features")
    group = bench.plan.cohort.group[bench.train]
    for fit_rows, held in bench.inner:
        assert not np.isin(group[fit_rows], group[held]).any()
        assert sorted([*fit_rows, *held]) == list(range(bench.train.size))
        assert set(bench.y[held]) == {0, 1}


@pytest.mark.parametrize(
    "candidate", ["spy", "spy+oversampling", "spy+smote", "spy+smoteenn", "spy+weights", "spy+bagging"]
)
def test_the_calibrator_sees_each_real_training_unit_once_scored_by_a_stranger(monkeypatch, candidate):
    """The spy scores 1 what it was shown; rows of a patient are equal, so it would know a patient, too."""
    add_spy(monkeypatch)
    if candidate.endswith("weights"):
        monkeypatch.setattr(Spy, "fit", _fit_weighted)
    frame = toy_frame()
    frame[list(FEATURES)] = frame.groupby("patient_id")[list(FEATURES)].transform("first")
    plan, seen = plan_of(frame, candidates=candidate), []
    real = nested_cv.fit_calibrator

    def spied(score, y, *, kind):
        seen.append((score, y))
        return real(score, y, kind=kind)

    monkeypatch.setattr(nested_cv, "fit_calibrator", spied)
    run_model(plan, Candidate("spy"), 0, 1, {})
    assert len(seen) == 1
    score, y = seen[0]
    np.testing.assert_array_equal(y, plan.cohort.y[plan.fold_of[0] != 1])
    assert (score == 0).all()


def _fit_weighted(self, X, y, sample_weight):
    assert sample_weight.mean() == pytest.approx(1)
    self.classes_, self.known_ = np.array([0, 1]), {row.tobytes() for row in np.ascontiguousarray(X)}
    return self


@pytest.mark.parametrize("sampler", ["oversampling", "smote"])
def test_samplers_see_training_rows_only(monkeypatch, sampler):
    add_spy(monkeypatch)
    plan = plan_of(candidates=f"spy+{sampler}")
    cross_validate(plan)
    for fold, (seen, labels) in enumerate(Spy.shown[2::3]):
        bench = FoldData(plan, repeat=0, fold=fold, block="features")
        own = bench.prepared(WHOLE).train
        np.testing.assert_array_equal(seen[: len(own)], own)
        assert np.unique(np.bincount(labels)).size == 1
        extra, positives = seen[len(own) :], own[bench.y == 1]
        assert ((extra >= positives.min(axis=0)) & (extra <= positives.max(axis=0))).all()


CANDIDATES = "logistic,svm-rbf+weights,forest+smote,xgboost,xgboost+oversampling,xgboost+smoteenn,xgboost+bagging"


def all_of_a_fold(plan, fold: int) -> dict:
    rankings = cross_validation._rank(plan, 0, fold)
    found = {one.candidate: one for model in models_of(plan) for one in run_model(plan, model, 0, fold, rankings)}
    return {"rankings": rankings, **found}


def chosen(one) -> tuple:
    choice = one.tuned
    return choice.parameters, choice.score, choice.calibrator, choice.threshold, choice.notes


@pytest.mark.slow
def test_test_patients_change_nothing_but_their_own_predictions():
    plan = plan_of(candidates=CANDIDATES, select="auto", trials=3)
    test = plan.fold_of[0] == 2
    x, y = plan.cohort.x.copy(), plan.cohort.y.copy()
    x[test] = 1e6 * np.random.default_rng(0).normal(size=x[test].shape)
    y[test] = 1 - y[test]
    before, labels, both = (all_of_a_fold(one, 2) for one in (plan, with_rows(plan, y=y), with_rows(plan, x=x, y=y)))
    for found in (labels, both):
        for key, order in before["rankings"].items():
            np.testing.assert_array_equal(order, found["rankings"][key])
        for candidate in plan.candidates:
            assert chosen(before[candidate.name]) == chosen(found[candidate.name])
    for candidate in plan.candidates:
        assert before[candidate.name].p.tobytes() == labels[candidate.name].p.tobytes()
        assert before[candidate.name].raw.tobytes() != both[candidate.name].raw.tobytes()


def test_rows_held_in_an_inner_fold_change_nothing_that_is_fitted_there():
    plan = plan_of(select="auto")
    bench = FoldData(plan, repeat=0, fold=0, block="features")
    fit_rows, held = bench.inner[1]
    x = plan.cohort.x.copy()
    x[bench.train[held]] *= -1e6
    poisoned = with_rows(plan, x=x)
    other = FoldData(poisoned, repeat=0, fold=0, block="features")
    np.testing.assert_array_equal(other.inner[1][0], fit_rows)
    assert bench.prepared(1).train.tobytes() == other.prepared(1).train.tobytes()
    assert bench.prepared(1).validation.tobytes() != other.prepared(1).validation.tobytes()
    one, two = (cross_validation._rank(each, 0, 0) for each in (plan, poisoned))
    assert all((one[key] == two[key]).all() for key in one if key[0] == 1)


def by_hand(plan, fold: int, scorer) -> tuple[np.ndarray, np.ndarray]:
    """Nested cross-validation written out: raw scores and probabilities of a fold's test rows."""
    cohort, seed = plan.cohort, FoldData(plan, repeat=0, fold=fold, block="features").seed
    train, test = np.flatnonzero(plan.fold_of[0] != fold), np.flatnonzero(plan.fold_of[0] == fold)
    folds = inner_folds(cohort.y[train], cohort.group[train], folds=plan.tuning.folds, seed=seed)
    inner = np.empty(train.size)
    for one in np.unique(folds):
        inner[folds == one] = scorer(train[folds != one], train[folds == one])
    platt = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(logit(inner)[:, None], cohort.y[train])
    raw = scorer(train, test)
    return raw, platt.predict_proba(logit(raw)[:, None])[:, 1]


def test_it_is_nested_cross_validation_by_hand():
    plan = plan_of(candidates="logistic,svm", folds=2)
    found = cross_validate(plan)
    x, y = plan.cohort.x, plan.cohort.y

    def logistic(fit, to) -> np.ndarray:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=5_000)).fit(x[fit], y[fit])
        return model.predict_proba(x[to])[:, 1]

    def svm(fit, to) -> np.ndarray:
        from sklearn.svm import LinearSVC

        model = make_pipeline(StandardScaler(), LinearSVC(C=0.1, dual=False, max_iter=5_000)).fit(x[fit], y[fit])
        return expit(model.decision_function(x[to]))

    for i, scorer in enumerate((logistic, svm)):
        for fold in range(2):
            raw, p = by_hand(plan, fold, scorer)
            test = plan.fold_of[0] == fold
            np.testing.assert_allclose(found.raw[i, 0, test], raw, atol=1e-9)
            np.testing.assert_allclose(found.p[i, 0, test], p, atol=1e-3)


@pytest.mark.parametrize("sampler", ["none", "weights", "oversampling"])
def test_xgboost_by_hand_and_refit_to_the_bit(sampler):
    plan = plan_of(candidates=f"xgboost+{sampler}", folds=2)
    name, x, y = plan.candidates[0].name, plan.cohort.x, plan.cohort.y
    found = cross_validate(plan)
    for fold in range(2):
        choice, test = found.tuned[name, 0, fold], plan.fold_of[0] == fold
        bench, fitted = refit(plan, plan.candidates[0], found, repeat=0, fold=fold)
        np.testing.assert_array_equal(fitted.score_fold(x[test]), found.raw[0, 0, test])
        weights = {
            "none": np.ones((~test).sum()),
            "weights": compute_sample_weight("balanced", y[~test]),
            "oversampling": repeats(y[~test], seed=bench.seed),
        }
        own = booster_parameters(plan.settings, choice.parameters, seed=bench.seed)
        train = xgboost.QuantileDMatrix(x[~test], label=y[~test], max_bin=own["max_bin"])
        train.set_weight(weights[sampler])
        booster = xgboost.train(own, train, num_boost_round=choice.parameters["rounds"])
        np.testing.assert_allclose(booster.predict(xgboost.DMatrix(x[test])), found.raw[0, 0, test], atol=1e-6)
        np.testing.assert_array_equal(found.called[0, 0, test], found.p[0, 0, test] >= choice.threshold)


def test_the_threshold_serves_the_rule_on_inner_predictions(monkeypatch):
    seen = []
    real = nested_cv.choose_threshold

    def spied(y, p, rule):
        seen.append((y, p, rule, real(y, p, rule)))
        return seen[-1][-1]

    monkeypatch.setattr(nested_cv, "choose_threshold", spied)
    scores, real_fit = [], nested_cv.fit_calibrator
    monkeypatch.setattr(
        nested_cv, "fit_calibrator", lambda s, y, *, kind: scores.append(s) or real_fit(s, y, kind=kind)
    )
    cross_validate(plan_of(operate_at="sensitivity:0.8"))
    assert len(seen) == 3
    for (y, p, rule, threshold), raw in zip(seen, scores, strict=True):
        np.testing.assert_array_equal(p, real_fit(raw, y)(raw))  # of calibrated probabilities, as calls are made
        assert rule == parse_rule("sensitivity:0.8")
        assert np.mean(p[y == 1] >= threshold) >= 0.8
        assert threshold == choose_threshold(y, p, rule)


def test_prevalence_is_the_training_share_and_every_unit_is_predicted_once():
    plan = plan_of(candidates="prevalence", folds=4, repeats=2)
    p = cross_validate(plan).p
    for repeat in range(2):
        for fold in range(4):
            train = plan.fold_of[repeat] != fold
            assert p[0, repeat, ~train] == pytest.approx(plan.cohort.y[train].mean())


@pytest.mark.slow
def test_results_do_not_depend_on_having_been_interrupted(tmp_path):
    plan = plan_of(candidates="logistic,xgboost,xgboost+smote", select="mrmr", trials=2)
    one = cross_validate(plan)
    store = FoldStore(tmp_path)

    class StoppedError(Exception):
        pass

    told: list[str] = []

    def stop(name: str) -> None:
        told.append(name)
        if len(told) == 8:
            raise StoppedError

    with pytest.raises(StoppedError):
        cross_validate(plan, store=store, on_done=stop)
    next(tmp_path.glob("logistic_*")).write_bytes(b"damaged")
    told.clear()
    again = cross_validate(plan, store=store, on_done=told.append)
    assert len(told) == cross_validation.steps(plan) == 3 * (3 + 1)
    assert told.count("finished before") == 3 + 5  # a model's candidates are kept together
    assert one.p.tobytes() == again.p.tobytes()
    assert one.raw.tobytes() == again.raw.tobytes()
    assert (one.called == again.called).all()
    assert one.notes == again.notes
    assert {key: chosen_of(c) for key, c in one.tuned.items()} == {key: chosen_of(c) for key, c in again.tuned.items()}
    assert not np.isnan(one.p).any()


def chosen_of(choice) -> tuple:
    return choice.parameters, choice.score, choice.calibrator, choice.threshold


@pytest.mark.slow
def test_results_do_not_depend_on_workers():
    """Nor do models mind that what workers share by memory map cannot be written to."""
    from joblib import parallel_config

    plan = plan_of(candidates="logistic,svm-rbf,forest,xgboost,xgboost+smote,xgboost+bagging", folds=2, select="mrmr")
    one = cross_validate(plan, workers=1)
    with parallel_config(backend="loky", max_nbytes=100):
        two = cross_validate(plan, workers=2)
    assert one.p.tobytes() == two.p.tobytes()
    assert one.notes == two.notes


def test_finished_folds_are_not_trained_again(tmp_path, monkeypatch):
    plan, store = plan_of(candidates="logistic,lasso"), FoldStore(tmp_path)
    first = cross_validate(plan, store=store)
    next(tmp_path.glob("lasso_0_1*")).unlink()
    done = []
    real = cross_validation.run_model
    monkeypatch.setattr(
        cross_validation, "run_model", lambda *what: done.append((what[1].name, *what[2:4])) or real(*what)
    )
    again = cross_validate(plan, store=store)
    assert done == [("lasso", 0, 1)]
    assert first.p.tobytes() == again.p.tobytes()


@pytest.mark.parametrize("sampler", ["none", "oversampling", "bagging"])
def test_inner_folds_build_the_kind_of_model_that_the_outer_fold_does(monkeypatch, sampler):
    """A kernel machine is approximated by the number of rows: were it by the inner ones, scores would not compare."""
    asked: list[int] = []

    class Asked(Built):
        def build(self, settings, parameters, *, seed, n_rows):
            asked.append(n_rows)
            return Spy()

    monkeypatch.setitem(MODELS, "spy", Model("Spy", Asked(Spy)))
    plan = plan_of(candidates=f"spy+{sampler}")
    run_model(plan, Candidate("spy"), 0, 0, {})
    y = plan.cohort.y[plan.fold_of[0] != 0]
    assert asked == [2 * np.bincount(y).min() if sampler == "bagging" else y.size] * 3


def test_test_patients_are_predicted_by_models_of_all_the_others(monkeypatch):
    add_spy(monkeypatch)
    frame = toy_frame()
    train, test = frame.iloc[:80].reset_index(drop=True), frame.iloc[80:].reset_index(drop=True)
    plan = replace(plan_of(train, candidates="spy,logistic", folds=2), test=cohort_of(test))
    found = cross_validate(plan)
    one = found.test["logistic"]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=5_000))
    model.fit(plan.cohort.x, plan.cohort.y)
    np.testing.assert_allclose(one.raw, model.predict_proba(plan.test.x)[:, 1], atol=1e-9)
    assert (found.test["spy"].raw == 0).all()  # nobody of them was shown to it
    assert max(len(x) for x, _ in Spy.shown) == 80
    fitted, choice = fit_final_model(plan, Candidate("logistic"), found)
    assert choice is one.tuned
    np.testing.assert_array_equal(fitted.score(plan.test.x), one.raw)


def test_the_kept_model_is_tuned_on_everybody(monkeypatch):
    plan = plan_of(candidates="xgboost,lasso", select="auto", folds=2, trials=2)
    found = cross_validate(plan)
    monkeypatch.setattr(cross_validation, "_rank", lambda *_: pytest.fail("XGBoost chooses no features"))
    fitted, choice = fit_final_model(plan, Candidate("xgboost"), found)
    assert ("xgboost", 0, WHOLE) not in found.tuned
    assert fitted.model.num_boosted_rounds() == choice.parameters["rounds"]
    monkeypatch.undo()
    fitted, choice = fit_final_model(plan, Candidate("lasso"), found)
    assert fitted.score(plan.cohort.x).shape == (120,)
    assert 0 < choice.score <= 1


def test_each_inner_fold_chooses_by_its_own_ranking(monkeypatch):
    add_spy(monkeypatch)
    plan = plan_of(candidates="spy", select="mrmr")
    firsts = {0: [3, 1], 1: [5, 2], WHOLE: [7, 0]}
    run_model(
        plan, Candidate("spy"), 0, 0, {(part, "mrmr"): np.array(one, dtype=np.int32) for part, one in firsts.items()}
    )
    bench = FoldData(plan, repeat=0, fold=0, block="features")
    for (shown, _), (part, first) in zip(Spy.shown, firsts.items(), strict=True):
        np.testing.assert_array_equal(shown, bench.prepared(part).train[:, sorted(first)])
