"""Tables that are made of predictions and choices, against counts by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radiomics_mammo.evaluation.cohort.records import Candidate
from radiomics_mammo.evaluation.options import ComparisonOptions
from radiomics_mammo.evaluation.result_tables import RESULT_TABLES, fitting
from radiomics_mammo.evaluation.result_tables.base import TableContext
from radiomics_mammo.evaluation.result_tables.comparison import reference_candidate
from radiomics_mammo.evaluation.result_tables.fitting import nogueira
from radiomics_mammo.evaluation.result_tables.held_out import shift_probabilities
from radiomics_mammo.evaluation.study import table_context
from radiomics_mammo.evaluation.summary import (
    best_candidate,
    explained_candidate,
    fold_table,
    prediction_table,
    resampling_pairs,
)
from radiomics_mammo.evaluation.training.cross_validation import cross_validate
from radiomics_mammo.evaluation.training.plan import WHOLE
from tests.support.cohorts import FEATURES, toy_frame
from tests.support.plans import cohort_of, plan_of

CANDIDATES = "prevalence,logistic,xgboost,xgboost+oversampling"


OPTIONS = ComparisonOptions(sensitivity=0.8, bootstrap=40)


@pytest.fixture(scope="module")
def done() -> TableContext:
    plan = plan_of(candidates=CANDIDATES, select="auto", folds=2, repeats=2)
    return computed(table_context(plan, cross_validate(plan), options=OPTIONS))


def computed(context: TableContext) -> TableContext:
    """Compute all tables whose needs are met, but those on leakage and on single cases."""
    for name, table in RESULT_TABLES.items():
        if table.is_needed(context) and not table.compute.__module__.endswith("validation"):
            context.tables[name] = table.compute(context)
    return context


def test_all_tables_are_there(done):
    tables = done.tables
    assert set(tables) == {
        "summary", "differences", "auroc", "operating", "uncalibrated", "pairs", "reliability", "decision_curve",
        "certified", "subgroups", "selection_bias", "feature_selection", "tuned_parameters", "confusion",
    }  # fmt: skip
    assert set(tables["pairs"]["against"]) == {"xgboost+oversampling"}
    assert 0.8 in tables["certified"]["target"].tolist()
    assert not tables["selection_bias"]["model"].isin(["prevalence"]).any()
    assert set(tables["reliability"]["model"]) >= {"xgboost", "xgboost+oversampling", "prevalence"}


def test_aurocs_are_scikit_learns_mean_over_repeats(done):
    plan, outcome = done.plan, done.outcome
    table = done.tables["auroc"].set_index("model")["auroc"]
    for i, candidate in enumerate(plan.candidates):
        wanted = np.mean([roc_auc_score(plan.cohort.y, p) for p in outcome.p[i]])
        assert table[candidate.name] == pytest.approx(wanted, abs=1e-12)


def test_uncalibrated_compares_raw_scores_with_and_without_resampling(done):
    plan, outcome = done.plan, done.outcome
    table = done.tables["uncalibrated"]
    assert set(table["model"]) == {"xgboost", "xgboost+oversampling"}
    row = table[(table["model"] == "xgboost") & (table["metric"] == "brier")].iloc[0]
    wanted = np.mean([np.mean((raw - plan.cohort.y) ** 2) for raw in outcome.raw[2]])
    assert row["value"] == pytest.approx(wanted)
    lone = plan_of(candidates="logistic", folds=2)
    found = cross_validate(lone)
    context = table_context(lone, found, options=OPTIONS)
    assert RESULT_TABLES["uncalibrated"].compute(context).empty


def test_predictions_and_folds_are_laid_out(done):
    plan, outcome = done.plan, done.outcome
    table = prediction_table(plan, outcome)
    assert len(table) == 4 * 2 * 120
    one = table[(table["model"] == "xgboost") & (table["repeat"] == 1)]
    np.testing.assert_array_equal(one["p"], outcome.p[2, 1])
    np.testing.assert_array_equal(one["raw"], outcome.raw[2, 1])
    np.testing.assert_array_equal(one["called"], outcome.called[2, 1])
    np.testing.assert_array_equal(one["y"], plan.cohort.y)
    folds = fold_table(plan)
    np.testing.assert_array_equal(folds["fold"], plan.fold_of.ravel())
    assert (folds.groupby(["patient_id", "repeat"])["fold"].nunique() == 1).all()


def test_tuned_parameters_hold_every_fold(done):
    outcome = done.outcome
    table = done.tables["tuned_parameters"]
    assert len(table) == 4 * 4
    assert table[["model", "repeat", "fold"]].apply(tuple, axis=1).is_monotonic_increasing
    row = table[(table["model"] == "xgboost") & (table["fold"] == 1)].iloc[0]
    assert json.loads(row["parameters"]) == outcome.tuned["xgboost", 0, 1].parameters
    assert table[table["model"] == "prevalence"]["inner_auroc"].isna().all()


def test_selection_counts_by_hand(done, monkeypatch):
    outcome = done.outcome
    monkeypatch.setattr(fitting, "_N_SELECTED", 2)
    table = RESULT_TABLES["feature_selection"].compute(done).set_index("feature")
    assert table.index.tolist() == list(FEATURES)
    for method in ("mrmr", "l1", "boruta"):
        # No nulls, nothing constant or alike: prepared columns are the features.
        firsts = [outcome.rankings[key][WHOLE, method][:2] for key in outcome.rankings]
        counts = np.bincount(np.concatenate(firsts), minlength=8)
        np.testing.assert_allclose(table[method], counts / 4)
        assert table[method].iloc[0] == 1  # the one that tells
        chosen = np.array([np.isin(np.arange(8), one) for one in firsts])
        assert table[f"stability_{method}"].iloc[0] == pytest.approx(nogueira(chosen))


def test_an_indicator_counts_for_its_feature(monkeypatch):
    monkeypatch.setattr(fitting, "_N_SELECTED", 1)
    frame = toy_frame(strength=0)
    frame.loc[(frame["malignant"] == 1), FEATURES[6]] = np.nan
    plan = plan_of(frame, candidates="logistic", select="l1", folds=2)
    context = table_context(plan, cross_validate(plan), options=OPTIONS)
    table = RESULT_TABLES["feature_selection"].compute(context).set_index("feature")
    assert table["l1"].to_dict() == {name: float(name == FEATURES[6]) for name in FEATURES}


def test_stability_by_hand():
    """Nogueira et al. 2018, equation 4: 1 - mean of the unbiased variances over that of a random choice."""
    z = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0]], dtype=bool)
    variances = z.astype(float).var(axis=0, ddof=1).mean()  # NumPy's own unbiased variance: 0, 1/3, 1/3, 0
    assert variances == pytest.approx(1 / 6)
    assert nogueira(z) == pytest.approx(1 - variances / (0.5 * 0.5)) == pytest.approx(1 / 3)
    same = np.repeat(np.array([[True, True, False, False, False]]), 4, axis=0)
    assert nogueira(same) == 1
    assert np.isnan(nogueira(same[:1]))
    assert np.isnan(nogueira(np.ones((3, 4), dtype=bool)))


def test_stability_is_kunchevas_where_all_choose_as_many():
    """Of equal sizes it is the mean pairwise consistency index of Kuncheva (2007)."""
    rng = np.random.default_rng(0)
    z = np.zeros((6, 30), dtype=bool)
    for row in z:
        row[rng.choice(30, 8, replace=False)] = True
    pairs = [(z[i] & z[j]).sum() for i in range(6) for j in range(i)]
    wanted = np.mean([(common * 30 - 64) / (8 * (30 - 8)) for common in pairs])
    assert nogueira(z) == pytest.approx(wanted)


def test_choosing_at_random_is_about_zero():
    z = np.random.default_rng(1).random((200, 400)) < 0.1
    assert abs(nogueira(z)) < 0.01


def test_resampling_pairs_best_and_reference_candidate():
    candidates = [
        Candidate("logistic", "smote"),
        Candidate("prevalence"),
        Candidate("xgboost"),
        Candidate("xgboost", "weights"),
        Candidate("logistic"),
    ]
    assert resampling_pairs(candidates) == [(0, 4), (3, 2)]
    assert reference_candidate(candidates, candidates[0]) is candidates[0]
    reference = Candidate("xgboost", "oversampling")
    assert reference_candidate([*candidates, reference], candidates[0]) is reference
    values = {"logistic+smote": 0.6, "prevalence": 0.9, "xgboost": 0.7, "xgboost+weights": 0.7, "logistic": 0.8}
    summary = pd.DataFrame([{"model": name, "metric": "auroc", "value": value} for name, value in values.items()])
    assert best_candidate(summary, candidates) == Candidate("logistic")
    assert explained_candidate(summary, candidates) == Candidate("xgboost")  # of equal ones the first
    assert best_candidate(summary, [Candidate("prevalence")]) is None


@pytest.fixture(scope="module")
def held_out() -> TableContext:
    frame = toy_frame(patients=90)
    candidates = "logistic,xgboost,average"
    plan = plan_of(frame.iloc[:100].reset_index(drop=True), candidates=candidates, members="logistic,xgboost", folds=2)
    plan = replace(plan, test=cohort_of(frame.iloc[100:].reset_index(drop=True)))
    return table_context(plan, cross_validate(plan), options=ComparisonOptions(bootstrap=30))


def test_test_tables_are_of_the_test_patients(held_out):
    plan, outcome = held_out.plan, held_out.outcome
    aurocs = (("logistic", 0.6), ("xgboost", 0.7))
    summary = pd.DataFrame([{"model": name, "metric": "auroc", "value": v} for name, v in aurocs])
    context = replace(held_out, comparison=replace(held_out.comparison, summary=summary), best=Candidate("logistic"))
    names = ("test_summary", "test_operating", "test_ensembles")
    tables = {name: RESULT_TABLES[name].compute(context) for name in names}
    summary = tables["test_summary"].set_index(["model", "metric"])["value"]
    for candidate in plan.candidates:
        one = outcome.test[candidate.name]
        assert summary[candidate.name, "auroc"] == pytest.approx(roc_auc_score(plan.test.y, one.p))
    ensembles = tables["test_ensembles"].set_index("metric")
    assert (ensembles["against"] == "xgboost").all()  # the best out of fold, whatever it is here
    assert ensembles.loc["auroc", "value"] == pytest.approx(summary["average", "auroc"] - summary["xgboost", "auroc"])
    one = outcome.test["logistic"]
    called = one.p >= one.tuned.threshold
    row = tables["test_operating"].set_index("model").loc["logistic"]
    assert row["sensitivity"] == pytest.approx(called[plan.test.y == 1].mean())


@pytest.mark.parametrize("shift", ["em", "0.1"])
def test_a_shift_moves_probabilities_and_no_order(held_out, shift):
    plan, outcome = held_out.plan, held_out.outcome
    moved, note = shift_probabilities(held_out, shift=shift, by=plan.candidates[-1])
    prior = plan.cohort.y.mean()
    assert f"{prior:.3f}" in note
    for candidate in plan.candidates:
        p = outcome.test[candidate.name].p
        assert (moved[candidate.name] != p).any()
        assert roc_auc_score(plan.test.y, moved[candidate.name]) == roc_auc_score(plan.test.y, p)
        if shift == "0.1":  # Bayes' rule written out: odds times the ratio of prior odds
            odds = p / (1 - p) * (0.1 / 0.9) / (prior / (1 - prior))
            np.testing.assert_allclose(moved[candidate.name], odds / (1 + odds), rtol=1e-9)


def test_a_prevalence_at_its_limit_moves_nothing(held_out, monkeypatch):
    from radiomics_mammo.evaluation.metrics import prevalence_shift

    plan, outcome = held_out.plan, held_out.outcome
    monkeypatch.setattr(prevalence_shift, "estimate_prevalence", lambda *_, **__: (0.0, 0.0, 0.3))
    moved, note = shift_probabilities(held_out, shift="em", by=plan.candidates[-1])
    assert "left as they were" in note
    np.testing.assert_allclose(moved["logistic"], outcome.test["logistic"].p)
