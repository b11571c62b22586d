"""SHAP values: additive, equal to shap's own, on rows that were held out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cohorts import FEATURES, toy_frame
from xgboost import DMatrix

from radiomics_mammo.explain.contributions import (
    contribution_table,
    contributions,
    importance,
    mean_by_case,
)
from radiomics_mammo.explain.shap_library import load_shap
from radiomics_mammo.models import parse_arm
from radiomics_mammo.models.data.cohort import Question, prepare_cohort
from radiomics_mammo.models.records import Settings
from radiomics_mammo.models.training.crossval import cross_validate, refit
from radiomics_mammo.models.training.held_out import measure_held_out
from radiomics_mammo.models.training.plan import Plan, Tuning
from radiomics_mammo.models.training.prepare import source_columns
from radiomics_mammo.models.training.splits import repeated_folds

ARMS = ("xgboost", "xgboost+oversampling", "xgboost+smote", "forest")


@pytest.fixture(scope="module")
def plan() -> Plan:
    frame = toy_frame(people=50)
    frame.loc[::4, FEATURES[2]] = np.nan
    cohort = prepare_cohort(frame, FEATURES, question=Question())
    folds = repeated_folds(cohort.units.y, cohort.units.group, folds=3, repeats=2, seed=0)
    tuning = Tuning(trials=1, folds=2, select="none")
    return Plan(cohort, folds, tuple(map(parse_arm, ARMS)), Settings(), 0, tuning)


@pytest.fixture(scope="module")
def outcome(plan):
    return cross_validate(plan)


def held_out(plan: Plan, outcome, arm: str):
    """Give the model of one fold, its prepared held-out rows, where their columns come from, and what they add."""
    bench, fitted = refit(plan, parse_arm(arm), outcome, repeat=0, fold=1)
    x = np.asarray(fitted.preparation.transform(bench.test_rows()))
    source = source_columns(fitted.preparation)
    return fitted.estimator, x, source, contributions(fitted.estimator, x, source=source, n_features=len(FEATURES))


@pytest.mark.parametrize("arm", ["xgboost", "xgboost+smote"])
def test_boosted_contributions_add_up_to_the_margin(plan, outcome, arm):
    model, x, _, found = held_out(plan, outcome, arm)
    np.testing.assert_allclose(found.sum(axis=1), model.predict(DMatrix(x), output_margin=True), atol=1e-5)


def test_forest_contributions_add_up_to_the_probability(plan, outcome):
    model, x, _, found = held_out(plan, outcome, "forest")
    np.testing.assert_allclose(found.sum(axis=1), model.predict_proba(x)[:, 1], atol=1e-5)


@pytest.mark.parametrize("arm", ["xgboost+oversampling", "forest"])
def test_contributions_equal_shaps_tree_explainer(plan, outcome, arm):
    model, x, source, found = held_out(plan, outcome, arm)
    values = load_shap().TreeExplainer(model).shap_values(x)
    values = values[:, :, 1] if values.ndim == 3 else values
    if arm == "forest":
        assert source.tolist() == [*range(8), 2]  # the last column says where feature 2 is null
        values[:, 2] += values[:, 8]
    else:
        assert source.tolist() == [*range(8)]  # a booster takes nulls as they are
    np.testing.assert_allclose(found[:, :-1], values[:, :8], atol=1e-5)


@pytest.mark.parametrize("arm", ["xgboost", "forest"])
def test_the_planted_feature_comes_first(plan, outcome, arm):
    parts = measure_held_out(plan, parse_arm(arm), outcome, repeats=2, measure=contributions)
    table = contribution_table(parts, plan.cohort.rows["case_id"].tolist(), plan.cohort.features)
    ranked = importance(table)
    assert ranked.index[0] == FEATURES[0]
    assert ranked.iloc[0] > 1.3 * ranked.iloc[1]


def test_each_case_is_explained_once_a_repeat_by_its_own_fold(plan, outcome):
    arm = parse_arm("xgboost")
    parts = measure_held_out(plan, arm, outcome, repeats=2, measure=contributions, workers=2)
    table = contribution_table(parts, plan.cohort.rows["case_id"].tolist(), plan.cohort.features)
    assert table["case_id"].tolist() == plan.cohort.rows["case_id"].tolist() * 2
    np.testing.assert_array_equal(table["fold"].to_numpy().reshape(2, -1), plan.fold_of)
    predicted = outcome.raw[0]
    margin = table[["base", *FEATURES]].to_numpy(dtype=float).sum(axis=1).reshape(2, -1)
    np.testing.assert_allclose(1 / (1 + np.exp(-margin)), predicted, atol=1e-5)


def test_means_are_over_repeats():
    table = pd.DataFrame(
        {
            "case_id": ["b", "a", "b", "a"],
            "repeat": [0, 0, 1, 1],
            "fold": 0,
            "base": 0.5,
            "f": [1.0, -2.0, 3.0, -4.0],
            "g": 0.1,
        }
    )
    assert mean_by_case(table)["f"].to_dict() == {"b": 2.0, "a": -3.0}
    assert importance(table).to_dict() == pytest.approx({"f": 2.5, "g": 0.1})
