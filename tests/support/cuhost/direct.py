"""Run the text of a kernel without a family around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from radiomics_mammo.compute.device import Source
from tests.support.cuhost.host_device import HostDevice

COMMON = (Path(__file__).parents[3] / "radiomics_mammo/compute/common.cuh").read_text(encoding="utf-8")


def module(text: str) -> Source:
    """The text behind what all kernels share."""
    return Source("test.cu", COMMON + text)


def launch(
    text: str,
    kernel: str,
    *args: Any,
    blocks: tuple[int, ...] = (1,),
    device: HostDevice | None = None,
    shared: int = 0,
    threads: int = 0,
) -> list[Any]:
    """Run a kernel on copies of the arrays that lie between guards; gives these."""
    device = device or HostDevice()
    held = []
    for a in args:
        if isinstance(a, np.ndarray):
            array = device.empty(a.shape, a.dtype)
            array[...] = a
            held.append(array)
        else:
            held.append(a)
    device.launch(module(text), kernel, blocks=blocks, args=tuple(held), shared=shared, threads=threads)
    return held
