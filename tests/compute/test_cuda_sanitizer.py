"""No kernel races or leaves its arrays: every access of every kernel is watched on the host (cuhost/sanitizer.cpp)."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_mammo.compute.device import Source
from radiomics_mammo.core.records import Sample
from radiomics_mammo.engines.cuda import CudaEngine
from radiomics_mammo.recipes.recipe import recipe_from
from tests.support.cuhost.host_device import HostDevice
from tests.support.device_batches import RECIPES, sample

START = 'extern "C" __global__ void k(int* out, const int* in, int n) { DYN_SHARED(int, s); int t = threadIdx.x;'
IDLE = "(void)out; (void)in; (void)n; (void)s; (void)t; "


def run(body: str, *, blocks: int = 2) -> None:
    """One kernel of 64 threads on 64 integers of each kind of memory."""
    device = HostDevice(threads=64, sanitize=True)
    out, given = device.zeros(64, np.int32), device.zeros(64, np.int32)
    args = (out, given, np.int32(64))
    device.launch(Source("k.cu", START + IDLE + body + "}"), "k", blocks=(blocks,), args=args, shared=256)


FIRST = "if (blockIdx.x == 0) "
WRONG = {
    "shared memory read before the barrier": ("s[t] = t; " + FIRST + "out[t] = s[63 - t];", "race"),
    "a warp's barrier for the block's": ("s[t] = t; __syncwarp(); " + FIRST + "out[t] = s[63 - t];", "race"),
    "written again before everybody has read": (
        "s[t] = t; __syncthreads(); " + FIRST + "out[t] = s[63 - t]; s[t] = 3;", "race"),
    "counting without an atomic": (FIRST + "out[0] += 1;", "race"),
    "two blocks write one place": ("out[t] = 1;", "race"),
    "the same value from two threads": (FIRST + "out[0] = 1;", "race"),
    "an atomic beside a plain read": (FIRST + "{ if (t == 0) atomicAdd(&out[0], 1); else if (out[0] > 9) s[t] = 1; }",
                                      "race"),
    "a write behind the array": ("if (t == 5) out[n] = 1;", "outside every array"),
    "a read behind the array": (FIRST + "out[t] = in[t + 1];", "outside every array"),
    "a read before the array": (FIRST + "out[t] = in[t - 1];", "outside every array"),
    "a read behind shared memory": ("s[t] = 1; __syncthreads(); " + FIRST + "out[t] = s[t + 1];", "outside every"),
}  # fmt: skip
RIGHT = {
    "barriers": "s[t] = t; __syncthreads(); " + FIRST + "out[t] = s[63 - t]; __syncthreads(); s[t] = 3;",
    "a warp's barrier": "s[t] = t; __syncwarp(); " + FIRST + "out[t] = s[t ^ 1];",
    "atomics": "atomicAdd(&out[0], 1); atomicMax(&out[1], t); atomicCAS(&out[2], 0, t);",
    "a volatile read beside atomics": (
        "volatile int* o = out; atomicMin(&out[t % 4], t); if (o[(t + 1) % 4] > 99) s[t] = 1;"
    ),
    "shuffles": "int v = __shfl_xor_sync(~0u, t, 1); " + FIRST + "out[t] = v;",
    "everybody reads": FIRST + "out[t] = in[0];",
    "own places": "if (t < 32) out[blockIdx.x * 32 + t] = in[t];",
}


@pytest.mark.parametrize("name", WRONG)
def test_it_finds(name):
    body, message = WRONG[name]
    with pytest.raises(AssertionError, match=message):
        run(body)


@pytest.mark.parametrize("name", RIGHT)
def test_it_lets_pass(name):
    run(RIGHT[name])


def flat(seed: int) -> Sample:
    """Long runs and one large zone, with a few other pixels."""
    image = np.full((40, 50), 7, np.uint16)
    image[np.random.default_rng(seed).random(image.shape) < 0.01] = 9
    return Sample("flat", "P", image, np.ones(image.shape, bool), (0.1, 0.1))


@pytest.mark.parametrize(("threads", "tile"), [(64, 300), (96, 5000)])
@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_all_kernels_are_clean(recipe, threads, tile):
    device = HostDevice(threads=threads, tile=tile, sanitize=True)
    engine = CudaEngine(recipe_from(recipe), device)
    samples = [sample(0, size=12, top=3), sample(1), sample(2, size=25, top=500), flat(3)]
    results = engine.measure(samples).results
    assert all(isinstance(row, np.ndarray) for row in results), results
