"""The compare command, as a user runs it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from radiomics_mammo.compare import main
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.cohort.train_test import read_train_test
from radiomics_mammo.evaluation.metrics.metrics import METRICS
from radiomics_mammo.evaluation.options import ComparisonOptions
from radiomics_mammo.evaluation.result_tables import RESULT_TABLES
from radiomics_mammo.evaluation.study import plan_study
from radiomics_mammo.evaluation.training.device import resolve_device
from radiomics_mammo.evaluation.training.registry import (
    DEFAULT_CANDIDATES,
    EMBEDDED_CANDIDATES,
    ENSEMBLES,
    FUSED_CANDIDATES,
)
from radiomics_mammo.runs.run_files import TIMINGS, file_descriptions
from radiomics_mammo.runs.run_folder import read_run
from tests.support.cohorts import FEATURES, embedded_frame, toy_frame, toy_table
from tests.support.compare_runs import contents, exit_code, run, skip_checks

CANDIDATES = ("prevalence", "metadata", "radiologists", "logistic", "xgboost", "xgboost+oversampling", "xgboost+smote")


@pytest.fixture
def quick(monkeypatch):
    skip_checks(monkeypatch)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    table = toy_table(folder / "toy.parquet", provenance={"recipe_name": "lesion", "phantom": True})
    (folder / "toy.parquet.failures.csv").write_text(
        "case_id,patient_id,stage,error,path,cause,remedy\nP_9,P_9,read,ReadError,x.dcm,is truncated,Fetch it\n"
    )
    assert run(table, folder / "run", "--models", ",".join(CANDIDATES), "--repeats", "2", "--trials", "2") == 0
    return folder


def test_the_run_holds_what_it_should(finished):
    done = read_run(finished / "run")
    n = len(toy_frame())
    columns = ["case_id", "patient_id", "model", "repeat", "fold", "y", "p", "raw", "called", "data"]
    assert done.predictions.columns.tolist() == columns
    assert len(done.predictions) == n * len(CANDIDATES) * 2
    assert done.summary.columns.tolist() == ["model", "metric", "value", "low", "high", "data"]
    assert done.summary["model"].unique().tolist() == list(CANDIDATES)
    assert len(done.summary) == len(METRICS) * len(CANDIDATES)
    assert ((done.summary["low"] <= done.summary["high"]) | done.summary["low"].isna()).all()
    folds = pd.read_parquet(finished / "run" / "folds.parquet")
    assert folds.columns.tolist() == ["case_id", "patient_id", "repeat", "fold", "data"]
    assert (folds.groupby(["patient_id", "repeat"])["fold"].nunique() == 1).all()
    merged = done.predictions.merge(folds, on=["case_id", "repeat"])
    assert (merged["fold_x"] == merged["fold_y"]).all()
    assert {path.name for path in (finished / "run").iterdir()} <= set(file_descriptions())
    assert sorted(path.name for path in finished.iterdir() if path.name.startswith(".r")) == []


def test_every_table_of_results_says_phantom_or_real(finished, tmp_path, quick):
    toy_frame().drop(columns=["phantom"]).to_parquet(tmp_path / "real.parquet")
    assert run(tmp_path / "real.parquet", tmp_path / "run", "--models", "xgboost,xgboost+weights") == 0
    for folder, said in ((finished / "run", "phantom"), (tmp_path / "run", "real")):
        tables = [path for path in folder.iterdir() if path.suffix in (".csv", ".parquet")]
        assert len(tables) > 12
        for path in tables:
            if path.name in ("cases.parquet", "failures.csv"):
                continue
            table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
            assert table.columns[-1] == "data", path.name
            assert set(table["data"]) <= {said}, path.name


def test_run_json_holds_what_a_rerun_needs(finished):
    info = read_run(finished / "run").info
    assert info.phantom is True
    assert info.provenance["recipe_name"] == "lesion"
    assert info.table_sha256 == hashlib.sha256((finished / "toy.parquet").read_bytes()).hexdigest()
    assert info.failures == 1
    assert info.device["device"] == "cpu"
    assert (info.command["folds"], info.command["trials"]) == (2, 2)
    assert {"xgboost", "sklearn", "python", "optuna"} <= set(info.versions)
    assert (info.rows, info.patients, info.positives, info.features) == (120, 60, 48, 8)
    text = (finished / "run" / "run.json").read_text()
    assert "workers" not in json.loads(text)["command"]
    assert str(finished / "run") not in text


def test_the_summary_is_scikit_learns_mean_over_repeats(finished):
    done = read_run(finished / "run")
    for metric, value in (
        ("auroc", roc_auc_score),
        ("average_precision", average_precision_score),
        ("brier", brier_score_loss),
    ):
        for model in CANDIDATES:
            own = done.predictions[done.predictions["model"] == model]
            wanted = np.mean([value(part["y"], part["p"]) for _, part in own.groupby("repeat")])
            row = done.summary[(done.summary["model"] == model) & (done.summary["metric"] == metric)]
            assert row["value"].iloc[0] == pytest.approx(wanted, rel=1e-12)


def test_differences_are_between_twins(finished):
    done = read_run(finished / "run")
    pairs = done.differences[["model", "against"]].drop_duplicates().to_numpy().tolist()
    assert pairs == [["xgboost+oversampling", "xgboost"], ["xgboost+smote", "xgboost"]]
    values = done.summary.set_index(["model", "metric"])["value"]
    for row in done.differences.itertuples():
        assert row.value == pytest.approx(values[row.model, row.metric] - values[row.against, row.metric], nan_ok=True)


def test_the_signal_is_found_and_explained(finished):
    from radiomics_mammo.evaluation.explanation.shap_values import importance

    done = read_run(finished / "run")
    assert importance(done.contributions).index[0] == FEATURES[0]
    assert done.info.best in CANDIDATES[3:]  # never a baseline, though the readers know it all
    assert done.info.explained in CANDIDATES[4:]
    assert done.info.final_model == done.info.best
    auroc = done.summary[done.summary["metric"] == "auroc"].set_index("model")["value"]
    assert auroc["radiologists"] == 1.0
    assert auroc["prevalence"] == pytest.approx(0.5, abs=0.1)


def test_the_report_and_predict_work_on_it(finished, tmp_path, capsys):
    from radiomics_mammo import predict, report

    assert report.main([str(finished / "run"), "--out", str(tmp_path / "report.html")]) == 0
    asked = [str(finished / "run"), "--table", str(finished / "toy.parquet"), "--out", str(tmp_path / "p.csv")]
    assert predict.main(asked) == 2
    assert "--trust-table" in capsys.readouterr().err  # the toy table does not say how it was made
    assert predict.main([*asked, "--trust-table"]) == 0
    assert len(pd.read_csv(tmp_path / "p.csv")) == 120


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_whatever_the_workers(finished, tmp_path, quick):
    options = ("--models", "logistic,xgboost+smote", "--select", "mrmr")
    for workers in "12":
        assert run(finished / "toy.parquet", tmp_path / workers, *options, "--workers", workers) == 0
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    assert (tmp_path / "1" / TIMINGS).exists()


def test_another_seed_gives_other_folds(finished, tmp_path, quick):
    assert run(finished / "toy.parquet", tmp_path / "other", "--seed", "1", "--models", "logistic") == 0
    one, two = (read_run(f).predictions for f in (finished / "run", tmp_path / "other"))
    one = one[(one["model"] == "logistic") & (one["repeat"] == 0)]
    assert (one["fold"].to_numpy() != two["fold"].to_numpy()).any()


def test_a_foreign_csv_and_a_text_label(tmp_path, capsys, quick):
    frame = toy_frame().drop(columns=["phantom"])
    frame["pathology"] = np.where(frame.pop("malignant") == 1, "MALIGNANT", "BENIGN")
    frame.to_csv(tmp_path / "t.csv", index=False)
    asked = ("--label", "pathology", "--positive", "MALIGNANT", "--models", "logistic")
    assert run(tmp_path / "t.csv", tmp_path / "r", *asked) == 0
    done = read_run(tmp_path / "r")
    assert done.info.classes == ["BENIGN", "MALIGNANT"]
    assert done.info.provenance == {}
    assert done.info.explained == ""
    assert done.contributions is None
    assert "48 MALIGNANT, 72 BENIGN" in capsys.readouterr().out


def test_gpu_hist_by_habit_runs_and_is_recorded(finished, tmp_path, monkeypatch, quick):
    monkeypatch.setattr("radiomics_mammo.evaluation.training.device.probe_cuda", lambda: False)
    assert run(finished / "toy.parquet", tmp_path / "r", "--tree-method", "gpu_hist", "--models", "xgboost") == 0
    info = read_run(tmp_path / "r").info
    asked = (info.device["requested_tree_method"], info.device["tree_method"], info.device["device"])
    assert asked == ("gpu_hist", "hist", "cpu")
    assert any("gpu_hist" in note for note in info.notes)


@pytest.mark.parametrize("method", ["exact", "approx"])
def test_other_tree_methods(finished, tmp_path, method, quick):
    asked = ("--tree-method", method, "--models", "xgboost,xgboost+oversampling")
    assert run(finished / "toy.parquet", tmp_path / "r", *asked) == 0
    done = read_run(tmp_path / "r")
    assert done.info.device["tree_method"] == method
    assert done.summary.set_index(["model", "metric"])["value"]["xgboost", "auroc"] > 0.6


@pytest.mark.parametrize(("unit", "rule", "count"), [("image", "mean", 120), ("patient", "max", 60)])
def test_other_units(tmp_path, unit, rule, count, quick):
    from radiomics_mammo import report

    frame = toy_frame(rows_each=4)
    frame["image_id"] = frame["patient_id"] + frame["view"]
    frame.to_parquet(tmp_path / "t.parquet")
    asked = ("--unit", unit, "--aggregate", rule, "--models", "logistic,xgboost")
    assert run(tmp_path / "t.parquet", tmp_path / "r", *asked) == 0
    done = read_run(tmp_path / "r")
    assert len(done.cases) == count
    assert len(done.predictions) == 2 * count
    assert set(done.contributions["case_id"]) == set(done.cases["case_id"])
    assert (done.info.unit, done.info.rule, done.info.units, done.info.rows) == (unit, rule, count, 240)
    own = done.predictions[done.predictions["model"] == "logistic"]
    summary = done.summary.set_index(["model", "metric"])["value"]
    assert summary["logistic", "auroc"] == pytest.approx(roc_auc_score(own["y"], own["p"]))
    assert report.main([str(tmp_path / "r")]) == 0


def test_what_is_kept_calibrated_and_operated_at(finished, tmp_path, quick):
    asked = ("--models", "logistic,svm", "--final-model", "svm", "--operate-at", "specificity:0.6")
    more = ("--calibration", "isotonic", "--select", "mrmr")
    assert run(finished / "toy.parquet", tmp_path / "r", *asked, *more) == 0
    info = read_run(tmp_path / "r").info
    assert info.final_model == "svm"
    tuned = pd.read_csv(tmp_path / "r" / "tuned_parameters.csv")
    assert all(json.loads(one)["select"] == "mrmr" for one in tuned["parameters"])
    card = (tmp_path / "r" / "model_card.json").read_text()
    assert "specificity:0.6" in card


def test_no_calibration_leaves_the_score(finished, tmp_path, quick):
    asked = ("--models", "logistic", "--calibration", "none")
    assert run(finished / "toy.parquet", tmp_path / "r", *asked) == 0
    found = read_run(tmp_path / "r").predictions
    assert (found["p"] == found["raw"]).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--label", "cancer"], "no column is called 'cancer'"),
        (["--group", "woman"], "no column is called 'woman'"),
        (["--folds", "40"], "Use --folds 24"),
        (["--folds", "1"], "nothing to compare on"),
        (["--models", "resnet"], "no model is called 'resnet'"),
        (["--models", "size"], "no columns for size"),
        (["--also-feature", "view"], "'view' is not numeric"),
        (["--bootstrap", "0"], "argument --bootstrap: must be 1 or more"),
        (["--trials", "0"], "argument --trials: must be 1 or more"),
        (["--inner-folds", "1"], "argument --inner-folds: must be 2 or more"),
        (["--workers", "-1"], "argument --workers: must be 0 or more"),
        (["--seed", "-1"], "argument --seed: must be 0 or more"),
        (["--sensitivity", "1"], "argument --sensitivity: must be between 0 and 1"),
        (["--confidence", "0"], "argument --confidence: must be between 0 and 1"),
        (["--operate-at", "sensitivity:2"], "sensitivity:2"),
        (["--final-model", "svm", "--models", "logistic"], "--final-model svm: that candidate is not compared"),
        (["--final-model", "prevalence"], "--final-model prevalence: a baseline is not a model"),
        (["--final-model", "resnet"], "no model is called 'resnet'"),
        (["--shift", "em"], "--shift adapts the probabilities on the test set, and there is none"),
        (["--split", "official", "--shift", "1.5"], "--shift '1.5' is unknown"),
        (["--minutes", "5", "--trials", "3"], "--trials: not allowed with argument --minutes"),
        (["--minutes", "-5"], "argument --minutes: must be above 0"),
        (["--split", "official"], "split"),
        (["--unit", "breast"], "laterality"),
    ],
)
def test_bad_questions_end_in_one_line(finished, tmp_path, capsys, options, said):
    trials = [] if {"--minutes", "--trials"} & set(options) else ["--trials", "1"]
    table, out = str(finished / "toy.parquet"), str(tmp_path / "r")
    assert exit_code(main, [table, "--out", out, *trials, *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1 or "usage: " in error
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_in_the_middle_leaves_nothing(tmp_path, capsys):
    frame = toy_frame(patients=30, rows_each=1)
    frame["malignant"] = (np.arange(30) < 2).astype(int)
    frame.to_parquet(tmp_path / "t.parquet")
    assert run(tmp_path / "t.parquet", tmp_path / "r", "--models", "logistic") == 2
    assert "too few patients of class 1 are left to train on" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if path.name != ".r.lock"] == ["t.parquet"]


def test_cuda_asked_for_and_absent_ends_in_one_line(finished, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("radiomics_mammo.evaluation.training.device.probe_cuda", lambda: False)
    assert run(finished / "toy.parquet", tmp_path / "r", "--device", "cuda") == 2
    assert "cannot train on a CUDA device here" in capsys.readouterr().err


def test_bad_tables_are_named(tmp_path, capsys):
    assert run(tmp_path / "none.parquet", tmp_path / "r") == 2
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    assert run(tmp_path / "broken.parquet", tmp_path / "r") == 2
    frame = toy_frame()
    frame["malignant"] = 1
    frame.to_parquet(tmp_path / "sick.parquet")
    assert run(tmp_path / "sick.parquet", tmp_path / "r") == 2
    said = capsys.readouterr().err
    assert all(f"{name}.parquet" in said for name in ("none", "broken", "sick"))
    assert not (tmp_path / "r").exists()


def test_a_run_is_not_replaced_by_accident(finished, tmp_path, capsys, quick):
    table = finished / "toy.parquet"
    assert run(table, tmp_path / "r", "--models", "prevalence") == 0
    assert read_run(tmp_path / "r").info.best == ""  # a run without a best, and without a model
    assert not (tmp_path / "r" / "model").exists()
    assert run(table, tmp_path / "r", "--models", "logistic") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert run(table, tmp_path / "r", "--models", "logistic", "--overwrite") == 0
    assert list(read_run(tmp_path / "r").info.candidates) == ["logistic"]


def test_help_tells_what_is_written(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("predictions.parquet", "--also-feature", "xgboost", "examples:"))
    assert all(name in said for name in file_descriptions())


def planned(path: Path, frame: pd.DataFrame, models: str = ""):
    frame.to_parquet(path)
    train_test = read_train_test([path], target=Target())
    return plan_study(train_test, options=ComparisonOptions(models=models, folds=2), device=resolve_device())


def test_default_candidates_are_those_that_the_table_has_columns_for(tmp_path):
    frame = toy_frame()
    plan = planned(tmp_path / "t.parquet", frame)
    lacking = {"size", "shape", "scanner"}
    assert [candidate.name for candidate in plan.candidates] == [
        name for name in DEFAULT_CANDIDATES if name not in lacking
    ]
    assert any("size, shape, scanner" in remark for remark in plan.cohort.remarks)
    frame["original_shape2D_MeshSurface"] = np.random.default_rng(0).normal(size=len(frame))
    frame["manufacturer"] = np.where(np.arange(len(frame)) % 3, "A", "B")
    plan = planned(tmp_path / "t.parquet", frame)
    assert [candidate.name for candidate in plan.candidates] == list(DEFAULT_CANDIDATES)


@pytest.mark.parametrize(("positives", "joins"), [(9, True), (10, False)])
def test_bags_join_below_ten_percent(tmp_path, positives, joins):
    frame = toy_frame(patients=100, rows_each=1)
    frame["malignant"] = (np.arange(100) < positives).astype(int)
    plan = planned(tmp_path / "t.parquet", frame)
    assert ("xgboost+bagging" in [candidate.name for candidate in plan.candidates]) is joins


@pytest.mark.slow
def test_the_default_comparison_runs(tmp_path, capsys):
    """All default candidates, embeddings and ensembles among them, with the leakage checks."""
    from radiomics_mammo import report

    frame = embedded_frame(patients=50)
    frame["original_shape2D_MeshSurface"] = np.random.default_rng(0).normal(size=len(frame))
    frame["manufacturer"] = np.where(np.arange(len(frame)) % 3, "A", "B")
    frame.to_parquet(tmp_path / "t.parquet")
    asked = ["--folds", "2", "--repeats", "1", "--trials", "1", "--inner-folds", "2", "--bootstrap", "30"]
    assert main([str(tmp_path / "t.parquet"), "--out", str(tmp_path / "r"), *asked, "--workers", "1"]) == 0
    done = read_run(tmp_path / "r")
    assert list(done.info.candidates) == [*DEFAULT_CANDIDATES, *EMBEDDED_CANDIDATES, *FUSED_CANDIDATES, *ENSEMBLES]
    assert [one["prefix"] for one in done.info.embeddings] == ["crop_embToy"]
    assert not done.predictions["p"].isna().any()
    there = {path.name for path in (tmp_path / "r").iterdir()}
    assert {one.file for one in RESULT_TABLES.values() if "test set" not in one.needs} <= there
    assert report.main([str(tmp_path / "r")]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("AUROC inflation by common", "no gain", "planted"))
