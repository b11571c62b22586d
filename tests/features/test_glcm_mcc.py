"""The maximal correlation coefficient against LAPACK's singular values of the same matrix."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from radiomics_mammo.features.glcm.mcc import DENSE_LEVELS, EPSILON, second_correlation

SIZES = [2, 3, 5, 16, 24, 25, 64, 160]
LARGE = [DENSE_LEVELS, DENSE_LEVELS + 1, 400]
"""On both sides of where products leave the dense matrix."""


def ours(table: np.ndarray, *, symmetric: bool) -> float:
    """The kernel's value for a table of counts, levels counted from 1."""
    upper = np.triu(table) if symmetric else table
    i, j = np.nonzero(upper)
    full = upper + upper.T if symmetric else upper
    px, py = np.zeros(len(table) + 1), np.zeros(len(table) + 1)
    px[1:], py[1:] = full.sum(axis=1), full.sum(axis=0)
    return second_correlation(i + 1, j + 1, upper[i, j].astype(np.float64), px, py, symmetric)


def theirs(table: np.ndarray, *, symmetric: bool) -> tuple[float, float]:
    """Second largest singular value of p(i, j) / sqrt(px py + epsilon), by LAPACK, and what epsilon may shift it by."""
    upper = np.triu(table) if symmetric else table
    p = (upper + upper.T if symmetric else upper).astype(np.float64)
    p = p[np.ix_(p.sum(axis=1) > 0, p.sum(axis=0) > 0)]
    p /= p.sum()
    both = np.outer(p.sum(axis=1), p.sum(axis=0))
    s = p / np.sqrt(both + EPSILON)
    values = np.sort(np.abs(np.linalg.eigvalsh(s))) if symmetric else np.sort(np.linalg.svd(s, compute_uv=False))
    return float(values[-2]) if len(values) > 1 else 0.0, float(EPSILON / both[p > 0].min())


def assert_same(table: np.ndarray, *, symmetric: bool) -> None:
    expected, shift = theirs(table, symmetric=symmetric)
    found = ours(table, symmetric=symmetric)
    assert abs(found - expected) <= max(1e-11 * expected + shift, 1e-14), (found, expected, shift)


def smooth(n: int, rng: np.random.Generator, width: float) -> np.ndarray:
    """Counts of a smooth image: a band around the diagonal."""
    i, j = np.mgrid[:n, :n]
    return rng.poisson(200 * np.exp(-(((i - j) / width) ** 2)))


def blocks(n: int, rng: np.random.Generator, *, links: int) -> np.ndarray:
    """Two halves that share no level, but for a few pairs."""
    table = rng.integers(1, 50, (n, n))
    half = n // 2
    table[:half, half:] = table[half:, :half] = 0
    table[0, -1] = links
    return table


def scattered(n: int, rng: np.random.Generator, density: float) -> np.ndarray:
    return (
        sparse.random(n, n, min(density, 1.0), random_state=rng, data_rvs=lambda k: rng.integers(1, 9, k))
        .toarray()
        .astype(int)
    )


@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "one way"])
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize(
    "make",
    [
        lambda n, rng: rng.integers(0, 30, (n, n)),
        lambda n, rng: rng.integers(0, 2, (n, n)),
        lambda n, rng: smooth(n, rng, max(1.0, n / 20)),
        lambda n, rng: smooth(n, rng, 0.8),
        lambda n, rng: scattered(n, rng, 3 / n),
        lambda n, rng: scattered(n, rng, 1 / n),
        lambda n, rng: blocks(n, rng, links=1),
        lambda n, rng: blocks(n, rng, links=0),
        lambda n, rng: np.diag(rng.integers(1, 9, n)),
        lambda n, rng: np.outer(rng.integers(1, 9, n), rng.integers(1, 9, n)),
        lambda n, rng: np.ones((n, n), dtype=int) + 10_000 * np.eye(n, dtype=int),  # noqa: ARG005
        lambda n, rng: np.eye(n, k=1, dtype=int) + np.eye(n, k=-1, dtype=int),  # noqa: ARG005
        lambda n, rng: rng.geometric(0.02, (n, n)) ** 2,
    ],
    ids=["noise", "few counts", "smooth", "narrow band", "sparse", "very sparse", "two blocks linked", "two blocks",
         "diagonal", "independent", "degenerate", "chain", "heavy tails"],
)  # fmt: skip
def test_small_and_medium_matrices(make, n, symmetric):
    for seed in range(6 if n < 100 else 2):
        table = make(n, np.random.default_rng([seed, n]))
        if np.triu(table).any():
            assert_same(table, symmetric=symmetric)


@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "one way"])
@pytest.mark.parametrize(
    ("n", "pairs"), [(16, 1000), (64, 100_000), (160, 30), (160, 1000), (160, 100_000), (300, 1000)]
)
def test_almost_independent_neighbours(n, pairs, symmetric):
    """Noise in a large region: hundreds of small singular values within a few thousandths of 0."""
    assert_same(np.random.default_rng(n).poisson(pairs, (n, n)), symmetric=symmetric)


@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "one way"])
@pytest.mark.parametrize("n", LARGE)
def test_many_levels_dense_and_sparse(n, symmetric):
    rng = np.random.default_rng(n)
    tables = [smooth(n, rng, 6.0), rng.integers(0, 3, (n, n)), blocks(n, rng, links=1), scattered(n, rng, 5 / n)]
    for table in tables:
        table[np.arange(n), np.arange(n)] += 1  # all levels occur, so that n decides the branch
        assert_same(table, symmetric=symmetric)


@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "one way"])
def test_a_great_many_random_tables(symmetric):
    rng = np.random.default_rng(7)
    for _ in range(1500):
        n = int(rng.integers(2, 24))
        table = rng.integers(0, int(rng.integers(2, 40)), (n, n)) * (rng.random((n, n)) < rng.random())
        if np.triu(table).any():
            assert_same(table, symmetric=symmetric)


def test_levels_that_do_not_occur_are_left_out():
    table = np.zeros((200, 200), dtype=int)
    core = np.random.default_rng(0).integers(1, 20, (12, 12))
    where = np.arange(3, 195, 16)
    table[np.ix_(where, where)] = core
    assert ours(table, symmetric=True) == ours(core, symmetric=True)
    assert ours(table, symmetric=False) == ours(core, symmetric=False)


@pytest.mark.parametrize(("gap", "relative"), [(1e-3, 1e-11), (1e-6, 1e-11), (1e-9, 1e-9), (1e-12, 1e-11)])
def test_two_nearly_equal_eigenvalues(gap, relative):
    """A matrix with eigenvalues 1, a, a (1 - gap) and -a (1 - gap / 2): what is found is never farther than the gap."""
    n = 40
    rng = np.random.default_rng(3)
    q, _ = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, n - 1))]))
    values = np.concatenate([[1.0], [0.02, 0.02 * (1 - gap), -0.02 * (1 - gap / 2)], rng.uniform(-0.01, 0.01, n - 4)])
    table = (q * values) @ q.T  # rows sum to 1: a doubly stochastic matrix, positive where the others are small
    assert (table > 0).all()
    table = 0.5 * (table + table.T)
    i, j = np.triu_indices(n)
    counts = np.where(i == j, 0.5, 1.0) * table[i, j] * 1e6
    marginal = np.concatenate([[0.0], 1e6 * table.sum(axis=1)])
    found = second_correlation(i + 1, j + 1, counts, marginal, marginal, True)
    assert found == pytest.approx(0.02, rel=relative)


def test_by_hand():
    """Two levels, 3 pairs alike each and 1 unlike: p = [[3, 1/2], [1/2, 3]] / 7, correlation (3 - 1/2) / (3 + 1/2)."""
    assert ours(np.array([[3, 1], [0, 3]]), symmetric=True) == pytest.approx(5 / 7, rel=1e-14)
    assert ours(np.array([[6, 1], [1, 6]]), symmetric=False) == pytest.approx(5 / 7, rel=1e-14)
    assert ours(np.array([[0, 5], [0, 0]]), symmetric=True) == pytest.approx(1.0, rel=1e-14)


def test_one_level_and_nothing():
    assert ours(np.array([[4]]), symmetric=True) == 0.0
    assert ours(np.array([[4]]), symmetric=False) == 0.0
    none = np.empty(0, dtype=np.int64)
    assert np.isnan(second_correlation(none, none, np.empty(0), np.zeros(3), np.zeros(3), True))
