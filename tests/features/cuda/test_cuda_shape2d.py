"""Shape by the kernels against the cpu engine: all nine measures to the bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import pdist

from radiomics_mammo.compute.device import Device
from radiomics_mammo.core.records import Roi, Sample
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features import FAMILIES
from radiomics_mammo.imaging.preprocessing import prepare
from tests.support.cuhost.host_device import HostDevice
from tests.support.devices import GEOMETRIES, assert_same, both, device_of, host, open_device, region
from tests.support.numpy_device import Reckoning

FAMILY = FAMILIES["shape2D"]
CHUNK = 32
"""Half rows that one thread takes, in shape2d.cu."""


def roi_of(mask: np.ndarray, spacing: tuple[float, float] = (0.07, 0.05)) -> Roi:
    mask = np.asarray(mask, np.bool_)
    return Roi(np.ones(mask.shape, np.uint8), mask, mask, np.array([1.0, 2.0]), spacing)


def assert_equal(rois: Sequence[Roi], device: Device, *, pad: int = 1) -> Any:
    """Statistics to the bit, features within 1e-10."""
    cpu_batch, batch = both(rois, device, pad=pad)
    cpu, cuda = FAMILY.cpu(cpu_batch, Settings()), FAMILY.cuda(batch, Settings())
    assert_same(cpu, cuda, exact=[f.name for f in fields(cpu)])
    ours = host(FAMILY.values(cuda, wanted=(), xp=device.xp))
    np.testing.assert_allclose(ours, FAMILY.values(cpu, wanted=(), xp=np), rtol=1e-10)
    return cuda


def blob(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """A lobulated outline with a hole."""
    y, x = np.mgrid[:rows, :columns]
    y, x = (y - rows / 2) / rows, (x - columns / 2) / columns
    radius = 0.38 + 0.1 * np.sin(int(rng.integers(2, 9)) * np.arctan2(y, x) + rng.random())
    mask = np.hypot(y, x) < radius
    mask &= np.hypot(y - 0.1, x) > 0.08
    mask[rows // 2, columns // 2] = True
    return mask


MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)).filter(lambda m: bool(m.any()))


@device_of
@settings(max_examples=30, deadline=None)
@given(masks=st.lists(MASKS, min_size=1, max_size=5), pad=st.sampled_from([1, 2, 3]))
def test_ragged_batches(name, masks, pad):
    assert_equal([roi_of(mask, (0.04 + 0.01 * k, 0.06)) for k, mask in enumerate(masks)], open_device(name), pad=pad)


@device_of
@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.tuples(st.integers(1, 130), st.integers(1, 70)), min_size=1, max_size=4),
)
def test_scattered_pixels_over_many_rows(name, seed, sizes):
    """Rows without a pixel, rows that begin alike, chains of several threads."""
    rng = np.random.default_rng(seed)
    rois = []
    for size in sizes:
        mask = rng.random(size) < rng.choice([0.003, 0.02, 0.3, 0.95])
        mask[rng.integers(size[0]), rng.integers(size[1])] = True
        rois.append(roi_of(mask))
    assert_equal(rois, open_device(name))


@device_of
@pytest.mark.parametrize(
    ("mask", "across", "down", "oblique", "eighths"),
    [
        (np.ones((1, 1)), 0, 0, 4, 4),
        (np.ones((3, 3)), 4, 4, 4, 68),
        (np.ones((1, 4)), 6, 0, 4, 28),
        (np.ones((4, 1)), 0, 6, 4, 28),
        (np.eye(2), 0, 0, 8, 8),
        (np.eye(2)[::-1], 0, 0, 8, 8),
        ([[1, 1, 1], [1, 0, 1], [1, 1, 1]], 4, 4, 8, 64),
    ],
    ids=["pixel", "square", "row", "column", "corner to corner", "the other corners", "ring"],
)
def test_outlines_by_hand(name, mask, across, down, oblique, eighths):
    stats = assert_equal([roi_of(mask)], open_device(name))
    found = [float(host(getattr(stats, field))[0]) for field in ("n", "across", "down", "oblique", "eighths")]
    assert found == [np.sum(mask), across, down, oblique, eighths]


@device_of
def test_moments_and_diameter_by_hand(name):
    """Two rows of three pixels, each 3 mm high and 4 mm wide; and a pixel alone."""
    stats = assert_equal([roi_of(np.ones((2, 3)), (3.0, 4.0)), roi_of(np.ones((1, 1)), (3.0, 4.0))], open_device(name))
    assert host(stats.yy).tolist() == [0.25, 0]
    assert host(stats.xx).tolist() == pytest.approx([2 / 3, 0])
    assert host(stats.yx).tolist() == [0, 0]
    # Vertices lie at the middle of outer pixel sides: (0, -0.5) to (1, 2.5) in pixels is the longest way.
    assert host(stats.diameter).tolist() == pytest.approx([np.hypot(3.0, 12.0), 4.0])


@device_of
def test_boxes_about_the_length_of_a_chain(name):
    rng = np.random.default_rng(1)
    edge = CHUNK // 2
    rois = [roi_of(blob(rng, rows, 40)) for rows in (edge - 1, edge, edge + 1, 2 * edge, 3 * edge - 1, 5 * edge)]
    assert_equal(rois, open_device(name))


@device_of
def test_boxes_about_the_width_of_a_warp(name):
    rng = np.random.default_rng(7)
    rois = [roi_of(blob(rng, 20, columns)) for columns in (31, 32, 33, 64, 95)]
    rois += [roi_of(np.ones((3, columns))) for columns in (31, 32, 33, 64)]
    assert_equal(rois, open_device(name))


@device_of
def test_diameters_are_the_farthest_vertices(name):
    rng = np.random.default_rng(2)
    spacing = np.array([0.05, 0.09])
    masks = [blob(rng, *size) for size in rng.integers(3, 90, (12, 2))]
    stats = assert_equal([roi_of(mask, tuple(spacing)) for mask in masks], open_device(name))
    for mask, found in zip(masks, host(stats.diameter).tolist(), strict=True):
        framed = np.pad(mask, 1)
        down, across = np.argwhere(framed[1:] != framed[:-1]), np.argwhere(framed[:, 1:] != framed[:, :-1])
        vertices = np.concatenate([down + np.array([0.5, 0.0]), across + np.array([0.0, 0.5])])
        assert found == pytest.approx(pdist(vertices * spacing).max(), rel=1e-12)


@device_of
def test_hulls_with_more_corners_than_a_warp_has_threads(name):
    """The farthest pair is found by any warp."""
    y, x = np.mgrid[-80:81, -100:101]
    rois = []
    for angle in np.linspace(0, np.pi, 9):
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        rois.append(roi_of((along / 79) ** 2 + (across / 60) ** 2 < 1))
    assert_equal(rois, open_device(name))


@pytest.mark.parametrize("name", ["host-64", pytest.param("gpu", marks=pytest.mark.gpu)])
def test_the_farthest_corner_is_found_wherever_it_is_in_the_hull(name):
    """A disc of more corners than a block has threads; one pixel stands out on the right, higher and lower."""
    y, x = np.mgrid[-145:146, -145:146]
    rois = []
    for angle in np.linspace(-np.pi / 2, np.pi / 2, 70):
        mask = np.hypot(y, x) < 140
        mask[145 + round(142 * np.sin(angle)), 145 + round(142 * np.cos(angle))] = True
        rois.append(roi_of(mask, (0.1, 0.1)))
    assert_equal(rois, open_device(name))


@device_of
def test_shape_before_resegmentation(name):
    """Its mask is another than the intensities'."""
    rng = np.random.default_rng(3)
    image = rng.integers(0, 100, (40, 30)).astype(np.uint8)
    given = Settings(binWidth=5, resegmentRange=(20.0, 60.0))
    rois = [prepare(Sample("x", "", image, blob(rng, 40, 30), (0.1, 0.2)), given) for _ in range(2)]
    assert all(roi.shape_mask.sum() > roi.mask.sum() for roi in rois)
    stats = assert_equal([*rois, region(rng, 9, 9, levels=3)], open_device(name))
    assert host(stats.n)[:2].tolist() == [roi.shape_mask.sum() for roi in rois]


@device_of
def test_long_thin_and_large_regions(name):
    rng = np.random.default_rng(4)
    large = blob(rng, 620, 700)
    assert large.sum() > 150_000
    thin = [np.ones((1, 3001)), np.ones((3001, 1)), rng.random((2, 2500)) < 0.7, rng.random((2500, 2)) < 0.7]
    rois = [roi_of(mask) for mask in (*thin, large, np.ones((601, 500)))]
    assert_equal(rois, open_device(name))


@device_of
def test_a_region_does_not_depend_on_its_batch(name):
    rng = np.random.default_rng(5)
    device = open_device(name)
    rois = [roi_of(blob(rng, *size)) for size in ((30, 41), (3, 90), (77, 12), (120, 100))]
    together = FAMILY.cuda(both(rois, device)[1], Settings())
    for r, roi in enumerate(rois):
        alone = FAMILY.cuda(both([roi], device)[1], Settings())
        for f in fields(alone):
            assert host(getattr(together, f.name))[r] == host(getattr(alone, f.name))[0], f.name


def test_every_region_has_a_place_of_its_own():
    """Blocks run one after another here; on a GPU one that wrote into another's chain would spoil it."""
    rng = np.random.default_rng(8)
    masks = [blob(rng, *size) for size in ((3, 9), (30, 20), (17, 17), (1, 1), (40, 8))]
    masks[3][:] = True
    device = Watching(**GEOMETRIES["host-96"])
    assert_equal([roi_of(mask) for mask in masks], device)
    points = device.points.view(np.int32).reshape(-1, 2)
    at = 0
    for mask in masks:
        half_rows = 2 * len(mask) + 1
        top = int(mask.any(axis=1).argmax())
        inside = np.flatnonzero(mask[top])
        assert points[at].tolist() == [2 * top, 2 * inside[0] + 1]
        assert points[at + half_rows].tolist() == [2 * top, -2 * inside[-1] - 1]
        at += 2 * half_rows
    assert at == len(points)


class Watching(HostDevice):
    """Keeps the chains of the last call."""

    points: np.ndarray

    def launch(self, module, kernel, *, args, **how):
        super().launch(module, kernel, args=args, **how)
        if kernel == "diameters":
            self.points = args[4]


def test_the_work_queued_does_not_depend_on_the_number_of_regions():
    rng = np.random.default_rng(6)
    seen = []
    for n in (2, 9):
        device = HostDevice(**GEOMETRIES["host-96"])
        batch = both([region(rng, 9 + k, 20, levels=5) for k in range(n)], device)[1]
        FAMILY.values(FAMILY.cuda(batch, Settings()), wanted=(), xp=np)
        seen.append((device.launches, device.uploads, device.downloads, device.allocations))
    assert seen[0] == seen[1]


@pytest.mark.parametrize(("rows", "columns"), [(40, 1), (2, 2), (1, 30), (70, 60)])
def test_the_footprint_is_not_exceeded(rows, columns):
    device = Reckoning(**GEOMETRIES["host-96"])
    batch = both([roi_of(np.ones((rows, columns)))] * 3, device)[1]
    device.handed_out = 0
    FAMILY.cuda(batch, Settings())
    taken = device.handed_out + 3 * 8  # where the rows end
    framed = (batch.shapes + 2).prod(axis=1)
    reserved = FAMILY.footprint(framed, batch.width, Settings())
    assert reserved.shape == (3,)
    assert taken + 3 * 16 * 8 <= reserved.sum()
    if columns == 1:
        assert reserved.sum() <= taken + 3 * 16 * 8, "a single column takes all of it"
