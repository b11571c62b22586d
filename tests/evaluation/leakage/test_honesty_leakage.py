"""The price of each mistake, on tables where it is known who pays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.cohort import Question, prepare_cohort
from radiomics_mammo.evaluation.cohort.records import Cohort
from radiomics_mammo.evaluation.leakage import subsample
from radiomics_mammo.evaluation.leakage.leakage_cost import COLUMNS, Prices, leakage_prices
from radiomics_mammo.evaluation.leakage.leaky_protocols import MISTAKES
from radiomics_mammo.evaluation.leakage.protocols import Bench, Judged, Way, auroc_draws, judge
from tests.support.cohorts import FEATURES, toy_frame


def cohort_of(frame: pd.DataFrame, features=FEATURES) -> Cohort:
    return prepare_cohort(frame, features, question=Question())


def rare_noise(*, patients: int = 120, rows_each: int = 2, columns: int = 100, twins: float = 0.2) -> Cohort:
    """Noise that is much the same in a patient's rows, one patient in six ill: nothing but mistakes can score."""
    rng = np.random.default_rng(5)
    patient = np.repeat(np.arange(patients), rows_each)
    x = rng.normal(size=(patients, columns))[patient] + twins * rng.normal(size=(patient.size, columns))
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
def noise() -> Prices:
    return leakage_prices(rare_noise(), folds=3, repeats=1, draws=200, on_done=DONE.append)


def priced(prices: Prices, slug: str) -> pd.Series:
    return prices.table.set_index("mistake").loc[slug]


def test_the_table_is_whole(noise):
    assert tuple(noise.table.columns) == COLUMNS
    assert noise.table["mistake"].tolist() == list(MISTAKES)
    makes_rows = noise.table["mistake"].isin(("oversampling_before", "smote_before"))
    assert noise.table["split_alone"].notna().tolist() == makes_rows.tolist()
    split = priced(noise, "image_split")["auroc"]
    assert noise.table.loc[makes_rows, "split_alone"].tolist() == [split, split]
    numbers = noise.table[["auroc", "low", "high", "right", "price", "price_low", "price_high"]]
    assert np.isfinite(numbers.to_numpy()).all()
    np.testing.assert_allclose(noise.table["price"], noise.table["auroc"] - noise.table["right"])
    assert (noise.table["low"] <= noise.table["auroc"]).all()
    assert (noise.table["auroc"] <= noise.table["high"]).all()
    assert noise.table["sentence"].str.endswith(".").all()
    assert noise.remarks == ("The patient's number is the one in patient_id.",)


@pytest.mark.parametrize(
    "slug",
    ["image_split", "image_split_logistic", "oversampling_before", "smote_before", "selection_before"],
)
def test_on_noise_the_right_way_is_worth_nothing_and_the_wrong_way_much(noise, slug):
    row = priced(noise, slug)
    assert 0.25 < row["right"] < 0.75
    assert row["auroc"] > 0.75
    assert row["price_low"] > 0
    assert "for nothing" in row["sentence"]


def test_a_number_alone_scores_where_images_are_split():
    table = bench(cohort_of(toy_frame(patients=120, strength=0.0)))
    scored = {split: judge(table, Way(columns="code", split=split), "forest") for split in ("patient", "row")}
    everybody = np.ones((1, 120), dtype=np.int64)
    assert auroc_draws(scored["patient"], everybody)[0] < 0.65
    assert auroc_draws(scored["row"], everybody)[0] > 0.75


def test_made_rows_are_counted(noise):
    # 120 patients, 20 of them ill, two rows each: 200 rows against 40.
    assert "160 rows were made and 240 were there" in priced(noise, "oversampling_before")["sentence"]
    assert "Splitting images alone scores" in priced(noise, "smote_before")["sentence"]


def test_what_others_measured_is_named(noise):
    assert "0.34" in priced(noise, "smote_before")["published"]
    assert "Insights Imaging 2021" in priced(noise, "selection_before")["published"]
    assert priced(noise, "identity_column")["published"] == ""


def test_one_row_each_makes_splitting_images_free():
    prices = leakage_prices(cohort_of(toy_frame(patients=60, rows_each=1)), folds=2, repeats=1, draws=50)
    row = priced(prices, "image_split")
    assert row["price"] == row["price_low"] == row["price_high"] == 0
    assert "by construction" in row["sentence"]
    assert "splitting images is splitting patients" in prices.remarks[-1]


def test_shuffled_labels_leave_the_price_only():
    cohort = replace(rare_noise(columns=8), x=np.random.default_rng(0).normal(size=(240, 8)))
    cohort.x[:, 0] += 5.0 * cohort.y  # a feature that knows the label, until it is shuffled
    plain = leakage_prices(cohort, folds=3, repeats=1, draws=20)
    shuffled = leakage_prices(cohort, folds=3, repeats=1, draws=20, shuffled=True)
    assert priced(plain, "image_split")["right"] > 0.95
    assert priced(shuffled, "image_split")["right"] < 0.7
    assert "shuffled" in shuffled.remarks[-1]


@pytest.mark.slow
def test_same_seed_same_table_whatever_the_processes():
    cohort = cohort_of(toy_frame(patients=30))
    one, two = (leakage_prices(cohort, folds=2, repeats=1, draws=20, workers=workers).table for workers in (1, 2))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(leakage_prices(cohort, folds=2, repeats=1, draws=20, seed=1).table)


def test_large_tables_are_priced_on_fewer_patients(monkeypatch):
    monkeypatch.setattr(subsample, "ROWS", 100)
    monkeypatch.setattr(subsample, "_OF_A_CLASS", 5)
    prices = leakage_prices(cohort_of(toy_frame(patients=100)), folds=2, repeats=1, draws=20)
    assert prices.remarks[0].startswith("Mistakes are made on 50 of 100 patients (100 of 200 rows)")


def test_ids_without_numbers_fall_back_to_the_order_and_say_so():
    frame = toy_frame(patients=30)
    frame["patient_id"] = [f"{one}x{one}" for one in frame["patient_id"]]
    prices = leakage_prices(cohort_of(frame), folds=2, repeats=1, draws=20)
    assert "order of first appearance" in prices.remarks[0]


def test_too_few_patients_for_the_folds():
    with pytest.raises(InputError, match="folds"):
        leakage_prices(cohort_of(toy_frame(patients=10)), folds=9)


def test_what_is_done_is_said(noise):
    assert list(MISTAKES) == DONE


def bench(cohort: Cohort) -> Bench:
    return Bench(cohort.x, cohort.group.astype(float), cohort.y, cohort.group, folds=3, repeats=2, seed=0, workers=1)


@pytest.mark.parametrize("kind", ["oversampling", "smote"])
def test_a_resampled_table_is_judged_with_its_made_rows(kind):
    cohort = cohort_of(toy_frame())
    judged = judge(bench(cohort), Way(split="row", before=kind), "logistic")
    assert np.bincount(judged.y).tolist() == [72, 72]
    assert judged.p.shape == (2, 144)
    ill = np.unique(cohort.group[cohort.y == 1])
    assert np.isin(judged.group[120:], ill).all()


def test_draws_are_weighted_aurocs():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 40).astype(np.int8)
    group = np.repeat(np.arange(10), 4)
    p = np.round(rng.random((3, 40)), 1)
    counts = rng.integers(0, 3, size=(6, 10))
    value, draws = auroc_draws(Judged(y, p, group), counts)
    assert value == pytest.approx(np.mean([roc_auc_score(y, one) for one in p]))
    weighted = [np.mean([roc_auc_score(y, one, sample_weight=count[group]) for one in p]) for count in counts]
    np.testing.assert_allclose(draws, weighted)


def test_blocks_of_draws_do_not_change_them(monkeypatch):
    from radiomics_mammo.evaluation.leakage import protocols

    rng = np.random.default_rng(1)
    judged = Judged(rng.integers(0, 2, 20).astype(np.int8), rng.random((1, 20)), np.arange(20))
    counts = rng.integers(0, 3, size=(7, 20))
    _, whole = auroc_draws(judged, counts)
    monkeypatch.setattr(protocols, "_CELLS", 40)
    np.testing.assert_array_equal(whole, auroc_draws(judged, counts)[1])
