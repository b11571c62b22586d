"""The cuda engine from samples to rows: equal to the cpu engine, whatever shares a batch, whatever fits."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.verify import verify
from benchmarks.workload import region
from radiomics_mammo.compute.device import fold
from radiomics_mammo.compute.reductions import total
from radiomics_mammo.core.records import Failure, Sample
from radiomics_mammo.engines import cuda as cuda_engine
from radiomics_mammo.engines.agreement import compare_features
from radiomics_mammo.engines.base import Engine
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.engines.cuda import CudaEngine
from radiomics_mammo.extraction.run import Options, Setup, extract_table
from radiomics_mammo.imaging.preprocessing import prepare
from radiomics_mammo.recipes.recipe import Recipe, recipe_from
from radiomics_mammo.tables.feature_table import read_table
from tests.support.cuhost.host_device import HostDevice
from tests.support.device_batches import RECIPES, SAMPLES, sample
from tests.support.devices import device_of, host, open_device
from tests.support.reader_and_engine import ToyReader


def rows(engine: Engine, samples: list[Sample]) -> np.ndarray:
    results = engine.measure(samples).results
    assert all(isinstance(r, np.ndarray) for r in results), results
    return np.array(results)


def assert_equal_rows(names: tuple[str, ...], ours: np.ndarray, theirs: np.ndarray) -> None:
    agreement = compare_features(names, ours, theirs)
    assert not agreement.differing, agreement
    assert np.array_equal(np.isnan(ours), np.isnan(theirs))


@device_of
@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_rows_are_the_cpu_engines(name, recipe):
    cuda, cpu = CudaEngine(recipe_from(recipe), open_device(name)), CpuEngine(recipe_from(recipe))
    assert cuda.feature_names == cpu.feature_names
    assert_equal_rows(cpu.feature_names, rows(cuda, SAMPLES), rows(cpu, SAMPLES))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 999), st.integers(3, 30), st.integers(1, 500)), min_size=1, max_size=4))
def test_rows_of_any_make_up_are_the_cpu_engines(shapes):
    recipe = recipe_from({"setting": {"binWidth": 3, "minimumROIDimensions": 0}})
    samples = [sample(seed, size=size, top=top) for seed, size, top in shapes]
    kept = [
        s for s, r in zip(samples, CpuEngine(recipe).measure(samples).results, strict=True) if isinstance(r, np.ndarray)
    ]
    if kept:
        cuda = CudaEngine(recipe, open_device("host-96"))
        assert_equal_rows(cuda.feature_names, rows(cuda, kept), rows(CpuEngine(recipe), kept))


@pytest.mark.parametrize("name", ["host-256", pytest.param("gpu", marks=pytest.mark.gpu)])
def test_the_smallest_region_and_a_large_one(name):
    """A single pixel, two, and 300,000 with a flat part: counts to the bit, features, the same bits twice."""
    device = open_device(name)
    large = region(300_000, seed=1)
    large.image[:200] = 1700
    masks = [np.zeros((5, 6), bool) for _ in range(2)]
    masks[0][2, 3] = masks[1][2, 3] = masks[1][2, 4] = True
    small = [Sample(f"small-{k}", "", np.arange(30, dtype=np.uint8).reshape(5, 6), m) for k, m in enumerate(masks)]
    recipe = recipe_from({"setting": {"binCount": 32, "minimumROIDimensions": 0}})
    verdict = verify([small[0], large, small[1]], recipe, device)
    assert verdict.regions == 3
    assert verdict.ok, verdict


@device_of
@pytest.mark.parametrize("recipe", RECIPES[1:4], ids=str)
def test_a_row_is_the_same_to_the_bit_whatever_shares_its_batch(name, recipe, monkeypatch):
    engine = CudaEngine(recipe_from(recipe), open_device(name))
    some = SAMPLES[:4]
    together = rows(engine, some)
    assert rows(engine, some).tobytes() == together.tobytes()
    assert rows(engine, some[::-1])[::-1].tobytes() == together.tobytes()
    wide = sample(99, size=16, top=1200)
    for k, one in enumerate(some[:3]):
        assert rows(engine, [one]).tobytes() == together[k].tobytes()
        assert rows(engine, [wide, one])[1].tobytes() == together[k].tobytes()
    monkeypatch.setattr(cuda_engine, "MOST_ROIS", 3)
    assert rows(engine, some).tobytes() == together.tobytes()


def test_the_host_does_nothing_a_region_between_upload_and_download():
    """Launches, transfers, allocations and even Python calls are as many for nine regions as for two."""
    recipe = recipe_from({"setting": {"binCount": 16}})

    def cost_of(n: int) -> tuple[dict[str, int], tuple[int, ...], int]:
        device = HostDevice(threads=64, tile=1000)
        engine = CudaEngine(recipe, device)
        engine.warm_up()
        device.launches.clear()
        before = device.allocations, device.uploads, device.downloads
        calls = 0

        def count(frame, event, argument):
            nonlocal calls
            calls += event == "call" and "radiomics_mammo" in frame.f_code.co_filename

        rois = [prepare(sample(k), recipe.settings) for k in range(n)]
        staged = engine.stage(rois)
        sys.setprofile(count)
        try:
            engine.submit(list(range(n)), staged)
        finally:
            sys.setprofile(None)
        after = device.allocations, device.uploads, device.downloads
        return dict(device.launches), tuple(b - a for a, b in zip(before, after, strict=True)), calls

    two, nine = cost_of(2), cost_of(9)
    assert two == nine
    assert two[1][1:] == (1, 1)  # one upload, one download


def test_the_next_batch_is_queued_before_the_last_one_is_waited_for():
    order = []

    class Watching(HostDevice):
        def upload(self, staged):
            order.append("upload")
            return super().upload(staged)

        def download(self, array):
            wait = super().download(array)

            def waiting():
                order.append("wait")
                return wait()

            return waiting

    engine = CudaEngine(recipe_from(RECIPES[1]), Watching())
    first, second = engine.start(SAMPLES[:3]), engine.start(SAMPLES[3:])
    found = [*first().results, *second().results]
    assert order == ["upload", "upload", "wait", "wait"]
    assert np.array(found).tobytes() == rows(CudaEngine(engine.recipe, HostDevice()), SAMPLES).tobytes()


class Small(HostDevice):
    """A device that holds so many bytes at a time, of which the engine knows nothing beforehand."""

    def __init__(self, memory: int) -> None:
        super().__init__()
        self.refused = 0
        self.limit = memory

    def empty(self, shape, dtype):
        n = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if self._held() + n > self.limit:
            self.refused += 1
            raise MemoryError(f"out of memory allocating {n} bytes")
        return super().empty(shape, dtype)


def test_out_of_memory_halves_the_batch_and_goes_on():
    recipe = recipe_from(RECIPES[1])
    roomy = HostDevice()
    whole = rows(CudaEngine(recipe, roomy), SAMPLES)
    device = Small(roomy.peak // 3)
    assert rows(CudaEngine(recipe, device), SAMPLES).tobytes() == whole.tobytes()
    assert device.refused


def test_a_failed_attempt_is_forgotten_before_the_next():
    """What it had allocated would be missing: the region fits alone, and no more than once."""
    recipe = recipe_from(RECIPES[1])
    roomy = HostDevice()
    rows(CudaEngine(recipe, roomy), [SAMPLES[1]])  # small tables stay for good
    roomy.peak, before = 0, roomy.allocations
    whole = rows(CudaEngine(recipe, roomy), [SAMPLES[1]])
    late = roomy.allocations - 2

    class Once(Small):
        def empty(self, shape, dtype):
            if self.allocations == late and not self.refused:
                self.refused += 1
                raise MemoryError("for once")
            return super().empty(shape, dtype)

    device = Once(10**9)
    rows(CudaEngine(recipe, device), [SAMPLES[1]])
    assert device.allocations == before
    device.limit = roomy.peak
    assert rows(CudaEngine(recipe, device), [SAMPLES[1]]).tobytes() == whole.tobytes()
    assert device.refused == 1


def test_a_region_that_does_not_fit_is_a_failure_and_no_more():
    recipe = recipe_from({"setting": {"binWidth": 1}})
    huge = sample(5, size=40, top=20_000)
    roomy = HostDevice()
    rows(CudaEngine(recipe, roomy), SAMPLES[:2])
    engine = CudaEngine(recipe, Small(2 * roomy.peak))
    results = engine.measure([SAMPLES[0], huge, SAMPLES[1]]).results
    assert isinstance(results[1], Failure)
    assert (results[1].case_id, results[1].stage, results[1].error) == ("case-5", "extract", "RoiError")
    assert "does not fit on host" in results[1].cause
    assert "binWidth" in results[1].remedy
    alone = rows(CudaEngine(recipe, HostDevice()), [SAMPLES[0], SAMPLES[1]])
    assert np.array([results[0], results[2]]).tobytes() == alone.tobytes()


def test_batches_are_cut_to_the_memory_that_is_there():
    recipe = recipe_from(RECIPES[1])
    roomy = HostDevice(memory=10**9)
    rows(CudaEngine(recipe, roomy), SAMPLES)
    tight = HostDevice(memory=roomy.peak)
    assert rows(CudaEngine(recipe, roomy), SAMPLES).tobytes() == rows(CudaEngine(recipe, tight), SAMPLES).tobytes()
    assert tight.uploads >= roomy.uploads + 2


def test_bad_samples_fail_in_their_place():
    engine = CudaEngine(recipe_from(RECIPES[1]), HostDevice())
    empty = Sample("empty", "P", np.zeros((9, 9)), np.zeros((9, 9), dtype=bool))
    results = engine.measure([empty, SAMPLES[0], empty]).results
    assert [isinstance(r, Failure) for r in results] == [True, False, True]
    assert engine.measure([]).results == []
    assert [isinstance(r, Failure) for r in engine.measure([empty]).results] == [True]


def test_a_table_by_way_of_the_command_s_machinery(tmp_path: Path):
    """Two batches under way, failures among them; values as the cpu engine's."""
    recipe = recipe_from({"setting": {"binWidth": 1, "minimumROIDimensions": 0}})
    opened: list[CudaEngine] = []

    def factory(engine: str, chosen: Recipe) -> Engine:
        if engine == "cpu":
            return CpuEngine(chosen)
        opened.append(CudaEngine(chosen, HostDevice()))
        return opened[-1]

    reader = ToyReader(size=40, wrong=((2, "read"), (9, "one label bad")))
    tables = {}
    for engine in ("cpu", "cuda"):
        setup = Setup(recipe, engine, {"numpy": "2"}, factory)
        extract_table(reader, setup=setup, options=Options(tmp_path / f"{engine}.parquet"))
        tables[engine] = read_table(tmp_path / f"{engine}.parquet")
    cpu, cuda = (tables[engine].frame for engine in ("cpu", "cuda"))
    names = list(tables["cpu"].features)
    assert list(cuda["case_id"]) == list(cpu["case_id"])
    assert_equal_rows(tuple(names), cuda[names].to_numpy(float), cpu[names].to_numpy(float))
    assert tables["cuda"].provenance["engine"] == "cuda"


@device_of
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 31, 64, 65, 129, 257, 1000, 5000])
def test_the_device_adds_in_the_host_s_order(name, n):
    device = open_device(name)
    a = np.random.default_rng(n).normal(size=(7, 3, n))
    with device.queue():
        on_device = device.empty(a.shape, np.float64)
        on_device[...] = device.xp.asarray(a)
        found = host(fold(on_device, device=device))
    assert found.tobytes() == total(a).tobytes()


@pytest.mark.gpu
def test_cupy_sums_in_the_host_s_order():
    cupy = open_device("gpu").xp
    for n in (1, 2, 65, 129, 5000):
        a = np.random.default_rng(n).normal(size=(50, n))
        assert host(total(cupy.asarray(a))).tobytes() == total(a).tobytes()


def test_the_cost_of_a_batch_bounds_what_is_held():
    """What the engine expects of a region's memory is not less than what its kernels take."""
    for recipe in RECIPES[:4]:
        device = HostDevice(threads=256, tile=8192)
        engine = CudaEngine(recipe_from(recipe), device)
        engine._budget = 1.0
        for samples in ([sample(1, size=60)], SAMPLES, [sample(3, size=30, top=2000)]):
            rois = [prepare(one, engine.recipe.settings) for one in samples]
            expected = engine.cost(rois, max(len(roi.edges) for roi in rois) + 1)[:, 0].sum()
            device.peak = 0
            engine.submit(list(range(len(rois))), engine.stage(rois)).finish()
            assert device.peak <= 1.1 * expected + 200_000, recipe
