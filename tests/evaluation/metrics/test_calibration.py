"""Calibration against statsmodels, F1s against Kaggle's published formula, and what METRICS says of itself."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.metrics import f1_score

from radiomics_mammo.evaluation.metrics.metrics import METRICS, scores
from radiomics_mammo.evaluation.metrics.threshold_counts import curve

NAMES = list(METRICS)


def toy(seed: int, *, n: int = 150, slope: float = 1.0, ties: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(-0.5, 1.3, size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(-x))).astype(np.int8)
    p = 1 / (1 + np.exp(-x / slope))
    return y, np.round(p * ties) / ties if ties else p


def value(name: str, y: np.ndarray, p: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    return METRICS[name].value(curve(y, p, weights))


def logit(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


def kaggle_pfbeta(labels, predictions, beta):
    """The RSNA 2022 challenge's metric, written out as published there."""
    y_true_count = 0
    ctp = 0
    cfp = 0
    for idx in range(len(labels)):
        prediction = min(max(predictions[idx], 0), 1)
        if labels[idx]:
            y_true_count += 1
            ctp += prediction
        else:
            cfp += prediction
    beta_squared = beta * beta
    c_precision = ctp / (ctp + cfp)
    c_recall = ctp / y_true_count
    if c_precision > 0 and c_recall > 0:
        return (1 + beta_squared) * (c_precision * c_recall) / (beta_squared * c_precision + c_recall)
    return 0


@pytest.mark.parametrize("slope", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("ties", [0, 11])
def test_slope_and_intercept_are_statsmodels(slope, ties):
    y, p = toy(0, slope=slope, ties=ties)  # with ties, some predictions are exactly 0
    x = logit(p)
    line = sm.Logit(y, sm.add_constant(x)).fit(disp=0, tol=1e-12)
    large = sm.GLM(y, np.ones_like(x), family=sm.families.Binomial(), offset=x).fit(tol=1e-12)
    assert value("calibration_slope", y, p)[0] == pytest.approx(line.params[1], rel=1e-8)
    assert value("calibration_intercept", y, p)[0] == pytest.approx(large.params[0], rel=1e-8)


def test_every_draw_is_fitted_on_its_own_rows():
    y, p = toy(1)
    weights = np.random.default_rng(0).integers(0, 4, size=(6, y.size))
    slopes, shifts = value("calibration_slope", y, p, weights), value("calibration_intercept", y, p, weights)
    for draw, w in enumerate(weights):
        rows = np.repeat(np.arange(y.size), w)
        x = logit(p[rows])
        assert slopes[draw] == pytest.approx(sm.Logit(y[rows], sm.add_constant(x)).fit(disp=0).params[1], rel=1e-6)
        offset = sm.GLM(y[rows], np.ones_like(x), family=sm.families.Binomial(), offset=x)
        assert shifts[draw] == pytest.approx(offset.fit().params[0], rel=1e-6, abs=1e-8)


def test_a_slope_needs_classes_that_overlap():
    p = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.8])
    apart, touching = np.array([0, 0, 0, 1, 1, 1], dtype=np.int8), np.array([0, 0, 1, 0, 1, 1], dtype=np.int8)
    assert np.isnan(value("calibration_slope", apart, p))
    assert np.isnan(value("calibration_slope", 1 - apart, p))
    tied = np.array([0.1, 0.2, 0.3, 0.3, 0.6, 0.8])
    assert np.isnan(value("calibration_slope", apart, tied))  # they only touch: the slope grows without end
    assert np.isfinite(value("calibration_slope", touching, p))
    assert np.isfinite(value("calibration_intercept", apart, p))


def test_one_prediction_for_all_has_no_slope_but_a_level():
    y = np.array([0, 0, 0, 1], dtype=np.int8)
    p = np.full(4, 0.5)
    assert np.isnan(value("calibration_slope", y, p))
    assert value("calibration_intercept", y, p)[0] == pytest.approx(np.log(1 / 3))
    extreme = np.array([0.0, 0.0, 1.0, 0.0])  # every prediction beyond what a logit can be
    assert np.isfinite(value("calibration_intercept", y, extreme))


def test_hardly_overlapping_classes_still_have_their_slope():
    y = np.array([0] * 40 + [1] + [0] + [1] * 40, dtype=np.int8)
    p = np.linspace(0.02, 0.98, y.size)
    asked = sm.Logit(y, sm.add_constant(logit(p))).fit(disp=0, maxiter=100).params[1]
    assert value("calibration_slope", y, p)[0] == pytest.approx(asked, rel=1e-6)
    assert asked > 5


@pytest.mark.parametrize("n", [12, 30, 60])
def test_every_slope_that_exists_is_found(n):
    # Few, tied, and partly extreme predictions: plain Newton steps run away in a share of these draws.
    for seed in range(100):
        rng = np.random.default_rng(seed)
        y = rng.permutation(np.arange(n) < n // 3).astype(np.int8)
        p = rng.integers(13, size=n) / 13
        w = rng.integers(0, 4, size=(5, n))
        found = value("calibration_slope", y, p, w)
        for draw in range(5):
            sick, well = p[(y == 1) & (w[draw] > 0)], p[(y == 0) & (w[draw] > 0)]
            exists = sick.size > 0 and well.size > 0 and sick.max() > well.min() and well.max() > sick.min()
            assert np.isfinite(found[draw]) == exists


def test_ece_by_plain_bins():
    y, p = toy(2, n=200)
    order = np.argsort(p)
    plain = np.mean([abs(y[rows].mean() - p[rows].mean()) for rows in np.array_split(order, 10)])
    assert value("ece", y, p)[0] == pytest.approx(plain)


def test_ece_of_equal_predictions_does_not_depend_on_the_order_of_rows():
    y, p = toy(3, n=97, ties=5)
    mixed = np.random.default_rng(0).permutation(y.size)
    assert value("ece", y[mixed], p[mixed])[0] == pytest.approx(value("ece", y, p)[0], rel=1e-12)
    assert value("ece", y, np.full(97, 0.25))[0] == pytest.approx(abs(y.mean() - 0.25))


@pytest.mark.parametrize("seed", range(5))
def test_pf1_is_kaggles(seed):
    y, p = toy(seed)
    beyond = p * 1.4 - 0.2  # Kaggle cuts what lies beyond 0 and 1
    assert value("pf1", y, p)[0] == pytest.approx(kaggle_pfbeta(y, p, 1), rel=1e-12)
    assert value("pf1", y, beyond)[0] == pytest.approx(kaggle_pfbeta(y, beyond, 1), rel=1e-12)


def test_pf1_of_the_prevalence():
    # Recall and precision are both the prevalence: 2 * 0.02 * 0.02 / 0.04.
    y = (np.arange(1_000) < 20).astype(np.int8)
    assert value("pf1", y, np.full(1_000, 0.02))[0] == pytest.approx(0.02)
    assert value("pf1_called", y, np.full(1_000, 0.02))[0] == pytest.approx(2 * 20 / 1_020)


@pytest.mark.parametrize("ties", [0, 9])
def test_pf1_of_calls_is_the_best_f1_of_all_thresholds(ties):
    y, p = toy(4, ties=ties)
    asked = max(f1_score(y, p >= cut) for cut in np.unique(p))
    assert value("pf1_called", y, p)[0] == pytest.approx(asked, rel=1e-12)
    assert asked == pytest.approx(max(kaggle_pfbeta(y, p >= cut, 1) for cut in np.unique(p)), rel=1e-12)


def test_narrow_tables_show_six():
    shown = [name for name, metric in METRICS.items() if metric.shown]
    assert shown == [
        "auroc",
        "average_precision",
        "brier",
        "sensitivity_at_90_specificity",
        "specificity_at_90_sensitivity",
        "calibration_slope",
    ]
    assert all(len(metric.heading) <= 20 for metric in METRICS.values())


def test_scores_are_one_row_a_metric():
    y, p = toy(5)
    assert scores(y, p, np.ones((3, y.size), dtype=np.int32)).shape == (len(METRICS), 3)
