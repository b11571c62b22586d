"""One buffer, one copy: what arrives on the device is what the cpu engine packs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiomics_mammo.compute.device import Device, DeviceBatch
from radiomics_mammo.core.records import Roi, Sample
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.engines.upload import KINDS, ROI, TILE, stage, to_device
from radiomics_mammo.imaging.preprocessing import prepare
from tests.support.cuhost.direct import launch
from tests.support.cuhost.host_device import HostDevice
from tests.support.devices import GEOMETRIES, both, device_of, host, open_device, ragged, region

ANY_SIZE = Settings(binWidth=1, minimumROIDimensions=0)


def roi_of(image: np.ndarray, mask: np.ndarray, given: Settings = ANY_SIZE) -> Roi:
    return prepare(Sample("x", "", image, mask, (0.3, 0.1)), given)


def assert_equal(rois: Sequence[Roi], device: Device, *, pad: int = 1) -> DeviceBatch:
    """Levels, masks and the counts by level, as pack has them."""
    cpu, batch = both(rois, device, pad=pad)
    for name in ("levels", "shape_mask", "n_levels", "n_distinct", "spacing"):
        np.testing.assert_array_equal(host(getattr(batch, name)), getattr(cpu, name), err_msg=name)
    assert host(batch.levels).dtype == np.int32
    counts = [
        np.bincount(cpu.levels[a:b], minlength=batch.width) for a, b in zip(cpu.starts, cpu.starts[1:], strict=False)
    ]
    expected = np.array(counts)
    expected[:, 0] = 0
    np.testing.assert_array_equal(host(batch.level_count), expected)
    assert (batch.bounds >= cpu.n_levels).all()
    assert batch.width == batch.bounds.max() + 1
    np.testing.assert_array_equal(batch.shapes, cpu.shapes)
    assert batch.item_bytes == max(roi.values.itemsize for roi in rois)
    assert_table(batch, rois, cpu.starts)
    return batch


def assert_table(batch: DeviceBatch, rois: Sequence[Roi], starts: np.ndarray) -> None:
    """The fields of struct Roi lead to the pixels, the edges and the tiles."""
    table, sent = host(batch.rois), host(batch.upload)
    first_edge = first_tile = 0
    for row, roi, start in zip(table.tolist(), rois, starts.tolist(), strict=False):
        rows, columns, begin, bound, values, kind, mask, shape, edges, n_edges, tile, n_tiles = row
        n = rows * columns
        assert (rows, columns, begin, bound, n_edges) == (*roi.mask.shape, start, len(roi.edges), len(roi.edges))
        assert (edges, tile) == (first_edge, first_tile)
        assert KINDS[kind] == roi.values.dtype.str[1:]
        assert values % 8 == 0, "every type can be read where it begins"
        assert sent[values : values + n * roi.values.itemsize].tobytes() == roi.values.tobytes()
        assert sent[mask : mask + n].astype(bool).tobytes() == roi.mask.tobytes()
        assert sent[shape : shape + n].astype(bool).tobytes() == roi.shape_mask.tobytes()
        assert (shape == mask) == (roi.shape_mask is roi.mask), "sent once where it is the same"
        first_edge += n_edges
        first_tile += n_tiles
    assert first_tile == batch.n_tiles


@pytest.mark.parametrize(("struct", "dtype"), [("Roi", ROI), ("Tile", TILE)])
def test_a_record_is_the_kernels_struct(struct, dtype):
    offsets = "".join(f"at[{k}] = __builtin_offsetof({struct}, {name}); " for k, name in enumerate(dtype.names))
    sizes = "".join(f"at[{k}] = sizeof((({struct}*)0)->{name}); " for k, name in enumerate(dtype.names, len(dtype)))
    end = f"at[{2 * len(dtype)}] = sizeof({struct});"
    text = f'extern "C" __global__ void layout(int64* at) {{ {offsets} {sizes} {end} }}'
    (found,) = launch(text, "layout", np.zeros(2 * len(dtype) + 1, np.int64))
    fields = [dtype.fields[name] for name in dtype.names]
    assert found.tolist() == [at for _, at in fields] + [kind.itemsize for kind, _ in fields] + [dtype.itemsize]


@device_of
@settings(max_examples=12, deadline=None)
@given(rois=ragged(), pad=st.sampled_from([1, 2, 3]))
def test_ragged_batches(name, rois, pad):
    assert_equal(rois, open_device(name), pad=pad)


@device_of
def test_every_type_of_intensity(name):
    """Negative and large numbers and fractions, in one batch; odd sizes leave sections unaligned between them."""
    rng = np.random.default_rng(1)
    rois = []
    for dtype in KINDS:
        low = 0 if dtype[0] == "u" else -100
        image = rng.integers(low, 28, (13, 7)).astype(dtype)
        if dtype[0] == "f":
            image += rng.random((13, 7)).astype(dtype)
        rois.append(roi_of(image, rng.random((13, 7)) < 0.8))
        top = float(np.finfo(dtype).max if dtype[0] == "f" else np.iinfo(dtype).max)
        wide = (rng.random((9, 5)) * top * 0.9).astype(dtype)
        rois.append(roi_of(wide, rng.random((9, 5)) < 0.8, Settings(binCount=30)))
    assert_equal(rois, open_device(name))


@device_of
@pytest.mark.parametrize(
    "given_bins", [{"binWidth": 25}, {"binWidth": 0.1}, {"binWidth": 0.3}, {"binCount": 10}], ids=str
)
def test_values_on_the_edges_of_bins(name, given_bins):
    rng = np.random.default_rng(2)
    device = open_device(name)
    chosen = Settings(**given_bins, minimumROIDimensions=0)
    width = given_bins.get("binWidth", 1)
    rois = []
    for first in (-20, 0, 7):
        values = np.arange(first, first + 40) * width
        sides = np.concatenate([values, np.nextafter(values, -np.inf), np.nextafter(values, np.inf)])
        image = rng.permutation(np.resize(sides, 11 * 12)).reshape(11, 12)
        rois.append(roi_of(image, np.ones((11, 12), np.bool_), chosen))
        edges = rois[-1].edges
        inside = np.ones((1, len(edges)), np.bool_)
        rois.append(Roi(edges[None], inside, inside, edges, (1.0, 1.0)))  # the last one is a level beyond the bins
    batch = assert_equal(rois, device)
    levels = host(batch.levels)
    for roi, row in zip(rois, host(batch.rois).tolist(), strict=True):
        box = levels[row[2] : row[2] + (row[0] + 2) * (row[1] + 2)].reshape(row[0] + 2, row[1] + 2)[1:-1, 1:-1]
        np.testing.assert_array_equal(box, np.digitize(roi.values, roi.edges))


@device_of
def test_bins_of_unequal_width(name):
    """The first guess is far off, and put right."""
    rng = np.random.default_rng(3)
    image = rng.gamma(1, 100, (20, 20))
    mask = np.ones((20, 20), np.bool_)
    edges = np.concatenate([[0.0, 0.5], np.geomspace(1, image.max() + 1, 20)])
    assert_equal([Roi(image, mask, mask, edges, (1.0, 1.0)), Roi(-image, mask, mask, -edges[::-1], (1.0, 1.0))],
                 open_device(name))  # fmt: skip


@device_of
@pytest.mark.parametrize("pad", [1, 2, 3])
def test_the_region_of_shape_is_another_one(name, pad):
    rng = np.random.default_rng(4)
    image = rng.integers(0, 100, (40, 30)).astype(np.int16)
    mask = rng.random((40, 30)) < 0.7
    chosen = [Settings(binWidth=5, resegmentRange=(20.0, 60.0), resegmentShape=shape) for shape in (False, True)]
    rois = [roi_of(image, mask, given) for given in (*chosen, ANY_SIZE, chosen[0])]
    assert [roi.shape_mask.sum() > roi.mask.sum() for roi in rois] == [True, False, False, True]
    assert_equal(rois, open_device(name), pad=pad)


@device_of
def test_views_of_larger_images(name):
    """Slices, steps, turned and transposed arrays, and what lies outside of the region, NaN included."""
    rng = np.random.default_rng(5)
    whole = rng.integers(0, 200, (90, 80)).astype(np.uint16)
    inside = rng.random((90, 80)) < 0.5
    views = [np.s_[10:31, 5:70], np.s_[::2, ::3], np.s_[::-1, 60:20:-1]]
    rois = [roi_of(whole[view], inside[view]) for view in views]
    rois += [roi_of(np.asfortranarray(whole), inside), roi_of(whole.T[3:50], inside.T[3:50])]
    fractions = np.where(inside, whole / 3, np.nan)
    rois.append(roi_of(fractions, inside))
    rois.append(roi_of(whole.astype(">u2")[1:9], inside[1:9]))
    assert_equal(rois, open_device(name))


@device_of
@pytest.mark.parametrize("levels", [1, 2, 64, 65_000])
def test_few_levels_and_many(name, levels):
    rng = np.random.default_rng(6)
    rois = [region(rng, *size, levels=levels, density=0.6) for size in ((1, 1), (1, 400), (300, 2), (61, 83))]
    assert_equal(rois, open_device(name))


@device_of
def test_one_pixel_and_a_large_region(name):
    rng = np.random.default_rng(7)
    rois = [region(rng, 1, 1, levels=3), region(rng, 500, 601, levels=70), region(rng, 1, 1, levels=9)]
    batch = assert_equal(rois, open_device(name))
    assert host(batch.level_count).sum(axis=1).tolist() == [1, 500 * 601, 1]


@device_of
def test_levels_by_hand(name):
    image = np.array([[3, 8], [5, 4]], np.uint8)
    batch = assert_equal([roi_of(image, np.array([[1, 1], [1, 0]], np.bool_), Settings(binWidth=2))], open_device(name))
    framed = [[0, 0, 0, 0], [0, 1, 4, 0], [0, 2, 0, 0], [0, 0, 0, 0]]
    assert host(batch.levels).reshape(4, 4).tolist() == framed
    assert host(batch.level_count)[0, :5].tolist() == [0, 1, 1, 0, 1]
    assert (host(batch.n_levels)[0], host(batch.n_distinct)[0]) == (4, 3)


@pytest.mark.parametrize("tile", [7, 64, 100_000])
def test_tiles_cut_every_region_once(tile):
    rng = np.random.default_rng(8)
    device = HostDevice(tile=tile)
    rois = [region(rng, *size, levels=3) for size in ((1, 1), (12, 5), (5, 1), (30, 30))]
    batch = assert_equal(rois, device, pad=2)
    framed = (batch.shapes + 4).prod(axis=1)
    expected = [
        (r, begin, min(begin + tile, n), number)
        for r, n in enumerate(framed.tolist())
        for number, begin in enumerate(range(0, n, tile))
    ]
    assert [tuple(row) for row in batch.tiles.tolist()] == expected
    assert batch.rois[:, 11].tolist() == (-(-framed // tile)).tolist()


def test_one_copy_and_the_same_work_for_any_number_of_regions():
    rng = np.random.default_rng(9)
    seen = []
    for n in (2, 9):
        device = HostDevice(**GEOMETRIES["host-96"])
        both([region(rng, 9 + k, 20, levels=5) for k in range(n)], device)
        seen.append((device.launches, device.uploads, device.downloads, device.allocations))
    assert seen[0] == seen[1]
    assert seen[0][1:3] == (1, 0)


def test_what_is_sent_is_hardly_more_than_the_pixels():
    rng = np.random.default_rng(10)
    rois = [region(rng, 70, 70, levels=64) for _ in range(20)]
    staged = stage(rois, pad=1, device=HostDevice(tile=8192))
    pixels = 20 * 70 * 70 * 3
    assert pixels <= len(staged.bytes) <= 1.1 * pixels + 2048


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("levels[roi.start + at] =", "levels[roi.start + at + 1] ="),
        ("mask[roi.start + at] =", "mask[roi.start + at - 1] ="),
    ],
)
def test_writing_beside_an_array_is_noticed(right, wrong):
    def edit(module):
        assert right in module.text
        return module.text.replace(right, wrong)

    device = HostDevice(edit=edit)
    rois = [region(np.random.default_rng(11), 5, 5, levels=3)]
    with pytest.raises(AssertionError, match="discretise wrote beside an array"):
        to_device(stage(rois, pad=1, device=device), device)
