"""Run time of the cuda engine for each region by batch size and stage, and bytes transferred."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median

from benchmarks.workload import Size, regions
from radiomics_mammo.compute.device import Device
from radiomics_mammo.core.records import Roi, Sample
from radiomics_mammo.engines.cuda import CudaEngine
from radiomics_mammo.imaging.preprocessing import prepare
from radiomics_mammo.recipes.recipe import Recipe

BATCHES = (1, 4, 16, 64, 256, 1024, 4096)


@dataclass(frozen=True, slots=True)
class Point:
    """One batch size.

    Attributes
    ----------
    batch : int
        Regions of the batch.
    device_us : float
        Microseconds a region from the staged bytes to the rows on the host: upload, kernels, formulas, download.
    whole_us : float
        The same with the host's preparation (box, checks, bin edges) and staging, one batch ahead of the other.
    stages_us : dict of str to float
        Microseconds a region that the device spent on each stage.
    sent : float
        Bytes a region that were uploaded.
    """

    batch: int
    device_us: float
    whole_us: float
    stages_us: dict[str, float]
    sent: float


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Measured bytes a second: from page-locked memory to the device, back, and on the device (read and written)."""

    up: float
    down: float
    device: float


def bandwidth(device: Device, *, n_bytes: int) -> Bandwidth:
    """Measure copies, the fastest of three."""
    staged = device.staging(n_bytes)
    staged[:] = 1
    with device.queue():
        array = device.upload(staged)
        up = _best(lambda: device.download(device.upload(staged)[:1])())
        down = _best(lambda: device.download(array)())
        on_device = _best(lambda: device.download(array.copy()[:1])())
    return Bandwidth(n_bytes / up, n_bytes / down, 2 * n_bytes / on_device)


def _best(call: Callable[[], object]) -> float:
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return max(min(taken), 1e-9)


def scan(
    size: Size, recipe: Recipe, device: Device, *, batches: Sequence[int] = BATCHES, rounds: int = 5
) -> Iterator[Point]:
    """Measure regions of one size in batches of growing size, as long as they fit on the device.

    Parameters
    ----------
    size : Size
        Its distinct regions are repeated to fill a batch.
    recipe : Recipe
    device : Device
    batches : sequence of int
    rounds : int
        Repetitions of each; the median counts.
    """
    engine = CudaEngine(recipe, device)
    engine.warm_up()
    samples = regions(size)
    rois = [prepare(sample, recipe.settings) for sample in samples]
    for batch in batches:
        if batch > engine.fitting(rois[0]):
            break
        yield _point(engine, [*islice(cycle(samples), batch)], [*islice(cycle(rois), batch)], rounds)


def _point(engine: CudaEngine, samples: list[Sample], rois: list[Roi], rounds: int) -> Point:
    members, n = list(range(len(rois))), len(rois)
    engine.submit(members, engine.stage(rois)).finish()
    taken = []
    for _ in range(rounds):
        staged = engine.stage(rois)
        start = time.perf_counter()
        engine.submit(members, staged).finish()
        taken.append(time.perf_counter() - start)
    engine.device.mark_stages()
    for _ in range(rounds):
        engine.submit(members, engine.stage(rois)).finish()
    stages = {name: 1e6 * seconds / rounds / n for name, seconds in engine.device.stage_seconds().items()}
    whole_us = 1e6 * _whole(engine, samples, rounds) / n
    return Point(n, 1e6 * median(taken) / n, whole_us, stages, len(staged.bytes) / n)


def _whole(engine: CudaEngine, samples: list[Sample], rounds: int) -> float:
    """Return seconds for each batch, prepared while the device works on the previous one."""
    start = time.perf_counter()
    finish = engine.start(samples)
    for _ in range(rounds - 1):
        following = engine.start(samples)
        finish()
        finish = following
    finish()
    return (time.perf_counter() - start) / rounds


def first_win(points: Sequence[Point], cpu_us: float) -> int | None:
    """Find the smallest batch size at which the GPU is faster than the cpu engine; None where there is none."""
    return next((point.batch for point in points if point.whole_us < cpu_us), None)


def ideal_upload_us(point: Point, measured: Bandwidth) -> float:
    """Compute the microseconds that the bytes of a region take at the measured bandwidth."""
    return 1e6 * point.sent / measured.up
