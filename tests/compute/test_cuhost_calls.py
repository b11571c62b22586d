"""The host's stand-in for a GPU: which calls it refuses, and what it notices of the memory."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tests.support.cuhost.direct import launch, module
from tests.support.cuhost.host_device import GUARD, RUBBISH, HostDevice
from tests.support.cuhost.module import KERNEL

FIRST = """
extern "C" __global__ void first(const uint8* in, int n, int64 many, double x, const uint64* sums, int* out)
{
    if (threadIdx.x == 0) out[0] = in[0] + n + (int)many + (int)x + (sums ? (int)sums[0] : 0);
}
"""
GOOD = (np.ones(1, np.uint8), np.int32(2), np.int64(3), np.float64(4), np.array([5], np.uint64), np.zeros(1, np.int32))


def test_arguments_of_the_declared_types_arrive():
    assert launch(FIRST, "first", *GOOD)[-1][0] == 15


@pytest.mark.parametrize(
    ("at", "wrong"),
    [
        (0, np.ones(1, np.uint16)),
        (0, np.ones(1, np.int8)),
        (0, np.int64(1)),
        (1, np.int64(2)),
        (1, np.uint32(2)),
        (1, 2),
        (1, np.ones(1, np.int32)),
        (2, np.int32(3)),
        (2, True),
        (3, np.float32(4)),
        (3, np.int64(4)),
        (3, 4.0),
        (4, np.array([5], np.int64)),
        (5, np.zeros(1, np.uint32)),
        (5, np.zeros(1, np.float32)),
        (5, [0]),
        (5, None),
    ],
)
def test_arguments_of_other_types_are_refused(at, wrong):
    args = [*GOOD]
    args[at] = wrong
    with pytest.raises(TypeError, match=f"argument {at}"):
        launch(FIRST, "first", *args)


def test_an_array_with_gaps_is_refused():
    device = HostDevice()
    args = (*GOOD[:-1], device.zeros(4, np.int32)[::2])
    with pytest.raises(TypeError, match="without gaps"):
        device.launch(module(FIRST), "first", blocks=(1,), args=args)


@pytest.mark.parametrize("n", [0, 5, 7])
def test_a_wrong_number_of_arguments_is_refused(n):
    with pytest.raises(TypeError, match=f"takes 6 arguments, got {n}"):
        launch(FIRST, "first", *(*GOOD, np.int32(1))[:n])


def test_a_null_pointer_arrives_as_one():
    args = [*GOOD]
    args[4] = np.uintp(0)
    assert launch(FIRST, "first", *args)[-1][0] == 10
    args[4] = np.uintp(1)
    with pytest.raises(TypeError, match="argument 4"):
        launch(FIRST, "first", *args)


@pytest.mark.parametrize("threads", [1025, 4096])
def test_a_block_that_no_gpu_takes_is_refused(threads):
    with pytest.raises(ValueError, match=f"{threads} threads"):
        launch(FIRST, "first", *GOOD, threads=threads)


@pytest.mark.parametrize(("blocks", "shared"), [((2**31,), 0), ((1, 65_536), 0), ((1, 1, 65_536), 0), ((1,), 49_153)])
def test_a_grid_that_no_gpu_takes_is_refused(blocks, shared):
    with pytest.raises(ValueError, match="no device takes"):
        launch(FIRST, "first", *GOOD, blocks=blocks, shared=shared)


@pytest.mark.parametrize("blocks", [(0,), (3, 0)])
def test_an_empty_grid_does_nothing(blocks):
    device = HostDevice()
    assert launch(FIRST, "first", *GOOD, blocks=blocks, device=device)[-1][0] == 0
    assert not device.launches


@pytest.mark.parametrize("at", [-1, 10, -GUARD // 4, 10 + GUARD // 4 - 1])
def test_writes_beside_an_array_are_found(at):
    text = f'extern "C" __global__ void beside(int* out) {{ if (threadIdx.x == 0) out[{at}] = 1; }}'
    with pytest.raises(AssertionError, match="beside wrote beside an array"):
        launch(text, "beside", np.zeros(10, np.int32))


@pytest.mark.parametrize("shared", [0, 40, 256])
@pytest.mark.parametrize("above", [True, False])
def test_writes_beside_shared_memory_are_found(shared, above):
    text = f"""
extern "C" __global__ void within(int n) {{ DYN_SHARED(uint8, slots); if (n > 0) slots[n - 1] = 1; }}
extern "C" __global__ void beyond() {{ DYN_SHARED(uint8, slots); slots[{shared if above else -1}] = 1; }}
"""
    launch(text, "within", np.int32(4096), shared=4096)  # more than the next launch gets
    with pytest.raises(AssertionError, match=f"beyond wrote beside its {shared} bytes of shared memory"):
        launch(text, "beyond", blocks=(3,), shared=shared)
    launch(text, "within", np.int32(shared), shared=shared)


def test_memory_holds_rubbish_at_first():
    text = """
extern "C" __global__ void rubbish(uint8* out)
{
    __shared__ uint8 fixed[4];
    DYN_SHARED(uint8, slots);
    if (threadIdx.x > 0) return;
    for (int k = 0; k < 4; k++) {
        out[8 * blockIdx.x + k] = slots[k];
        out[8 * blockIdx.x + 4 + k] = fixed[k];
        slots[k] = fixed[k] = 1;  // nothing is left of it for the next block
    }
}
"""
    device = HostDevice()
    out = device.empty((3, 8), np.uint8)
    assert (out == RUBBISH).all()
    assert not device.zeros(5, np.float64).any()
    out[...] = 0
    device.launch(module(text), "rubbish", blocks=(3,), args=(out,), shared=4)
    assert (out == RUBBISH).all()


def test_products_and_sums_stay_apart():
    text = 'extern "C" __global__ void fused(const double* v, double* out) { out[0] = v[0] * v[0] - v[1]; }'
    v = np.array([1 + 2.0**-30, 1 + 2.0**-29])
    assert launch(text, "fused", v, np.zeros(1))[1][0] == v[0] * v[0] - v[1] == 0.0  # fused, it would be 2^-60


def test_text_that_is_no_kernel_is_refused():
    with pytest.raises(SyntaxError, match="error"):
        launch('extern "C" __global__ void broken(int* out) { out[0] = missing; }', "broken", np.zeros(1, np.int32))


def test_kernels_are_found_by_name():
    text = """
extern "C" __global__ void a(int n) {}
extern "C" __global__ void __launch_bounds__(256) b() {}
extern "C" __global__ __launch_bounds__(256, 2)
void c(int* x) {}
__device__ void d() {}
"""
    assert KERNEL.findall(text) == ["a", "b", "c"]


def test_memory_runs_out():
    device = HostDevice(memory=100_000)
    held = device.empty(60_000, np.uint8)
    with pytest.raises(MemoryError):
        device.empty(60_000, np.uint8)
    assert device.peak == 60_000
    del held
    device.release()
    second = device.empty(70_000, np.uint8)
    assert second.shape == (70_000,)
    assert device.peak == 70_000


def test_an_upload_leaves_nothing_in_the_staging_memory():
    device = HostDevice()
    staged = device.staging(10)
    staged[...] = np.arange(10)
    assert_array_equal(device.upload(staged), np.arange(10))
    assert (staged == RUBBISH).all()


def test_a_constant_is_sent_once():
    device = HostDevice()
    table = np.arange(6.0).reshape(2, 3)
    first = device.constant(table)
    assert device.constant(table.copy()) is first
    assert device.constant(table.ravel()) is not first
    assert device.constant(table + 1) is not first
    assert_array_equal(first, table)
