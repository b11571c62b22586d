"""Otsu's threshold, exact and on a histogram."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_mammo.compute.otsu import otsu_threshold

VALUES = np.concatenate([np.random.default_rng(4).normal(0, 1, 300), np.random.default_rng(5).normal(7, 2, 100)])


def between(threshold: float) -> float:
    low, high = VALUES[threshold >= VALUES], VALUES[threshold < VALUES]
    return low.size * high.size * (low.mean() - high.mean()) ** 2


def test_no_other_cut_has_more_variance_between_classes():
    best = max(map(between, np.sort(VALUES)[:-1]))
    assert between(otsu_threshold(VALUES)) == pytest.approx(best, rel=1e-12)
    assert between(otsu_threshold(VALUES, bins=256)) > 0.999 * best
    assert otsu_threshold(np.array([3.0, 3.0, 5.0])) == pytest.approx(4.0)


def test_a_gap_is_cut_in_its_middle():
    values = np.array([0.0, 1.0, 9.0, 10.0])
    assert otsu_threshold(values) == pytest.approx(5.0)
    assert otsu_threshold(values, bins=100) == pytest.approx(5.05, abs=0.06)
