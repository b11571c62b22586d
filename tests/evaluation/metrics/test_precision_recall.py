"""The precision-recall curve: scikit-learn's points, and a band that draws patients."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from radiomics_mammo.evaluation.metrics.bootstrap import draw_patients
from radiomics_mammo.evaluation.metrics.curves import precision_recall


def scored(seed: int, *, rows: int = 120, levels: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < 0.3).astype(np.int8)
    p = rng.normal(size=(2, rows)) + y
    return y, np.round(p * levels) / levels if levels else p, np.arange(rows) // 2


def reached(y: np.ndarray, p: np.ndarray, grid: np.ndarray) -> list[float]:
    """scikit-learn's precision at the highest threshold whose recall is at least each of the grid's."""
    precision, recalls, thresholds = precision_recall_curve(y, p)
    precision, recalls = precision[:-1], recalls[:-1]  # without the made-up point at recall 0
    able = [recalls >= recall - 1e-12 for recall in grid]
    return [float(precision[one][np.argmax(thresholds[one])]) for one in able]


@pytest.mark.parametrize("levels", [0, 3])
def test_points_are_those_of_scikit_learn(levels):
    y, p, group = scored(1, levels=levels)
    found = precision_recall(y, p, group)
    expected = np.mean([reached(y, one, found.x) for one in p], axis=0)
    np.testing.assert_allclose(found.y, expected, rtol=1e-12)
    assert np.isnan(found.low).all()


def test_a_curve_by_hand():
    y = np.array([1, 0, 1, 0], dtype=np.int8)
    found = precision_recall(y, np.array([[0.9, 0.8, 0.7, 0.1]]), np.arange(4))
    np.testing.assert_allclose(found.y[found.x <= 0.5], 1.0)
    np.testing.assert_allclose(found.y[found.x > 0.5], 2 / 3)


def test_the_area_under_the_steps_is_average_precision():
    y, p, group = scored(2, rows=101)
    found = precision_recall(y, p[:1], group)
    area = found.y[1:].mean()  # right ends of the steps
    assert area == pytest.approx(average_precision_score(y, p[0]), abs=0.02)


def test_the_band_equals_repeating_the_rows_of_the_patients_drawn():
    y, p, group = scored(3, rows=60, levels=4)
    counts = draw_patients(30, draws=40, seed=7)
    found = precision_recall(y, p, group, counts=counts)
    drawn = []
    for count in counts:
        rows = np.repeat(np.arange(60), count[group])
        drawn.append(np.mean([reached(y[rows], one[rows], found.x) for one in p], axis=0))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    np.testing.assert_allclose(found.low, low, rtol=1e-12)
    np.testing.assert_allclose(found.high, high, rtol=1e-12)


def test_draws_without_a_positive_are_left_out():
    y = np.array([1, 0, 0, 0], dtype=np.int8)
    counts = np.array([[0, 1, 1, 2], [1, 1, 1, 1]], dtype=np.int32)
    found = precision_recall(y, np.array([[0.5, 0.9, 0.2, 0.1]]), np.arange(4), counts=counts)
    np.testing.assert_allclose(found.low[1:], 0.5)
    assert found.low[0] == 0.0  # the highest score is a negative's
    none = precision_recall(y, np.array([[0.5, 0.9, 0.2, 0.1]]), np.arange(4), counts=counts[:1])
    assert np.isnan(none.low).all()
