"""Co-occurrence on the device against the cpu engine, against LAPACK and against counts by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from radiomics_mammo.compute.device import Device, DeviceBatch
from radiomics_mammo.core.records import Roi
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.engines.upload import stage, to_device
from radiomics_mammo.features import FAMILIES
from radiomics_mammo.features.glcm import cpu as _cpu
from radiomics_mammo.features.glcm import cuda as _cuda
from radiomics_mammo.features.glcm.entries_cuda import is_dense, table_bytes
from radiomics_mammo.features.glcm.mcc import _start
from radiomics_mammo.features.glcm.sufficient_statistics import GlcmStats
from tests.features.test_glcm_mcc import blocks, scattered, smooth, theirs
from tests.support.cuhost.host_device import HostDevice
from tests.support.devices import DEVICES, GEOMETRIES, assert_same, both, device_of, host, open_device, ragged, region

MARGINALS = ("px", "py", "p_sum", "p_diff")
LEVELS = ("n_levels", "n_distinct")
PLAIN = [
    Settings(),
    Settings(symmetricalGLCM=False),
    Settings(distances=(2,)),
    Settings(distances=(1, 3), symmetricalGLCM=False),
]
WEIGHTED = [
    Settings(weightingNorm="infinity"),
    Settings(weightingNorm="euclidean", symmetricalGLCM=False),
    Settings(weightingNorm="manhattan", distances=(1, 3)),
    Settings(weightingNorm="no_weighting", distances=(2,)),
]


def told(chosen: Settings) -> str:
    return f"{chosen.distances}-{chosen.symmetricalGLCM}-{chosen.weightingNorm}"


def roi_of(levels: np.ndarray, *, spacing: tuple[float, float] = (0.1, 0.07)) -> Roi:
    """A region of given levels; 0 is outside. No level is higher than edges allow for, if there are two."""
    levels = np.asarray(levels)
    mask = levels > 0
    return Roi(levels.astype(np.float64), mask, mask, np.arange(1.0, max(levels.max(), 2) + 1.0), spacing)


def shaded(rng: np.random.Generator, rows: int, columns: int, levels: int) -> Roi:
    """A smooth image with some noise, up to the highest level, with holes."""
    y, x = np.mgrid[:rows, :columns]
    image = np.sin(x / 9.0) + np.cos(y / 13.0) + 0.3 * rng.standard_normal((rows, columns))
    image = 1 + np.floor((image - image.min()) / (np.ptp(image) + 1e-9) * levels).astype(int)
    image[rng.random((rows, columns)) < 0.1] = 0
    image[0, 0] = levels
    return roi_of(image)


def batch_on(device: Device, rois: list[Roi], chosen: Settings) -> DeviceBatch:
    return to_device(stage(rois, pad=max(chosen.distances), device=device), device)


def check(rois: list[Roi], device: Device, chosen: Settings) -> tuple[GlcmStats, GlcmStats]:
    """Both engines' statistics, after comparing them."""
    packed, sent = both(rois, device, pad=max(chosen.distances))
    cpu, cuda = _cpu.statistics(packed, chosen), _cuda.statistics(sent, chosen)
    exact, close = (LEVELS, MARGINALS) if chosen.weightingNorm else ((*LEVELS, *MARGINALS), ())
    assert_same(cpu, cuda, exact=exact, close=(*close, "joint"))
    if not chosen.weightingNorm:
        np.testing.assert_array_equal(host(cuda.joint)[..., [0, 1, 3, 4]], cpu.joint[..., [0, 1, 3, 4]])
    np.testing.assert_allclose(host(cuda.mcc), cpu.mcc, rtol=0, atol=1e-11)
    return cpu, cuda


def most_dense(device: Device, *, symmetric: bool) -> int:
    """The most levels that are counted in tables; arrays by level have an entry more."""
    levels = 1
    while table_bytes(levels + 2, symmetric) <= device.shared_bytes:
        levels += 1
    return levels


@device_of
@pytest.mark.parametrize("chosen", [*PLAIN, *WEIGHTED], ids=told)
@hypothesis_settings(max_examples=8, deadline=None)
@given(rois=ragged(), sparse=st.booleans())
def test_ragged_batches_are_those_of_the_cpu(name: str, chosen: Settings, rois: list[Roi], sparse: bool) -> None:
    device = open_device(name)
    if sparse:
        wide = np.zeros((2, 2), int)
        wide[0] = 1, most_dense(device, symmetric=chosen.symmetricalGLCM) + 1
        rois = [*rois, roi_of(wide)]
    check(rois, device, chosen)


@device_of
def test_counts_by_hand(name: str) -> None:
    # 1 2 .     to the right: (1, 2), (3, 2); down: (1, 3), (2, 2); down right: (1, 2); down left: (2, 3)
    # 3 2 .
    levels = np.array([[1, 2, 0], [3, 2, 0]])
    _, one_way = check([roi_of(levels)], open_device(name), Settings(symmetricalGLCM=False))
    right, down_left, down, down_right = 0, 1, 2, 3
    np.testing.assert_array_equal(host(one_way.px)[0, right, :4], [0, 1, 0, 1])
    np.testing.assert_array_equal(host(one_way.py)[0, right, :4], [0, 0, 2, 0])
    np.testing.assert_array_equal(host(one_way.p_sum)[0, down, :7], [0, 0, 0, 0, 2, 0, 0])
    np.testing.assert_array_equal(host(one_way.p_diff)[0, down, :4], [1, 0, 1, 0])
    np.testing.assert_array_equal(host(one_way.p_sum)[0, down_left, :7], [0, 0, 0, 0, 0, 1, 0])
    np.testing.assert_array_equal(host(one_way.joint)[0, down_right], [1, 1, 0, 2, 1])
    _, both_ways = check([roi_of(levels)], open_device(name), Settings())
    np.testing.assert_array_equal(host(both_ways.px)[0, down, :4], [0, 1, 2, 1])
    # down: entries (1, 3), (3, 1) once and (2, 2) twice
    np.testing.assert_array_equal(host(both_ways.joint)[0, down], [4, 6, 2, 3 + 3 + 8, 2])


@device_of
@pytest.mark.parametrize("known", [4095, 4096, 4097])
def test_counts_around_the_table_of_logarithms(name: str, known: int) -> None:
    chosen = Settings(symmetricalGLCM=False)
    _, cuda = check([roi_of(np.ones((1, known + 1), int))], open_device(name), chosen)
    np.testing.assert_allclose(host(cuda.joint)[0, 0, 2], known * np.log2(known), rtol=1e-15)


@device_of
@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "one way"])
@pytest.mark.parametrize("beyond", [0, 1], ids=["last in tables", "first sorted"])
def test_levels_around_what_shared_memory_holds(name: str, symmetric: bool, beyond: int) -> None:
    device, rng = open_device(name), np.random.default_rng(3)
    levels = most_dense(device, symmetric=symmetric) + beyond
    chosen = Settings(symmetricalGLCM=symmetric)
    rois = [shaded(rng, 40, 31, levels), region(rng, 11, 9, levels=5), shaded(rng, 50, 50, levels)]
    assert is_dense(batch_on(device, rois, chosen).width, symmetric, device) is (beyond == 0)
    check(rois, device, chosen)


@pytest.mark.parametrize("name", [DEVICES[1], DEVICES[-1]])
@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "one way"])
@pytest.mark.parametrize("beyond", [0, 1], ids=["in tables", "sorted"])
def test_no_level_is_left_out(name: str, symmetric: bool, beyond: int) -> None:
    """Arrays of nodes are full to the last entry, and no array is written beyond its end."""
    device, rng = open_device(name), np.random.default_rng(4)
    levels = most_dense(device, symmetric=symmetric) + beyond
    side = levels // 2 + 20
    cpu, _ = check([roi_of(rng.integers(1, levels + 1, (side, side)))], device, Settings(symmetricalGLCM=symmetric))
    assert (cpu.px[..., 1:] > 0).all()
    assert (cpu.py[..., 1:] > 0).all()


@device_of
@pytest.mark.parametrize("chosen", [PLAIN[0], PLAIN[1], WEIGHTED[0], WEIGHTED[1]], ids=told)
@pytest.mark.parametrize("levels", [64, 1000, 65_536])
def test_few_and_many_levels(name: str, chosen: Settings, levels: int) -> None:
    rng = np.random.default_rng(levels)
    check([shaded(rng, 20, 23, levels), region(rng, 1, 1, levels=1)], open_device(name), chosen)


@device_of
@pytest.mark.parametrize("chosen", [PLAIN[0], PLAIN[1], WEIGHTED[0]], ids=told)
def test_a_region_of_300_000_pixels(name: str, chosen: Settings) -> None:
    device, rng = open_device(name), np.random.default_rng(8)
    if isinstance(device, HostDevice):
        device.tile = 70_001
    check([shaded(rng, 500, 600, 24)], device, chosen)


@pytest.mark.gpu
@pytest.mark.parametrize("chosen", [*PLAIN, *WEIGHTED], ids=told)
def test_large_regions_of_many_levels_on_a_gpu(chosen: Settings) -> None:
    rng = np.random.default_rng(8)
    check([shaded(rng, 800, 1000, 3000), shaded(rng, 70, 80, 64)], open_device("gpu"), chosen)


@device_of
@pytest.mark.parametrize("chosen", [PLAIN[0], PLAIN[1], WEIGHTED[2]], ids=told)
def test_a_row_is_the_same_in_any_batch(name: str, chosen: Settings) -> None:
    """Alone, among others, and beside a region of so many levels that all are sorted: the same bits."""
    rng = np.random.default_rng(21)
    one, others = shaded(rng, 37, 41, 30), [region(rng, 20, 30, levels=40), region(rng, 3, 70, levels=2)]
    device = open_device(name)
    wide = shaded(rng, 12, 12, most_dense(device, symmetric=False) + 200)
    alone = _cuda.statistics(batch_on(device, [one], chosen), chosen)
    for rois in ([*others, one], [*others, wide, one]):
        among = _cuda.statistics(batch_on(device, rois, chosen), chosen)
        for field in (*MARGINALS, "joint", "mcc"):
            expected, found = host(getattr(alone, field))[0], host(getattr(among, field))[-1]
            if field in MARGINALS:
                assert not found[..., expected.shape[-1] :].any()
                found = found[..., : expected.shape[-1]]
            np.testing.assert_array_equal(found, expected, err_msg=field)


def islands(table: np.ndarray) -> Roi:
    """Pairs of pixels with nothing around them: at the first angle, to the right, they have this very table."""
    pairs = np.repeat(np.argwhere(table), table[table > 0], axis=0) + 1
    across = max(1, int(np.sqrt(len(pairs) / 1.5)))
    image = np.zeros((2 * -(-len(pairs) // across), 3 * across), int)
    for k, (a, b) in enumerate(pairs):
        y, x = divmod(k, across)
        image[2 * y, 3 * x : 3 * x + 2] = a, b
    return roi_of(image)


@device_of
@pytest.mark.parametrize("symmetric", [True, False], ids=["symmetric", "one way"])
@pytest.mark.parametrize("n", [2, 3, 9, 24, 25, 64])
def test_maximal_correlation_is_lapacks(name: str, n: int, symmetric: bool) -> None:
    rng = np.random.default_rng(n)
    tables = [
        rng.integers(0, 3, (n, n)),
        smooth(n, rng, max(1.0, n / 20)) // 20,
        smooth(n, rng, 0.8) // 20,
        scattered(n, rng, 3 / n),
        blocks(n, rng, links=1) // 25,
        blocks(n, rng, links=0) // 25,
        np.diag(rng.integers(1, 4, n)),
        np.fliplr(np.diag(rng.integers(1, 4, n))),  # the most negative eigenvalue decides
        np.eye(n, dtype=int) + np.eye(n, k=1, dtype=int),  # a chain: eigenvalues crowd at the end
        np.ones((n, n), int),
    ]
    tables = [table for table in tables if table.any()]
    chosen = Settings(symmetricalGLCM=symmetric)
    found = host(_cuda.statistics(batch_on(open_device(name), [islands(t) for t in tables], chosen), chosen).mcc)
    for table, mcc in zip(tables, found, strict=True):
        # Every pair counts in both directions in `theirs`, where only the upper triangle is looked at.
        folded = np.triu(table) + np.triu(table.T, 1) if symmetric else table
        expected, shift = theirs(folded, symmetric=symmetric)
        assert abs(mcc[0] - expected) <= 1e-11 + shift


@device_of
def test_degenerate_correlations(name: str) -> None:
    y, x = np.mgrid[:6, :6]
    rois = [
        roi_of([[1]]),  # no pair
        roi_of([[1, 0, 2], [0, 0, 0], [1, 0, 1]]),  # several pixels, no pair
        roi_of(np.ones((4, 5), int)),  # one level
        roi_of([[1, 2]]),  # a single pair: to the right -1 when both ways, nothing below
        roi_of((y + x) % 2 + 1),  # a checkerboard
        roi_of(y % 2 + 1),
        roi_of(1 + x),
    ]
    for chosen in (PLAIN[0], PLAIN[1]):
        _, cuda = check(rois, open_device(name), chosen)
        mcc = host(cuda.mcc)
        assert np.isnan(mcc[:2]).all()
        assert np.isnan(mcc[3, 1:]).all()
        np.testing.assert_allclose(mcc[2], 0.0, atol=1e-11)
        np.testing.assert_allclose(mcc[3, 0], 1.0 if chosen.symmetricalGLCM else 0.0, atol=1e-11)
        np.testing.assert_allclose(mcc[4], 1.0, atol=1e-11)
        assert not host(cuda.joint)[:2].any()


@device_of
@pytest.mark.parametrize("chosen", [PLAIN[0], PLAIN[1], WEIGHTED[1]], ids=told)
def test_features_are_those_of_the_cpu(name: str, chosen: Settings) -> None:
    device, rng = open_device(name), np.random.default_rng(5)
    rois = [
        shaded(rng, 60, 50, 32),
        region(rng, 25, 25, levels=6, density=0.7),
        roi_of([[1]]),
        roi_of([[1, 1], [1, 1]]),
    ]
    cpu, cuda = check(rois, device, chosen)
    family = FAMILIES["glcm"]
    expected = family.values(cpu, wanted=(), xp=np)
    found = host(family.values(cuda, wanted=(), xp=device.xp))
    for feature, ours, reference in zip(family.features, found, expected, strict=True):
        # Differences of entropies cancel where neighbours are independent, and the square root magnifies what is left.
        power = 2 if feature.name == "Imc2" else 1
        loose = {"Imc1": 1e-13, "Imc2": 1e-13, "MCC": 1e-11, "ClusterShade": 1e-10, "Correlation": 1e-13}
        np.testing.assert_allclose(
            ours**power, reference**power, rtol=1e-10, atol=loose.get(feature.name, 0.0), err_msg=feature.name
        )


@pytest.mark.parametrize("levels", [30, 300], ids=["tables", "sorted"])
@pytest.mark.parametrize("chosen", [PLAIN[3], WEIGHTED[0]], ids=told)
def test_work_for_the_host_does_not_grow_with_the_regions(levels: int, chosen: Settings) -> None:
    spent: list[tuple[Any, ...]] = []
    for n in (2, 9):
        rng = np.random.default_rng(1)
        device = HostDevice()
        _cuda.statistics(batch_on(device, [shaded(rng, 7, 5 + k, levels) for k in range(n)], chosen), chosen)
        spent.append((device.launches, device.uploads, device.downloads, device.allocations))
    assert spent[0] == spent[1]
    assert spent[0][1:3] == (1, 0)


@pytest.mark.parametrize("levels", [12, 64, 150, 300, 1000])
@pytest.mark.parametrize("chosen", [PLAIN[0], PLAIN[1], WEIGHTED[0]], ids=told)
def test_footprint_bounds_what_is_taken(levels: int, chosen: Settings) -> None:
    device, rng = HostDevice(tile=5000), np.random.default_rng(2)
    rois = [shaded(rng, 40, 50, levels), shaded(rng, 30, 20, levels), shaded(rng, 10, 10, max(levels // 2, 1))]
    batch = batch_on(device, rois, chosen)
    constants = 2 * 8 * 4096 + 1024
    before, device.peak = device.peak, 0
    _cuda.statistics(batch, chosen)
    framed = (batch.shapes + 2 * batch.pad).prod(axis=1)
    formulas = 16 * 8 * 2 * batch.width * (1 if chosen.weightingNorm else 4)
    bound = _cuda.footprint(framed, batch.width, chosen)
    assert bound.shape == (3,)
    assert device.peak - before <= int(bound.sum()) - 3 * formulas + constants
    assert int(bound.sum()) - 3 * formulas <= 4 * (device.peak - before)  # and is no mere guess


def test_the_iteration_starts_where_the_cpus_does() -> None:
    zeros = np.zeros(5000)
    np.testing.assert_array_equal(_cuda._noise(5000)[:5000], _start(zeros, 5000))
    assert len(_cuda._noise(5000)) == 8192


def test_geometries_are_odd_enough() -> None:
    """More warps than signs, fewer than rows, and a tile that ends within a row."""
    assert {g["threads"] for g in GEOMETRIES.values()} == {64, 96, 256}
