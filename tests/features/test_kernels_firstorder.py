"""First-order statistics against NumPy: percentiles to the bit, moments on both ways of computing them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from radiomics_mammo.core.records import Roi
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.engines.ragged import pack
from radiomics_mammo.features import firstorder
from radiomics_mammo.features.firstorder import cpu as firstorder_cpu
from tests.support.reference_counts import batch_of


def first_order(values: np.ndarray, **given_settings: int) -> firstorder.FirstOrderStats:
    values = np.atleast_2d(values)
    mask = np.ones(values.shape, dtype=bool)
    roi = Roi(values, mask, mask, np.array([values.min(), values.max() + 1.0]), (0.5, 0.2))
    return firstorder.FAMILY.cpu(pack([roi], pad=1), Settings(**given_settings))


PERCENTS = [10, 25, 50, 75, 90]
WHOLE = hnp.arrays(np.int64, st.integers(1, 40), elements=st.integers(-300, 5000))
FRACTIONS = hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e6, 1e6))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.one_of(WHOLE, FRACTIONS))
def test_percentiles_are_numpys_to_the_bit(values):
    stats = first_order(values)
    assert stats.quantiles[0].tolist() == np.percentile(values.astype(np.float64), PERCENTS).tolist()


@pytest.mark.parametrize("n", [1, 2, 3, 10, 11, 99, 1000, 4096])
@pytest.mark.parametrize("kind", ["8 bit", "16 bit", "float", "huge whole numbers", "two values"])
def test_percentiles_and_moments_of_many_sizes(n, kind):
    rng = np.random.default_rng(n)
    values = {
        "8 bit": rng.integers(0, 256, n),
        "16 bit": rng.integers(0, 65_536, n),
        "float": rng.normal(3, 7, n),
        "huge whole numbers": rng.integers(0, 2**40, n),
        "two values": rng.choice([5, 900], n),
    }[kind].astype(np.float64)
    stats = first_order(values)
    assert stats.quantiles[0].tolist() == np.percentile(values, PERCENTS).tolist()
    d = values - values.mean()
    assert (stats.n[0], stats.low[0], stats.high[0]) == (n, values.min(), values.max())
    assert stats.mean[0] == pytest.approx(values.mean(), rel=1e-13)
    size = np.abs(values).max()
    for order, found in ((2, stats.m2), (3, stats.m3), (4, stats.m4)):
        assert found[0] == pytest.approx((d**order).mean(), rel=1e-11, abs=1e-12 * size**order)
    assert stats.deviation[0] == pytest.approx(np.abs(d).mean(), rel=1e-12, abs=1e-12 * size)
    low, high = np.percentile(values, [10, 90])
    core = values[(values >= low) & (values <= high)]
    if len(core):
        expected = np.abs(core - core.mean()).mean()
        assert stats.robust_deviation[0] == pytest.approx(expected, rel=1e-11, abs=1e-12 * size)
    else:
        assert np.isnan(stats.robust_deviation[0])
    assert stats.energy[0] == pytest.approx((values**2).sum(), rel=1e-13)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(WHOLE, st.sampled_from([0, 300, -40]))
def test_the_histogram_and_the_pixel_by_pixel_way_agree(values, shift):
    values = values.astype(np.float64)
    stats = first_order(values, voxelArrayShift=shift)
    slow = np.zeros(firstorder_cpu.N_MOMENTS)
    quantiles = firstorder_cpu._quantiles(values)
    firstorder_cpu._by_pixel(values, quantiles, float(shift), slow)
    assert stats.quantiles[0].tolist() == quantiles.tolist()
    fast = [s[0] for s in (stats.n, stats.low, stats.high, stats.mean, stats.m2, stats.m3, stats.m4, stats.deviation,
                           stats.robust_deviation, stats.energy)]  # fmt: skip
    scale = max(1.0, float(np.abs(values).max()))
    np.testing.assert_allclose(fast[:4], slow[:4], rtol=1e-13)
    np.testing.assert_allclose(fast[4:7], slow[4:7], rtol=1e-10, atol=1e-11 * scale**3)
    np.testing.assert_allclose(fast[7:], slow[7:], rtol=1e-12, atol=1e-12 * scale)


def test_both_ways_are_taken():
    whole = np.zeros(1, np.bool_)
    for values, expected in (
        (np.array([1.0, 2.0]), True),
        (np.array([1.0, 2.5]), False),
        (np.array([0.0, 1e9]), False),
    ):
        moments, quantiles = np.zeros((1, firstorder_cpu.N_MOMENTS)), np.zeros((1, 5))
        whole = firstorder_cpu._by_histogram(
            values, np.array([0, 2]), firstorder_cpu.QUANTILES, 0.0, moments, quantiles
        )
        assert whole.tolist() == [expected]


@pytest.mark.parametrize("value", [0.1, 1 / 3, 7.7])
def test_flat_fractions_are_flat(value):
    stats = firstorder.FAMILY.cpu(batch_of(np.full((7, 13), value)), Settings())
    found = dict(
        zip(
            (f.name for f in firstorder.FAMILY.features), firstorder.FAMILY.values(stats, wanted=(), xp=np), strict=True
        )
    )
    for name in ("Skewness", "Kurtosis", "Variance", "MeanAbsoluteDeviation", "RobustMeanAbsoluteDeviation"):
        assert found[name] == 0, name
    assert found["Mean"] == value


def test_levels_are_counted_and_the_pixel_area_kept():
    levels = np.array([[1, 1, 2], [0, 5, 5]])
    stats = firstorder.FAMILY.cpu(batch_of(levels, spacing=(0.5, 0.2)), Settings())
    assert stats.count[0].tolist() == [0, 2, 1, 0, 0, 2]
    assert stats.pixel_area[0] == pytest.approx(0.1)
