"""Patients who are held out: named tables, the official split, another prevalence, and runs by the clock."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radiomics_mammo.evaluation.metrics.prevalence_shift import shift_prior
from radiomics_mammo.evaluation.training.registry import MODELS, Model
from radiomics_mammo.runs.run_folder import read_run
from radiomics_mammo.tables.feature_table import write_table
from tests.support.cohorts import FEATURES, toy_frame
from tests.support.compare_runs import contents, run, skip_checks
from tests.support.plans import Built, Spy

HELD_OUT = {"test_summary.csv", "test_differences.csv", "test_auroc.csv", "test_operating.csv", "test_subgroups.csv",
            "test_reliability.csv", "label_shift.csv", "test_predictions.parquet"}  # fmt: skip


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    skip_checks(monkeypatch)


@pytest.fixture
def spy(monkeypatch):
    monkeypatch.setitem(MODELS, "spy", Model("Spy", Built(lambda: Spy())))
    Spy.shown.clear()


def official(path):
    """Sixty patients, the last twenty of whom are tested; two of these have a row in training, too."""
    frame = toy_frame(patients=60, rows_each=2)
    patient = frame["patient_id"].str[2:].astype(int)
    frame["split"] = np.where(patient >= 40, "test", "train")
    frame.loc[(patient == 40) & (frame["view"] == "CC"), "split"] = "train"
    frame.loc[(patient == 41) & (frame["view"] == "CC"), "split"] = "train"
    write_table(frame, path, provenance={"features": list(FEATURES), "recipe_name": "lesion"})
    return path, frame


def test_the_official_split_trains_on_nobody_who_is_tested(tmp_path, spy):
    table, frame = official(tmp_path / "t.parquet")
    assert run(table, tmp_path / "r", "--split", "official", "--models", "logistic,spy") == 0
    done = read_run(tmp_path / "r")
    tested = pd.read_parquet(tmp_path / "r" / "test_predictions.parquet")
    assert set(tested["patient_id"]) == {f"P_{i:05d}" for i in range(40, 60)}
    assert sorted(tested[tested["model"] == "logistic"]["case_id"]) == sorted(
        frame[frame["split"] == "test"]["case_id"]
    )
    assert not set(done.predictions["patient_id"]) & set(tested["patient_id"])
    assert (tested[tested["model"] == "spy"]["raw"] == 0).all()  # none of their rows was shown to the spy
    assert max(len(x) for x, _ in Spy.shown) == 80
    assert {path.name for path in (tmp_path / "r").iterdir()} >= HELD_OUT
    assert (done.info.patients, done.info.test["patients"], done.info.test["rows"]) == (40, 20, 38)
    assert any("2 patients" in remark for remark in done.info.remarks)


def test_held_out_patients_are_judged_by_models_of_all_the_others(tmp_path):
    from radiomics_mammo import report

    table, _ = official(tmp_path / "t.parquet")
    asked = ("--split", "official", "--models", "logistic,xgboost,xgboost+weights")
    assert run(table, tmp_path / "r", *asked) == 0
    tested = pd.read_parquet(tmp_path / "r" / "test_predictions.parquet")
    summary = pd.read_csv(tmp_path / "r" / "test_summary.csv").set_index(["model", "metric"])["value"]
    for model, own in tested.groupby("model"):
        assert summary[model, "auroc"] == pytest.approx(roc_auc_score(own["y"], own["p"]), abs=1e-12)
    tuned = pd.read_csv(tmp_path / "r" / "tuned_parameters.csv")
    everybody = tuned[tuned["fold"] == -1].set_index("model")
    for model, own in tested.groupby("model"):
        assert (own["called"] == (own["p"] >= everybody["threshold"][model])).all()
    assert report.main([str(tmp_path / "r")]) == 0


def split_tables(folder):
    frame = toy_frame(patients=70)
    first, second = frame.iloc[:90].reset_index(drop=True), frame.iloc[84:].reset_index(drop=True)
    for name, part in (("train", first), ("test", second)):
        write_table(part, folder / f"{name}.parquet", provenance={"features": list(FEATURES), "recipe_name": "lesion"})
    return folder / "train.parquet", folder / "test.parquet", second


def test_a_named_test_table_is_predicted_and_its_patients_left_out(tmp_path, spy):
    train, test, frame = split_tables(tmp_path)
    asked = ("--models", "logistic,spy", "--test", str(test))
    assert run(train, tmp_path / "r", *asked) == 0
    done = read_run(tmp_path / "r")
    tested = pd.read_parquet(tmp_path / "r" / "test_predictions.parquet")
    own = tested[tested["model"] == "logistic"]
    assert own["case_id"].tolist() == frame["case_id"].tolist()
    assert not set(done.predictions["patient_id"]) & set(frame["patient_id"])
    assert (tested[tested["model"] == "spy"]["raw"] == 0).all()
    assert max(len(x) for x, _ in Spy.shown) == 84
    assert done.info.test["table"] == str(test)


@pytest.mark.parametrize("asked", ["em", "0.2"])
def test_another_prevalence_moves_probabilities_and_no_auroc(tmp_path, asked):
    train, test, _ = split_tables(tmp_path)
    options = ("--models", "logistic,prevalence", "--test", str(test), "--shift", asked)
    assert run(train, tmp_path / "r", *options) == 0
    done = read_run(tmp_path / "r")
    as_they_are = pd.read_csv(tmp_path / "r" / "test_summary.csv").set_index(["model", "metric"])["value"]
    moved = pd.read_csv(tmp_path / "r" / "test_shifted.csv").set_index(["model", "metric"])["value"]
    assert moved["logistic", "auroc"] == as_they_are["logistic", "auroc"]
    assert moved["logistic", "brier"] != as_they_are["logistic", "brier"]
    assert any("moved from the training prevalence" in note for note in done.info.notes)
    if asked == "0.2":
        tested = pd.read_parquet(tmp_path / "r" / "test_predictions.parquet")
        own = tested[tested["model"] == "logistic"]
        p = shift_prior(own["p"].to_numpy(), done.info.positives / done.info.units, 0.2)
        assert moved["logistic", "brier"] == pytest.approx(np.mean((p - own["y"]) ** 2))


def test_a_test_table_of_another_recipe_is_refused(tmp_path, capsys):
    train, test, frame = split_tables(tmp_path)
    write_table(frame, test, provenance={"features": list(FEATURES), "recipe_name": "x", "recipe_hash": "y"})
    write_table(pd.read_parquet(train), train, provenance={"features": list(FEATURES), "recipe_hash": "z"})
    assert run(train, tmp_path / "r", "--models", "logistic", "--test", str(test)) == 2
    assert "test.parquet" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_minutes_choose_trials_and_say_so(tmp_path, capsys):
    toy_frame().to_parquet(tmp_path / "t.parquet")
    asked = ("--models", "logistic,xgboost")
    assert run(tmp_path / "t.parquet", tmp_path / "timed", *asked, "--minutes", "0.05") == 0
    said = " ".join(capsys.readouterr().out.split())
    trials = read_run(tmp_path / "timed").info.command["trials"]
    assert trials >= 1
    assert (
        f"trials for each model and fold: {trials}, for about 0.05 minutes (--trials {trials} repeats this run)" in said
    )
    assert run(tmp_path / "t.parquet", tmp_path / "named", *asked, "--trials", str(trials)) == 0
    assert contents(tmp_path / "timed") == contents(tmp_path / "named")


def test_an_interrupted_run_by_the_clock_goes_on_with_the_trials_it_began_with(tmp_path, monkeypatch):
    from radiomics_mammo.evaluation.training import cross_validation, time_budget

    toy_frame().to_parquet(tmp_path / "t.parquet")
    asked = ("--models", "logistic,lasso", "--minutes", "3")
    monkeypatch.setattr("radiomics_mammo.cli.compare_run.trials_within", lambda *_, **__: time_budget.Budget(3, 0.1))
    real, done = cross_validation.run_model, []

    def stops(*what):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(what[1:4])
        return real(*what)

    monkeypatch.setattr(cross_validation, "run_model", stops)
    assert run(tmp_path / "t.parquet", tmp_path / "r", *asked) == 130
    monkeypatch.setattr("radiomics_mammo.cli.compare_run.trials_within", lambda *_, **__: pytest.fail("timed again"))
    monkeypatch.setattr(
        cross_validation, "run_model", lambda *what: done.append((what[1].name, *what[2:4])) or real(*what)
    )
    assert run(tmp_path / "t.parquet", tmp_path / "r", *asked) == 0
    assert len(done) == len(set(done)) == 4
    assert read_run(tmp_path / "r").info.command["trials"] == 3
    tuned = pd.read_csv(tmp_path / "r" / "tuned_parameters.csv")
    assert len({json.dumps(one) for one in tuned["parameters"]}) > 1


def test_fewer_minutes_are_fewer_trials_and_one_at_least(monkeypatch):
    from radiomics_mammo.evaluation.training import time_budget
    from tests.support.plans import plan_of

    plan = plan_of(candidates="logistic", folds=2, repeats=2)
    clock = iter([0.0, 0.0, 10.0] * 4)  # nothing is ranked
    monkeypatch.setattr(time_budget.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(time_budget, "run_model", lambda *_: [])
    # Four folds of 10 s a trial: 30 of 40 minutes on one core are 450 s a fold.
    assert time_budget.trials_within(plan, minutes=40, workers=1).trials == 1 + (450 - 10) // 8
    assert time_budget.trials_within(plan, minutes=4, workers=1).trials == 1 + int((45 - 10) / 8)
    assert time_budget.trials_within(plan, minutes=0.1, workers=1) == time_budget.Budget(1, pytest.approx(40 / 45))
    assert time_budget.trials_within(plan, minutes=4, workers=2).trials > 5
