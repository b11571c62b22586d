"""Tables and lists of sizes, reduced on a device, against the cpu engine's reduction of the same entries."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiomics_mammo.compute.device import Device, DeviceBatch
from radiomics_mammo.core.records import Roi
from radiomics_mammo.features.shared.neighbour_offsets import (
    XLOG2X,
    angle_weights,
    merge_weighted,
    offset_weights,
    unique_offsets,
)
from radiomics_mammo.features.shared.size_statistics import SizeStats
from radiomics_mammo.features.shared.size_statistics import reduce_sizes as reduce_on_cpu
from radiomics_mammo.features.shared.sizes_cuda import LongSizes, footprint, reduce_sizes
from tests.support.cuhost.host_device import HostDevice
from tests.support.devices import GEOMETRIES, both, device_of, host, open_device
from tests.support.reference_sizes import assert_joint, of_levels, on

Tables = list[np.ndarray]
Longs = list[list[tuple[int, int, int]]]
"""Of each region: (angle, level, size) of everything that is not in its table."""

SHAPES = st.tuples(st.integers(1, 4), st.integers(3, 90), st.sampled_from([2, 10, 33, 81]))
"""Angles, levels and sizes."""


def boxes(*sides: tuple[int, int], width: int) -> list[Roi]:
    """Regions of these sides, for a batch of so many levels."""
    edges = np.arange(1.0, width)
    return [Roi(np.ones(side), np.ones(side, bool), np.ones(side, bool), edges, (1.0, 1.0)) for side in sides]


def filled(batch: DeviceBatch, longs: Longs, n_angle: int, n_sizes: int, *, merged: bool) -> LongSizes:
    """Lists as the kernels leave them: each region's at its place, in no order."""
    starts = np.concatenate([[0], np.cumsum((batch.shapes + 2 * batch.pad).prod(axis=1))])
    n_matrix = 1 if merged else n_angle
    keys = np.full(starts[-1] // n_sizes * n_angle, -1, np.int64)
    n = np.zeros((len(longs), n_matrix), np.int32)
    for r, long in enumerate(longs):
        place, room = starts[r] // n_sizes * n_angle, batch.shapes[r].prod() // n_sizes
        for angle, level, size in long:
            a = 0 if merged else angle
            keys[place + a * room + n[r, a]] = size << 32 | level << 8 | (angle if merged else 0)
            n[r, a] += 1
    return LongSizes(on(batch.device, keys), on(batch.device, n))


def entries_of(table: np.ndarray, long: list[tuple[int, int, int]]) -> list[Any]:
    """Level, size and count of each angle's non-zero entries, by level and size, long ones behind, as on the cpu."""
    out = []
    for angle, matrix in enumerate(table):
        i, j = np.nonzero(matrix[1:, 1:])
        counted = Counter((size, level) for a, level, size in long if a == angle)
        sizes, levels = (np.array([key[k] for key in sorted(counted)], np.int64) for k in (0, 1))
        c = np.array([counted[key] for key in sorted(counted)], np.float64)
        out.append((
            np.concatenate([i + 1, levels]), np.concatenate([j + 1, sizes]),
            np.concatenate([matrix[i + 1, j + 1].astype(np.float64), c]),
        ))  # fmt: skip
    return out


def expected_stats(tables: Tables, longs: Longs, weights: np.ndarray | None) -> SizeStats:
    n_angle, width, _ = tables[0].shape
    out = SizeStats.empty(len(tables), n_angle if weights is None else 1, width - 1)
    for r, (table, long) in enumerate(zip(tables, longs, strict=True)):
        entries = entries_of(table, long)
        if weights is not None:
            entries = [merge_weighted(entries, weights[r], 1 << 20)]
        for a, (i, j, c) in enumerate(entries):
            reduce_on_cpu(r, a, i, j, c, XLOG2X, *out.arrays())
    return out


def check(
    device: Device, rois: list[Roi], tables: Tables, longs: Longs, weights: np.ndarray | None = None
) -> SizeStats:
    batch = both(rois, device)[1]
    n_angle, width, n_sizes = tables[0].shape
    assert width == batch.width
    long = filled(batch, longs, n_angle, n_sizes, merged=weights is not None) if any(longs) else None
    found = reduce_sizes(
        batch, on(device, np.array(tables)), long=long, weights=None if weights is None else on(device, weights)
    )
    expected = expected_stats(tables, longs, weights)
    for name in ("count", "square", "inverse"):
        np.testing.assert_array_equal(host(getattr(found, name)), getattr(expected, name), err_msg=name)
    assert_joint(host(found.joint), expected.joint, exact=weights is None)
    return found


def random_table(rng: np.random.Generator, n_angle: int, width: int, n_sizes: int, most: int) -> np.ndarray:
    table = rng.integers(0, most, (n_angle, width, n_sizes)) * (rng.random((n_angle, width, n_sizes)) < 0.3)
    table[:, 0], table[:, :, 0] = 77, 99  # not to be read
    return table.astype(np.int32)


def random_longs(
    rng: np.random.Generator, n: int, n_angle: int, width: int, n_sizes: int
) -> list[tuple[int, int, int]]:
    spread = rng.integers(1, 12)  # of few sizes, so that several are alike
    return [
        (int(rng.integers(n_angle)), int(rng.integers(1, width)), n_sizes + int(rng.integers(spread)) ** 2)
        for _ in range(n)
    ]


@device_of
@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), SHAPES, st.booleans())
def test_any_table_and_list(name, seed, shape, weighted):
    n_angle, width, n_sizes = shape
    rng = np.random.default_rng(seed)
    device = open_device(name)
    rois = boxes((40, 40), (1, 1), (21, 60), width=width)
    tables = [random_table(rng, n_angle, width, n_sizes, most) for most in (3, 10_000, 300)]
    longs = [random_longs(rng, n, n_angle, width, n_sizes) for n in (int(rng.integers(0, 17)), 0, 14)]
    weights = rng.uniform(0.05, 2.0, (3, n_angle)) if weighted else None
    check(device, rois, tables, longs, weights)


@device_of
def test_by_hand(name):
    """Levels 1 and 3; sizes 1, 2 and, in the list, 5 (twice) and 4."""
    device = open_device(name)
    table = np.zeros((1, 4, 3), np.int32)
    table[0, 1, 1], table[0, 1, 2], table[0, 3, 2] = 6, 1, 2
    found = check(device, boxes((9, 9), width=4), [table], [[(0, 3, 5), (0, 1, 4), (0, 3, 5)]])
    assert host(found.count)[0, 0].tolist() == [0, 8, 0, 4]
    assert host(found.square)[0, 0].tolist() == [0, 6 + 4 + 16, 0, 8 + 50]
    assert host(found.inverse)[0, 0].tolist() == [0, 6 + 1 / 4 + 1 / 16, 0, 2 / 4 + 2 / 25]
    sizes, mean = [1] * 6 + [2] * 3 + [4, 5, 5], 26 / 12
    spread = sum((size - mean) ** 2 for size in sizes)
    logs = 6 * np.log2(6) + 2 + 2
    np.testing.assert_allclose(host(found.joint)[0, 0], [26, 36 + 9 + 1 + 4, logs, spread], rtol=1e-14)


@device_of
def test_merged_by_hand(name):
    """Two angles at weights 1/2 and 2: an entry of both in the table, and one of both in the list."""
    table = np.zeros((2, 3, 3), np.int32)
    table[:, 1, 2] = 4, 3
    longs = [[(1, 1, 4), (0, 1, 4), (0, 1, 6), (0, 1, 4)]]
    found = check(open_device(name), boxes((9, 9), width=3), [table], longs, np.array([[0.5, 2.0]]))
    assert host(found.count)[0, 0].tolist() == [0, 8 + 3 + 0.5, 0]
    assert host(found.square)[0, 0].tolist() == [0, 8 * 4 + 3 * 16 + 0.5 * 36, 0]
    assert host(found.joint)[0, 0, :2].tolist() == [16 + 12 + 3, 64 + 9 + 0.25]


@device_of
@pytest.mark.parametrize("counts", [(5, 3, 7, 1), (1, 1, 1, 1), (2, 9, 0, 4), (8, 1, 8, 2), (0, 0, 17, 1)])
def test_a_long_entry_of_several_angles(name, counts):
    """Neighbours in the sorted list: the same entry at the next angle, the next level, the next size."""
    one = [(angle, 1, 5) for angle, n in enumerate(counts) for _ in range(n)]
    longs = [[*one, (0, 2, 5), (0, 2, 5), *[(3, 3, 6)] * 3, *[(0, 1, 6)] * 4, (0, 1, 7)]]
    weights = np.array([[0.5, 2.0, 0.125, 1.0]])
    found = check(open_device(name), boxes((20, 20), width=4), [np.zeros((4, 4, 3), np.int32)], longs, weights)
    entry = float(weights[0] @ np.array(counts))
    assert host(found.count)[0, 0].tolist() == [0, entry + 2 + 0.5, 1, 3]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 31, 64, 99, 100, 101, 129, 1000])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_lists_of_any_length_are_sorted(geometry, n):
    """Beyond the 100 keys (or 260) that this device's shared memory holds, a list is sorted where it lies."""
    device = HostDevice(**GEOMETRIES[geometry])
    rng = np.random.default_rng(n)
    batch = both(boxes((70, 50), (60, 50), width=9), device)[1]
    longs: Longs = [[(0, int(rng.integers(1, 9)), 2 + int(rng.integers(n // 2 + 1))) for _ in range(n)], [(0, 1, 5)]]
    long = filled(batch, longs, 1, 2, merged=False)
    unsorted = host(long.keys).copy()
    device.shared_bytes = 8 * max(100, device.threads + 4)
    reduce_sizes(batch, device.zeros((2, 1, 9, 2), np.int32), long=long)
    assert host(long.keys)[:n].tolist() == sorted(unsorted[:n])
    assert host(long.keys)[n:].tolist() == unsorted[n:].tolist()


@device_of
def test_counts_on_both_sides_of_the_table_of_logarithms(name):
    table = np.zeros((1, 3, 4), np.int32)
    table[0, 1:, 1:] = [[4094, 4095, 4096], [4097, 1, 2_000_000_000]]
    check(open_device(name), boxes((1, 1), width=3), [table], [[]])


@device_of
def test_more_sizes_than_threads(name):
    rng = np.random.default_rng(3)
    n_sizes = 300
    check(open_device(name), boxes((50, 50), width=5), [random_table(rng, 1, 5, n_sizes, 50)], [[(0, 4, 300)]])


@device_of
def test_as_many_levels_as_there_can_be(name):
    rng = np.random.default_rng(9)
    width, device = 65_540, open_device(name)
    tables, longs = [random_table(rng, 2, width, 2, 9)], [random_longs(rng, 90, 2, width, 2)]
    check(device, boxes((30, 30), width=width), tables, longs)


@device_of
def test_rows_do_not_depend_on_the_batch(name):
    rng = np.random.default_rng(4)
    device = open_device(name)
    sides = [(30, 30), (12, 40), (25, 25)]
    tables = [random_table(rng, 2, 200, 33, 50) for _ in sides]
    for table in tables[1:]:
        table[:, 40:] = 0
    longs = [random_longs(rng, 12, 2, 40, 33) for _ in sides]
    weights = rng.uniform(0.1, 1, (3, 2))
    for chosen in (None, weights):
        together = check(device, boxes(*sides, width=200), tables, longs, chosen)
        for r in (1, 2):
            own = None if chosen is None else chosen[[r]]
            alone = check(device, boxes(sides[r], width=40), [np.ascontiguousarray(tables[r][:, :40])], [longs[r]], own)
            np.testing.assert_array_equal(host(alone.joint)[0], host(together.joint)[r])


def test_as_many_launches_for_nine_regions_as_for_two():
    seen = []
    for n in (2, 9):
        device = HostDevice()
        batch = both(boxes(*[(20, 20)] * n, width=7), device)[1]
        table, weights = device.zeros((n, 4, 7, 33), np.int32), device.xp.ones((n, 4))
        before = device.allocations, device.uploads
        reduce_sizes(batch, table, long=LongSizes.empty(batch, 4, 1, 33), weights=weights)
        seen.append((device.launches["reduce_sizes"], device.launches["sort_long"], device.allocations - before[0]))
        assert (device.uploads, device.downloads) == (before[1], 0)
    assert seen[0] == seen[1] == (1, 1, 7)  # keys, how many, the table of logarithms, four results


def test_footprint_grows_with_what_is_held():
    framed = np.array([100, 10_000])
    without, lists = (footprint(framed, 50, n_angle=1, n_matrix=1, n_sizes=33, long=long) for long in (False, True))
    assert without.tolist() == [4 * 50 * 33 + 19 * 8 * 50 + 32] * 2
    assert (lists - without).tolist() == [8 * 4 + 4, 8 * 304 + 4]


# Weights of angles


@device_of
@pytest.mark.parametrize("norm", ["infinity", "euclidean", "manhattan", "no_weighting"])
@pytest.mark.parametrize("decay", [False, True])
@pytest.mark.parametrize("distances", [(1,), (1, 3)])
def test_weights_are_the_cpu_engines(name, norm, decay, distances):
    device = open_device(name)
    rois = [of_levels([[1]], spacing=spacing) for spacing in ((0.07, 0.05), (1.0, 1.0), (0.042, 0.9))]
    batch, offsets = both(rois, device, pad=3)[1], unique_offsets(distances)
    found = host(angle_weights(batch, offsets, norm, decay=decay))
    assert found.dtype == np.float64
    for row, roi in zip(found, rois, strict=True):
        expected = offset_weights(offsets, np.array(roi.spacing), norm, decay=decay)
        np.testing.assert_allclose(row, expected, rtol=1e-15, atol=0)


def test_weights_by_hand():
    batch = both([of_levels([[1]], spacing=(3.0, 4.0))], HostDevice())[1]
    offsets = np.array([[0, 1], [1, -1]])
    for norm, lengths in (("infinity", [4, 4]), ("euclidean", [4, 5]), ("manhattan", [4, 7]), ("no_weighting", [1, 1])):
        assert angle_weights(batch, offsets, norm, decay=False).tolist() == [lengths]
    with pytest.raises(ValueError, match="taxicab"):
        angle_weights(batch, offsets, "taxicab", decay=False)
