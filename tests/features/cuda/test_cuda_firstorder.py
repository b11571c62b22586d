"""First order by the kernels against the cpu engine and NumPy: percentiles to the bit, sums of whole numbers, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiomics_mammo.compute.device import Device
from radiomics_mammo.core.records import Roi, Sample
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features import FAMILIES
from radiomics_mammo.imaging.preprocessing import prepare
from tests.support.cuhost.host_device import HostDevice
from tests.support.devices import GEOMETRIES, assert_same, both, device_of, host, open_device, ragged, region
from tests.support.numpy_device import Reckoning

FAMILY = FAMILIES["firstorder"]
FEATURES = [feature.name for feature in FAMILY.features]
EXACT = ("n", "low", "high", "quantiles", "pixel_area", "count")
DTYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8")
COARSE = Settings(binCount=16, minimumROIDimensions=0)


def roi_of(image: np.ndarray, mask: np.ndarray | None = None, given: Settings = COARSE) -> Roi:
    image = np.atleast_2d(image)
    inside = np.ones(image.shape, np.bool_) if mask is None else mask
    return prepare(Sample("x", "", image, inside, (0.05, 0.07)), given)


def unbinned(image: np.ndarray) -> Roi:
    """A region of a single grey level, for intensities that no bins of one width could part."""
    image = np.atleast_2d(image)
    mask = np.ones(image.shape, np.bool_)
    return Roi(image, mask, mask, np.array([image.min(), np.inf], np.float64), (0.05, 0.07))


def assert_equal(rois: Sequence[Roi], device: Device, given: Settings = COARSE, *, whole: bool = False) -> Any:
    """Compare statistics and features with the cpu engine's.

    What cancels is held against the size of its terms: odd moments and skewness always, all moments about a mean of
    fractions or of large numbers.
    """
    cpu_batch, batch = both(rois, device)
    cpu, cuda = FAMILY.cpu(cpu_batch, given), FAMILY.cuda(batch, given)
    assert_same(cpu, cuda, exact=(*EXACT, "mean", "energy") if whole else EXACT)
    size = np.maximum(np.abs(cpu.low), np.abs(cpu.high))
    np.testing.assert_allclose(host(cuda.energy), cpu.energy, rtol=1e-12)
    spread = np.sqrt(cpu.m2)
    for name, order in (("mean", 1), ("m2", 2), ("m3", 3), ("m4", 4), ("deviation", 1), ("robust_deviation", 1)):
        ours, theirs = host(getattr(cuda, name)), getattr(cpu, name)
        allowed = 1e-12 * size if order == 1 else 1e-12 * (spread + 1e-3 * size) ** order
        assert np.array_equal(np.isnan(ours), np.isnan(theirs)), name
        assert not (np.abs(ours - theirs) > allowed + 1e-13 * np.abs(theirs)).any(), name
    ours = host(FAMILY.values(cuda, wanted=(), xp=device.xp))
    theirs = FAMILY.values(cpu, wanted=(), xp=np)
    for name, a, b in zip(FEATURES, ours, theirs, strict=True):
        absolute = 1e-10 if name == "Skewness" else 0 if whole else 1e-12 * size.max()
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=absolute, err_msg=name)
    return cuda


@device_of
@settings(max_examples=12, deadline=None)
@given(rois=ragged(), shift=st.sampled_from([0, 300, -40]))
def test_ragged_batches(name, rois, shift):
    assert_equal(rois, open_device(name), Settings(voxelArrayShift=shift), whole=True)


@device_of
def test_a_hand_counted_region(name):
    """1 to 11 and a pixel outside; the inner ones are 2 to 10."""
    image = np.array([[4, 3, 2, 1], [5, 99, 6, 7], [8, 9, 11, 10]], np.uint16)
    stats = assert_equal([roi_of(image, image != 99)], open_device(name), whole=True)
    assert host(stats.quantiles).tolist() == [[2, 3.5, 6, 8.5, 10]]
    found = {
        f.name: float(host(getattr(stats, f.name))[0]) for f in fields(stats) if f.name not in ("quantiles", "count")
    }
    assert found == pytest.approx(
        {
            "n": 11, "low": 1, "high": 11, "mean": 6, "m2": 10, "m3": 0, "m4": 178, "deviation": 30 / 11,
            "robust_deviation": 20 / 9, "energy": 506, "pixel_area": 0.0035,
        }
    )  # fmt: skip


@device_of
def test_every_type_of_intensity_in_one_batch(name):
    """The whole ranges of the types, their ends included; each takes as many rounds as it has bytes."""
    rng = np.random.default_rng(2)
    rois = []
    for dtype in DTYPES:
        kind = np.dtype(dtype)
        if kind.kind == "f":
            image = (rng.normal(size=(31, 23)) * 10.0 ** rng.integers(-8, 9, (31, 23))).astype(kind)
        else:
            ends = np.iinfo(kind)
            image = rng.integers(ends.min, ends.max, (31, 23), dtype=kind, endpoint=True)
            image[3, :2] = ends.min, ends.max
        rois.append(roi_of(image, rng.random((31, 23)) < 0.7))
    device = open_device(name)
    for roi in rois:  # alone, so that the number of rounds is the type's own
        assert_equal([roi], device)
    assert_equal(rois, device)


@device_of
@pytest.mark.parametrize("dtype", DTYPES)
def test_percentiles_are_numpys(name, dtype):
    rng = np.random.default_rng(3)
    low = 0 if dtype[0] == "u" else -90
    device = open_device(name)
    rois, expected = [], []
    for n in (1, 2, 3, 4, 9, 10, 11, 100, 1003):
        image = rng.integers(low, 120, (1, n)).astype(dtype)
        rois.append(roi_of(image))
        expected.append(np.percentile(image.astype(np.float64), [10, 25, 50, 75, 90]))
    stats = assert_equal(rois, device, whole=True)
    assert host(stats.quantiles).tolist() == np.array(expected).tolist()


@device_of
def test_zeros_of_either_sign_and_numbers_that_share_bytes(name):
    rng = np.random.default_rng(4)
    small = [
        np.array([-0.0, 0.0, -1.0, 1.0, -0.0]),
        np.array([-0.0, 0.0], np.float32),
        np.array([-3.5, -3.25, -7.0, 1e-40], np.float32),
        np.full(70, 0.1),
    ]
    device = open_device(name)
    assert_equal([unbinned(image) for image in small], device)
    extreme = [  # their moments are noise, or overflow
        1000.0 + rng.integers(0, 300, 500) * 2.0**-43,  # differ in the last bytes only
        np.ldexp(rng.choice([-1.0, 1.0], 500), rng.integers(-500, 500, 500)),  # in the first ones
        np.array([5e-324, -5e-324, 0.0]),
    ]
    cpu_batch, batch = both([unbinned(image) for image in extreme], device)
    with np.errstate(over="ignore", invalid="ignore"):
        stats = FAMILY.cuda(batch, Settings())
    assert_same(FAMILY.cpu(cpu_batch, Settings()), stats, exact=("n", "low", "high", "quantiles"))


@device_of
def test_flat_regions_have_no_spread(name):
    """Their mean is their value, however sums are rounded."""
    device = open_device(name)
    _, batch = both([unbinned(np.full((7, n), v)) for n in (1, 3, 33, 100) for v in (0.1, -2.7, 1e70)], device)
    stats = FAMILY.cuda(batch, Settings())
    for field in ("m2", "m3", "m4", "deviation", "robust_deviation"):
        assert not host(getattr(stats, field)).any(), field
    assert np.array_equal(host(stats.mean), host(stats.low))
    values = dict(zip(FEATURES, host(FAMILY.values(stats, wanted=(), xp=batch.device.xp)), strict=True))
    assert not values["Skewness"].any()
    assert not values["Kurtosis"].any()


@device_of
def test_no_pixel_between_the_percentiles(name):
    stats = assert_equal([roi_of(np.array([3, 8], np.int16)), roi_of(np.array([3], np.int16))], open_device(name))
    assert np.isnan(host(stats.robust_deviation)).tolist() == [True, False]


@device_of
def test_filtered_images(name):
    rng = np.random.default_rng(5)
    images = [rng.normal(0, 40, (50, 61)), rng.gamma(2, 300, (13, 90)), rng.normal(2000, 1, (9, 9)).astype(np.float32)]
    assert_equal([roi_of(image, rng.random(image.shape) < 0.8) for image in images], open_device(name))


@device_of
def test_a_region_does_not_depend_on_its_batch(name):
    """Wider types beside it, another number of rounds, more levels: every bit stays."""
    rng = np.random.default_rng(6)
    device = open_device(name)
    rois = [roi_of(rng.normal(0, 3, (40, 55)).astype(dtype)) for dtype in ("i2", "f4", "f8")]
    rois.append(region(rng, 20, 90, levels=300, density=0.3))
    together = FAMILY.cuda(both(rois, device)[1], COARSE)
    for r, roi in enumerate(rois):
        alone = FAMILY.cuda(both([roi], device)[1], COARSE)
        for f in fields(alone):
            ours, theirs = host(getattr(together, f.name))[r], host(getattr(alone, f.name))[0]
            if ours.ndim:
                ours = ours[: len(theirs)]
            assert ours.tobytes() == theirs.tobytes(), f.name


@device_of
def test_a_large_region(name):
    rng = np.random.default_rng(7)
    device = open_device(name)
    image = rng.normal(2000, 300, (600, 510)).astype(np.uint16)
    stats = assert_equal([roi_of(image), region(rng, 5, 5, levels=9)], device, whole=True)
    assert host(stats.n).tolist() == [306_000, 25]


def test_the_work_queued_does_not_depend_on_the_number_of_regions():
    rng = np.random.default_rng(8)
    seen = []
    for n in (2, 9):
        device = HostDevice(**GEOMETRIES["host-96"])
        batch = both([region(rng, 9 + k, 20, levels=5) for k in range(n)], device)[1]
        FAMILY.values(FAMILY.cuda(batch, Settings()), wanted=(), xp=np)
        seen.append((device.launches, device.uploads, device.downloads, device.allocations))
    assert seen[0] == seen[1]
    assert seen[0][0]["count_bytes"] == 2, "a round a byte of a 16-bit image"


def test_the_footprint_is_not_exceeded():
    rng = np.random.default_rng(9)
    rois = [region(rng, 3, 4, levels=6), region(rng, 80, 90, levels=6), region(rng, 1, 1, levels=1)]
    device = Reckoning(**GEOMETRIES["host-96"])
    batch = both(rois, device)[1]
    device.handed_out = 0
    stats = FAMILY.cuda(batch, Settings())
    taken = device.handed_out + stats.count.nbytes + stats.pixel_area.nbytes
    framed = (batch.shapes + 2).prod(axis=1)
    reserved = FAMILY.footprint(framed, batch.width, Settings())
    assert reserved.shape == (3,)
    formulas = 16 * 8 * batch.width * 3
    assert taken <= reserved.sum() - formulas <= 1.1 * taken
