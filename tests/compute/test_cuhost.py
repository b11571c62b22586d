"""The host's stand-in for a GPU: what it must compute, and which mistakes it must not let pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tests.support.cuhost.direct import launch
from tests.support.cuhost.host_device import HostDevice

ROOT = Path(__file__).parents[2]
COMMON = (ROOT / "radiomics_mammo/compute/common.cuh").read_text(encoding="utf-8")
SEEDS = range(6)

TURNED = """
extern "C" __global__ void turned(const int* in, int* out)
{
    DYN_SHARED(int, slots);
    slots[threadIdx.x] = in[blockIdx.x * blockDim.x + threadIdx.x];
    __syncthreads();
    out[blockIdx.x * blockDim.x + threadIdx.x] = slots[blockDim.x - 1 - threadIdx.x];
}
"""


def turned(text, seed, *, threads=96, n=3):
    numbers = np.arange(threads * n, dtype=np.int32)
    device = HostDevice(threads=threads, seed=seed)
    out = launch(text, "turned", numbers, 0 * numbers, blocks=(n,), device=device, shared=4 * threads)[1]
    return np.array_equal(out, numbers.reshape(n, threads)[:, ::-1].ravel())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("threads", [32, 96, 1024])
def test_a_barrier_makes_all_threads_wait(seed, threads):
    assert turned(TURNED, seed, threads=threads)


def test_a_missing_barrier_shows_under_every_order():
    assert not any(turned(TURNED.replace("__syncthreads();", ""), seed) for seed in SEEDS)


def test_a_mistake_can_be_planted():
    numbers = np.arange(64, dtype=np.int32)
    device = HostDevice(edit=lambda m: m.text.replace("slots[blockDim.x - 1 -", "slots[31 ^"))
    out = launch(TURNED, "turned", numbers, 0 * numbers, device=device, shared=4 * 64)[1]
    assert_array_equal(out, numbers ^ 31)  # each half the other way round, not the whole


def test_threads_of_a_loop_meet_again_and_again():
    text = """
extern "C" __global__ void sums(const double* in, double* out, int turns)
{
    DYN_SHARED(double, slots);
    for (int k = 0; k < turns; k++) {
        double v = block_sum(in[k * blockDim.x + threadIdx.x], slots);
        if (threadIdx.x == k % blockDim.x) out[k] = v;
    }
}
"""
    numbers = np.random.default_rng(1).integers(0, 1000, (40, 160)).astype(np.float64)
    for seed in SEEDS:
        device = HostDevice(threads=160, seed=seed)
        out = launch(text, "sums", numbers, np.zeros(40), np.int32(40), device=device, shared=8 * 160)[1]
        assert_array_equal(out, numbers.sum(axis=1))


@pytest.mark.parametrize(
    "wait",
    [
        "if (threadIdx.x > 5) __syncthreads(); else while (atomicAdd(out, 0) < 1000) __syncwarp();",
        "if (threadIdx.x % 32 > 5) __syncwarp(); else __syncthreads();",
    ],
    ids=["block", "warp"],
)
def test_a_barrier_that_not_all_reach_ends_the_process(wait):
    code = f"""
import numpy as np
from tests.support.cuhost.direct import launch
launch('extern "C" __global__ void stuck(int* out) {{ {wait} }}', "stuck", np.zeros(1, np.int32))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode < 0
    assert "waits at a barrier that not every live thread reaches" in done.stderr


def test_threads_that_have_ended_are_not_waited_for():
    text = """
extern "C" __global__ void leaving(int* out)
{
    if (threadIdx.x >= 40) return;
    __syncthreads();
    atomicAdd(out, 1);
    if (threadIdx.x % 32 < 7) return;
    __syncwarp();
    atomicAdd(out + 1, (int)__popc(__ballot_sync(0xffffffffu, 1)));
}
"""
    out = launch(text, "leaving", np.zeros(2, np.int32))[0]
    assert_array_equal(out, [40, 25 * 25 + 1])


WARP = """
extern "C" __global__ void warp_operations(int* out, double* halves)
{
    const int lane = threadIdx.x % 32, t = threadIdx.x;
    int* row = out + 12 * t;
    row[0] = (int)__ballot_sync(0xffffffffu, lane % 3 == 0);
    row[1] = __shfl_xor_sync(0xffffffffu, t, 5);
    row[2] = __shfl_up_sync(0xffffffffu, t, 2);
    row[3] = __shfl_down_sync(0xffffffffu, t, 3);
    row[4] = __shfl_sync(0xffffffffu, t, 7);
    row[5] = __shfl_sync(0xffffffffu, t, lane / 2);
    row[6] = __any_sync(0xffffffffu, t == 40);
    row[7] = __all_sync(0xffffffffu, t < 40);
    row[8] = __popc((unsigned)t) + 100 * __ffs(t);
    row[9] = __clz(t);
    row[10] = (int)(__brev((unsigned)t) >> 16);
    row[11] = __popcll((uint64)t << 40) + __clzll(t);
    halves[t] = __shfl_down_sync(0xffffffffu, 0.5 * t, 1);
}
"""


@pytest.mark.parametrize("seed", SEEDS)
def test_warp_operations_are_exact(seed):
    out, halves = launch(
        WARP, "warp_operations", np.zeros((96, 12), np.int32), np.zeros(96), device=HostDevice(threads=96, seed=seed)
    )
    t = np.arange(96)
    lane, first = t % 32, t - t % 32
    every_third = sum(1 << k for k in range(0, 32, 3))
    assert_array_equal(out[:, 0].view(np.uint32), every_third)
    assert_array_equal(out[:, 1], t ^ 5)
    assert_array_equal(out[:, 2], np.where(lane >= 2, t - 2, t))
    assert_array_equal(out[:, 3], np.where(lane < 29, t + 3, t))
    assert_array_equal(out[:, 4], first + 7)
    assert_array_equal(out[:, 5], first + lane // 2)
    assert_array_equal(out[:, 6], t // 32 == 1)
    assert_array_equal(out[:, 7], t // 32 == 0)
    bits = [int(k) for k in t]
    assert_array_equal(out[:, 8], [k.bit_count() + 100 * (k & -k).bit_length() for k in bits])
    assert_array_equal(out[:, 9], [32 - k.bit_length() for k in bits])
    assert_array_equal(out[:, 10], [int(f"{k:032b}"[::-1], 2) >> 16 for k in bits])
    assert_array_equal(out[:, 11], [k.bit_count() + 64 - k.bit_length() for k in bits])
    assert_array_equal(halves, np.where(lane < 31, 0.5 * (t + 1), 0.5 * t))


def test_a_missing_warp_barrier_shows():
    text = """
extern "C" __global__ void turned(const int* in, int* out)
{
    DYN_SHARED(int, slots);
    slots[threadIdx.x] = in[blockIdx.x * blockDim.x + threadIdx.x];
    __syncwarp();
    out[blockIdx.x * blockDim.x + threadIdx.x] = slots[blockDim.x - 1 - threadIdx.x];
}
"""
    assert all(turned(text, seed, threads=32) for seed in SEEDS)
    assert not any(turned(text.replace("__syncwarp();", ""), seed, threads=32) for seed in SEEDS)


def test_votes_of_a_block():
    text = """
extern "C" __global__ void votes(int* out)
{
    int counted = __syncthreads_count(threadIdx.x % 3 == 0);
    int some = __syncthreads_or(threadIdx.x == 70), none = __syncthreads_or(threadIdx.x == 700);
    int all = __syncthreads_and(threadIdx.x < 96), few = __syncthreads_and(threadIdx.x < 95);
    if (threadIdx.x == 95) out[0] = counted, out[1] = some, out[2] = none, out[3] = all, out[4] = few;
}
"""
    out = launch(text, "votes", np.zeros(5, np.int32), device=HostDevice(threads=96))[0]
    assert_array_equal(out, [32, 1, 0, 1, 0])


def test_atomics():
    text = """
extern "C" __global__ void atomics(int* out, uint64* sum, unsigned* word)
{
    int t = (int)threadIdx.x;
    atomicAdd(&out[0], t);
    atomicMax(&out[1], t);
    atomicMin(&out[2], t);
    if (atomicCAS(&out[3], 0, t + 1) == 0) atomicAdd(&out[4], 1);
    atomicAdd(sum, (uint64)t << 40);
    atomicOr(word, 1u << (t % 32));
    atomicExch(&out[5], 7);
}
"""
    numbers = np.array([5, 5, 5, 0, 0, 0], np.int32)
    out, total, word = launch(text, "atomics", numbers, np.zeros(1, np.uint64), np.zeros(1, np.uint32))
    assert_array_equal(out[[0, 1, 2, 4, 5]], [5 + 63 * 32, 63, 0, 1, 7])
    assert 1 <= out[3] <= 64
    assert int(total[0]) == 63 * 32 << 40
    assert word[0] == 2**32 - 1


PLACE = """
extern "C" __global__ void place(int* out)
{
    out[((blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x) * blockDim.x + threadIdx.x]
        += 1 + 10 * blockIdx.x + 100 * blockIdx.y + 1000 * blockIdx.z;
}
"""


@pytest.mark.parametrize("seed", SEEDS)
def test_every_thread_of_a_grid_runs_once(seed):
    out = launch(PLACE, "place", np.zeros((2, 4, 3, 32), np.int32), blocks=(3, 4, 2), threads=32,
                 device=HostDevice(seed=seed))[0]  # fmt: skip
    z, y, x, _ = np.indices(out.shape)
    assert_array_equal(out, 1 + 10 * x + 100 * y + 1000 * z)


def test_seeds_change_the_order_of_blocks_and_threads():
    text = """
extern "C" __global__ void order(int* n, int* out) { out[blockIdx.x * blockDim.x + threadIdx.x] = atomicAdd(n, 1); }
"""
    orders = set()
    for seed in SEEDS:
        out = launch(text, "order", np.zeros(1, np.int32), np.zeros(96, np.int32), blocks=(3,), threads=32,
                     device=HostDevice(seed=seed))[1]  # fmt: skip
        assert sorted(out) == list(range(96))
        orders.add(tuple(out))
    assert len(orders) == len(SEEDS)
    assert tuple(range(96)) in orders  # the order without a seed
