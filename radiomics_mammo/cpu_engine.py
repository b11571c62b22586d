"""The cpu engine: numba counts, the shared formulas on NumPy."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
from numba.core import event
from numpy.typing import NDArray

from radiomics_mammo.engines import Measured, WarmUp
from radiomics_mammo.errors import CaseError
from radiomics_mammo.families import FAMILIES, columns_of
from radiomics_mammo.preprocess import prepare
from radiomics_mammo.ragged import pack
from radiomics_mammo.recipe import Recipe
from radiomics_mammo.types import Failure, Roi, Sample
from radiomics_mammo.warmup import slowest_beside, small_sample, without_slowest

BATCH_PIXELS = 4_000_000
"""Pixels of bounding boxes that are laid end to end at once."""
BATCH_LEVELS = 131_072
"""Regions times levels whose statistics are held at once (about 512 bytes each)."""


class CpuEngine:
    """Measures batches of regions on one core."""

    name = "cpu"

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.feature_names = columns_of(recipe.features)

    def warm_up(self) -> WarmUp:
        """Run one small region through every kernel, so that each is compiled or loaded from numba's cache."""
        start = time.perf_counter()
        with event.install_recorder("numba:compile") as compiled:
            with slowest_beside(self.recipe) as beside:
                if beside:
                    CpuEngine(without_slowest(self.recipe)).measure([small_sample()])
            self.measure([small_sample()])
        return WarmUp(time.perf_counter() - start, sum(e.is_start for _, e in compiled.buffer))

    def measure(self, samples: Sequence[Sample]) -> Measured:
        """Prepare every sample, then measure those that could be prepared, in ragged batches.

        Parameters
        ----------
        samples : sequence of Sample

        Returns
        -------
        Measured
            A bad sample has a Failure in its place. Values do not depend on which samples share a call.
        """
        start = time.perf_counter()
        results: list[NDArray[np.float64] | Failure] = []
        rois: dict[int, Roi] = {}
        for k, sample in enumerate(samples):
            outcome = _prepare(sample, self.recipe)
            if isinstance(outcome, Roi):
                rois[k] = outcome
                results.append(np.empty(0))
            else:
                results.append(outcome)
        prepared = time.perf_counter()
        for group in _groups(rois):
            vectors = self._vectors([rois[k] for k in group])
            for k, vector in zip(group, vectors, strict=True):
                results[k] = vector
        return Measured(results, prepared - start, time.perf_counter() - prepared)

    def _vectors(self, rois: Sequence[Roi]) -> NDArray[np.float64]:
        """Feature vectors, shape (n_roi, n_features)."""
        batch = pack(rois, pad=max(self.recipe.settings.distances))
        columns = [
            FAMILIES[name].values(FAMILIES[name].cpu(batch, self.recipe.settings), wanted=wanted, xp=np)
            for name, wanted in self.recipe.features.items()
        ]
        return np.ascontiguousarray(np.concatenate(columns).T)


def _prepare(sample: Sample, recipe: Recipe) -> Roi | Failure:
    try:
        return prepare(sample, recipe.settings)
    except CaseError as error:
        return failure_of(sample, "prepare", error)


def failure_of(sample: Sample, stage: str, error: CaseError) -> Failure:
    """The failures table's row for a sample that raised."""
    path = error.path or sample.mask_path or sample.image_path
    return Failure(sample.case_id, sample.patient_id, stage, type(error).__name__, path, error.cause, error.remedy)


def _groups(rois: dict[int, Roi]) -> Iterator[list[int]]:
    """Cut into batches of regions with similar numbers of levels, bounded by pixels and by levels."""
    buckets: dict[int, list[int]] = {}
    for k, roi in rois.items():
        buckets.setdefault(len(roi.edges).bit_length(), []).append(k)
    for bits, members in buckets.items():
        group: list[int] = []
        pixels = 0
        for k in members:
            size = rois[k].mask.size
            if group and (pixels + size > BATCH_PIXELS or (len(group) + 1) << bits > BATCH_LEVELS):
                yield group
                group, pixels = [], 0
            group.append(k)
            pixels += size
        yield group
