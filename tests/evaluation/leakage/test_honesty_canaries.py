"""The leakage_checks: silent on right splits, singing on each planted leak.

tools/leakage_check_power.py asks a hundred times.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.cohort import Question, prepare_cohort
from radiomics_mammo.evaluation.cohort.records import Cohort
from radiomics_mammo.evaluation.leakage.checks import (
    kept_together,
    leakage_checks,
    planted_duplicates,
    planted_identity,
)
from radiomics_mammo.evaluation.leakage.permutation_test import NullAuroc, null_auroc
from radiomics_mammo.evaluation.training.splits import repeated_folds
from tests.support.cohorts import FEATURES, toy_frame
from tests.support.leakage_lesions import lesion_table
from tools.leakage_check_power import honest, leaking, row_folds, selecting, toy_cohort, with_codes


def cohort_of(frame, features=FEATURES) -> Cohort:
    return prepare_cohort(frame, features, question=Question())


def patient_folds(cohort: Cohort, *, repeats: int = 2) -> np.ndarray:
    return repeated_folds(cohort.y, cohort.group, folds=3, repeats=repeats, seed=0)


def by_name(table):
    return {row.check: row for row in table.itertuples()}


def test_all_are_silent_on_a_right_split_and_alike_twice():
    cohort = toy_cohort(1)
    table = leakage_checks(cohort, patient_folds(cohort), seed=1, shuffles=6)
    assert table["check"].tolist() == [
        "shuffled_labels",
        "planted_identity",
        "planted_duplicates",
        "patients_kept_together",
        "identity_columns",
        "duplicates",
    ]
    assert table.columns.tolist() == ["check", "passed", "value", "low", "high", "sentence"]
    assert table["passed"].dtype == bool
    assert table["passed"].all(), table["sentence"].tolist()
    assert table["sentence"].str.endswith(".").all()
    assert table.equals(leakage_checks(cohort, patient_folds(cohort), seed=1, shuffles=6))
    assert not table.equals(leakage_checks(cohort, patient_folds(cohort), seed=2, shuffles=6))


def test_a_torn_split_and_a_code_left_in_are_both_told():
    frame = toy_frame(patients=80, rows_each=2)
    frame["original_firstorder_Code"] = np.random.default_rng(0).permutation(80)[np.repeat(np.arange(80), 2)] + 0.25
    cohort = cohort_of(frame, (*FEATURES, "original_firstorder_Code"))
    sung = by_name(leakage_checks(cohort, row_folds(cohort, seed=0)))
    assert not sung["shuffled_labels"].passed
    assert sung["shuffled_labels"].low > 0.5
    assert "another --seed" in sung["shuffled_labels"].sentence
    assert not sung["patients_kept_together"].passed
    assert not sung["identity_columns"].passed
    assert sung["identity_columns"].value == 1
    assert "original_firstorder_Code: one number a patient" in sung["identity_columns"].sentence
    assert sung["planted_identity"].passed
    assert sung["planted_duplicates"].passed


def test_shuffled_labels_hold_one_half_on_right_splits():
    """Each run holds with 95%; at least four of five do with 98%."""
    runs = [honest(toy_cohort(seed), seed) for seed in range(5)]
    assert sum(run.holds for run in runs) >= 4
    assert abs(np.mean([run.value for run in runs]) - 0.5) < 0.01


def test_shuffled_labels_tell_a_leak():
    assert leaking(toy_cohort(0), 0).low > 0.5
    assert selecting(toy_cohort(1), 1, columns=200).low > 0.5


def test_the_interval_is_students_over_shuffles():
    """A pipeline that knows nothing but chance: its scores are noise, whose AUROC SciPy's interval describes."""
    from scipy.stats import t

    cohort = toy_cohort(3)
    seen = []

    def noise(x, y, fold_of, seed):
        p = np.random.default_rng(seed).normal(size=y.size)
        from radiomics_mammo.evaluation.training.label_permutation import fold_auroc

        seen.append(fold_auroc(y, p, fold_of))
        return p

    null = null_auroc(cohort.x, cohort.y, cohort.group, patient_folds(cohort), shuffles=9, predict=noise)
    low, high = t.interval(0.95, 8, loc=np.mean(seen), scale=np.std(seen, ddof=1) / 3)
    assert (null.value, null.low, null.high) == pytest.approx((np.mean(seen), low, high))
    assert len(set(seen)) == 9


def test_processes_do_not_change_the_interval():
    cohort = toy_cohort(0)
    folds = patient_folds(cohort)
    one, two = (null_auroc(cohort.x, cohort.y, cohort.group, folds, shuffles=3, workers=n) for n in (1, 2))
    assert one == two


def test_folds_with_one_class_cannot_be_checked_and_it_is_said():
    cohort = cohort_of(toy_frame(patients=20, rows_each=1))
    each = np.arange(cohort.y.size)[None]
    row = by_name(leakage_checks(cohort, each, shuffles=2))["shuffled_labels"]
    assert not row.passed
    assert np.isnan(row.value)
    assert "use fewer folds" in row.sentence
    assert not NullAuroc(np.nan, np.nan, np.nan).holds


def test_planted_codes_are_found_every_time():
    assert all(planted_identity(toy_cohort(seed), seed=seed).passed for seed in range(10))


def test_a_detector_that_is_blind_is_told(monkeypatch):
    import pandas as pd

    from radiomics_mammo.evaluation.leakage import checks as module

    blind = pd.DataFrame({"column": [], "why": []})
    monkeypatch.setattr(module, "identity_columns", lambda *_: blind)
    monkeypatch.setattr(module, "find_ties", lambda *_, **__: (np.zeros((0, 2), dtype=np.int64), []))
    identity, copies = planted_identity(toy_cohort(0), seed=0), planted_duplicates(toy_cohort(0), seed=0)
    assert not identity.passed
    assert "NOT found" in identity.sentence
    assert not copies.passed
    assert copies.sentence.startswith("0 of 5 images")


def test_planted_copies_are_found_every_time_and_the_table_is_untouched():
    for seed in range(10):
        cohort = toy_cohort(seed)
        before = cohort.x.copy()
        assert planted_duplicates(cohort, seed=seed).passed
        np.testing.assert_array_equal(cohort.x, before)


def test_a_real_copy_is_a_warning():
    frame = toy_frame(patients=40)
    frame.loc[6, list(FEATURES)] = frame.loc[70, list(FEATURES)].tolist()
    cohort = cohort_of(frame)
    row = by_name(leakage_checks(cohort, patient_folds(cohort), shuffles=2))["duplicates"]
    assert not row.passed
    assert row.value == 2
    assert frame["case_id"][6] in row.sentence


def test_one_row_each_leaves_little_to_tell_and_it_is_said():
    cohort = cohort_of(toy_frame(patients=60, rows_each=1))
    sung = by_name(leakage_checks(cohort, patient_folds(cohort), shuffles=3))
    for name in ("planted_identity", "identity_columns"):
        assert sung[name].passed
        assert "Every patient has one row" in sung[name].sentence


def test_too_few_patients_to_plant_a_copy():
    cohort = toy_cohort(0)
    alone = replace(cohort, group=np.zeros_like(cohort.group))
    row = planted_duplicates(alone, seed=0)
    assert row.passed
    assert "too few" in row.sentence


def test_patients_on_both_sides_are_counted():
    group = np.array([0, 1, 0, 2, 1, 2])
    right = np.array([[0, 1, 0, 2, 1, 2], [1, 0, 1, 1, 0, 1]])
    assert kept_together(group, right).passed
    torn = right.copy()
    torn[1, 0] = 2
    row = kept_together(group, torn)
    assert not row.passed
    assert row.value == 1
    assert row.sentence.startswith("1 of 3 patients")


def test_folds_of_something_else_are_refused():
    cohort = toy_cohort(0)
    with pytest.raises(InputError, match=r"units\.of"):
        leakage_checks(cohort, patient_folds(cohort)[:, :-1])


def test_a_large_table_is_asked_of_fewer_patients(monkeypatch):
    from radiomics_mammo.evaluation.leakage import subsample

    monkeypatch.setattr(subsample, "ROWS", 100)
    monkeypatch.setattr(subsample, "_OF_A_CLASS", 5)
    cohort = cohort_of(toy_frame(patients=100))
    row = by_name(leakage_checks(cohort, patient_folds(cohort), shuffles=2))["shuffled_labels"]
    assert "on 50 of 100 patients (100 of 200 rows)" in row.sentence


def test_what_is_planted_among_real_lesions_is_found(shared_data: Path):
    cohort = cohort_of(*lesion_table(shared_data))
    assert planted_identity(cohort, seed=0).passed
    assert planted_duplicates(cohort, seed=0).passed


@pytest.mark.slow
def test_shuffled_labels_of_real_lesions(shared_data: Path):
    cohort = cohort_of(*lesion_table(shared_data))
    folds = repeated_folds(cohort.y, cohort.group, folds=3, repeats=1, seed=0)
    assert null_auroc(cohort.x, cohort.y, cohort.group, folds, shuffles=5).holds
    torn = null_auroc(with_codes(cohort, seed=0), cohort.y, cohort.group, row_folds(cohort, seed=0), shuffles=8)
    assert torn.low > 0.5
