"""Metrics against scikit-learn, hand counts and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from radiomics_mammo.evaluation.metrics.bootstrap import all_bootstrap_scores, draw_patients, interval
from radiomics_mammo.evaluation.metrics.curves import roc
from radiomics_mammo.evaluation.metrics.metrics import METRICS, curve, scores

NAMES = list(METRICS)


def random_case(seed: int, *, n: int = 60, ties: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) < n // 3).astype(np.int8)
    return y, rng.integers(ties, size=n) / ties


def brute_sensitivity(y: np.ndarray, p: np.ndarray, specificity: float) -> float:
    cuts = [np.inf, *np.unique(p)]
    able = [(p[y == 1] >= cut).mean() for cut in cuts if (p[y == 0] < cut).mean() >= specificity - 1e-12]
    return max(able)


def brute_specificity(y: np.ndarray, p: np.ndarray, sensitivity: float) -> float:
    return max((p[y == 0] < cut).mean() for cut in np.unique(p) if (p[y == 1] >= cut).mean() >= sensitivity - 1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_metrics_equal_scikit_learn(seed):
    y, p = random_case(seed)
    found = dict(zip(NAMES, scores(y, p)[:, 0], strict=True))
    assert found["auroc"] == pytest.approx(roc_auc_score(y, p), rel=1e-12)
    assert found["average_precision"] == pytest.approx(average_precision_score(y, p), rel=1e-12)
    assert found["brier"] == pytest.approx(brier_score_loss(y, p), rel=1e-12)
    assert found["sensitivity_at_90_specificity"] == pytest.approx(brute_sensitivity(y, p, 0.9))
    assert found["specificity_at_90_sensitivity"] == pytest.approx(brute_specificity(y, p, 0.9))


def test_sensitivity_and_specificity_counted_by_hand():
    # Ten negatives at 0.0 … 0.9, two positives at 0.85 and 0.05: one negative (0.9) may be called.
    y = np.array([0] * 10 + [1, 1], dtype=np.int8)
    p = np.array([i / 10 for i in range(10)] + [0.85, 0.05])
    found = dict(zip(NAMES, scores(y, p)[:, 0], strict=True))
    assert found["sensitivity_at_90_specificity"] == 0.5
    # Both positives must be found, so the cut lies at 0.05 and only the negative at 0.0 is let go.
    assert found["specificity_at_90_sensitivity"] == pytest.approx(0.1)


def test_ten_percent_of_ten_negatives_is_one_whatever_the_rounding():
    y = np.array([0] * 10 + [1], dtype=np.int8)
    p = np.array([*np.linspace(0.1, 0.9, 9), 0.99, 0.95])
    assert scores(y, p)[NAMES.index("sensitivity_at_90_specificity"), 0] == 1.0


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), ties=st.integers(1, 30))
@example(seed=502, ties=13)  # plain Newton steps for the slope run away
def test_a_weight_is_a_repeated_row(seed, ties):
    y, p = random_case(seed, n=30, ties=ties)
    weights = np.random.default_rng(seed).integers(0, 4, size=(5, 30))
    weights[:, [int(np.flatnonzero(y == v)[0]) for v in (0, 1)]] += 1  # both classes in every draw
    fast = scores(y, p, weights)
    for draw, w in enumerate(weights):
        slow = scores(np.repeat(y, w), np.repeat(p, w))[:, 0]
        np.testing.assert_allclose(fast[:, draw], slow, rtol=1e-6, atol=1e-9)  # slope and intercept are iterated


def test_a_draw_without_one_class_is_undefined_where_that_class_is_needed():
    y, p = np.array([0, 0, 1], dtype=np.int8), np.array([0.1, 0.4, 0.8])
    found = dict(zip(NAMES, scores(y, p, np.array([[1, 2, 0]]))[:, 0], strict=True))
    assert np.isnan([found[name] for name in NAMES if name not in ("brier", "ece")]).all()
    assert found["brier"] == pytest.approx((0.01 + 2 * 0.16) / 3)
    assert found["ece"] == pytest.approx((0.1 + 2 * 0.4) / 3)


def test_bootstrap_equals_the_plain_one():
    rng = np.random.default_rng(1)
    group = np.sort(rng.integers(25, size=70))
    _, group = np.unique(group, return_inverse=True)
    y = rng.permutation(np.arange(70) < 30).astype(np.int8)
    p = rng.random((2, 3, 70))
    counts = draw_patients(int(group.max()) + 1, draws=15, seed=4)
    fast = all_bootstrap_scores(y, p, group, draws=15, seed=4)
    for draw in range(15):
        rows = np.concatenate([np.flatnonzero(group == g) for g, k in enumerate(counts[draw]) for _ in range(k)])
        for candidate in range(2):
            auroc = np.mean([roc_auc_score(y[rows], p[candidate, r, rows]) for r in range(3)])
            brier = np.mean([brier_score_loss(y[rows], p[candidate, r, rows]) for r in range(3)])
            assert fast[candidate, NAMES.index("auroc"), draw] == pytest.approx(auroc, rel=1e-12)
            assert fast[candidate, NAMES.index("brier"), draw] == pytest.approx(brier, rel=1e-12)


def test_blocks_of_draws_do_not_change_the_values(monkeypatch):
    y, p = random_case(3)
    group = np.arange(y.size) // 2
    whole = all_bootstrap_scores(y, p[None, None], group, draws=20, seed=0)
    monkeypatch.setattr("radiomics_mammo.evaluation.metrics.bootstrap._BLOCK_VALUES", 3 * y.size)
    monkeypatch.setattr("radiomics_mammo.evaluation.metrics.bootstrap._LEAST", 1)
    np.testing.assert_array_equal(all_bootstrap_scores(y, p[None, None], group, draws=20, seed=0), whole)
    np.testing.assert_array_equal(all_bootstrap_scores(y, p[None, None], group, draws=20, seed=0, workers=3), whole)


def test_patients_are_drawn_whole_and_as_many_as_there_are():
    counts = draw_patients(7, draws=50, seed=0)
    assert (counts.sum(axis=1) == 7).all()
    assert not (counts == draw_patients(7, draws=50, seed=1)).all()


def test_clustered_rows_widen_the_interval():
    rng = np.random.default_rng(0)
    sick = np.arange(60) % 2
    score = rng.random(60) + 0.3 * sick
    y, p, group = np.repeat(sick, 5).astype(np.int8), np.repeat(score, 5), np.repeat(np.arange(60), 5)
    widths = []
    for patients in (group, np.arange(300)):
        low, high = interval(all_bootstrap_scores(y, p[None, None], patients, draws=400, seed=0)[0, 0])
        widths.append(high - low)
    assert widths[0] > 1.8 * widths[1]  # five copies a patient: √5 is expected


def test_interval_leaves_undefined_draws_out():
    values = np.concatenate([np.arange(101.0), [np.nan] * 5])
    assert interval(values) == pytest.approx((2.5, 97.5))
    assert np.isnan(interval(np.array([np.nan]))).all()


def test_roc_goes_through_scikit_learns_points():
    from sklearn.metrics import roc_curve

    y, p = random_case(5, ties=40)
    found = roc(y, p[None], np.arange(y.size))
    fpr, tpr, _ = roc_curve(y, p, drop_intermediate=False)
    last = np.append(np.flatnonzero(np.diff(fpr)), fpr.size - 1)
    np.testing.assert_allclose(found.y, np.interp(found.x, fpr[last], tpr[last]), atol=1e-12)
    assert np.isnan(found.low).all()


def test_roc_band_holds_the_curve():
    y, p = random_case(6, n=120, ties=100)
    group = np.arange(y.size)
    found = roc(y, p[None], group, counts=draw_patients(y.size, draws=200, seed=0))
    inside = (found.low <= found.y + 1e-9) & (found.y <= found.high + 1e-9)
    assert inside.mean() > 0.95
    assert (found.high - found.low).max() > 0.05


def test_curve_begins_with_nobody_called():
    c = curve(np.array([0, 1], dtype=np.int8), np.array([0.2, 0.7]))
    assert c.threshold[0] == np.inf
    assert c.tp.tolist() == [[0, 1, 1]]
    assert c.fp.tolist() == [[0, 0, 1]]
