"""Runs counted by the kernels, against the cpu engine's and against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features import FAMILIES
from radiomics_mammo.features.shared.size_statistics import SHORT
from radiomics_mammo.features.shared.sizes_cuda import CACHE_BYTES, CACHED, cached_sizes
from tests.support.cuhost.host_device import HostDevice
from tests.support.devices import both, device_of, host, open_device, ragged, region
from tests.support.reference_sizes import (
    NORMS,
    assert_family,
    assert_footprint,
    assert_no_work_by_region,
    assert_rows_alone,
    of_levels,
)

ALL_NORMS = (None, "infinity", "euclidean", "manhattan", "no_weighting")


@device_of
@settings(max_examples=25, deadline=None, derandomize=True)
@given(ragged(side=70), st.sampled_from(ALL_NORMS), st.sampled_from([1, 2, 3]))
def test_ragged_batches(name, rois, norm, pad):
    assert_family("glrlm", rois, open_device(name), Settings(weightingNorm=norm), pad=pad)


@device_of
def test_by_hand(name):
    levels = np.array([[1, 1, 2], [0, 2, 2], [3, 0, 2]])
    batch = both([of_levels(levels)], open_device(name))[1]
    stats = FAMILIES["glrlm"].cuda(batch, Settings())
    along, down = host(stats.count)[0, 0, :4], host(stats.count)[0, 2, :4]
    assert along.tolist() == [0, 1, 3, 1]  # a run of two 1s; 2 | 2 2 | 2; 3
    assert host(stats.square)[0, 0, :4].tolist() == [0, 4, 6, 1]
    assert down.tolist() == [0, 2, 2, 1]  # 1 and 1; 2 2 2 and 2; 3
    assert host(stats.square)[0, 2, :4].tolist() == [0, 2, 10, 1]
    assert host(stats.square)[0, 1, :4].tolist() == [0, 2, 4 + 1 + 1, 1]  # 2 2 falls to the right
    assert host(stats.square)[0, 3, :4].tolist() == [0, 2, 4 + 1 + 1, 1]  # and one to the left
    assert host(stats.joint)[0, :, 0].tolist() == [7, 7, 7, 7]


def long_ones() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    stripes = np.repeat(rng.integers(1, 4, 80)[:, None], 110, axis=1)
    stripes[rng.random(stripes.shape) < 0.003] = 0
    edge = np.ones((5, 3 * SHORT), int)
    edge[0, SHORT - 1] = edge[1, SHORT] = edge[2, SHORT + 1] = edge[3, SHORT + 2] = 2
    return {
        "stripes": stripes,
        "columns": stripes.T,
        "stripes that fall": np.add(*np.indices((90, 90))) // 9 % 3 + 1,
        "stripes that rise": (np.subtract(*np.indices((90, 90))) // 9 % 3 + 1),
        "one level": np.ones((75, 64), int),
        "around the limit": edge,
        "blobs": np.kron(rng.integers(1, 4, (9, 11)), np.ones((9, 8), int)),
        "one row": np.ones((1, 400), int),
        "one column": np.ones((400, 1), int),
    }


LONG = long_ones()


@device_of
@NORMS
def test_long_runs(name, norm):
    """All of them in one batch, their lists beside each other."""
    rois = [of_levels(levels, spacing=(0.05, 0.08)) for levels in LONG.values()]
    assert_family("glrlm", rois, open_device(name), Settings(weightingNorm=norm))


@device_of
@pytest.mark.parametrize("norm", [None, "infinity"])
def test_lists_as_full_as_they_can_be(name, norm):
    """Nothing but long runs, no longer than they must be: squares of one level, and of four side by side."""
    full = of_levels(np.ones((SHORT + 1, SHORT + 1), int))
    beside = of_levels(np.kron([[1, 2, 3, 4]], np.ones((SHORT + 8, SHORT + 1), int)))
    rois = [full, beside, full, beside, of_levels(beside.values[:, ::-1])]
    assert_family("glrlm", rois, open_device(name), Settings(weightingNorm=norm))


@device_of
def test_around_the_length_where_counting_changes(name):
    widths = range(SHORT - 2, SHORT + 4)
    rois = [of_levels(np.tile([[1], [2], [1]], (1, width))) for width in widths]
    assert_family("glrlm", rois, open_device(name))
    stats = FAMILIES["glrlm"].cuda(both(rois, open_device(name))[1], Settings())
    assert host(stats.square)[:, 0, 1].tolist() == [2 * width**2 for width in widths]


def unlined(rows: int, columns: int, *places: tuple[int, int]) -> np.ndarray:
    levels = np.zeros((rows, columns), int)
    for y, x in places:
        levels[y, x] = 1 + y % 2
    return levels


# Pixels far apart on one line: the first of an angle, the last, one in between; in boxes of more lines than threads.
LONE = {
    "one pixel": ([[1]], ""),
    "a row": ([[1, 0, 2]], "0"),
    "a column": ([[1], [0], [2]], "2"),
    "queens": (unlined(5, 10, (0, 0), (1, 2), (2, 4), (3, 6), (4, 8)), ""),
    "top row": (unlined(150, 170, (0, 1), (0, 165), (149, 60)), "0"),
    "bottom row": (unlined(150, 170, (149, 1), (149, 165), (0, 60)), "0"),
    "left column": (unlined(150, 170, (1, 0), (145, 0), (100, 169)), "2"),
    "right column": (unlined(150, 170, (1, 169), (145, 169), (100, 0)), "2"),
    "main diagonal": (unlined(170, 170, (0, 0), (169, 169)), "1"),
    "other diagonal": (unlined(170, 170, (0, 169), (169, 0)), "3"),
    "falls in the upper corner": (unlined(150, 170, (0, 167), (2, 169), (140, 3)), "1"),
    "falls in the lower corner": (unlined(150, 170, (147, 0), (149, 2), (7, 31)), "1"),
    "rises in the upper corner": (unlined(150, 170, (0, 2), (2, 0), (140, 9)), "3"),
    "rises in the lower corner": (unlined(150, 170, (147, 169), (149, 167), (7, 9)), "3"),
    "falls from the first column": (unlined(170, 150, (1, 0), (150, 149)), "1"),
    "rises to the last column": (unlined(170, 150, (20, 149), (169, 0)), "3"),
}


@device_of
@pytest.mark.parametrize("norm", [None, "euclidean"])
def test_angles_without_a_line_are_left_out(name, norm):
    rois = [of_levels(np.asarray(levels), spacing=(0.3, 0.2)) for levels, _ in LONE.values()]
    expected = assert_family("glrlm", rois, open_device(name), Settings(weightingNorm=norm))
    if norm is None:
        left = {case: "".join(str(a) for a in np.flatnonzero(expected.count[r].any(-1))) for r, case in enumerate(LONE)}
        assert left == {case: angles for case, (_, angles) in LONE.items()}


@device_of
@pytest.mark.parametrize("levels", [2, 1022, 1200, 1700, 3000, 4094, 4200])
def test_as_many_levels_as_fit_in_shared_memory_and_more(name, levels):
    rng = np.random.default_rng(levels)
    rois = [region(rng, 24, 31, levels=levels, flat=0.3), region(rng, 9, 40, levels=3, flat=0.5)]
    assert_family("glrlm", rois, open_device(name))


def test_the_sizes_kept_in_shared_memory_get_fewer_with_the_levels():
    device, rng = HostDevice(), np.random.default_rng(1)
    kept = []
    for levels in (2, 1200, 1700, 3000, 4200):
        batch = both([region(rng, 90, 90, levels=levels)], device)[1]
        kept.append(cached_sizes(batch))
        assert 4 * kept[-1] * batch.width <= CACHE_BYTES
    assert kept == [CACHED, 3, 2, 1, 0]
    device.shared_bytes = 1000
    assert cached_sizes(both([of_levels([[1, 2]])], HostDevice())[1]) == CACHED


@device_of
@pytest.mark.parametrize("norm", [None, "manhattan"])
def test_rows_do_not_depend_on_the_batch(name, norm):
    rng = np.random.default_rng(5)
    rois = [
        region(rng, 41, 50, levels=300, flat=0.9),
        region(rng, 1, 1, levels=4),
        region(rng, 60, 33, levels=9, density=0.9, flat=0.97),
        region(rng, 20, 70, levels=40),
    ]
    assert_rows_alone("glrlm", rois, open_device(name), Settings(weightingNorm=norm))


@pytest.mark.parametrize("norm", [None, "euclidean"])
def test_no_work_by_region_on_the_host(norm):
    rng = np.random.default_rng(6)
    assert_no_work_by_region("glrlm", [region(rng, 12, 40, levels=5, flat=0.95)], Settings(weightingNorm=norm))


@pytest.mark.parametrize("norm", [None, "euclidean", "no_weighting"])
def test_footprint(norm):
    rng = np.random.default_rng(7)
    rois = [region(rng, 30, 40, levels=20), region(rng, 1, 1, levels=2), region(rng, 90, 80, levels=6)]
    assert_footprint("glrlm", rois, Settings(weightingNorm=norm))


def test_a_large_region():
    rng = np.random.default_rng(8)
    smooth = np.kron(rng.integers(1, 9, (24, 23)), np.ones((25, 25), int)) + (rng.random((600, 575)) < 0.2)
    smooth[rng.random(smooth.shape) < 0.01] = 0
    rois = [of_levels(smooth), of_levels(np.ones((550, 550), int)), of_levels([[1, 1]])]
    assert_family("glrlm", rois, HostDevice(threads=256, tile=8192, seed=3))


@device_of
@pytest.mark.parametrize("line", [0, 63, 64, 65, 95, 96, 97, 255, 256, 257])
def test_the_only_line_that_holds_two_pixels(name, line):
    """Whichever turn of a block comes to it: without this one line the angle has no runs."""
    alone = np.zeros((300, 12), int)
    alone[line, 2], alone[line, 9] = 1, 2
    assert_family("glrlm", [of_levels(alone), of_levels(alone.T)], open_device(name), Settings())


@device_of
def test_all_levels_of_an_angle_without_a_line_are_dropped(name):
    """Four pixels of which no two share a line; their levels lie about where the turns of a block end."""
    for around in (64, 96, 128, 256, 257):
        apart = np.zeros((70, 400), int)
        apart[0, 0], apart[13, 100], apart[40, 205], apart[69, 399] = around - 1, around, around + 1, 2 * around + 1
        assert_family("glrlm", [of_levels(apart)], open_device(name), Settings())
