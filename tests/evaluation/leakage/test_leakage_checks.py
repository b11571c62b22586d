"""Leakage checks: all pass on sound splits, each fails on its leak; tools/leakage_check_power.py runs a hundred."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.cohort import prepare_cohort
from radiomics_mammo.evaluation.cohort.records import Cohort
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.leakage.checks import (
    CheckInput,
    CheckResult,
    check_labels_of_patients,
    check_patient_overlap,
    check_planted_duplicates,
    check_planted_identifier,
    check_separating_columns,
    leakage_checks,
)
from radiomics_mammo.evaluation.leakage.permutation_test import PermutationTest, permutation_test
from radiomics_mammo.evaluation.training.splits import repeated_folds
from tests.support.cohorts import FEATURES, toy_frame
from tests.support.leakage_lesions import lesion_table
from tools.leakage_check_power import leaking, row_folds, selecting, sound, toy_cohort, with_codes


def cohort_of(frame, features=FEATURES) -> Cohort:
    return prepare_cohort(frame, features, target=Target())


def patient_folds(cohort: Cohort, *, repeats: int = 2) -> np.ndarray:
    return repeated_folds(cohort.y, cohort.group, folds=3, repeats=repeats, seed=0)


def run_check(check, cohort: Cohort, *, seed: int = 0) -> CheckResult:
    return check(CheckInput(cohort, np.zeros((1, cohort.y.size), dtype=np.int16), seed))


def by_name(table):
    return {row.check: row for row in table.itertuples()}


def test_all_pass_on_a_sound_split_and_repeat_exactly():
    cohort = toy_cohort(1)
    table = leakage_checks(cohort, patient_folds(cohort), seed=1, permutations=6)
    assert table["check"].tolist() == [
        "permutation_test",
        "planted_identifier",
        "planted_duplicates",
        "patient_overlap",
        "identifier_columns",
        "duplicates",
        "separating_columns",
        "labels_of_patients",
    ]
    assert table.columns.tolist() == ["check", "passed", "value", "low", "high", "sentence"]
    assert table["passed"].dtype == bool
    assert table["passed"].all(), table["sentence"].tolist()
    assert table["sentence"].str.endswith(".").all()
    assert table.equals(leakage_checks(cohort, patient_folds(cohort), seed=1, permutations=6))
    assert not table.equals(leakage_checks(cohort, patient_folds(cohort), seed=2, permutations=6))


def test_a_row_split_and_a_patient_code_are_both_detected():
    frame = toy_frame(patients=80, rows_each=2)
    frame["original_firstorder_Code"] = np.random.default_rng(0).permutation(80)[np.repeat(np.arange(80), 2)] + 0.25
    cohort = cohort_of(frame, (*FEATURES, "original_firstorder_Code"))
    checks = by_name(leakage_checks(cohort, row_folds(cohort, seed=0)))
    assert not checks["permutation_test"].passed
    assert checks["permutation_test"].low > 0.5
    assert "another --seed" in checks["permutation_test"].sentence
    assert not checks["patient_overlap"].passed
    assert not checks["identifier_columns"].passed
    assert checks["identifier_columns"].value == 1
    assert "original_firstorder_Code: one number a patient" in checks["identifier_columns"].sentence
    assert checks["planted_identifier"].passed
    assert checks["planted_duplicates"].passed


def test_permuted_labels_score_one_half_on_sound_splits():
    """Each run passes with 95%; at least four of five do with 98%."""
    runs = [sound(toy_cohort(seed), seed) for seed in range(5)]
    assert sum(run.passed for run in runs) >= 4
    assert abs(np.mean([run.value for run in runs]) - 0.5) < 0.01


def test_permuted_labels_detect_a_leak():
    assert leaking(toy_cohort(0), 0).low > 0.5
    assert selecting(toy_cohort(1), 1, columns=200).low > 0.5


def test_the_interval_is_students_over_permutations():
    """A pipeline that knows nothing but chance: its scores are noise, whose AUROC SciPy's interval describes."""
    from scipy.stats import t

    cohort = toy_cohort(3)
    seen = []

    def noise(x, y, fold_of, seed):
        p = np.random.default_rng(seed).normal(size=y.size)
        from radiomics_mammo.evaluation.training.label_permutation import fold_auroc

        seen.append(fold_auroc(y, p, fold_of))
        return p

    null = permutation_test(cohort.x, cohort.y, cohort.group, patient_folds(cohort), permutations=9, predict=noise)
    low, high = t.interval(0.95, 8, loc=np.mean(seen), scale=np.std(seen, ddof=1) / 3)
    assert (null.value, null.low, null.high) == pytest.approx((np.mean(seen), low, high))
    assert len(set(seen)) == 9


def test_processes_do_not_change_the_interval():
    cohort = toy_cohort(0)
    folds = patient_folds(cohort)
    one, two = (permutation_test(cohort.x, cohort.y, cohort.group, folds, permutations=3, workers=n) for n in (1, 2))
    assert one == two


def test_folds_with_one_class_cannot_be_checked():
    cohort = cohort_of(toy_frame(patients=20, rows_each=1))
    each = np.arange(cohort.y.size)[None]
    row = by_name(leakage_checks(cohort, each, permutations=2))["permutation_test"]
    assert not row.passed
    assert np.isnan(row.value)
    assert "use fewer folds" in row.sentence
    assert not PermutationTest(np.nan, np.nan, np.nan).passed


@pytest.mark.parametrize(
    ("low", "high", "passed"), [(0.41, 0.48, True), (0.45, 0.55, True), (0.5, 0.6, True), (0.51, 0.6, False)]
)
def test_only_an_auroc_above_one_half_fails(low, high, passed):
    assert PermutationTest((low + high) / 2, low, high).passed == passed


def test_planted_codes_are_always_detected():
    assert all(run_check(check_planted_identifier, toy_cohort(seed), seed=seed).passed for seed in range(10))


def test_a_blind_detector_fails_the_check(monkeypatch):
    import pandas as pd

    from radiomics_mammo.evaluation.leakage import checks as module

    blind = pd.DataFrame({"column": [], "why": []})
    monkeypatch.setattr(module, "identifier_columns", lambda *_: blind)
    monkeypatch.setattr(module, "find_duplicates", lambda *_, **__: (np.zeros((0, 2), dtype=np.int64), []))
    identity, copies = (
        run_check(check_planted_identifier, toy_cohort(0), seed=0),
        run_check(check_planted_duplicates, toy_cohort(0), seed=0),
    )
    assert not identity.passed
    assert "NOT detected" in identity.sentence
    assert not copies.passed
    assert copies.sentence.startswith("0 of 5 images")


def test_planted_copies_are_always_detected_and_the_table_is_untouched():
    for seed in range(10):
        cohort = toy_cohort(seed)
        before = cohort.x.copy()
        assert run_check(check_planted_duplicates, cohort, seed=seed).passed
        np.testing.assert_array_equal(cohort.x, before)


def test_a_real_copy_is_a_warning():
    frame = toy_frame(patients=40)
    frame.loc[6, list(FEATURES)] = frame.loc[70, list(FEATURES)].tolist()
    cohort = cohort_of(frame)
    row = by_name(leakage_checks(cohort, patient_folds(cohort), permutations=2))["duplicates"]
    assert not row.passed
    assert row.value == 2
    assert frame["case_id"][6] in row.sentence


def test_one_row_each_limits_the_identifier_checks():
    cohort = cohort_of(toy_frame(patients=60, rows_each=1))
    checks = by_name(leakage_checks(cohort, patient_folds(cohort), permutations=3))
    for name in ("planted_identifier", "identifier_columns"):
        assert checks[name].passed
        assert "Every patient has one row" in checks[name].sentence


def test_too_few_patients_to_plant_a_copy():
    cohort = toy_cohort(0)
    single = replace(cohort, group=np.zeros_like(cohort.group))
    row = run_check(check_planted_duplicates, single, seed=0)
    assert row.passed
    assert "too few" in row.sentence


def test_patients_in_both_parts_are_counted():
    cohort = replace(toy_cohort(0), group=np.array([0, 1, 0, 2, 1, 2]))
    sound = np.array([[0, 1, 0, 2, 1, 2], [1, 0, 1, 1, 0, 1]])
    assert check_patient_overlap(CheckInput(cohort, sound)).passed
    torn = sound.copy()
    torn[1, 0] = 2
    row = check_patient_overlap(CheckInput(cohort, torn))
    assert not row.passed
    assert row.value == 1
    assert row.sentence.startswith("1 of 3 patients")


def test_folds_of_something_else_are_refused():
    cohort = toy_cohort(0)
    with pytest.raises(InputError, match=r"units\.of"):
        leakage_checks(cohort, patient_folds(cohort)[:, :-1])


def test_a_large_table_is_checked_on_fewer_patients(monkeypatch):
    from radiomics_mammo.evaluation.leakage import subsample

    monkeypatch.setattr(subsample, "ROWS", 100)
    monkeypatch.setattr(subsample, "_FEWEST_PATIENTS", 5)
    cohort = cohort_of(toy_frame(patients=100))
    row = by_name(leakage_checks(cohort, patient_folds(cohort), permutations=2))["permutation_test"]
    assert "on 50 of 100 patients (100 of 200 rows)" in row.sentence


def test_what_is_planted_among_real_lesions_is_detected(shared_data: Path):
    cohort = cohort_of(*lesion_table(shared_data))
    assert run_check(check_planted_identifier, cohort, seed=0).passed
    assert run_check(check_planted_duplicates, cohort, seed=0).passed


@pytest.mark.slow
def test_permuted_labels_of_real_lesions(shared_data: Path):
    cohort = cohort_of(*lesion_table(shared_data))
    folds = repeated_folds(cohort.y, cohort.group, folds=3, repeats=1, seed=0)
    assert permutation_test(cohort.x, cohort.y, cohort.group, folds, permutations=5).passed
    torn = permutation_test(
        with_codes(cohort, seed=0), cohort.y, cohort.group, row_folds(cohort, seed=0), permutations=8
    )
    assert torn.low > 0.5


@pytest.mark.reported("Tables", "one column that alone separates the classes", "a failed check that names it")
@pytest.mark.parametrize("answer", [lambda y: y, lambda y: -1e6 * y, lambda y: np.where(y, np.nan, 3.0)])
def test_a_column_that_is_the_label(answer):
    frame = toy_frame(patients=60)
    noise = np.random.default_rng(3).normal(scale=0.01, size=len(frame))
    frame["original_firstorder_Answer"] = answer(frame["malignant"].to_numpy().astype(float)) + noise
    cohort = cohort_of(frame, (*FEATURES, "original_firstorder_Answer"))
    row = check_separating_columns(CheckInput(cohort, patient_folds(cohort)))
    assert not row.passed
    assert row.value == 1
    assert "original_firstorder_Answer (AUROC 1.000)" in row.sentence


@pytest.mark.reported("Tables", "opposite labels in most patients", "a failed check")
def test_patients_of_both_classes():
    frame = toy_frame(patients=20)
    for mixed, passed in ((10, True), (11, False)):
        labels = frame["malignant"].to_numpy().copy()
        labels[: 2 * mixed] = np.arange(2 * mixed) % 2
        labels[2 * mixed :] = labels[2 * mixed :: 2].repeat(2)
        row = run_check(check_labels_of_patients, cohort_of(frame.assign(malignant=labels)))
        assert (row.passed, row.value) == (passed, mixed)
        assert f"{mixed} of 20 patients" in row.sentence
