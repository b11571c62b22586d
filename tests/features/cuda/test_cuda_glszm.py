"""Zones found by the kernels, against the cpu engine's and against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiomics_mammo.compute.device import Source
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features import FAMILIES
from radiomics_mammo.features.shared.size_statistics import SHORT
from tests.support.cuhost.host_device import HostDevice
from tests.support.devices import both, device_of, host, open_device, ragged, region
from tests.support.reference_counts import comb, spiral, zones
from tests.support.reference_sizes import (
    assert_family,
    assert_footprint,
    assert_no_work_by_region,
    assert_rows_alone,
    of_levels,
)


@device_of
@settings(max_examples=25, deadline=None, derandomize=True)
@given(ragged(side=70), st.sampled_from([1, 2, 3]))
def test_ragged_batches(name, rois, pad):
    assert_family("glszm", rois, open_device(name), pad=pad)


@device_of
@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(1, 90), st.integers(1, 90), st.sampled_from([0.4, 0.59, 0.65, 0.8]))
def test_zones_near_the_density_where_they_become_one(name, seed, rows, columns, density):
    """Winding zones of two levels, that meet each other in every way."""
    rng = np.random.default_rng(seed)
    levels = (rng.random((rows, columns)) < density) + (rng.random((rows, columns)) < 0.97)
    levels[0, 0] = 1
    assert_family("glszm", [of_levels(levels)], open_device(name))


@device_of
def test_by_hand(name):
    levels = np.array([[1, 1, 2], [0, 2, 2], [3, 0, 2]])
    stats = FAMILIES["glszm"].cuda(both([of_levels(levels)], open_device(name))[1], Settings())
    assert host(stats.count)[0, 0, :4].tolist() == [0, 1, 1, 1]
    assert host(stats.square)[0, 0, :4].tolist() == [0, 4, 16, 1]
    assert host(stats.joint)[0, 0, :2].tolist() == [7, 3]


@device_of
@pytest.mark.parametrize("levels", [[[1, 2], [2, 1]], [[2, 1], [1, 2]], [[1, 2, 1], [2, 1, 2], [1, 2, 1]]])
def test_diagonals_connect(name, levels):
    stats = FAMILIES["glszm"].cuda(both([of_levels(levels)], open_device(name))[1], Settings())
    assert host(stats.count)[0, 0, 1:3].tolist() == [1, 1]


def drawn_ones() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    y, x = np.indices((70, 95))
    return {
        "spiral": spiral(61),
        "spiral, turned": np.ascontiguousarray(spiral(60)[::-1, ::-1]),
        "comb": comb(70),
        "comb upside down": comb(70)[::-1].copy(),
        "comb that lies": comb(70).T.copy(),
        "comb that lies, turned": comb(70).T[:, ::-1].copy(),
        "checkerboard": (y + x) % 2 + 1,
        "lonely pixels": (y % 2 + x % 2 == 0).astype(int),
        "slanting lines": (x + 2 * y) % 5 // 3 + 1,
        "nested frames": np.minimum(np.minimum(y, 69 - y), np.minimum(x, 94 - x)) % 2 + 1,
        "zigzag": np.where((x + np.abs(y % 12 - 6)) % 6 < 2, 2, 1),
        "one level": np.ones((75, 64), int),
        "one row": np.repeat([1, 2, 1, 1], [31, 32, 33, 300])[None],
        "one column": np.repeat([1, 2, 1, 1], [31, 32, 33, 300])[:, None],
        "around the limit": np.kron(rng.permuted(np.arange(1, 41)).reshape(5, 8), np.ones((3, 11), int)),
        "noise": rng.integers(1, 3, (64, 64)),
        "blobs": np.kron(rng.integers(1, 4, (12, 11)), np.ones((7, 9), int)),
    }


DRAWN = drawn_ones()


@device_of
def test_drawn_zones(name):
    assert_family("glszm", [of_levels(levels) for levels in DRAWN.values()], open_device(name))


@device_of
@pytest.mark.parametrize("case", DRAWN)
def test_drawn_zones_are_scipys_components(name, case):
    stats = FAMILIES["glszm"].cuda(both([of_levels(DRAWN[case])], open_device(name))[1], Settings())
    count, square = np.zeros(host(stats.count).shape[-1]), np.zeros(host(stats.count).shape[-1])
    for (level, size), n in zones(DRAWN[case]).items():
        count[level] += n
        square[level] += n * size**2
    np.testing.assert_array_equal(host(stats.count)[0, 0], count)
    np.testing.assert_array_equal(host(stats.square)[0, 0], square)


OTHERS_FIRST = """
inline int others_first()  // the thread stops here, and all others of the block go on
{
    cuhost::Fiber *from = cuhost::block.running, *to = cuhost::following(from);
    cuhost::block.running = to;
    if (to != from) cuhost::swap(from, to);
    return 0;
}
#define atomicMin(p, v) (others_first(), atomicMin(p, v))
"""


class Interrupting(HostDevice):
    """Stops a thread between finding two roots and hanging one on the other."""

    def launch(self, module, kernel, **how):
        super().launch(Source(module.name, OTHERS_FIRST + module.text), kernel, **how)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("case", ["spiral", "comb", "checkerboard", "slanting lines", "zigzag", "one level", "noise"])
def test_threads_that_hang_a_root_elsewhere_at_the_same_time(case, seed):
    assert_family("glszm", [of_levels(DRAWN[case])], Interrupting(threads=256, tile=8192, seed=seed))


@device_of
def test_around_the_size_where_counting_changes(name):
    sizes = range(SHORT - 2, SHORT + 4)
    rois = [of_levels(np.ones((1, size), int)) for size in sizes]
    stats = FAMILIES["glszm"].cuda(both(rois, open_device(name))[1], Settings())
    assert host(stats.square)[:, 0, 1].tolist() == [size**2 for size in sizes]
    assert_family("glszm", rois, open_device(name))


@device_of
@pytest.mark.parametrize("levels", [2, 1200, 4094, 4200])
def test_as_many_levels_as_fit_in_shared_memory_and_more(name, levels):
    rng = np.random.default_rng(levels)
    rois = [region(rng, 24, 31, levels=levels, flat=0.3), region(rng, 9, 40, levels=3, flat=0.5)]
    assert_family("glszm", rois, open_device(name))


@device_of
def test_rows_do_not_depend_on_the_batch(name):
    rng = np.random.default_rng(5)
    rois = [
        region(rng, 41, 50, levels=300, flat=0.9),
        region(rng, 1, 1, levels=4),
        region(rng, 60, 33, levels=9, density=0.9, flat=0.97),
        region(rng, 20, 70, levels=40),
    ]
    assert_rows_alone("glszm", rois, open_device(name))


def test_no_work_by_region_on_the_host():
    rng = np.random.default_rng(6)
    assert_no_work_by_region("glszm", [region(rng, 12, 40, levels=5, flat=0.95)])


def test_footprint():
    rng = np.random.default_rng(7)
    assert_footprint(
        "glszm", [region(rng, 30, 40, levels=20), region(rng, 1, 1, levels=2), region(rng, 90, 80, levels=6)]
    )


@pytest.mark.parametrize("case", ["one level", "spiral", "comb", "teeth", "checkerboard", "noise"])
@pytest.mark.parametrize("seed", [0, 5])
def test_a_large_region(case, seed):
    """300,000 pixels in an order of threads that makes paths long; what is quadratic would never end."""
    n = 548
    levels = {
        "one level": lambda: np.ones((n, n), int),
        "spiral": lambda: spiral(n - 1),
        "comb": lambda: comb(n),
        "teeth": lambda: np.indices((n, n))[1] % 2 + 1,
        "checkerboard": lambda: np.add(*np.indices((n, n))) % 2 + 1,
        "noise": lambda: np.random.default_rng(0).integers(1, 4, (n, n)),
    }[case]()
    rois = [of_levels([[1]]), of_levels(levels)]
    assert_family("glszm", rois, HostDevice(threads=256, tile=8192, seed=seed))
