"""The GPU's side of the seam over a stand-in for CuPy, and what is said where no GPU can be used."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from radiomics_mammo import FeatureExtractor
from radiomics_mammo.compute.device import source
from radiomics_mammo.compute.reductions import total
from radiomics_mammo.core.records import Failure
from radiomics_mammo.engines.registry import choose_engine, cuda_problem, engine_versions, open_engine
from radiomics_mammo.errors import EngineError
from radiomics_mammo.recipes.recipe import recipe_from
from tests.engines.test_cuda_engine import CudaEngine, assert_equal_rows, rows
from tests.support import fake_cupy
from tests.support.cuhost.host_device import HostDevice
from tests.support.device_batches import RECIPES, SAMPLES


@pytest.fixture
def cupy(monkeypatch):
    with fake_cupy.installed(monkeypatch) as state:
        yield state


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_the_engine_runs_on_it_and_never_waits(cupy, recipe):
    """Every host array among the device's, every value that the host would wait for, raises in the stand-in."""
    engine = open_engine("cuda", recipe_from(recipe))
    waits = engine.start(SAMPLES[:4])
    assert cupy.synchronised == 0
    found = np.array(waits().results)
    assert cupy.synchronised >= 1
    expected = rows(CudaEngine(engine.recipe, HostDevice(threads=256, tile=8192)), SAMPLES[:4])
    assert_equal_rows(engine.feature_names, found, expected)
    assert cupy.options == {("--std=c++17", "--fmad=false")}
    assert cupy.current == []  # the caller's stream is as it was


def test_uploads_have_a_stream_of_their_own_that_the_work_waits_for(cupy):
    engine = open_engine("cuda", recipe_from(RECIPES[1]))
    device = engine.device
    engine.measure(SAMPLES[:2])
    assert device._work.done == [("wait", device._copies)]
    assert device._copies.done == []


def test_more_shared_memory_is_asked_for_before_it_is_used(cupy):
    device = open_engine("cuda", recipe_from(RECIPES[1])).device
    assert device.shared_bytes == 232_448 // 2 - 1024
    array = device.zeros((3, 2), np.int32)
    args = (array, np.int64(2), device.empty(3, np.int64), device.empty(3, np.int64))
    with device.queue():
        device.launch(source("engines/upload.cu"), "count_levels", blocks=(3,), args=args, shared=100_000)
        device.launch(source("engines/upload.cu"), "count_levels", blocks=(0,), args=args)
    assert cupy.launches == 1
    with pytest.raises(ValueError, match="no device takes"):
        device.launch(source("engines/upload.cu"), "count_levels", blocks=(3,), args=args, shared=200_000)
    with pytest.raises(ValueError, match="no device takes"):
        device.launch(source("engines/upload.cu"), "count_levels", blocks=(3, 70_000), args=args)


def test_sums_on_the_device(cupy):
    import radiomics_mammo.compute.cupy_device  # noqa: F401 - registers CuPy's arrays

    a = np.random.default_rng(0).normal(size=(3, 4, 100))
    on_device = a.view(fake_cupy.FakeArray)
    assert total(on_device[..., ::2]).view(np.ndarray).tobytes() == total(a[..., ::2]).tobytes()


def test_a_small_table_is_sent_once(cupy):
    device = open_engine("cuda", recipe_from(RECIPES[1])).device
    first = device.constant(np.arange(4))
    assert device.constant(np.arange(4)) is first
    assert device.constant(np.arange(4.0)) is not first


def test_memory_is_what_is_free_or_what_is_allowed(cupy):
    assert open_engine("cuda", recipe_from(RECIPES[1])).device.free_bytes() == 8 * 10**9
    limited = FeatureExtractor(RECIPES[1], engine="cuda", gpu_memory=10**9)._engine.device
    assert limited.free_bytes() == fake_cupy.Pool.limit == 10**9


def test_idle_blocks_go_before_the_limit_counts(cupy):
    open_engine("cuda", recipe_from(RECIPES[1]))
    assert cupy.allocator is None
    open_engine("cuda", recipe_from(RECIPES[1]), 10**9)
    assert cupy.allocator(5) == "memory"
    assert cupy.freed == 1


def test_an_old_cupy_is_refused(cupy, monkeypatch):
    monkeypatch.setattr("cupy.__version__", "14.1.2rc1")
    with pytest.raises(EngineError, match="may sort wrongly") as raised:
        choose_engine("cuda")
    assert "14.2 or newer" in raised.value.remedy


def test_an_error_that_comes_late_is_said_too(cupy, monkeypatch):
    """A kernel's fault is reported by whichever call comes next: here by a formula."""
    engine = open_engine("cuda", recipe_from(RECIPES[1]))
    late = fake_cupy.CUDARuntimeError("cudaErrorIllegalAddress: an illegal memory access")

    def fail(*_, **__):
        raise late

    monkeypatch.setattr(fake_cupy.FakeArray, "__array_ufunc__", fail)
    with pytest.raises(EngineError, match="illegal memory access"):
        engine.measure(SAMPLES[:2])
    assert cupy.current == []


def test_stages_are_timed_when_asked_for(cupy):
    engine = open_engine("cuda", recipe_from(RECIPES[1]))
    assert engine.device.stage_seconds() == {}
    engine.device.mark_stages()
    engine.measure(SAMPLES[:2])
    seconds = engine.device.stage_seconds()
    assert {"upload", "discretise", "glcm", "formulas", "download"} <= set(seconds)
    assert seconds["upload"] == pytest.approx(0.002)
    assert engine.device.stage_seconds() == {}


@pytest.mark.parametrize(
    "error",
    [
        fake_cupy.OutOfMemoryError("Out of memory allocating 5 bytes"),
        fake_cupy.CUDARuntimeError("cudaErrorMemoryAllocation: out of memory"),
        fake_cupy.CUDADriverError("CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
    ],
)
def test_out_of_memory_costs_what_does_not_fit(cupy, error):
    engine = open_engine("cuda", recipe_from(RECIPES[1]))
    cupy.fail = error
    results = engine.measure(SAMPLES[:3]).results
    assert all(isinstance(r, Failure) and "does not fit on Fake GPU" in r.cause for r in results)
    assert cupy.freed
    cupy.fail = None
    cupy.pinned = fake_cupy.CUDARuntimeError("cudaErrorMemoryAllocation: out of memory")
    assert all(isinstance(r, Failure) for r in engine.measure(SAMPLES[:1]).results)
    cupy.pinned = None
    assert isinstance(engine.measure(SAMPLES[:1]).results[0], np.ndarray)


@pytest.mark.parametrize("error", [fake_cupy.CUDARuntimeError("cudaErrorIllegalAddress: an illegal memory access")])
def test_any_other_error_ends_the_run_in_plain_words(cupy, error):
    engine = open_engine("cuda", recipe_from(RECIPES[1]))
    cupy.fail = error
    with pytest.raises(EngineError, match="illegal memory access") as raised:
        engine.measure(SAMPLES[:2])
    assert "--engine cpu" in raised.value.remedy


def test_a_kernel_that_does_not_compile_is_said(cupy):
    from radiomics_mammo.compute.device import Source

    device = open_engine("cuda", recipe_from(RECIPES[1])).device
    with pytest.raises(EngineError, match="expected a ';'"):
        device.launch(Source("x.cu", "CUDA error"), "f", blocks=(1,), args=())


@pytest.mark.parametrize(
    ("driver", "built", "devices", "nvrtc", "found", "remedy"),
    [
        (0, 13_020, 1, None, "no NVIDIA driver", "Install NVIDIA's driver"),
        (12_080, 13_020, 1, None, r"built for CUDA 13, the driver here goes up to CUDA 12\.8", "gpu-cuda12"),
        (11_040, 12_090, 1, None, r"goes up to CUDA 11\.4", "driver 525"),
        (13_000, 13_020, 0, None, "no CUDA-capable device", "nvidia-smi"),
        (13_000, 12_090, 1, RuntimeError("CuPy failed to load libnvrtc.so.12"), "libnvrtc", "gpu-cuda12"),
        (13_000, 13_020, 1, ImportError("no nvrtc"), "NVRTC", "gpu-cuda13"),
    ],
)
def test_what_is_missing_is_said_and_how_to_get_it(cupy, driver, built, devices, nvrtc, found, remedy):
    cupy.driver, cupy.built, cupy.devices, cupy.nvrtc = driver, built, devices, nvrtc
    with pytest.raises(EngineError, match=found) as raised:
        choose_engine("cuda")
    assert remedy in raised.value.remedy
    engine, reason = choose_engine("auto")
    assert engine == "cpu"
    assert reason.startswith("auto found no usable GPU: ")


def test_with_a_gpu_auto_takes_it_and_the_table_says_which(cupy):
    assert cuda_problem() is None
    assert choose_engine("auto") == ("cuda", "auto found a GPU")
    assert choose_engine("cuda") == ("cuda", "as asked")
    assert engine_versions("cuda").items() >= {"cupy": "14.2.0", "cuda": "13.2", "gpu": "Fake GPU"}.items()
    extractor = FeatureExtractor(RECIPES[1])
    assert extractor.engine_name == "cuda"
    values = extractor.execute(SAMPLES[0].image, SAMPLES[0].mask)
    assert values["diagnostics_Configuration_Engine"] == "cuda"


def test_without_cupy_the_extras_are_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EngineError, match="CuPy is not installed") as raised:
        choose_engine("cuda")
    assert "gpu-cuda13" in raised.value.remedy
    assert "gpu-cuda12" in raised.value.remedy
    assert choose_engine("auto")[0] == "cpu"


def test_the_real_cupy_has_every_name_that_is_called():
    """Needs CuPy, no GPU."""
    if importlib.util.find_spec("cupy") is None:
        pytest.skip("CuPy is not installed")
    names = (
        "import radiomics_mammo.compute.cupy_device as c, cupy, cupyx; c.problem(); "
        "cupy.cuda.get_elapsed_time; cupyx.empty_pinned; "
    )
    names += "cupy.cuda.driver.CUDADriverError; cupy.cuda.compiler.CompileException; cupy.cuda.Event.synchronize; "
    names += (
        "cupy.cuda.Stream.record; cupy.cuda.Stream.wait_event; cupy.get_default_pinned_memory_pool().free_all_blocks"
    )
    done = subprocess.run([sys.executable, "-c", names], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
