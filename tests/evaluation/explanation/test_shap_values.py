"""SHAP values: additive, equal to shap's own, on rows that were held out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from xgboost import DMatrix

from radiomics_mammo.evaluation.cohort.cohort import prepare_cohort
from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.explanation.shap_values import (
    calibrated_line,
    contribution_table,
    contributions,
    importance,
    interactions,
    mean_by_case,
)
from radiomics_mammo.evaluation.training.calibration import Calibrator
from radiomics_mammo.evaluation.training.cross_validation import cross_validate, refit
from radiomics_mammo.evaluation.training.estimators.shap_library import load_shap
from radiomics_mammo.evaluation.training.held_out import measure_held_out
from radiomics_mammo.evaluation.training.plan import Plan, Tuning
from radiomics_mammo.evaluation.training.preprocessing import source_columns
from radiomics_mammo.evaluation.training.registry import parse_candidate
from radiomics_mammo.evaluation.training.splits import repeated_folds
from tests.support.cohorts import FEATURES, toy_frame

CANDIDATES = ("xgboost", "xgboost+oversampling", "xgboost+smote", "forest")


@pytest.fixture(scope="module")
def plan() -> Plan:
    frame = toy_frame(patients=50)
    frame.loc[::4, FEATURES[2]] = np.nan
    cohort = prepare_cohort(frame, FEATURES, target=Target())
    folds = repeated_folds(cohort.units.y, cohort.units.group, folds=3, repeats=2, seed=0)
    tuning = Tuning(trials=1, folds=2, select="none")
    return Plan(cohort, folds, tuple(map(parse_candidate, CANDIDATES)), Settings(), 0, tuning)


@pytest.fixture(scope="module")
def outcome(plan):
    return cross_validate(plan)


def held_out(plan: Plan, outcome, candidate: str):
    """Give what one fold fitted, its prepared held-out rows, where their columns come from, and what they add."""
    bench, fitted = refit(plan, parse_candidate(candidate), outcome, repeat=0, fold=1)
    x = np.asarray(fitted.preparation.transform(bench.test_rows()))
    source = source_columns(fitted.preparation)
    return fitted, x, source, contributions(fitted, x, source=source, n_features=len(FEATURES))


@pytest.mark.parametrize("candidate", ["xgboost", "xgboost+smote"])
def test_boosted_contributions_add_up_to_the_margin(plan, outcome, candidate):
    fitted, x, _, found = held_out(plan, outcome, candidate)
    margin = fitted.model.predict(DMatrix(x), output_margin=True)
    np.testing.assert_allclose(found[:, :9].sum(axis=1), margin, atol=1e-5)


def test_forest_contributions_add_up_to_the_probability(plan, outcome):
    fitted, x, _, found = held_out(plan, outcome, "forest")
    np.testing.assert_allclose(found[:, :9].sum(axis=1), fitted.model.predict_proba(x)[:, 1], atol=1e-5)
    assert np.isnan(found[:, 9:]).all()  # its log-odds are no line of what the contributions add up to


@pytest.mark.parametrize("candidate", ["xgboost+oversampling", "forest"])
def test_contributions_equal_shaps_tree_explainer(plan, outcome, candidate):
    fitted, x, source, found = held_out(plan, outcome, candidate)
    values = load_shap().TreeExplainer(fitted.model).shap_values(x)
    values = values[:, :, 1] if values.ndim == 3 else values
    if candidate == "forest":
        assert source.tolist() == [*range(8), 2]  # the last column says where feature 2 is null
        values[:, 2] += values[:, 8]
    else:
        assert source.tolist() == [*range(8)]  # a booster takes nulls as they are
    np.testing.assert_allclose(found[:, :8], values[:, :8], atol=1e-5)


@pytest.mark.parametrize("candidate", ["xgboost", "forest"])
def test_the_planted_feature_comes_first(plan, outcome, candidate):
    parts = measure_held_out(plan, parse_candidate(candidate), outcome, repeats=2, measure=contributions)
    table = contribution_table(parts, plan.cohort.rows["case_id"].tolist(), plan.cohort.features)
    ranked = importance(table)
    assert ranked.index[0] == FEATURES[0]
    assert ranked.iloc[0] > 1.3 * ranked.iloc[1]


def test_each_case_is_explained_once_a_repeat_by_its_own_fold(plan, outcome):
    candidate = parse_candidate("xgboost")
    parts = measure_held_out(plan, candidate, outcome, repeats=2, measure=contributions, workers=2)
    table = contribution_table(parts, plan.cohort.rows["case_id"].tolist(), plan.cohort.features)
    assert table["case_id"].tolist() == plan.cohort.rows["case_id"].tolist() * 2
    np.testing.assert_array_equal(table["fold"].to_numpy().reshape(2, -1), plan.fold_of)
    predicted = outcome.raw[0]
    margin = table[["base", *FEATURES]].to_numpy(dtype=float).sum(axis=1).reshape(2, -1)
    np.testing.assert_allclose(1 / (1 + np.exp(-margin)), predicted, atol=1e-5)
    calibrated = (table["shift"] + table["scale"] * margin.ravel()).to_numpy().reshape(2, -1)
    np.testing.assert_allclose(1 / (1 + np.exp(-calibrated)), outcome.p[0], atol=1e-5)


def test_calibration_is_a_line_unless_it_is_isotonic():
    assert calibrated_line(Calibrator()) == (1.0, 0.0)
    assert calibrated_line(Calibrator("sigmoid", (), (-0.4, 1.7))) == (1.7, -0.4)
    assert np.isnan(calibrated_line(Calibrator("isotonic", (0.0, 1.0), (0.1, 0.9)))).all()


@pytest.mark.parametrize("candidate", ["xgboost", "xgboost+smote"])
def test_interactions_equal_shaps(plan, outcome, candidate):
    fitted, x, source, _ = held_out(plan, outcome, candidate)
    count, found = interactions(fitted, x, source=source, n_features=len(FEATURES), most=10**6)
    assert count == len(x)
    shaps = load_shap().TreeExplainer(fitted.model).shap_interaction_values(x)
    if candidate == "xgboost+smote":  # the last column says where feature 2 is null
        shaps[:, 2] += shaps[:, 8]
        shaps[:, :, 2] += shaps[:, :, 8]
    for i in range(8):
        for j in range(8):
            pair = shaps[:, i, j] if i == j else shaps[:, i, j] + shaps[:, j, i]
            assert found[i, j] == pytest.approx(np.abs(pair).sum(), abs=1e-3)


def test_interactions_look_at_evenly_spaced_rows_of_a_large_table(plan, outcome):
    fitted, x, source, _ = held_out(plan, outcome, "xgboost")
    count, found = interactions(fitted, x, source=source, n_features=len(FEATURES), most=25 * 8**2)
    some = x[np.linspace(0, len(x) - 1, 25).astype(int)]
    whole = interactions(fitted, some, source=source, n_features=len(FEATURES), most=10**6)
    assert (count, whole[0]) == (25, 25)
    np.testing.assert_array_equal(found, whole[1])


def test_means_are_over_repeats():
    table = pd.DataFrame(
        {
            "case_id": ["b", "a", "b", "a"],
            "repeat": [0, 0, 1, 1],
            "fold": 0,
            "base": 0.5,
            "scale": 1.0,
            "shift": 0.0,
            "f": [1.0, -2.0, 3.0, -4.0],
            "g": 0.1,
        }
    )
    assert mean_by_case(table)["f"].to_dict() == {"b": 2.0, "a": -3.0}
    assert importance(table).to_dict() == pytest.approx({"f": 2.5, "g": 0.1})
