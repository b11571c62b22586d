"""Summaries over windows against NumPy and SciPy; the outlying windows are those that were planted."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats

from radiomics_mammo.features.parenchyma.outlying_windows import most_outlying, outlyingness
from radiomics_mammo.features.parenchyma.quantiles import mean, quantile, standard_deviation
from radiomics_mammo.features.parenchyma.window_statistics import (
    SUMMARIES,
    WINDOW_MEASURES,
    Lattice,
    lattice_prefixes,
    quantile_prefix,
    summarise,
)
from radiomics_mammo.tables.feature_table import feature_parts


def gappy(seed: int, shape: tuple[int, int] = (37, 9)) -> np.ndarray:
    """A table with gaps, one column empty but for one entry, one empty, one constant."""
    rng = np.random.default_rng(seed)
    table = rng.lognormal(size=shape)
    table[rng.random(shape) < 0.2] = np.nan
    table[1:, 5] = np.nan
    table[0, 5] = 2.5
    table[:, 6] = np.nan
    table[:, 7] = 1.0
    return table


def ignoring(function, *arguments, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **settings)


@pytest.mark.parametrize("seed", range(4))
def test_moments_and_quantiles_leave_gaps_out_as_numpy_does(seed):
    table = gappy(seed)
    np.testing.assert_allclose(mean(table), ignoring(np.nanmean, table, axis=0), rtol=1e-13)
    np.testing.assert_allclose(
        standard_deviation(table), ignoring(np.nanstd, table, axis=0, ddof=1), rtol=1e-12, atol=1e-15
    )
    for share in (0.0, 0.1, 0.25, 0.5, 0.9, 1.0):
        np.testing.assert_allclose(quantile(table, share), ignoring(np.nanquantile, table, share, axis=0), rtol=1e-12)


def test_of_no_windows_nothing_is_defined():
    none = np.empty((0, 3))
    for values in (mean(none), standard_deviation(none), quantile(none, 0.5)):
        assert values.shape == (3,)
        assert np.isnan(values).all()
    assert np.isnan(summarise(none, np.empty(0), quantiles=(0.5,), outlying=3)).all()


def test_summaries_in_the_order_of_their_names():
    table = gappy(8)
    scores = np.arange(37.0)
    rows = dict(
        zip(lattice_prefixes((0.05, 0.5)), summarise(table, scores, quantiles=(0.05, 0.5), outlying=4), strict=True)
    )
    assert list(rows) == ["latticeMean", "latticeSd", "latticeP5", "latticeP50", "latticeOutlying"]
    expected = {
        "latticeMean": ignoring(np.nanmean, table, axis=0),
        "latticeSd": ignoring(np.nanstd, table, axis=0, ddof=1),
        "latticeP5": ignoring(np.nanquantile, table, 0.05, axis=0),
        "latticeP50": ignoring(np.nanmedian, table, axis=0),
        "latticeOutlying": ignoring(np.nanmean, table[33:], axis=0),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(rows[name], values, rtol=1e-12, atol=1e-15, err_msg=name)


@pytest.mark.parametrize("share", [0.1, 0.07, 0.125, 0.001])
def test_quantiles_have_names_of_features(share):
    name = f"{quantile_prefix(share)}_glcm_Contrast"
    assert feature_parts(name) == (f"latticeP{100 * share:g}", "glcm", "Contrast")


def robust(table: np.ndarray, peers: np.ndarray) -> np.ndarray:
    """Mean robust z-scores against some peers, by SciPy."""
    scale = stats.median_abs_deviation(peers, axis=0, scale=1 / 1.4826, nan_policy="omit")
    return np.nanmean(np.minimum(np.abs(table - np.nanmedian(peers, axis=0)) / scale, 10), axis=-1)


@pytest.mark.parametrize("count", [3, 9, 10, 25, 40])
def test_outlyingness_is_the_mean_robust_z_score_among_windows_as_deep(count):
    rng = np.random.default_rng(count)
    table = rng.normal(size=(count, 6)) * [1, 10, 1e-3, 5, 1, 1] + [0, 5, 1, 100, 0, -3]
    table[1, 2] = np.nan
    depth = rng.random(count)
    near = min(count, max(9, -(-count // 3)))
    order = np.argsort(depth)
    expected = np.empty(count)
    for rank, window in enumerate(order):
        first = min(max(rank - near // 2, 0), count - near)
        expected[window] = robust(table[window], table[order[first : first + near]])
    np.testing.assert_allclose(outlyingness(table, depth), expected, rtol=1e-12)


def test_of_many_windows_the_groups_are_nearly_centred():
    count, near = 600, 200
    rng = np.random.default_rng(0)
    table, depth = rng.normal(size=(count, 3)), np.arange(count) / count
    found = outlyingness(table, depth)
    for window in (0, 57, 300, 411, 599):
        firsts = [min(max(window - near // 2 + off, 0), count - near) for off in range(-13, 14)]
        possible = [robust(table[window], table[first : first + near]) for first in firsts]
        assert np.abs(np.array(possible) - found[window]).min() < 1e-12


def test_what_depth_alone_explains_is_not_outlying():
    rng = np.random.default_rng(4)
    depth = rng.random(90)
    table = np.where(depth < 0.2, 8.0, 0.0)[:, None] + rng.normal(size=(90, 5))  # the margin differs, all of it
    table[np.flatnonzero(depth > 0.6)[3]] += 6.0
    assert depth[most_outlying(outlyingness(table, depth), 1)] > 0.6
    even = outlyingness(table, np.full(90, 0.5))
    assert depth[most_outlying(even, 1)] < 0.2


def test_no_single_feature_decides():
    table = np.random.default_rng(0).normal(size=(9, 10))
    table[4, 0] = 1e9  # one feature beyond all measure
    table[7] += 6.0  # all features, moderately
    scores = outlyingness(table, np.zeros(9))
    assert most_outlying(scores, 1).tolist() == [7]
    assert scores[4] == pytest.approx((10 + 9 * robust(table[4, 1:], table[:, 1:])) / 10)


def test_features_that_do_not_vary_or_are_undefined_say_nothing():
    table, depth = np.random.default_rng(1).normal(size=(20, 3)), np.linspace(0, 1, 20)
    scores = outlyingness(table, depth)
    constant, rounding = np.full((20, 1), 5.0), 7.0 + 1e-15 * np.arange(20.0)[:, None]
    gone = np.full((20, 1), np.nan)
    np.testing.assert_allclose(outlyingness(np.hstack([constant, table, rounding, gone]), depth), scores, rtol=1e-14)
    assert outlyingness(np.full((4, 2), 3.0), np.zeros(4)).tolist() == [0.0] * 4
    assert outlyingness(np.full((4, 2), np.nan), np.zeros(4)).tolist() == [0.0] * 4
    assert outlyingness(np.empty((0, 2)), np.empty(0)).shape == (0,)
    assert outlyingness(np.ones((1, 2)), np.zeros(1)).tolist() == [0.0]


def test_outlyingness_does_not_depend_on_units_or_order():
    rng = np.random.default_rng(2)
    table, depth = rng.normal(size=(31, 4)), rng.random(31)
    scores = outlyingness(table, depth)
    np.testing.assert_allclose(outlyingness(table * [2.0, -3.0, 1e6, 1e-6] + 1.0, depth * 7), scores, rtol=1e-6)
    order = rng.permutation(31)
    assert np.array_equal(outlyingness(table[order], depth[order]), scores[order])


def test_of_equal_scores_the_first_by_position_comes_first():
    assert most_outlying(np.array([1.0, 3.0, 3.0, 2.0, 3.0]), 2).tolist() == [1, 2]
    assert most_outlying(np.array([1.0, 3.0, 3.0 + 1e-13, 2.0]), 2).tolist() == [1, 2]
    assert most_outlying(np.array([1.0, 2.0]), 5).tolist() == [1, 0]
    many = np.tile([1.0, 2.0], 500)
    assert most_outlying(many, 4).tolist() == [1, 3, 5, 7]


def test_what_the_lattice_itself_says():
    def values(scores: list[float], depth: list[float]) -> dict[str, float]:
        lattice = Lattice(np.array(scores), np.array(depth))
        return {measure.name: measure.formula(lattice) for measure in WINDOW_MEASURES}

    assert values([1.0, 4.0, 2.0], [0.1, 0.7, 0.9]) == {"Count": 3.0, "Outlyingness": 4.0, "Depth": 0.7}
    few = values([1.0, 4.0], [0.1, 0.7])
    assert few["Count"] == 2.0
    assert np.isnan(few["Outlyingness"])
    assert np.isnan(few["Depth"])
    assert values([], [])["Count"] == 0.0


def test_every_summary_has_words():
    assert set(lattice_prefixes((0.1, 0.5, 0.9))) | {"retroareolar"} == set(SUMMARIES)
    for summary in SUMMARIES.values():
        assert all(summary)
        assert "{meaning}" in summary.meaning
    for measure in WINDOW_MEASURES:
        assert measure.formula_text
        assert measure.meaning
        assert measure.source
