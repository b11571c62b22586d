"""Models, samplers, units and calibrations in a cross-validation: what each is given, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import Candidate
from radiomics_mammo.evaluation.training import candidate_rows
from radiomics_mammo.evaluation.training.cross_validation import cross_validate, models_of, refit, run_model
from radiomics_mammo.evaluation.training.estimators import boosting
from radiomics_mammo.evaluation.training.plan import WHOLE, check_samplers
from radiomics_mammo.evaluation.training.registry import (
    DEFAULT_CANDIDATES,
    MODELS,
    SAMPLERS,
    Model,
    block_of,
    candidate_title,
    parse_candidate,
    parse_candidates,
)
from tests.support.cohorts import FEATURES, embedded_frame, toy_frame
from tests.support.plans import Built, Spy, cohort_of, plan_of, rarely


def test_twins_differ_in_one_thing(monkeypatch):
    plan = plan_of(candidates="xgboost,xgboost+oversampling", folds=2)
    p = cross_validate(plan).p
    assert (p[0] != p[1]).any()
    monkeypatch.setattr(boosting, "repeats", lambda y, *, seed: np.ones(y.size))  # noqa: ARG005
    p = cross_validate(plan).p
    assert (p[0] == p[1]).all()


def test_signal_is_found_and_noise_is_not():
    candidates = "logistic,xgboost"
    strong = plan_of(toy_frame(patients=80, strength=2.5), candidates=candidates, folds=2)
    assert all(roc_auc_score(strong.cohort.y, p[0]) > 0.85 for p in cross_validate(strong).p)
    noise = plan_of(toy_frame(patients=150, strength=0), candidates=candidates, folds=2)
    assert all(0.3 < roc_auc_score(noise.cohort.y, p[0]) < 0.7 for p in cross_validate(noise).p)


def test_missing_values_that_tell_are_found_natively():
    frame = toy_frame(strength=0)
    rng = np.random.default_rng(0)
    frame.loc[(frame["malignant"] == 1) & (rng.random(len(frame)) < 0.9), FEATURES[5]] = np.nan
    plan = plan_of(frame, candidates="xgboost,logistic", folds=2)
    assert all(roc_auc_score(plan.cohort.y, p[0]) > 0.8 for p in cross_validate(plan).p)


@pytest.mark.parametrize("candidates", ["logistic,xgboost,xgboost+smote,forest,size,metadata"])
def test_columns_that_are_empty_or_constant_in_a_fold(candidates):
    frame = toy_frame()
    frame[FEATURES[4]] = 7.25
    frame[FEATURES[5]] = np.where(frame["patient_id"] == "P_00000", 1.0, np.nan)
    frame["breast_density"] = np.where(frame["patient_id"] == "P_00000", 3, 2)
    frame["view"] = "CC"
    frame["mask_area_px"] = np.where(frame["patient_id"] == "P_00001", 30.0, 20.0)
    plan = plan_of(frame, candidates=",".join(a for a in candidates.split(",") if _has(frame, a)))
    found = cross_validate(plan)
    assert not np.isnan(found.p).any()
    assert Candidate("metadata") in models_of(plan)


def _has(frame, candidate: str) -> bool:
    return cohort_of(frame).offers(block_of(parse_candidate(candidate)))


def test_the_radiologists_assessment_is_a_baseline_and_never_a_feature():
    frame = toy_frame(strength=0)
    rng = np.random.default_rng(2)
    frame["assessment"] = np.clip(3 + frame["malignant"] + rng.integers(-1, 2, len(frame)), 1, 5)
    plan = plan_of(frame, candidates="radiologists,logistic")
    assert "assessment" not in plan.cohort.features
    found = cross_validate(plan)
    for fold in range(3):
        test = plan.fold_of[0] == fold
        own, read = plan.cohort.y[test], frame["assessment"].to_numpy()[test]
        assert roc_auc_score(own, found.raw[0, 0, test]) == pytest.approx(roc_auc_score(own, read))
        assert roc_auc_score(own, found.p[0, 0, test]) == pytest.approx(roc_auc_score(own, read))
    assert roc_auc_score(plan.cohort.y, found.p[1, 0]) < 0.7


@pytest.mark.parametrize("kind", ["image", "breast", "patient"])
@pytest.mark.parametrize("rule", ["max", "mean"])
def test_units_stay_whole_and_are_scored_by_their_rows(kind, rule):
    frame = toy_frame(patients=40, rows_each=4)
    frame["laterality"] = np.where(np.arange(len(frame)) % 4 < 2, "LEFT", "RIGHT")
    frame["image_id"] = frame["patient_id"] + frame["laterality"] + frame["view"]
    plan = plan_of(frame, candidates="logistic,xgboost", folds=2, target={"unit": kind, "aggregate": rule})
    units = plan.cohort.units
    assert units.y.size == 40 * {"image": 4, "breast": 2, "patient": 1}[kind]
    found = cross_validate(plan)
    assert found.p.shape == (2, 1, units.y.size)
    for i, candidate in enumerate(plan.candidates):
        for fold in range(2):
            _, fitted = refit(plan, candidate, found, repeat=0, fold=fold)
            for unit in np.flatnonzero(plan.fold_of[0] == fold)[::7]:
                scores = fitted.score(plan.cohort.x[units.of == unit])
                wanted = scores.max() if rule == "max" else scores.mean()
                assert found.raw[i, 0, unit] == pytest.approx(wanted, abs=1e-12)


def test_selection_by_name_is_used_and_explained():
    plan = plan_of(candidates="logistic,forest,xgboost", select="mrmr", folds=2)
    found = cross_validate(plan)
    for candidate in ("logistic", "forest"):
        choice = found.tuned[candidate, 0, 0]
        assert choice.parameters["select"] == "mrmr"
        assert choice.parameters["k"] == 20
    assert "select" not in found.tuned["xgboost", 0, 0].parameters
    assert set(found.rankings[0, 1]) == {(0, "mrmr"), (1, "mrmr"), (WHOLE, "mrmr")}


@pytest.mark.parametrize("kind", ["isotonic", "none"])
def test_other_calibrations(kind):
    plan = plan_of(candidates="logistic", calibration=kind, folds=2)
    found = cross_validate(plan)
    assert found.tuned["logistic", 0, 0].calibrator.kind == kind
    assert (found.raw == found.p).all() == (kind == "none")


def test_few_cases_of_the_rarer_class_give_smote_fewer_neighbours():
    found = cross_validate(plan_of(rarely(40, 8), candidates="logistic+smote", folds=2))
    assert any("logistic+smote used fewer than 5 neighbours" in note for note in found.notes)


def test_too_few_cases_for_smote_is_said_before_training():
    plan = plan_of(rarely(40, 2), candidates="logistic,xgboost+smote", folds=2)
    with pytest.raises(InputError, match=r"xgboost\+smote needs 2 training cases.*has 1.*--models"):
        check_samplers(plan)


@pytest.mark.parametrize("workers", [1, 2])
def test_one_patient_of_a_class_to_train_on_is_refused_with_a_way_out(workers):
    with pytest.raises(InputError, match=r"one patient of a class.*add patients"):
        cross_validate(plan_of(rarely(30, 2), candidates="logistic", folds=2), workers=workers)


def test_two_patients_of_a_class_to_train_on_will_do():
    found = cross_validate(plan_of(rarely(30, 4), candidates="logistic+oversampling,xgboost+bagging", folds=2))
    assert not np.isnan(found.p).any()


def test_a_model_that_does_not_converge_is_noted_and_other_warnings_pass(monkeypatch):
    hasty = Model("Hasty", Built(lambda: LogisticRegression(max_iter=1)))
    monkeypatch.setitem(MODELS, "hasty", hasty)
    assert cross_validate(plan_of(candidates="hasty", folds=2)).notes == ("hasty did not converge in some folds",)

    class Talks(Spy):
        def fit(self, X, y):
            import warnings

            warnings.warn("mind this", UserWarning, stacklevel=1)
            return super().fit(X, y)

    monkeypatch.setitem(MODELS, "talks", Model("Talks", Built(lambda: Talks())))
    with pytest.warns(UserWarning, match="mind this"):
        cross_validate(plan_of(candidates="talks", folds=2))


def test_what_a_sampler_could_not_do_in_the_last_fit_is_noted(monkeypatch):
    """The inner folds are fine, all training rows together are not."""
    calls = []
    real = candidate_rows.resample

    def spied(x, y, *, sampler, seed):
        calls.append(y.size)
        found = real(x, y, sampler=sampler, seed=seed)
        return replace(found, note="was out of luck") if len(calls) == 3 else found

    monkeypatch.setattr(candidate_rows, "resample", spied)
    (one,) = run_model(plan_of(candidates="logistic+smote", folds=2), Candidate("logistic"), 0, 0, {})
    assert one.tuned.notes == ("logistic+smote was out of luck",)


@pytest.mark.slow
def test_every_model_and_sampler_runs():
    frame = embedded_frame(patients=40)
    frame["scanner"] = np.where(np.arange(len(frame)) % 3, "A", "B")
    crossed = ("logistic", "svm-rbf", "xgboost", "emb-logistic", "fusion-xgboost")
    names = [f"{model}+all" if model in crossed else model for model in MODELS if _has(frame, model)]
    plan = plan_of(frame, candidates=",".join(names), folds=2, members="logistic,emb-xgboost")
    assert {candidate.model for candidate in plan.candidates} >= {"head", "probe", "stack"}
    found = cross_validate(plan)
    assert len(plan.candidates) >= 3 * len(SAMPLERS) + 5
    assert not np.isnan(found.p).any()
    assert ((found.p >= 0) & (found.p <= 1)).all()


def test_candidates_are_parsed_or_refused():
    assert [candidate.name for candidate in parse_candidates(",".join(DEFAULT_CANDIDATES))] == list(DEFAULT_CANDIDATES)
    assert parse_candidate("logistic+smote") == Candidate("logistic", "smote")
    assert [candidate.sampler for candidate in parse_candidates("svm+all")] == list(SAMPLERS)
    assert candidate_title(Candidate("xgboost", "smote")) == "XGBoost + SMOTE"
    for text, said in (
        ("xgbost", "Models: prevalence, size"),
        ("xgboost+rose", "Samplers: none, weights"),
        ("prevalence+smote", "no sampler goes with it"),
        ("logistic,logistic", "named twice: logistic"),
        (" , ", "no model was named"),
    ):
        with pytest.raises(InputError, match=said):
            parse_candidates(text)
