"""Planted features come first; halves are drawn among patients."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from radiomics_mammo.evaluation.training import feature_selection
from radiomics_mammo.evaluation.training.feature_selection import RANKINGS, mrmr, rank_features


def planted(*, patients: int = 120, columns: int = 30, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(patients), 2)
    y = (rng.random(patients) < 0.4)[group].astype(np.int8)
    x = rng.normal(size=(group.size, columns))
    x[:, [7, 3]] += 1.5 * y[:, None]
    return x, y, group


@pytest.mark.parametrize("method", RANKINGS)
def test_planted_features_come_first(method):
    order = rank_features(*planted(), method=method, seed=0)
    assert set(order[:2].tolist()) == {7, 3}
    assert sorted(order.tolist()) == list(range(30))


@pytest.mark.parametrize("method", RANKINGS)
def test_the_seed_decides(method):
    rows = planted(columns=12)
    one, two, other = (rank_features(*rows, method=method, seed=s).tolist() for s in (0, 0, 1))
    assert one == two
    assert one != other


def test_mrmr_of_three_columns_by_hand():
    """Columns 0 and 1 are nearly one; 2 is weaker but tells something else."""
    y = np.array([0, 0, 0, 0, 1, 1, 1, 1], dtype=np.int8)
    x = np.array(
        [[1, 1, 3], [2, 2, 1], [3, 4, 5], [4, 3, 2], [5, 5, 8], [6, 6, 4], [7, 8, 7], [8, 7, 6]], dtype=np.float64
    )
    relevance = [abs(spearmanr(x[:, i], y).statistic) for i in range(3)]
    assert relevance[0] == relevance[1] > relevance[2]
    quotient = [relevance[i] / abs(spearmanr(x[:, i], x[:, 0]).statistic) for i in (1, 2)]
    assert quotient[1] > quotient[0]  # 0.873 / 0.952 against 0.764 / 0.643
    assert np.argsort(-mrmr(x, y, 0)).tolist() == [0, 2, 1]


def test_mrmr_is_the_greedy_quotient_of_spearman():
    x, y, _ = planted(columns=8, seed=3)
    x[:, 3] = x[:, 7] + 0.1 * x[:, 5]
    relevance = [abs(spearmanr(column, y).statistic) for column in x.T]
    chosen = [int(np.argmax(relevance))]
    while len(chosen) < 8:
        left = [i for i in range(8) if i not in chosen]
        worth = [
            relevance[i] / max(np.mean([abs(spearmanr(x[:, i], x[:, j]).statistic) for j in chosen]), 1e-3)
            for i in left
        ]
        chosen.append(left[int(np.argmax(worth))])
    assert np.argsort(-mrmr(x, y, 0), kind="stable").tolist() == chosen


def test_after_the_ordered_ones_comes_relevance(monkeypatch):
    monkeypatch.setattr(feature_selection, "_MRMR_DEPTH", 2)
    x, y, _ = planted(columns=9)
    order = np.argsort(-mrmr(x, y, 0), kind="stable")
    relevance = np.array([abs(spearmanr(column, y).statistic) for column in x.T])
    assert (np.diff(relevance[order[2:]]) <= 0).all()


def test_halves_are_of_patients_with_both_classes(monkeypatch):
    x, y, group = planted()
    x[:, 0] = np.arange(group.size)  # names the row
    halves: list[np.ndarray] = []

    def spy(rows, labels, seed):
        halves.append(rows[:, 0].astype(int))
        assert 0 < labels.sum() < labels.size
        np.testing.assert_array_equal(labels, y[halves[-1]])
        return np.zeros(rows.shape[1])

    monkeypatch.setitem(RANKINGS, "spy", spy)
    order = rank_features(x, y, group, method="spy", seed=0)
    assert order.tolist() == list(range(30))  # equal scores keep the table's order
    assert len(halves) == feature_selection.HALVES
    for rows in halves:
        patients = np.unique(group[rows])
        assert patients.size == 60
        assert rows.size == np.isin(group, patients).sum()
    assert len({tuple(rows) for rows in halves}) == feature_selection.HALVES


def test_a_large_half_is_thinned_out_and_keeps_the_rarer_class(monkeypatch):
    monkeypatch.setattr(feature_selection, "_ROWS", 40)
    group = np.arange(400)
    y = (group % 40 == 0).astype(np.int8)
    x = group[:, None].astype(np.float64)
    sizes: list[tuple[int, int]] = []

    def spy(rows, labels, seed):
        sizes.append((labels.size, int(labels.sum())))
        return np.zeros(1)

    monkeypatch.setitem(RANKINGS, "spy", spy)
    rank_features(x, y, group, method="spy", seed=0)
    assert {size for size, _ in sizes} == {40}
    assert np.mean([positives for _, positives in sizes]) > 3  # of 40 rows a random draw would hold one


def test_a_steady_feature_comes_before_one_that_shines_in_one_half():
    """Two scores by half: 1 is first by far in one half only, 0 second in all."""
    scores = iter([[5, 9, 1, 0], [5, 0, 1, 9], [5, 1, 9, 0], [5, 0, 1, 9], [5, 1, 9, 0], [5, 9, 0, 1]])
    feature_selection.RANKINGS["scripted"] = lambda *_: np.array(next(scores), dtype=np.float64)
    try:
        x, y, group = planted(columns=20)
        order = rank_features(x[:, :4], y, group, method="scripted", seed=0)
    finally:
        del feature_selection.RANKINGS["scripted"]
    assert order[0] == 0
