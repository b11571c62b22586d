"""Constant and redundant columns go; nulls are filled, marked and scaled as scikit-learn does it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import StandardScaler

from radiomics_mammo.evaluation.training.preprocessing import (
    ALIKE,
    DropAlike,
    DropConstant,
    preparation,
    source_columns,
    with_columns,
)
from tests.support.saved_models import fitted, toy_rows


def correlated(seed: int, *, rows: int = 60, columns: int = 14) -> np.ndarray:
    """Groups of columns that are nearly the same in rank, some with ties."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(rows, 4))
    x = np.exp(base[:, rng.integers(4, size=columns)]) + rng.uniform(0.01, 0.5, columns) * rng.normal(
        size=(rows, columns)
    )
    x[:, ::3] = np.round(x[:, ::3], 1)
    return x


def by_hand(matrix: np.ndarray) -> list[int]:
    kept: list[int] = []
    for column in range(len(matrix)):
        if all(abs(matrix[column, other]) < ALIKE for other in kept):
            kept.append(column)
    return kept


@pytest.mark.parametrize("seed", range(5))
def test_columns_alike_are_those_of_spearman(seed):
    x = correlated(seed)
    kept = DropAlike().fit(x).support_.tolist()
    assert kept == by_hand(spearmanr(x).statistic)
    assert 1 < len(kept) < x.shape[1]


def test_a_null_lies_in_the_middle_of_the_ranks():
    x = correlated(7)
    x[np.random.default_rng(1).random(x.shape) < 0.1] = np.nan
    ranks = pd.DataFrame(x).rank()
    filled = ranks.fillna(ranks.mean()).corr().to_numpy()  # pandas' own correlation
    assert DropAlike().fit(x).support_.tolist() == by_hand(filled)
    twice = np.column_stack([x, x[:, 0]])
    assert x.shape[1] not in DropAlike().fit(twice).support_


def test_a_constant_column_is_like_no_other_and_raises_no_warning():
    x = np.column_stack([np.ones(9), np.arange(9.0), np.ones(9), -np.arange(9.0)])
    assert DropAlike().fit(x).support_.tolist() == [0, 1, 2]
    late = np.full((12_000, 2), np.nan)  # null in all of the evenly spaced rows that are looked at
    late[1::1_000] = 1.0
    late[:, 1] = np.arange(12_000)
    assert DropAlike().fit(late).support_.tolist() == [0, 1]


def test_columns_that_do_not_vary_go_and_one_stays_where_none_does():
    x = np.array([[1.0, np.nan, 2.0, np.nan], [1.0, np.nan, 2.0, 5.0], [1.0, np.nan, 3.0, 5.0]])
    assert DropConstant().fit(x).support_.tolist() == [2]
    assert DropConstant().fit(x[:, :2]).support_.tolist() == [0]
    tenth = np.full((30, 1), 0.1)  # whose variance is not 0 in floating point
    assert DropConstant().fit(np.hstack([tenth, np.arange(30.0)[:, None]])).support_.tolist() == [1]


def test_preparation_is_scikit_learns_imputer_indicator_and_scaler():
    rng = np.random.default_rng(3)
    x, new = rng.normal(size=(40, 5)), rng.normal(size=(7, 5))
    x[::4, 1], x[:, 2], new[::2, 1], new[0, 4] = np.nan, 3.0, np.nan, np.nan
    steps = preparation(native_nulls=False).fit(x)
    kept = [0, 1, 3, 4]
    imputer, marks = SimpleImputer(strategy="median").fit(x[:, kept]), MissingIndicator().fit(x[:, [1]])

    def raw(rows: np.ndarray) -> np.ndarray:
        return np.hstack([imputer.transform(rows[:, kept]), marks.transform(rows[:, [1]])])

    scaler = StandardScaler().fit(raw(x))
    for rows in (x, new):
        np.testing.assert_allclose(steps.transform(rows), scaler.transform(raw(rows)), rtol=1e-12)
    assert source_columns(steps).tolist() == [0, 1, 3, 4, 1]
    assert source_columns(with_columns(steps, [4, 2])).tolist() == [1, 3]
    np.testing.assert_array_equal(with_columns(steps, [4, 2]).transform(new), steps.transform(new)[:, [4, 2]])


def test_nulls_stay_nulls_for_a_model_that_takes_them():
    x = np.array([[1.0, np.nan, 4.0], [2.0, 5.0, 4.0], [3.0, 1.0, 4.0]])
    steps = preparation(native_nulls=True).fit(x)
    np.testing.assert_array_equal(steps.transform(x), x[:, :2])
    assert source_columns(steps).tolist() == [0, 1]


def test_a_block_that_is_null_in_a_fold_becomes_a_constant():
    steps = preparation(native_nulls=False).fit(np.full((6, 2), np.nan))
    found = steps.transform(np.array([[np.nan, 1.0], [2.0, np.nan]]))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("kind", ["logistic", "svm", "svm-rbf"])
def test_no_score_extrapolates_beyond_five_standard_deviations(kind):
    x, _ = toy_rows()
    far, farther = x[:2].copy(), x[:2].copy()
    far[:, 0] = np.nanmean(x[:, 0]) + 6 * np.nanstd(x[:, 0])
    farther[:, 0] = 1e30
    model = fitted(kind)
    np.testing.assert_array_equal(model.score(far), model.score(farther))
    assert not np.array_equal(model.score(far), model.score(x[:2]))
