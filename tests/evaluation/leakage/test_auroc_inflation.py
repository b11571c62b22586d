"""AUROC inflation by leaky protocols, on tables where the inflation is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.cohort import prepare_cohort
from radiomics_mammo.evaluation.cohort.records import Cohort
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.leakage import subsample
from radiomics_mammo.evaluation.leakage.auroc_inflation import COLUMNS, AurocInflation, measure_auroc_inflation
from radiomics_mammo.evaluation.leakage.leaky_protocols import LEAKY_PROTOCOLS
from radiomics_mammo.evaluation.leakage.protocols import (
    EvaluationProtocol,
    ProtocolData,
    ProtocolScores,
    bootstrap_auroc,
    run_protocol,
)
from tests.support.cohorts import FEATURES, toy_frame


def cohort_of(frame: pd.DataFrame, features=FEATURES) -> Cohort:
    return prepare_cohort(frame, features, target=Target())


def rare_noise(*, patients: int = 120, rows_each: int = 2, columns: int = 100, noise: float = 0.2) -> Cohort:
    """Noise that is much the same in a patient's rows, one patient in six ill: only leakage can score."""
    rng = np.random.default_rng(5)
    patient = np.repeat(np.arange(patients), rows_each)
    x = rng.normal(size=(patients, columns))[patient] + noise * rng.normal(size=(patient.size, columns))
    names = [f"original_firstorder_N{i}" for i in range(columns)]
    rows = pd.DataFrame(
        {
            "case_id": [f"c{i}" for i in range(patient.size)],
            "patient_id": [f"P_{one:05d}" for one in rng.permutation(patients)[patient]],
            "malignant": (patient % 6 == 0).astype(int),
        }
    )
    return cohort_of(pd.concat([rows, pd.DataFrame(x, columns=names)], axis=1), names)


DONE: list[str] = []


@pytest.fixture(scope="module")
def noise() -> AurocInflation:
    return measure_auroc_inflation(rare_noise(), folds=3, repeats=1, draws=200, on_done=DONE.append)


def row_of(found: AurocInflation, slug: str) -> pd.Series:
    return found.table.set_index("protocol").loc[slug]


def test_the_table_is_whole(noise):
    assert tuple(noise.table.columns) == COLUMNS
    assert noise.table["protocol"].tolist() == list(LEAKY_PROTOCOLS)
    makes_rows = noise.table["protocol"].isin(("oversampling_before", "smote_before"))
    assert noise.table["row_split_only"].notna().tolist() == makes_rows.tolist()
    split = row_of(noise, "image_split")["auroc"]
    assert noise.table.loc[makes_rows, "row_split_only"].tolist() == [split, split]
    numbers = noise.table[["auroc", "low", "high", "without_leakage", "inflation", "inflation_low", "inflation_high"]]
    assert np.isfinite(numbers.to_numpy()).all()
    np.testing.assert_allclose(noise.table["inflation"], noise.table["auroc"] - noise.table["without_leakage"])
    assert (noise.table["low"] <= noise.table["auroc"]).all()
    assert (noise.table["auroc"] <= noise.table["high"]).all()
    assert noise.table["sentence"].str.endswith(".").all()
    assert noise.remarks == ("The patient's number is the one in patient_id.",)


@pytest.mark.parametrize(
    "slug",
    ["image_split", "image_split_logistic", "oversampling_before", "smote_before", "selection_before"],
)
def test_on_noise_only_leaky_protocols_score(noise, slug):
    row = row_of(noise, slug)
    assert 0.25 < row["without_leakage"] < 0.75
    assert row["auroc"] > 0.75
    assert row["inflation_low"] > 0
    assert "inflated by" in row["sentence"]


def test_a_patient_number_scores_where_images_are_split():
    table = data_of(cohort_of(toy_frame(patients=120, strength=0.0)))
    scored = {
        split: run_protocol(table, EvaluationProtocol(columns="code", split=split), "forest")
        for split in ("patient", "row")
    }
    everybody = np.ones((1, 120), dtype=np.int64)
    assert bootstrap_auroc(scored["patient"], everybody)[0] < 0.65
    assert bootstrap_auroc(scored["row"], everybody)[0] > 0.75


def test_added_rows_are_counted(noise):
    # 120 patients, 20 of them ill, two rows each: 200 rows against 40.
    assert "160 rows were added to 240" in row_of(noise, "oversampling_before")["sentence"]
    assert "The row split without them scores" in row_of(noise, "smote_before")["sentence"]


def test_published_figures_are_cited(noise):
    assert "0.34" in row_of(noise, "smote_before")["published"]
    assert "Insights Imaging 2021" in row_of(noise, "selection_before")["published"]
    assert row_of(noise, "identity_column")["published"] == ""


def test_one_row_each_makes_a_split_of_images_harmless():
    found = measure_auroc_inflation(cohort_of(toy_frame(patients=60, rows_each=1)), folds=2, repeats=1, draws=50)
    row = row_of(found, "image_split")
    assert row["inflation"] == row["inflation_low"] == row["inflation_high"] == 0
    assert "by construction" in row["sentence"]
    assert "a split of images is a split of patients" in found.remarks[-1]


def test_permuted_labels_leave_the_inflation_only():
    cohort = replace(rare_noise(columns=8), x=np.random.default_rng(0).normal(size=(240, 8)))
    cohort.x[:, 0] += 5.0 * cohort.y  # a feature that knows the label, until it is permuted
    plain = measure_auroc_inflation(cohort, folds=3, repeats=1, draws=20)
    permuted = measure_auroc_inflation(cohort, folds=3, repeats=1, draws=20, permute_labels=True)
    assert row_of(plain, "image_split")["without_leakage"] > 0.95
    assert row_of(permuted, "image_split")["without_leakage"] < 0.7
    assert "permuted" in permuted.remarks[-1]


@pytest.mark.slow
def test_same_seed_same_table_whatever_the_processes():
    cohort = cohort_of(toy_frame(patients=30))
    one, two = (
        measure_auroc_inflation(cohort, folds=2, repeats=1, draws=20, workers=workers).table for workers in (1, 2)
    )
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(measure_auroc_inflation(cohort, folds=2, repeats=1, draws=20, seed=1).table)


def test_large_tables_are_measured_on_fewer_patients(monkeypatch):
    monkeypatch.setattr(subsample, "ROWS", 100)
    monkeypatch.setattr(subsample, "_FEWEST_PATIENTS", 5)
    found = measure_auroc_inflation(cohort_of(toy_frame(patients=100)), folds=2, repeats=1, draws=20)
    assert found.remarks[0].startswith("AUROC inflation is measured on 50 of 100 patients (100 of 200 rows)")


def test_ids_without_numbers_fall_back_to_the_order_and_say_so():
    frame = toy_frame(patients=30)
    frame["patient_id"] = [f"{one}x{one}" for one in frame["patient_id"]]
    found = measure_auroc_inflation(cohort_of(frame), folds=2, repeats=1, draws=20)
    assert "order of first appearance" in found.remarks[0]


def test_too_few_patients_for_the_folds():
    with pytest.raises(InputError, match="folds"):
        measure_auroc_inflation(cohort_of(toy_frame(patients=10)), folds=9)


def test_every_protocol_is_reported_when_done(noise):
    assert list(LEAKY_PROTOCOLS) == DONE


def data_of(cohort: Cohort) -> ProtocolData:
    return ProtocolData(
        cohort.x, cohort.group.astype(float), cohort.y, cohort.group, folds=3, repeats=2, seed=0, workers=1
    )


@pytest.mark.parametrize("kind", ["oversampling", "smote"])
def test_a_resampled_table_is_scored_with_its_added_rows(kind):
    cohort = cohort_of(toy_frame())
    scores = run_protocol(data_of(cohort), EvaluationProtocol(split="row", before=kind), "logistic")
    assert np.bincount(scores.y).tolist() == [72, 72]
    assert scores.p.shape == (2, 144)
    ill = np.unique(cohort.group[cohort.y == 1])
    assert np.isin(scores.group[120:], ill).all()


def test_draws_are_weighted_aurocs():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 40).astype(np.int8)
    group = np.repeat(np.arange(10), 4)
    p = np.round(rng.random((3, 40)), 1)
    counts = rng.integers(0, 3, size=(6, 10))
    value, draws = bootstrap_auroc(ProtocolScores(y, p, group), counts)
    assert value == pytest.approx(np.mean([roc_auc_score(y, one) for one in p]))
    weighted = [np.mean([roc_auc_score(y, one, sample_weight=count[group]) for one in p]) for count in counts]
    np.testing.assert_allclose(draws, weighted)


def test_blocks_of_draws_do_not_change_them(monkeypatch):
    from radiomics_mammo.evaluation.leakage import protocols

    rng = np.random.default_rng(1)
    scores = ProtocolScores(rng.integers(0, 2, 20).astype(np.int8), rng.random((1, 20)), np.arange(20))
    counts = rng.integers(0, 3, size=(7, 20))
    _, whole = bootstrap_auroc(scores, counts)
    monkeypatch.setattr(protocols, "_BLOCK", 40)
    np.testing.assert_array_equal(whole, bootstrap_auroc(scores, counts)[1])
