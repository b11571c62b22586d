"""GLDM and NGTDM of the cuda engine against the cpu engine's, and against tables counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from radiomics_mammo.core.records import Sample
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features import FAMILIES
from radiomics_mammo.features.ngtdm import cuda as ngtdm_on_cuda
from radiomics_mammo.features.shared.neighbours_cuda import WORK_BYTES, neighbourhood
from radiomics_mammo.imaging.preprocessing import prepare
from tests.support.cuhost.host_device import HostDevice
from tests.support.devices import GEOMETRIES, assert_same, both, device_of, host, open_device, ragged, region

ONE_BY_ONE = Settings(binWidth=1, minimumROIDimensions=0)
SETTINGS = {
    "touching": {},
    "two pixels away": {"distances": (2,)},
    "one and three pixels away": {"distances": (1, 3)},
    "one level apart": {"gldm_a": 1},
    "three levels apart": {"gldm_a": 3, "distances": (2,)},
}


def drawn(image, mask=None):
    """A region of exactly these values at binWidth 1: level 1 is the lowest of them."""
    image = np.asarray(image)
    mask = np.ones(image.shape, bool) if mask is None else np.asarray(mask, bool)
    return prepare(Sample("x", "", image, mask, (1.0, 1.0)), ONE_BY_ONE)


def assert_both_families(rois, device, chosen=ONE_BY_ONE, pad=None):
    """Statistics equal to the cpu engine's, all but GLDM's joint sums (another order of additions) to the bit."""
    cpu, cuda = both(rois, device, pad=pad or max(chosen.distances))
    gldm, ngtdm = FAMILIES["gldm"], FAMILIES["ngtdm"]
    assert_same(gldm.cpu(cpu, chosen), gldm.cuda(cuda, chosen), exact=("count", "square", "inverse"), close=("joint",))
    assert_same(ngtdm.cpu(cpu, chosen), ngtdm.cuda(cuda, chosen), exact=("count", "difference", "joint"))


def mixed(rng):
    """A batch of every kind: tall and wide, ragged, flat, one pixel, a line, isolated pixels, many levels."""
    scattered = np.zeros((20, 31), bool)
    scattered[::3, ::3] = True
    return [
        region(rng, 61, 23, levels=20),
        region(rng, 1, 1, levels=1),
        region(rng, 40, 50, levels=700, density=0.6),
        region(rng, 1, 37, levels=5),
        drawn(np.full((33, 40), 7)),
        drawn(rng.integers(1, 9, scattered.shape), scattered),
        region(rng, 30, 30, levels=9, flat=0.97),
        topped(rng.permutation(768).reshape(24, 32)),  # the last level begins another turn of any block
    ]


def topped(image):
    """A region without its last edge: its highest level is the highest that its edges allow."""
    roi = drawn(image)
    return replace(roi, edges=roi.edges[:-1])


@device_of
def test_the_tables_of_a_picture_counted_by_hand(name):
    # The pictures and tables of pyradiomics' documentation (gldm; ngtdm), the latter by number of neighbours.
    five = [[5, 2, 5, 4, 4], [3, 3, 3, 1, 3], [2, 1, 1, 1, 3], [4, 2, 2, 2, 3], [3, 5, 3, 3, 2]]
    four = [[1, 2, 5, 2], [3, 5, 1, 3], [1, 3, 5, 5], [3, 1, 1, 1]]
    _, batch = both([drawn(five), drawn(four)], open_device(name))
    found = neighbourhood(batch, ONE_BY_ONE)
    dependence, difference = host(found.dependence), host(found.difference)
    assert_array_equal(
        dependence[0, 0, 1:6, 1:5], [[0, 1, 2, 1], [1, 2, 3, 0], [1, 4, 4, 0], [1, 2, 0, 0], [3, 0, 0, 0]]
    )
    assert dependence[0].sum() == 25
    # Level 1, three neighbours: |3 - 10| and |3 - 11|; five: |5 - 15|, |5 - 13|, |5 - 15|; eight: |8 - 30|.
    assert_array_equal(difference[1, 1], [0, 0, 0, 15, 0, 28, 0, 0, 22])
    assert_array_equal(difference[1, 4], 0)
    ngtdm = FAMILIES["ngtdm"].cuda(batch, ONE_BY_ONE)
    assert_array_equal(host(ngtdm.count)[1, :6], [0, 6, 2, 4, 0, 4])
    assert_allclose(
        host(ngtdm.difference)[1, :6], [0, 13.35, 2.0, 3 / 5 + 3 / 5 + 4 / 8 + 4 / 3, 0, 10.075], rtol=1e-15
    )


@device_of
def test_isolated_and_single_pixels_count_without_a_difference(name):
    alone = np.zeros((3, 5), bool)
    alone[::2, ::2] = True
    _, batch = both([drawn(np.arange(15).reshape(3, 5), alone), drawn([[9]])], open_device(name))
    found = neighbourhood(batch, ONE_BY_ONE)
    assert host(found.dependence)[0, 0, :, 1].sum() == 6  # all of them without neighbours
    assert not host(found.difference).any()
    ngtdm = FAMILIES["ngtdm"].cuda(batch, ONE_BY_ONE)
    assert_array_equal(host(ngtdm.count).sum(axis=1), [6, 1])
    assert_array_equal(host(ngtdm.joint)[1], 0)


@device_of
@pytest.mark.parametrize("chosen", SETTINGS.values(), ids=SETTINGS)
def test_every_setting_of_a_mixed_batch_is_as_on_the_cpu(name, chosen):
    chosen = Settings(binWidth=1, minimumROIDimensions=0, **chosen)
    assert_both_families(mixed(np.random.default_rng(5)), open_device(name), chosen)


@device_of
def test_nothing_is_counted_where_there_is_nothing(name):
    _, batch = both(mixed(np.random.default_rng(4)), open_device(name))
    found = neighbourhood(batch, ONE_BY_ONE)
    dependence, difference = host(found.dependence), host(found.difference)
    assert not dependence[:, :, 0].any()  # level 0 is outside
    assert not dependence[..., 0].any()  # a pixel depends on itself
    assert not difference[:, 0].any()
    assert not difference[..., 0].any()  # pixels without neighbours


@device_of
@settings(max_examples=40, deadline=None)
@given(
    rois=ragged(most_levels=90),
    distances=st.sampled_from([(1,), (2,), (1, 2), (1, 3)]),
    alpha=st.sampled_from([0, 1, 3]),
    frame=st.integers(0, 2),
)
def test_ragged_batches_are_as_on_the_cpu(name, rois, distances, alpha, frame):
    chosen = Settings(binWidth=1, minimumROIDimensions=0, distances=distances, gldm_a=alpha)
    assert_both_families(rois, open_device(name), chosen, pad=max(distances) + frame)


@device_of
def test_the_formulas_of_both_families_are_as_on_the_cpu(name):
    device = open_device(name)
    cpu, cuda = both(mixed(np.random.default_rng(6)), device)
    for family in (FAMILIES["gldm"], FAMILIES["ngtdm"]):
        ours = host(family.values(family.cuda(cuda, ONE_BY_ONE), wanted=(), xp=device.xp))
        theirs = family.values(family.cpu(cpu, ONE_BY_ONE), wanted=(), xp=np)
        # Variances and the entropy of a region of one level or size cancel to 0: hence the absolute tolerance.
        assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12, err_msg=family.name)


@device_of
def test_a_region_is_the_same_alone_and_among_others(name):
    device = open_device(name)
    rois = mixed(np.random.default_rng(7))
    _, together = both(rois, device)
    for family in ("gldm", "ngtdm"):
        among = FAMILIES[family].cuda(together, ONE_BY_ONE)
        for r, roi in enumerate(rois):
            _, single = both([roi], device)
            alone = FAMILIES[family].cuda(single, ONE_BY_ONE)
            for ours, theirs in zip(alone.arrays(), among.arrays(), strict=True):
                row, cut = host(ours)[0], host(theirs)[r]
                assert_array_equal(row, cut[..., : row.shape[-1]], err_msg=f"{family}, region {r}")


@device_of
def test_both_families_share_one_pass(name):
    device = open_device(name)
    _, batch = both(mixed(np.random.default_rng(8)), device)
    first = neighbourhood(batch, ONE_BY_ONE)
    assert neighbourhood(batch, ONE_BY_ONE) is first
    other = neighbourhood(batch, Settings(gldm_a=2))
    assert other is not first
    assert not np.array_equal(host(other.dependence), host(first.dependence))
    _, later = both(mixed(np.random.default_rng(8)), device)
    assert neighbourhood(later, ONE_BY_ONE) is not first


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_work_queued_does_not_depend_on_the_number_of_regions(geometry):
    def queued(n):
        device = HostDevice(**GEOMETRIES[geometry])
        _, batch = both([region(rng, 20 + k, 30, levels=30) for k in range(n)], device)
        for family in ("gldm", "ngtdm"):
            FAMILIES[family].cuda(batch, ONE_BY_ONE)
        return device.launches, device.uploads, device.downloads, device.allocations

    rng = np.random.default_rng(9)
    two = queued(2)
    assert two == queued(9)
    assert two[0]["count_neighbours"] == 1
    assert two[1:3] == (1, 0)


@pytest.mark.parametrize("spare", [-1, 0, 1])
def test_both_sides_of_the_limit_of_shared_memory(spare):
    # 20 levels, the last edge and the unused level, by 10 dependences and 9 numbers of neighbours, four bytes each.
    device = HostDevice(threads=96, tile=1300, shared_bytes=4 * (22 * 19 + spare))
    rng = np.random.default_rng(10)
    assert_both_families([region(rng, 70, 30, levels=20), region(rng, 50, 70, levels=3, flat=0.9)], device)


@pytest.mark.parametrize("levels", [WORK_BYTES // 4 // 19 - 2, WORK_BYTES // 4 // 19 - 1])
def test_both_sides_of_the_most_that_a_tile_keeps_to_itself(levels):
    device = HostDevice(threads=256, tile=8192, shared_bytes=8 * WORK_BYTES)
    rng = np.random.default_rng(11)
    roi = region(rng, 80, 90, levels=levels)
    assert len(roi.edges) == levels + 1
    assert_both_families([roi], device)


def test_a_tile_whose_sums_would_not_fit_32_bits_keeps_none():
    image = np.ones((1024, 2100), np.uint16)
    image[:, ::2] = 630  # half the pixels, six neighbours far below each of them: 4 10^9 in one entry
    assert_both_families([drawn(image)], HostDevice(threads=64, tile=1 << 22))


@device_of
def test_few_blocks_take_turns_at_many_levels(name, monkeypatch):
    monkeypatch.setattr(ngtdm_on_cuda, "MOST_STRETCHES", 2)
    rng = np.random.default_rng(16)
    rois = [region(rng, 3, 3, levels=4), topped(rng.permutation(1400).reshape(35, 40)), region(rng, 9, 9, levels=30)]
    assert_both_families(rois, open_device(name))


@device_of
def test_levels_of_a_16_bit_image(name):
    rng = np.random.default_rng(12)
    image = rng.integers(0, 65_536, (30, 40)).astype(np.uint16)
    image[0, 0], image[-1, -1] = 0, 65_535
    device = open_device(name)
    wide, narrow = drawn(image), region(rng, 20, 20, levels=6)
    assert_both_families([narrow, wide, narrow], device)


@device_of
def test_a_large_region(name):
    if name == "host-96":
        pytest.skip("the other geometries suffice")
    device = open_device(name) if name == "gpu" else HostDevice(threads=GEOMETRIES[name]["threads"], tile=20_000)
    rng = np.random.default_rng(13)
    assert_both_families(
        [region(rng, 500, 600, levels=64, density=0.95, flat=0.3), region(rng, 3, 3, levels=4)], device
    )


@pytest.mark.slow
@device_of
def test_tens_of_thousands_of_occupied_levels(name):
    if name in ("host-96", "host-256"):
        pytest.skip("one stand-in suffices")
    rng = np.random.default_rng(14)
    image = rng.permutation(65_536)[:40_000].reshape(200, 200).astype(np.uint16)
    assert_both_families([drawn(image)], open_device(name))


@pytest.mark.parametrize("distances", [(1,), (1, 3)])
@pytest.mark.parametrize("family", ["gldm", "ngtdm"])
def test_the_footprint_covers_what_is_allocated(family, distances):
    """All that is held at a time fits, and no more than the formulas' share and half again is left over."""
    chosen = Settings(binWidth=1, minimumROIDimensions=0, distances=distances)
    device = HostDevice()
    rng = np.random.default_rng(15)
    _, batch = both([region(rng, 20, 30, levels=300) for _ in range(40)], device, pad=max(distances))
    before = device.peak
    FAMILIES[family].cuda(batch, chosen)
    framed = (batch.shapes + 2 * max(distances)).prod(axis=1)
    promised = FAMILIES[family].footprint(framed, batch.width, chosen)
    assert promised.shape == framed.shape
    constants = sum(array.nbytes for array in device._constants.values())
    formulas = 16 * 8 * batch.width * batch.n_roi
    assert device.peak - before - constants <= promised.sum() - formulas
    assert promised.sum() - formulas <= 1.5 * (device.peak - before)
