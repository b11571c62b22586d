"""The cuda engine: batches of thousands of regions, one upload, kernels, the shared formulas, one download.

Everything between upload and download is queued without waiting, while the host prepares and uploads the next batch.
Out of memory halves a batch; a single region that does not fit is a failure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.device import Device, DeviceBatch
from radiomics_mammo.core.records import Failure, Roi, Sample
from radiomics_mammo.engines.base import Limits, Measured, WarmUp
from radiomics_mammo.engines.batching import batches, prepare_all
from radiomics_mammo.engines.upload import FRAME_BYTES, Staged, stage, to_device
from radiomics_mammo.engines.warmup import small_sample
from radiomics_mammo.errors import RoiError
from radiomics_mammo.features import FAMILIES, columns_of
from radiomics_mammo.recipes.recipe import Recipe

MOST_ROIS = 8_192
"""Most regions of a batch: more gain nothing in a launch, and rows wait longer."""
MEMORY_FRACTION = 0.4
"""Fraction of the free memory that a batch may take by estimate: two are under way, and the pool holds idle blocks."""


@dataclass(slots=True, eq=False)
class _Queued:
    """A batch that the device works on; ``wait`` returns its rows, shape (n_features, n_roi), once."""

    members: list[int]
    wait: Callable[[], NDArray[Any]] | None
    buffers: tuple[Any, ...]
    rows: NDArray[np.float64] | None = None

    def finish(self) -> NDArray[np.float64]:
        """Wait for the rows, shape (n_roi, n_features), and free the device's memory."""
        if self.wait is not None:
            self.rows = np.ascontiguousarray(self.wait().T)
            self.wait, self.buffers = None, ()
        assert self.rows is not None
        return self.rows


class CudaEngine:
    """Measures ragged batches of regions on a GPU."""

    name = "cuda"
    limits = Limits(cases=4_096, bytes=1_000_000_000, seconds=1.0, ahead=1)

    def __init__(self, recipe: Recipe, device: Device) -> None:
        self.recipe = recipe
        self.device = device
        self.feature_names = columns_of(recipe.features)
        self.pad = max(recipe.settings.distances)
        self._budget = MEMORY_FRACTION * device.free_bytes()
        self._in_flight: list[_Queued] = []

    def warm_up(self) -> WarmUp:
        """Compile every kernel, or load it from CuPy's cache, on a small region."""
        start = time.perf_counter()
        self.measure([small_sample()])
        return WarmUp(time.perf_counter() - start, 0)

    def measure(self, samples: Sequence[Sample]) -> Measured:
        """Measure every sample, whose values do not depend on the others, and wait."""
        return self.start(samples)()

    def start(self, samples: Sequence[Sample]) -> Callable[[], Measured]:
        """Prepare the samples and queue their batches; the returned function waits for the rows.

        A sample that cannot be prepared, or does not fit on the device, has a Failure in its place.
        """
        start = time.perf_counter()
        results: list[NDArray[np.float64] | Failure | Roi] = [*prepare_all(samples, self.recipe)]
        prepared = time.perf_counter()
        rois = {k: outcome for k, outcome in enumerate(results) if isinstance(outcome, Roi)}
        queued: list[_Queued] = []
        for group in batches(rois, self.cost):
            queued += self._queue(group, rois, samples, results)
        spent = time.perf_counter() - prepared

        def finish() -> Measured:
            waiting = time.perf_counter()
            for batch in queued:
                for k, row in zip(batch.members, batch.finish(), strict=True):
                    results[k] = row
            measured = [outcome for outcome in results if not isinstance(outcome, Roi)]
            return Measured(measured, prepared - start, spent + time.perf_counter() - waiting)

        return finish

    def _queue(
        self,
        members: list[int],
        rois: dict[int, Roi],
        samples: Sequence[Sample],
        results: list[NDArray[np.float64] | Failure | Roi],
    ) -> list[_Queued]:
        """Queue a batch; out of memory, wait for those under way, then halve it, then refuse a single region."""
        batch = [rois[k] for k in members]
        queued = self._attempt(members, batch)
        if isinstance(queued, str):
            self._make_room()
            queued = self._attempt(members, batch) if len(members) == 1 else queued
        if isinstance(queued, _Queued):
            return [queued]
        if len(members) == 1:
            self._make_room()
            results[members[0]] = _too_large(samples[members[0]], batch[0], queued, self.device)
            return []
        half = len(members) // 2
        return [
            *self._queue(members[:half], rois, samples, results),
            *self._queue(members[half:], rois, samples, results),
        ]

    def stage(self, rois: Sequence[Roi]) -> Staged:
        """Lay regions end to end in page-locked memory."""
        return stage(rois, pad=self.pad, device=self.device)

    def submit(self, members: list[int], staged: Staged) -> _Queued:
        """Queue one batch; ``members`` are the positions of its samples in the call.

        Raises
        ------
        MemoryError
            It does not fit on the device.
        """
        device = self.device
        with device.queue():
            batch = to_device(staged, device)
            with device.stage("formulas"):
                rows = device.empty((len(self.feature_names), len(members)), np.float64)
            self._fill(rows, batch)
            with device.stage("download"):
                wait = device.download(rows)
        queued = _Queued(members, wait, (staged, batch.upload))
        self._in_flight = [*(batch for batch in self._in_flight if batch.wait is not None), queued]
        return queued

    def _fill(self, rows: Any, batch: DeviceBatch) -> None:
        """Compute every family's features; no line here waits for the device."""
        at = 0
        for name, wanted in self.recipe.features.items():
            family = FAMILIES[name]
            with self.device.stage(name):
                stats = family.cuda(batch, self.recipe.settings)
            with self.device.stage("formulas"):
                values = family.values(stats, wanted=wanted, xp=self.device.xp)
                rows[at : at + len(values)] = values
            at += len(values)

    def _attempt(self, members: list[int], rois: Sequence[Roi]) -> _Queued | str:
        """Queue a batch, or return the message of a MemoryError, which itself would keep the allocations alive."""
        try:
            return self.submit(members, self.stage(rois))
        except MemoryError as error:
            return str(error)

    def _make_room(self) -> None:
        for batch in self._in_flight:
            batch.finish()
        self._in_flight.clear()
        self.device.release()

    def cost(self, rois: Sequence[Roi], width: int) -> NDArray[np.float64]:
        """Return fractions of the memory budget and of the number of regions."""
        shapes = np.array([roi.mask.shape for roi in rois], dtype=np.int64)
        framed = (shapes + 2 * self.pad).prod(axis=1)
        sent = shapes.prod(axis=1) * np.array([roi.values.dtype.itemsize + 2 for roi in rois])
        families = [FAMILIES[name].footprint(framed, width, self.recipe.settings) for name in self.recipe.features]
        n_bytes = sent + FRAME_BYTES * framed + 16 * width + np.max(families, axis=0)
        return np.stack([n_bytes / max(self._budget, 1.0), np.full(len(rois), 1.0 / MOST_ROIS)], axis=1)

    def fitting(self, roi: Roi) -> int:
        """Return the number of regions like this one in a full batch."""
        return max(int(1.0 / self.cost([roi], len(roi.edges) + 1).max()), 1)


def _too_large(sample: Sample, roi: Roi, message: str, device: Device) -> Failure:
    rows, columns = roi.mask.shape
    problem = RoiError(
        f"a region of {rows} x {columns} pixels and {len(roi.edges):,} grey levels does not fit on {device.name} "
        f"({message})",
        remedy="Use --engine cpu for it, fewer grey levels (binCount or a larger binWidth), or more --gpu-memory.",
    )
    return Failure.of(sample, stage="extract", error=problem)
