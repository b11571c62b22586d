"""The compare command, as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from cohorts import FEATURES, toy_frame, toy_table
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from radiomics_mammo.compare import main
from radiomics_mammo.models import DEFAULT_ARMS
from radiomics_mammo.models.run.runfolder import TIMINGS, read_run

QUICK = ("--folds", "3", "--repeats", "2", "--bootstrap", "50", "--workers", "1")


def run(table, out, *options: str) -> int:
    return main([str(table), "--out", str(out), *QUICK, *options])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    table = toy_table(folder / "toy.parquet", provenance={"recipe_name": "lesion", "phantom": True})
    (folder / "toy.parquet.failures.csv").write_text(
        "case_id,patient_id,stage,error,path,cause,remedy\nP_9,P_9,read,ReadError,x.dcm,is truncated,Fetch it\n"
    )
    assert run(table, folder / "run") == 0
    return folder


def test_the_run_holds_what_it_should(finished):
    done = read_run(finished / "run")
    n = len(toy_frame())
    assert done.predictions.columns.tolist() == ["case_id", "patient_id", "model", "repeat", "fold", "y", "p", "data"]
    assert len(done.predictions) == n * len(DEFAULT_ARMS) * 2
    assert done.summary.columns.tolist() == ["model", "metric", "value", "low", "high", "data"]
    assert done.summary["model"].unique().tolist() == list(DEFAULT_ARMS)
    assert len(done.summary) == 5 * len(DEFAULT_ARMS)
    assert ((done.summary["low"] <= done.summary["high"]) | done.summary["low"].isna()).all()
    folds = pd.read_parquet(finished / "run" / "folds.parquet")
    assert folds.columns.tolist() == ["case_id", "patient_id", "repeat", "fold", "data"]
    together = folds.groupby(["patient_id", "repeat"])["fold"].nunique()
    assert (together == 1).all()
    merged = done.predictions.merge(folds, on=["case_id", "repeat"])
    assert (merged["fold_x"] == merged["fold_y"]).all()


TABLES = (
    "predictions.parquet",
    "folds.parquet",
    "shap.parquet",
    "shap_values.parquet",
    "summary.csv",
    "differences.csv",
)


def test_every_table_of_results_says_phantom_or_real(finished, tmp_path):
    frame = toy_frame().drop(columns=["phantom"])
    frame.to_parquet(tmp_path / "real.parquet")
    assert run(tmp_path / "real.parquet", tmp_path / "run", "--models", "xgboost,xgboost+smote") == 0
    for folder, said in ((finished / "run", "phantom"), (tmp_path / "run", "real")):
        for name in TABLES:
            table = pd.read_csv(folder / name) if name.endswith(".csv") else pd.read_parquet(folder / name)
            assert table.columns[-1] == "data", name
            assert set(table["data"]) == {said}, name


def test_run_json_holds_what_a_rerun_needs(finished):
    import hashlib

    info = read_run(finished / "run").info
    assert info.phantom is True
    assert info.provenance["recipe_name"] == "lesion"
    assert info.table_sha256 == hashlib.sha256((finished / "toy.parquet").read_bytes()).hexdigest()
    assert info.failures == 1
    assert info.device["device"] == "cpu"
    assert info.command["folds"] == 3
    assert {"xgboost", "sklearn", "python"} <= set(info.versions)
    assert (info.rows, info.people, info.positives, info.features) == (120, 60, 48, 8)


def test_the_summary_is_scikit_learns_mean_over_repeats(finished):
    done = read_run(finished / "run")
    for metric, value in (
        ("auroc", roc_auc_score),
        ("average_precision", average_precision_score),
        ("brier", brier_score_loss),
    ):
        for model in DEFAULT_ARMS:
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
        assert row.value == pytest.approx(values[row.model, row.metric] - values[row.against, row.metric])


def test_the_signal_is_found_and_explained(finished):
    from radiomics_mammo.explain.contributions import importance

    done = read_run(finished / "run")
    assert importance(done.contributions).index[0] == FEATURES[0]
    assert done.info.best in DEFAULT_ARMS[1:]
    assert done.info.best_tree in DEFAULT_ARMS[2:]


def test_the_same_seed_gives_the_same_bytes_whatever_the_workers(finished, tmp_path):
    table = finished / "toy.parquet"
    options = ("--models", "logistic,xgboost+smote", "--repeats", "1")
    for workers in "12":
        assert run(table, tmp_path / workers, *options, "--workers", workers) == 0
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / workers).iterdir() if path.name != TIMINGS}
        for workers in "12"
    )
    assert sorted(one) == sorted(two)
    assert [name for name in one if one[name] != two[name]] == []


def test_another_seed_gives_other_folds(finished, tmp_path):
    assert run(finished / "toy.parquet", tmp_path / "other", "--seed", "1", "--models", "logistic") == 0
    one, two = (read_run(f).predictions for f in (finished / "run", tmp_path / "other"))
    assert (one[one["model"] == "logistic"]["fold"].to_numpy() != two["fold"].to_numpy()).any()


def test_a_foreign_csv_and_a_text_label(tmp_path, capsys):
    frame = toy_frame().drop(columns=["phantom"])
    frame["pathology"] = np.where(frame.pop("malignant") == 1, "MALIGNANT", "BENIGN")
    frame.to_csv(tmp_path / "t.csv", index=False)
    code = run(
        tmp_path / "t.csv", tmp_path / "r", "--label", "pathology", "--positive", "MALIGNANT", "--models", "logistic"
    )
    assert code == 0
    done = read_run(tmp_path / "r")
    assert done.info.classes == ["BENIGN", "MALIGNANT"]
    assert done.info.provenance == {}
    assert done.info.best_tree == ""
    assert done.contributions is None
    assert "48 MALIGNANT, 72 BENIGN" in capsys.readouterr().out


def test_gpu_hist_by_habit_runs_and_is_recorded(finished, tmp_path, monkeypatch):
    monkeypatch.setattr("radiomics_mammo.models.training.device.probe_cuda", lambda: False)
    assert run(finished / "toy.parquet", tmp_path / "r", "--tree-method", "gpu_hist", "--models", "xgboost") == 0
    info = read_run(tmp_path / "r").info
    assert (info.device["asked_tree_method"], info.device["tree_method"], info.device["device"]) == (
        "gpu_hist",
        "hist",
        "cpu",
    )
    assert any("gpu_hist" in note for note in info.notes)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--label", "cancer"], "no column is called 'cancer'"),
        (["--group", "woman"], "no column is called 'woman'"),
        (["--folds", "40"], "Use --folds 24"),
        (["--folds", "1"], "nothing to compare on"),
        (["--models", "resnet"], "no model is called 'resnet'"),
        (["--also-feature", "view"], "'view' is not numeric"),
        (["--bootstrap", "0"], "--bootstrap must be at least 1"),
    ],
)
def test_bad_questions_end_in_one_line(finished, tmp_path, capsys, options, said):
    assert run(finished / "toy.parquet", tmp_path / "r", *options) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_cuda_asked_for_and_absent_ends_in_one_line(finished, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("radiomics_mammo.models.training.device.probe_cuda", lambda: False)
    assert run(finished / "toy.parquet", tmp_path / "r", "--device", "cuda") == 2
    assert "cannot train on a CUDA device here" in capsys.readouterr().err


def test_bad_tables_are_named(tmp_path, capsys):
    assert run(tmp_path / "none.parquet", tmp_path / "r") == 2
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    assert run(tmp_path / "broken.parquet", tmp_path / "r") == 2
    frame = toy_frame()
    frame.loc[2, FEATURES[0]] = np.inf
    frame.to_parquet(tmp_path / "inf.parquet")
    assert run(tmp_path / "inf.parquet", tmp_path / "r") == 2
    said = capsys.readouterr().err
    assert all(f"{name}.parquet" in said for name in ("none", "broken", "inf"))
    assert not (tmp_path / "r").exists()


def test_a_run_is_not_replaced_by_accident(finished, tmp_path, capsys):
    table = finished / "toy.parquet"
    assert run(table, tmp_path / "r", "--models", "prevalence") == 0
    assert run(table, tmp_path / "r", "--models", "logistic") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert run(table, tmp_path / "r", "--models", "logistic", "--overwrite") == 0
    assert list(read_run(tmp_path / "r").info.arms) == ["logistic"]


def test_prevalence_alone_is_a_run_without_a_best(finished, tmp_path):
    assert run(finished / "toy.parquet", tmp_path / "r", "--models", "prevalence") == 0
    assert read_run(tmp_path / "r").info.best == ""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_nothing(tmp_path, number, code):
    table = toy_table(tmp_path / "toy.parquet", people=300)
    command = [sys.executable, "-m", "radiomics_mammo.compare", str(table), "--out", str(tmp_path / "r")]
    process = subprocess.Popen(
        [*command, "--workers", "2", "--repeats", "50"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a terminal's Ctrl-C reaches the workers too
    )
    partial = tmp_path / ".r.partial"
    deadline = time.monotonic() + 60
    while not partial.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.5)
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == code
    assert "no run was written" in error
    assert "Traceback" not in error
    assert not (tmp_path / "r").exists()
    assert not partial.exists()


def test_help_tells_what_is_written(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("predictions.parquet", "--also-feature", "xgboost", "examples:"))


def test_run_json_has_no_clock_and_no_workers(finished):
    text = (finished / "run" / "run.json").read_text()
    assert "workers" not in json.loads(text)["command"]
    assert str(finished / "run") not in text
