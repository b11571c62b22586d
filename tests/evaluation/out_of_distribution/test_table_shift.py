"""Tables unlike the training cases as a whole, allowing for another prevalence."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from radiomics_mammo.evaluation.out_of_distribution.table_shift import _MIXTURES, _statistics, check_table_shift
from tests.support.cohorts import FEATURES
from tests.support.saved_models import distribution_of

SHIFT = np.linspace(0.0, 2.0, len(FEATURES))


def cases(n: int, *, seed: int, prevalence: float = 0.5) -> np.ndarray:
    """Draw rows whose columns tell the classes apart more and more; alternating classes at a prevalence of half."""
    rng = np.random.default_rng(seed)
    positive = np.arange(n) % 2 if prevalence == 0.5 else rng.random(n) < prevalence
    return rng.normal(size=(n, len(FEATURES))) + SHIFT * positive[:, None]


@pytest.fixture(scope="module")
def distribution():
    return distribution_of(cases(800, seed=0), FEATURES)


def checked(distribution, x):
    scores = np.linspace(0, 1, len(x))
    return check_table_shift(distribution, x, of=np.arange(len(x)), scores=scores, patients=len(x))


def test_the_statistic_is_scipys_against_one_class():
    rng = np.random.default_rng(3)
    column, negative, positive = (np.sort(np.round(rng.normal(size=n), 1)) for n in (60, 90, 70))
    statistics = _statistics(column, negative, positive)
    assert statistics[0] == pytest.approx(ks_2samp(column, negative).statistic, abs=1e-12)
    assert statistics[-1] == pytest.approx(ks_2samp(column, positive).statistic, abs=1e-12)
    half = np.sort(np.concatenate([np.repeat(negative, 7), np.repeat(positive, 9)]))  # 630 of each
    assert statistics[_MIXTURES.tolist().index(0.5)] == pytest.approx(ks_2samp(column, half).statistic, abs=1e-12)


def test_a_table_of_the_same_distribution_is_hardly_ever_turned_away(distribution):
    assert sum(checked(distribution, cases(60, seed=seed)).shifted for seed in range(1, 101)) <= 2


@pytest.mark.parametrize("prevalence", [0.05, 0.8])
def test_another_prevalence_is_no_shift_and_is_estimated(distribution, prevalence):
    shift = checked(distribution, cases(2000, seed=7, prevalence=prevalence))
    assert not shift.shifted
    assert shift.prevalence == pytest.approx(prevalence, abs=0.1)


def test_a_shifted_column_is_named(distribution):
    x = cases(100, seed=8)
    x[:, 0] += 1.0  # tells the classes apart in no way: no prevalence explains it
    shift = checked(distribution, x)
    assert shift.shifted
    assert shift.columns["column"][0] == FEATURES[0]


def test_nulls_count_as_a_value(distribution):
    x = cases(100, seed=9)
    x[::2, 0] = np.nan
    assert checked(distribution, x).columns["column"][0] == FEATURES[0]
    assert checked(distribution, x).shifted


def test_few_patients_are_not_checked(distribution):
    shift = checked(distribution, cases(9, seed=10))
    assert not shift.checked
    assert not shift.shifted
