"""One image under several names: found by content, linked, and never by chance."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from scipy.cluster.hierarchy import DisjointSet

from radiomics_mammo.evaluation.cohort.cohort import prepare_cohort
from radiomics_mammo.evaluation.cohort.duplicates import find_duplicates, link_patients
from radiomics_mammo.evaluation.cohort.target import Target
from tests.support.cohorts import FEATURES, toy_frame


def ties_of(x, group, features=None, **columns):
    rows = pd.DataFrame({"case_id": [f"c{i}" for i in range(len(x))], **columns})
    names = features or [f"original_glcm_F{i}" for i in range(x.shape[1])]
    ties, remarks = find_duplicates(np.asarray(x, dtype=float), np.asarray(group, dtype=np.int64), rows, features=names)
    return [tuple(tie) for tie in ties.tolist()], remarks


def noise(n: int = 10, d: int = 6, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)) * 10.0 ** np.arange(d)


PATIENTS = np.arange(10) // 2


def test_nothing_is_found_where_nothing_is():
    assert ties_of(noise(), PATIENTS) == ([], [])


def test_identical_rows_of_different_patients():
    x = noise()
    x[7] = x[2]
    ties, remarks = ties_of(x, PATIENTS)
    assert ties == [(2, 7)]
    assert len(remarks) == 1
    assert remarks[0].startswith("2 rows of different patients have identical features (c2, c7): ")
    assert remarks[0].endswith("these 2 patients are in one group.")


def test_identical_rows_of_one_patient_are_no_leak():
    x = noise()
    x[3] = x[2]
    assert ties_of(x, PATIENTS) == ([], [])


def test_a_content_that_three_patients_have():
    x = noise()
    x[[3, 4, 9]] = x[2]
    ties, remarks = ties_of(x, PATIENTS)  # rows 2 and 3 are of one patient
    assert ties == [(2, 4), (2, 9)]
    assert "4 rows of different patients have identical features" in remarks[0]
    assert "these 3 patients" in remarks[0]


def test_nulls_are_part_of_the_content():
    x = noise()
    x[2, 1] = np.nan
    x[7] = x[2]
    assert ties_of(x, PATIENTS)[0] == [(2, 7)]
    x[7, 1] = 1.5
    assert ties_of(x, PATIENTS)[0] == []


@pytest.mark.parametrize(("step", "found"), [(1e-9, True), (1e-4, False)])
def test_six_digits_are_nearly_identical(step, found):
    x = noise()
    x[7] = x[2] * (1 + step)
    ties, remarks = ties_of(x, PATIENTS)
    assert ties == [(2, 7)] * found
    assert [remark.partition(" (")[0] for remark in remarks] == [
        "2 rows of different patients have features that agree in 6 digits"
    ] * found


def test_rounding_is_to_significant_digits():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(40, 6)) * 10.0 ** rng.integers(-30, 4, (40, 6))
    x = np.vstack([values, [[float(f"{value:.5e}") for value in row] for row in values]])
    assert ties_of(x, np.arange(80))[0] == [(i, i + 40) for i in range(40)]


def test_one_digit_too_many_apart():
    x = noise()
    x[7] = x[2]
    x[7, 3] = float(f"{x[2, 3]:.5e}") * (1 + 2e-5)
    assert ties_of(x, PATIENTS)[0] == []


def test_shape_is_no_evidence():
    x = noise()
    x[7, :4] = x[2, :4]
    names = [f"original_shape2D_F{i}" for i in range(4)] + ["original_glcm_A", "original_glcm_B"]
    assert ties_of(x, PATIENTS, names) == ([], [])
    assert ties_of(x[:, :4], PATIENTS, names[:4]) == ([], [])


def test_another_outline_of_the_same_texture_is_evidence():
    x = noise()
    x[7, :5] = x[2, :5]
    names = [f"original_glcm_F{i}" for i in range(5)] + ["original_shape2D_Perimeter"]
    assert ties_of(x, PATIENTS, names)[0] == [(2, 7)]


@pytest.mark.parametrize(
    "row",
    [[np.nan] * 6, [0] * 6, [1, 2, 3, 4, 5, 6], [0.5] * 6, [0.5, 0.25, 1, 1, 1, 1], [np.nan, 0.1, 0.2, 7, 7, 7]],
    ids=["null", "zero", "counts", "constant", "two fractions", "two fractions and a null"],
)
def test_degenerate_rows_are_no_evidence(row):
    x = noise()
    x[[2, 7]] = row
    assert ties_of(x, PATIENTS) == ([], [])


def test_three_fractions_are_evidence():
    x = noise()
    x[[2, 7]] = [0.5, 0.25, 0.125, 1, 1, 1]
    assert ties_of(x, PATIENTS)[0] == [(2, 7)]


def test_counts_with_noise_in_the_last_digits_are_counts():
    x = np.repeat(np.arange(60.0).reshape(10, 6) % 7 + 1, 2, axis=0)
    assert ties_of(x * (1 + 1e-13 * noise(20)), np.arange(20)) == ([], [])


def test_large_fractions_are_evidence():
    x = noise() * 1e6 + 0.1
    x[7] = x[2]
    assert ties_of(x, PATIENTS)[0] == [(2, 7)]


def test_features_that_never_vary_are_no_evidence():
    x = np.tile([0.1, 0.2, 0.3, 0.4], (10, 1))
    assert ties_of(x, PATIENTS) == ([], [])


def test_a_flat_region_is_no_evidence():
    x = noise()
    x[:, 0] = np.abs(x[:, 0]) + 1
    x[[2, 7]] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    names = ["original_firstorder_Range", *(f"original_glcm_F{i}" for i in range(5))]
    assert ties_of(x, PATIENTS, names) == ([], [])
    assert ties_of(x, PATIENTS, ["original_firstorder_Skewness", *names[1:]])[0] == [(2, 7)]


def test_one_path_under_two_patients():
    paths = [f"a/{i}.dcm" for i in range(10)]
    paths[9] = paths[0]
    paths[3] = paths[2]  # one patient
    ties, remarks = ties_of(noise(), PATIENTS, image_path=paths)
    assert ties == [(0, 9)]
    assert "2 rows of different patients have the same image_path (c0, c9)" in remarks[0]


@pytest.mark.parametrize("nothing", ["", None])
def test_no_path_is_no_path(nothing):
    assert ties_of(noise(), PATIENTS, image_path=[nothing] * 10) == ([], [])


def test_linking_agrees_with_a_disjoint_set():
    rng = np.random.default_rng(2)
    for _ in range(20):
        group = pd.factorize(rng.integers(0, 60, 200))[0].astype(np.int64)
        ties = rng.integers(0, 200, (25, 2))
        sets = DisjointSet(group.tolist())
        for one, other in ties:
            sets.merge(int(group[one]), int(group[other]))
        wanted = pd.factorize(np.array([sets[int(code)] for code in group]))[0]
        np.testing.assert_array_equal(link_patients(group, ties), wanted)


def test_without_ties_the_patients_stay():
    group = np.array([0, 1, 0, 2], dtype=np.int64)
    assert link_patients(group, np.empty((0, 2), dtype=np.int64)).tolist() == [0, 1, 0, 2]


def test_a_cohort_keeps_patients_who_share_an_image_together():
    frame = toy_frame(patients=30)
    frame.loc[10, list(FEATURES)] = frame.loc[3, list(FEATURES)]
    cohort = prepare_cohort(frame, FEATURES, target=Target())
    assert cohort.n_patients == 29
    assert set(cohort.group[[2, 3, 10, 11]]) == {1}
    assert cohort.rows["patient_id"].nunique() == 30  # they keep their names
    assert (cohort.units.group == cohort.group).all()


def test_a_large_table_takes_seconds():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20_000, 200))
    x[9_000] = x[100]
    started = time.perf_counter()
    ties, _ = ties_of(x, np.arange(20_000) // 4)
    assert ties == [(100, 9_000)]
    assert time.perf_counter() - started < 5
