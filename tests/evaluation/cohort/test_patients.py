"""Patients of feature tables under other names, and tables whose patients repeat unseen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.core.patient_names import repeated_patients
from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.cohort import prepare_cohort
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.leakage.checks import CheckInput, check_patient_overlap
from radiomics_mammo.tables.feature_table import read_table
from tests.support.cohorts import FEATURES, toy_frame


def written(folder, frame: pd.DataFrame):
    path = folder / "table.csv"
    frame.to_csv(path, index=False)
    return read_table(path)


@pytest.mark.reported("Tables", "PatientID (or any unread name) for the patient", "aliases, said once")
@pytest.mark.parametrize("name", ["PatientID", "Patient ID", "patient", "subject_id", "Subject", "PATIENT-ID"])
def test_patients_under_other_names(tmp_path, name):
    table = written(tmp_path, toy_frame(patients=20).rename(columns={"patient_id": name}))
    assert table.remarks == (f"table.csv: patient_id is read from the column {name!r}.",)
    assert prepare_cohort(table.frame, FEATURES, target=Target()).n_patients == 20
    assert prepare_cohort(table.frame, FEATURES, target=Target(group=name)).n_patients == 20


def test_names_that_are_taken_as_they_are(tmp_path):
    frame = toy_frame(patients=20)
    two = frame.assign(subject_id=frame["case_id"]).rename(columns={"patient_id": "PatientNumber"})
    table = written(tmp_path, two)
    assert "patient_id" not in table.frame.columns
    assert "patient_id may be 'PatientNumber' or 'subject_id'" in table.remarks[0]
    assert written(tmp_path, frame.assign(subject=1)).remarks == ()
    flagged = written(tmp_path, frame.drop(columns="patient_id").assign(patient=frame["malignant"]))
    assert "patient_id" not in flagged.frame.columns


@pytest.mark.reported("Tables", "pyradiomics' own batch CSV (ID, Image, Mask)", "ID is the case")
def test_cases_under_other_names(tmp_path):
    frame = toy_frame(patients=20).rename(columns={"case_id": "ID", "patient_id": "PatientID"})
    assert written(tmp_path, frame).frame["case_id"].tolist() == frame["ID"].tolist()
    repeated = written(tmp_path, frame.assign(ID=frame["PatientID"]))
    assert "case_id" not in repeated.frame.columns


def by_image(frame: pd.DataFrame, **columns) -> pd.DataFrame:
    return frame.assign(patient_id=frame["case_id"], **columns)


def named(form: str) -> list[str]:
    return [form.format(p=p, side="LR"[i], view=("CC", "MLO")[i], i=i + 1) for p in range(20) for i in range(2)]


@pytest.mark.reported("Tables", "every patient one row, a column or the case names repeat", "stopped, not ok")
@pytest.mark.parametrize(
    "columns",
    [
        {"StudyID": [f"s{p}" for p in range(20) for _ in range(2)]},
        {"client": [f"s{p}" for p in range(20) for _ in range(2)]},
        {"Name": [f"s{p}" for p in range(20) for _ in range(2)]},
        {"case_id": named("P{p:03d}_{side}_CC")},
        {"case_id": named("P{p:03d}{side}")},
        {"case_id": named("P{p:03d}_LEFT_{view}.dcm")},
        {"case_id": named("P{p:03d}-{i}")},
        {"image_path": named("data/p{p}/{side}_CC.dcm")},
    ],
)
def test_patients_that_repeat_stop_a_comparison(columns):
    frame = by_image(toy_frame(patients=20), **columns)
    frame["patient_id"] = [f"image {i}" for i in range(40)]
    with pytest.raises(InputError, match=r"every row has a patient of its own in 'patient_id', but .* repeats"):
        prepare_cohort(frame, FEATURES, target=Target())
    cohort = prepare_cohort(frame, FEATURES, target=Target(group="case_id"))
    assert cohort.n_patients == 40
    check = check_patient_overlap(CheckInput(cohort, np.zeros((1, 40), dtype=np.int64)))
    assert not check.passed
    assert check.sentence.startswith("Not checked")


@pytest.mark.parametrize(
    "names",
    [
        [f"Mass-Training_P_{p:05d}_LEFT_CC" for p in range(40)],
        [f"case {p}" for p in range(40)],
        [("benign ({})", "malignant ({})")[p % 2].format(p) for p in range(40)],
        [f"{p:032x}" for p in range(40)],
    ],
)
def test_patients_of_one_row_each_go_on(names):
    frame = toy_frame(patients=40, rows_each=1).assign(case_id=names, patient_id=names)
    assert prepare_cohort(frame, FEATURES, target=Target()).n_patients == 40


def test_columns_that_are_no_patients():
    twenty = [str(i // 2) for i in range(40)]
    others = (
        "study_date",
        "age_at_exam",
        "image_path",
        "pathology",
        "lesion_id",
        "machine_id",
        "PatientAge",
        "pattern",
    )
    assert repeated_patients(dict.fromkeys(others, twenty), {}) is None
    assert repeated_patients({"exam": twenty}, {}) is not None
