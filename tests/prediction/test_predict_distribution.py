"""Predictions on cases unlike the training cases, and on certificates that do not hold."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from radiomics_mammo.predict import main as predict
from radiomics_mammo.runs.saved_model import MODEL, save_model
from tests.prediction.test_predict import MADE, a_run, a_table, predicted
from tests.support.cohorts import FEATURES, toy_frame
from tests.support.saved_models import facts, fitted


def test_a_patient_unlike_the_training_patients_gets_no_verdict(tmp_path, capsys):
    frame = toy_frame(patients=30, seed=3)
    frame.loc[1, FEATURES[3]] = 1e6
    table = a_table(tmp_path / "t.parquet", frame=frame)
    found = predicted(tmp_path, table=table)
    patient = found["patient_id"] == frame["patient_id"][1]
    assert patient.sum() > 1  # the patient's other lesions have no verdict either
    assert set(found.loc[patient, "verdict"]) == {"out_of_distribution"}
    assert not (found.loc[~patient, "verdict"] == "out_of_distribution").any()
    assert found["out_of_distribution"][1] == "range, distance"
    assert found["reasons"][1].startswith(f"range: {FEATURES[3]} 1e+06, training cases ")
    assert found["p"][1] != ""
    assert "1 of 60 predictions are out of distribution" in " ".join(capsys.readouterr().err.split())


def test_a_shifted_table_gets_no_verdict_and_fails_with_strict(tmp_path, capsys):
    frame = toy_frame(patients=30, seed=3)
    frame[list(FEATURES)] += 0.9  # no value is out of range by much
    table, run = a_table(tmp_path / "t.parquet", frame=frame), a_run(tmp_path / "run")
    assert predict([str(run), "--table", str(table), "--out", str(tmp_path / "p.csv"), "--strict"]) == 3
    found = pd.read_csv(tmp_path / "p.csv")
    assert set(found["verdict"]) == {"out_of_distribution"}
    assert found["reasons"].str.contains("table_shift: p = ").all()
    assert "The table is out of distribution" in " ".join(capsys.readouterr().err.split())
    same = a_table(tmp_path / "same.parquet", frame=toy_frame(patients=30, seed=3))
    assert predict([str(run), "--table", str(same), "--strict"]) == 0


def test_a_model_without_a_training_distribution_gives_no_verdict(tmp_path, capsys):
    run = a_run(tmp_path / "run")
    save_model(run / MODEL, fitted(), facts=facts(provenance=MADE))
    assert set(predicted(tmp_path, run=run)["verdict"]) == {"no verdict: not checked against the training cases"}
    assert "Not checked: whether the cases are like the training cases" in " ".join(capsys.readouterr().err.split())


def test_a_certificate_that_the_test_set_contradicts_gives_no_verdict(tmp_path, capsys):
    contradicted = tuple(replace(each, contradicted=True) for each in facts().certificates)
    found = predicted(tmp_path, run=a_run(tmp_path / "run", certificates=contradicted))
    assert all("contradicted by the test set" in verdict for verdict in found["verdict"])
    assert "The test set contradicts the certificate" in " ".join(capsys.readouterr().err.split())


@pytest.mark.reported(
    "Tables", "predict: PatientID for the patient, or rows that are no patients", "read, or a warning"
)
def test_patients_under_another_name_and_rows_that_are_no_patients(tmp_path, capsys):
    frame, run = toy_frame(patients=12, seed=3), a_run(tmp_path / "run")
    usual = predicted(tmp_path, run=run, table=a_table(tmp_path / "t.parquet", frame=frame))
    assert "patient of its own" not in capsys.readouterr().err
    renamed = a_table(tmp_path / "n.parquet", frame=frame.rename(columns={"patient_id": "PatientID"}))
    assert predicted(tmp_path, run=run, table=renamed).equals(usual)
    assert "patient_id is read from the column 'PatientID'" in capsys.readouterr().err.replace("\n", " ")
    each = a_table(tmp_path / "e.parquet", frame=frame.assign(study=frame["patient_id"], patient_id=frame["case_id"]))
    predicted(tmp_path, run=run, table=each)
    assert "but the column 'study' repeats (12 values in 24 rows)" in capsys.readouterr().err.replace("\n", " ")
