"""Regions, and devices to measure them on, for the tests of the kernels.

``DEVICES`` holds stand-ins of odd geometry that run everywhere, and the real GPU, marked ``gpu``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from radiomics_mammo.compute.device import Device, DeviceBatch
from radiomics_mammo.core.records import Roi, RoiBatch, Sample
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.engines.ragged import pack
from radiomics_mammo.engines.registry import cuda_problem
from radiomics_mammo.engines.upload import stage, to_device
from radiomics_mammo.imaging.preprocessing import prepare
from tests.support.cuhost.host_device import HostDevice

GEOMETRIES = {
    "host-64": {"threads": 64, "tile": 1000, "seed": 1},
    "host-96": {"threads": 96, "tile": 333, "seed": 7},
    "host-256": {"threads": 256, "tile": 8192, "seed": 0},
}
"""Threads of a block and pixels of a tile that divide nothing; the last one is the GPU's."""


def open_device(name: str) -> Device:
    """One of the stand-ins, or the GPU; skips where there is none."""
    if name != "gpu":
        return HostDevice(**GEOMETRIES[name])
    problem = cuda_problem()
    if problem is not None:
        pytest.skip(f"no usable NVIDIA GPU: {problem.cause}")
    from radiomics_mammo.compute.cupy_device import CudaDevice

    return CudaDevice()


DEVICES = [*GEOMETRIES, pytest.param("gpu", marks=pytest.mark.gpu)]
device_of = pytest.mark.parametrize("name", DEVICES)


def region(
    rng: np.random.Generator,
    rows: int,
    columns: int,
    *,
    levels: int,
    density: float = 1.0,
    flat: float = 0.0,
    dtype: str = "u2",
    settings: Settings | None = None,
) -> Roi:
    """A prepared region of random levels (1 to ``levels`` at binWidth 1), a share of it flat, with holes."""
    image = rng.integers(1, levels + 1, (rows, columns)).astype(dtype)
    image[rng.random((rows, columns)) < flat] = (levels + 1) // 2
    mask = rng.random((rows, columns)) < density
    mask[rng.integers(rows), rng.integers(columns)] = True
    spacing = tuple(rng.uniform(0.04, 0.2, 2))
    chosen = settings or Settings(binWidth=1, minimumROIDimensions=0)
    return prepare(Sample("x", "", image, mask, spacing), chosen)


@st.composite
def ragged(draw: st.DrawFn, *, most_levels: int = 40, side: int = 30) -> list[Roi]:
    """Batches of one to four regions of any make-up, single pixels and lines among them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = st.integers(1, side)
    return [
        region(
            rng,
            draw(sizes),
            draw(sizes),
            levels=draw(st.integers(1, most_levels)),
            density=draw(st.sampled_from([0.05, 0.5, 0.9, 1.0])),
            flat=draw(st.sampled_from([0.0, 0.5, 0.97])),
        )
        for _ in range(draw(st.integers(1, 4)))
    ]


def both(rois: Sequence[Roi], device: Device, *, pad: int = 1) -> tuple[RoiBatch, DeviceBatch]:
    """The same regions as a batch for each engine."""
    return pack(rois, pad=pad), to_device(stage(rois, pad=pad, device=device), device)


def host(array: Any) -> np.ndarray:
    """An array of any device as NumPy's."""
    return np.asarray(array.get() if hasattr(array, "get") else array)


def assert_same(cpu: Any, cuda: Any, *, exact: Sequence[str], close: Sequence[str] = (), rtol: float = 1e-13) -> None:
    """Compare two records of statistics field by field; the device's arrays may be wider, filled with zeros."""
    assert {f.name for f in fields(cpu)} >= {*exact, *close}
    for name in (*exact, *close):
        ours, theirs = host(getattr(cuda, name)), host(getattr(cpu, name))
        if ours.ndim and ours.shape != theirs.shape:
            assert ours.shape[:-1] == theirs.shape[:-1], name
            assert not ours[..., theirs.shape[-1] :].any(), f"{name}: beyond the highest level"
            ours = ours[..., : theirs.shape[-1]]
        if name in exact:
            np.testing.assert_array_equal(ours, theirs, err_msg=name)
        else:
            np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-300, err_msg=name)
