"""Counting kernels against counting by hand, by plain loops and by SciPy."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features import glcm, gldm, glrlm, glszm, ngtdm
from radiomics_mammo.features.shared.neighbour_offsets import neighbour_offsets, unique_offsets
from radiomics_mammo.features.shared.size_statistics import SHORT, SizeStats
from tests.support.reference_counts import (
    Entries,
    batch_of,
    comb,
    dependences,
    pairs,
    regions,
    runs,
    spiral,
    tone_differences,
    zones,
)

QUICK = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


# Offsets


def test_offsets_at_one_and_two_pixels():
    assert {tuple(o) for o in neighbour_offsets((1,))} == set(product((-1, 0, 1), repeat=2)) - {(0, 0)}
    both = {tuple(o) for o in neighbour_offsets((1, 2))}
    assert both == set(product(range(-2, 3), repeat=2)) - {(0, 0)}
    assert {tuple(o) for o in neighbour_offsets((2,))} == both - {tuple(o) for o in neighbour_offsets((1,))}
    for distances in ((1,), (2,), (1, 3)):
        half = {tuple(o) for o in unique_offsets(distances)}
        assert not half & {(-y, -x) for y, x in half}
        assert half | {(-y, -x) for y, x in half} == {tuple(o) for o in neighbour_offsets(distances)}


# Co-occurrence


def assert_glcm(levels: np.ndarray, *, symmetric: bool, distances: tuple[int, ...]) -> None:
    stats = glcm.FAMILY.cpu(
        batch_of(levels, pad=max(distances)), Settings(symmetricalGLCM=symmetric, distances=distances)
    )
    for angle, offset in enumerate(unique_offsets(distances)):
        entries = pairs(levels, offset, symmetric=symmetric)
        px, py, p_sum, p_diff = Counter(), Counter(), Counter(), Counter()
        for (i, j), c in entries.items():
            px[i] += c
            py[j] += c
            p_sum[i + j] += c
            p_diff[abs(i - j)] += c
        for name, counter in (("px", px), ("py", py), ("p_sum", p_sum), ("p_diff", p_diff)):
            counted = getattr(stats, name)[0, angle]
            assert {k: int(c) for k, c in enumerate(counted) if c} == dict(counter), name
        c = np.array(list(entries.values()), dtype=np.float64)
        ij = np.array([i * j for i, j in entries])
        expected = [c.sum(), (c * c).sum(), (c * np.log2(c)).sum(), (c * ij).sum(), c.max(initial=0)]
        np.testing.assert_allclose(stats.joint[0, angle], expected, rtol=1e-14, atol=0)


@QUICK
@given(regions(), st.booleans(), st.sampled_from([(1,), (2,), (1, 2)]))
def test_glcm_counts_pairs(levels, symmetric, distances):
    assert_glcm(levels, symmetric=symmetric, distances=distances)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("top", [300, 5000])
def test_glcm_of_so_many_levels_that_pairs_are_sorted(symmetric, top):
    levels = np.random.default_rng(top).integers(0, top, (17, 13))
    assert_glcm(levels, symmetric=symmetric, distances=(1,))
    assert_glcm(levels, symmetric=symmetric, distances=(2, 3))


def test_glcm_by_hand():
    """Haralick's own example: four levels, 0 degrees."""
    levels = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]]) + 1
    stats = glcm.FAMILY.cpu(batch_of(levels), Settings())
    along = [tuple(o) for o in unique_offsets((1,))].index((0, 1))
    matrix = np.array([[4, 2, 1, 0], [2, 4, 0, 0], [1, 0, 6, 1], [0, 0, 1, 2]])
    assert stats.px[0, along, 1:].tolist() == matrix.sum(axis=1).tolist()
    assert stats.joint[0, along, 0] == 24
    assert stats.joint[0, along, 1] == (matrix**2).sum()
    assert stats.joint[0, along, 4] == 6


# Matrices of level by size


def assert_sizes(stats: SizeStats, angle: int, entries: Entries) -> None:
    """The sufficient statistics of a plainly counted matrix of level by size."""
    i, j = (np.array([key[k] for key in entries], dtype=np.float64) for k in (0, 1))
    c = np.array(list(entries.values()), dtype=np.float64)
    levels = stats.count.shape[-1]
    whole = i.astype(int)
    np.testing.assert_array_equal(stats.count[0, angle], np.bincount(whole, c, levels))
    np.testing.assert_allclose(stats.square[0, angle], np.bincount(whole, c * j**2, levels), rtol=1e-14)
    np.testing.assert_allclose(stats.inverse[0, angle], np.bincount(whole, c / j**2, levels), rtol=1e-14)
    by_size = np.bincount(j.astype(int), c) if len(c) else np.zeros(1)
    mean = (c * j).sum() / c.sum() if len(c) else 0.0
    expected = [(c * j).sum(), (by_size**2).sum(), (c * np.log2(c)).sum(), (c * (j - mean) ** 2).sum()]
    np.testing.assert_allclose(stats.joint[0, angle], expected, rtol=1e-12, atol=1e-9)


def assert_runs(levels: np.ndarray) -> None:
    stats = glrlm.FAMILY.cpu(batch_of(levels), Settings())
    for angle, step in enumerate([(0, 1), (1, 1), (1, 0), (1, -1)]):
        assert_sizes(stats, angle, runs(levels, step))


def assert_zones(levels: np.ndarray) -> None:
    assert_sizes(glszm.FAMILY.cpu(batch_of(levels), Settings()), 0, zones(levels))


@QUICK
@given(regions())
def test_runs_are_what_walking_the_lines_gives(levels):
    assert_runs(levels)


@QUICK
@given(regions(max_side=10, top=3))
def test_zones_are_scipys_components(levels):
    assert_zones(levels)


@QUICK
@given(regions(), st.sampled_from([0, 1, 2]), st.sampled_from([(1,), (2,), (1, 2)]))
def test_dependences_are_what_looking_around_gives(levels, alpha, distances):
    stats = gldm.FAMILY.cpu(batch_of(levels, pad=max(distances)), Settings(gldm_a=alpha, distances=distances))
    assert_sizes(stats, 0, dependences(levels, neighbour_offsets(distances), alpha))


def long_ones() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    stripes = np.repeat(rng.integers(1, 4, 40)[:, None], 70, axis=1)
    stripes[rng.random(stripes.shape) < 0.004] = 0
    edge = np.ones((4, 3 * SHORT), int)
    edge[0, SHORT - 1] = edge[1, SHORT] = edge[2, SHORT + 1] = 2
    blobs = np.kron(rng.integers(1, 4, (9, 11)), np.ones((9, 8), int))
    return {
        "stripes": stripes,
        "columns": stripes.T,
        "one level": np.ones((45, 50), int),
        "around the limit": edge,
        "blobs": blobs,
        "diagonal stripes": np.add(*np.indices((60, 60))) // 9 % 3 + 1,
        "spiral": spiral(41),
        "comb": comb(40),
        "noise of two levels": rng.integers(1, 3, (64, 64)),
    }


LONG = long_ones()


@pytest.mark.parametrize("name", LONG)
def test_long_runs_and_large_zones_beside_short_ones(name):
    levels = LONG[name]
    assert max(size for _, size in zones(levels)) > SHORT
    assert_runs(levels)
    assert_zones(levels)


@pytest.mark.parametrize("width", range(SHORT - 2, SHORT + 3))
def test_around_the_length_where_counting_changes(width):
    levels = np.tile(np.array([[1], [2], [1]]), (1, width))
    stats = glrlm.FAMILY.cpu(batch_of(levels), Settings())
    assert stats.count[0, 0].tolist() == [0, 2, 1]
    assert stats.square[0, 0].tolist() == [0, 2 * width**2, width**2]


def test_runs_zones_and_dependences_by_hand():
    levels = np.array([[1, 1, 2], [0, 2, 2], [3, 0, 2]])
    assert runs(levels, (0, 1)) == {(1, 2): 1, (2, 1): 2, (2, 2): 1, (3, 1): 1}
    assert runs(levels, (1, 0)) == {(1, 1): 2, (2, 3): 1, (2, 1): 1, (3, 1): 1}
    assert zones(levels) == {(1, 2): 1, (2, 4): 1, (3, 1): 1}
    assert dependences(levels, neighbour_offsets((1,)), 0) == {(1, 2): 2, (2, 3): 2, (2, 4): 2, (3, 1): 1}
    assert_runs(levels)
    assert_zones(levels)


# Grey tone differences


@QUICK
@given(regions(top=9), st.sampled_from([(1,), (2,), (1, 2)]))
def test_tone_differences_are_what_looking_around_gives(levels, distances):
    stats = ngtdm.FAMILY.cpu(batch_of(levels, pad=max(distances)), Settings(distances=distances))
    count, difference = tone_differences(levels, neighbour_offsets(distances))
    np.testing.assert_array_equal(stats.count[0], count)
    np.testing.assert_allclose(stats.difference[0], difference, rtol=1e-12, atol=1e-12)
    i, p, s = np.flatnonzero(count), count[count > 0] / count.sum(), difference[count > 0]
    step, both = np.subtract.outer(i, i), np.add.outer(p, p)
    expected = [
        np.abs(np.subtract.outer(i * p, i * p)).sum(),
        (np.outer(p, p) * step**2).sum(),
        (np.abs(step) * np.add.outer(p * s, p * s) / both).sum(),
        (both * step**2).sum(),
    ]
    np.testing.assert_allclose(stats.joint[0], expected, rtol=1e-12, atol=1e-12)


def test_tone_differences_by_hand():
    """Amadasun and King's concept on a block of four: each pixel against the mean of the other three."""
    stats = ngtdm.FAMILY.cpu(batch_of(np.array([[1, 2], [3, 6]])), Settings())
    expected = [abs(1 - 11 / 3), abs(2 - 10 / 3), abs(3 - 9 / 3), abs(6 - 6 / 3)]
    np.testing.assert_allclose(stats.difference[0, [1, 2, 3, 6]], expected, rtol=1e-15)
