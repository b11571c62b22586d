"""Baseline models of the leakage checks, their preparation, and permuted labels."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import SimpleImputer
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from radiomics_mammo.evaluation.leakage.baseline_models import (
    BASELINE_MODELS,
    most_associated,
    out_of_fold,
    resample_rows,
    standardise,
)
from radiomics_mammo.evaluation.leakage.subsample import ROWS, subsample_patients
from radiomics_mammo.evaluation.training.label_permutation import fold_auroc, permuted_labels


def table(rows: int = 90, *, columns: int = 6, nulls: bool = False, seed: int = 0):
    rng = np.random.default_rng(seed)
    y = (np.arange(rows) % 3 == 0).astype(np.int8)
    x = rng.normal(size=(rows, columns))
    x[:, 0] += 2.0 * y
    if nulls:
        x[rng.random(x.shape) < 0.1] = np.nan
    return x, y


def folds(rows: int, *, repeats: int = 1) -> np.ndarray:
    return np.stack([np.random.default_rng(seed).permutation(np.arange(rows) % 3) for seed in range(repeats)])


@pytest.mark.parametrize("model", [name for name in BASELINE_MODELS if name != "forest"])
@pytest.mark.parametrize("resample", ["", "oversampling", "smote"])
def test_learns_through_nulls_and_gives_the_same_bits_again(model, resample):
    x, y = table(nulls=True)
    fold_of = folds(y.size, repeats=2)
    p = out_of_fold(x, y, fold_of, model=model, resample=resample, seed=3)
    assert p.shape == fold_of.shape and np.isfinite(p).all()
    assert roc_auc_score(y, p[0]) > 0.75
    np.testing.assert_array_equal(p, out_of_fold(x, y, fold_of, model=model, resample=resample, seed=3))


def test_processes_do_not_change_the_scores():
    x, y = table(nulls=True)
    alone = out_of_fold(x, y, folds(y.size), model="short")
    np.testing.assert_array_equal(alone, out_of_fold(x, y, folds(y.size), model="short", workers=2))


@pytest.mark.parametrize("model", BASELINE_MODELS)
def test_a_row_does_not_teach_its_own_score(model):
    x, y = table()
    fold_of = folds(y.size)
    first = np.flatnonzero(fold_of[0] == 0)
    before = out_of_fold(x, y, fold_of, model=model)[0, first]
    turned = y.copy()
    turned[first] = 1 - turned[first]
    np.testing.assert_array_equal(before, out_of_fold(x, turned, fold_of, model=model)[0, first])
    x[first[0]] += 100.0  # nor does another row of its fold
    np.testing.assert_array_equal(before[1:], out_of_fold(x, y, fold_of, model=model)[0, first[1:]])


def test_one_class_to_learn_from_gives_one_half():
    x, _ = table(9)
    y = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0], dtype=np.int8)
    p = out_of_fold(x, y, np.array([[0, 0, 0, 1, 1, 1, 2, 2, 2]]), model="logistic")
    np.testing.assert_array_equal(p[0, :3], 0.5)


def test_scaling_is_scikit_learns():
    x, _ = table(nulls=True)
    train, other = x[:60], x[60:]
    fill = SimpleImputer(strategy="median").fit(train)
    scale = StandardScaler().fit(fill.transform(train))
    ours = standardise(train, other)
    for mine, theirs in zip(ours, (train, other), strict=True):
        np.testing.assert_allclose(mine, scale.transform(fill.transform(theirs)), rtol=1e-12, atol=1e-12)


def test_columns_that_are_constant_or_empty_in_the_training_rows_go():
    train = np.array([[1.0, 0.1, np.nan], [2.0, 0.1, np.nan], [3.0, 0.1, np.nan]])
    inside, outside = standardise(train, np.array([[2.0, 9.0, 9.0]]))
    assert inside.shape == (3, 1)
    assert outside.tolist() == [[0.0]]
    only_constant = out_of_fold(np.ones((6, 2)), np.array([0, 1] * 3, dtype=np.int8), np.arange(6)[None] // 2)
    assert np.isfinite(only_constant).all()


def test_association_ranks_as_an_analysis_of_variance():
    x, y = table(columns=40, seed=4)
    x[:, 7] = 5.0
    theirs = SelectKBest(f_classif, k=5).fit(np.delete(x, 7, axis=1), y).get_support(indices=True)
    np.testing.assert_array_equal(most_associated(x, y, 5), np.where(theirs >= 7, theirs + 1, theirs))
    assert most_associated(x, y, 99).size == 40


def test_selection_inside_the_fold_sees_the_training_rows_only():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 2_000)), (np.arange(60) % 2).astype(np.int8)
    fold_of = folds(60)
    inside = out_of_fold(x, y, fold_of, model="logistic", n_selected=20)[0]
    before = out_of_fold(x[:, most_associated(x, y, 20)], y, fold_of, model="logistic")[0]
    assert abs(fold_auroc(y, inside, fold_of[0]) - 0.5) < 0.2
    assert fold_auroc(y, before, fold_of[0]) > 0.9


def test_copies_are_copies_of_the_rarer_class():
    x, y = table(30)
    more = resample_rows(x, y, kind="oversampling", seed=1)
    np.testing.assert_array_equal(np.bincount(more.y), [20, 20])
    np.testing.assert_array_equal(more.x, x[more.source])
    np.testing.assert_array_equal(more.y, y[more.source])
    np.testing.assert_array_equal(more.source[:30], np.arange(30))


def test_a_smote_row_is_of_the_nearest_row_of_its_class():
    x, y = table(30)
    more = resample_rows(x, y, kind="smote", seed=1)
    np.testing.assert_array_equal(np.bincount(more.y), [20, 20])
    rare = np.flatnonzero(y == 1)
    for row, source in zip(more.x[30:], more.source[30:], strict=True):
        assert source == rare[np.argmin(((x[rare] - row) ** 2).sum(axis=1))]


def test_a_single_row_is_copied_where_smote_has_nothing_to_join():
    x, y = table(10)
    y[:] = 0
    y[4] = 1
    more = resample_rows(x, y, kind="smote", seed=0)
    np.testing.assert_array_equal(more.source[10:], 4)


def test_even_classes_are_left_alone():
    x, _ = table(10)
    y = (np.arange(10) % 2).astype(np.int8)
    for kind in ("oversampling", "smote"):
        np.testing.assert_array_equal(resample_rows(x, y, kind=kind, seed=0).source, np.arange(10))


def test_labels_of_a_patient_move_together():
    group = np.repeat(np.arange(40), 3)
    y = np.repeat((np.arange(40) < 15), 3).astype(np.int8)
    y[:3] = [1, 0, 0]  # one patient with both
    given = permuted_labels(y, group, seed=5)
    assert (given != y).any()
    sums = np.bincount(group, weights=given)
    assert sorted(sums) == sorted(np.bincount(group, weights=y))
    np.testing.assert_array_equal(given, permuted_labels(y, group, seed=5))
    assert (given != permuted_labels(y, group, seed=6)).any()


def test_permuted_labels_do_not_know_how_many_rows_a_patient_has():
    sizes = np.where(np.arange(200) < 100, 1, 4)
    group = np.repeat(np.arange(200), sizes)
    y = (np.repeat(sizes, sizes) == 4).astype(np.int8)  # whoever has four rows is ill
    shares = [permuted_labels(y, group, seed=seed)[np.repeat(sizes, sizes) == 4].mean() for seed in range(50)]
    assert abs(np.mean(shares) - 0.5) < 0.03


def test_rows_out_of_order_stay_with_their_patient():
    group = np.array([0, 1, 0, 2, 1, 2])
    y = np.array([1, 0, 1, 0, 0, 0], dtype=np.int8)
    for seed in range(10):
        given = permuted_labels(y, group, seed=seed)
        assert all(np.unique(given[group == patient]).size == 1 for patient in range(3))


def test_auroc_within_folds_is_the_mean_weighted_by_pairs():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 60).astype(np.int8)
    p = np.round(rng.random(60), 1)
    fold_of = np.arange(60) % 4
    parts = [(roc_auc_score(y[fold_of == f], p[fold_of == f]), y[fold_of == f]) for f in range(4)]
    weights = [part.sum() * (1 - part).sum() for _, part in parts]
    expected = np.average([value for value, _ in parts], weights=weights)
    assert fold_auroc(y, p, fold_of) == pytest.approx(expected, abs=1e-12)
    assert np.isnan(fold_auroc(np.array([0, 1], dtype=np.int8), p[:2], np.array([0, 1])))


def test_pooling_folds_is_biased_where_averaging_is_not():
    """A model that predicts the training prevalence alone: useless, and pooled it looks worse than useless."""
    rng = np.random.default_rng(0)
    pooled, averaged = [], []
    fold_of = np.arange(100) % 5
    for _ in range(50):
        y = rng.permutation(np.arange(100) < 40).astype(np.int8)
        p = np.array([y[fold_of != fold].mean() for fold in fold_of])
        pooled.append(roc_auc_score(y, p))
        averaged.append(fold_auroc(y, p, fold_of))
    assert np.mean(pooled) < 0.45
    assert np.mean(averaged) == 0.5


def test_large_tables_lose_patients_not_rows():
    group = np.repeat(np.arange(8_000), 2)
    y = np.repeat(np.arange(8_000) % 50 == 0, 2).astype(np.int8)
    rows, remark = subsample_patients(y, group, columns=100, seed=0)
    assert rows.size <= ROWS + 100
    kept = np.bincount(group[rows], minlength=8_000)
    assert set(kept) == {0, 2}
    assert y[rows].mean() == pytest.approx(0.02, abs=0.001)
    assert remark.startswith("2,500 of 8,000 patients (5,000 of 16,000 rows)")
    rows, remark = subsample_patients(y[:200], group[:200], columns=100, seed=0)
    assert rows.size == 200
    assert remark == ""


def test_wide_tables_keep_fifty_patients_of_each_kind():
    group = np.repeat(np.arange(4_000), 2)
    y = np.repeat(np.arange(4_000) % 50 == 0, 2).astype(np.int8)
    rows, _ = subsample_patients(y, group, columns=1_000, seed=0)
    assert np.unique(group[rows][y[rows] == 1]).size == 50
    assert rows.size < 1_200
