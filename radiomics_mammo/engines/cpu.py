"""The cpu engine: numba counts, the shared formulas on NumPy."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numba.core import event
from numpy.typing import NDArray

from radiomics_mammo.core.records import Failure, Roi, Sample
from radiomics_mammo.engines.base import Limits, Measured, WarmUp
from radiomics_mammo.engines.batching import batches, prepare_all
from radiomics_mammo.engines.ragged import pack
from radiomics_mammo.engines.warmup import SLOWEST, slowest_beside, small_sample, without_slowest
from radiomics_mammo.features import FAMILIES, columns_of
from radiomics_mammo.recipes.recipe import Recipe, recipe_from

BATCH_PIXELS = 4_000_000
"""Pixels of bounding boxes that are laid end to end at once."""
BATCH_LEVELS = 131_072
"""Regions times levels whose statistics are held at once (about 512 bytes each)."""


class CpuEngine:
    """Measures batches of regions on one core."""

    name = "cpu"
    limits = Limits()

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.feature_names = columns_of(recipe.features)

    def warm_up(self) -> WarmUp:
        """Compile every kernel, or load it from numba's cache, on a small region."""
        start = time.perf_counter()
        with event.install_recorder("numba:compile") as compiled:
            with slowest_beside(self.recipe) as beside:
                if beside:
                    CpuEngine(without_slowest(self.recipe)).measure([small_sample()])
            self.measure([small_sample()])
        return WarmUp(time.perf_counter() - start, sum(e.is_start for _, e in compiled.buffer))

    def measure(self, samples: Sequence[Sample]) -> Measured:
        """Prepare every sample, then measure those that could be prepared, in ragged batches.

        A bad sample has a Failure in its place. Values do not depend on which samples share a call.
        """
        start = time.perf_counter()
        results: list[NDArray[np.float64] | Failure | Roi] = [*prepare_all(samples, self.recipe)]
        prepared = time.perf_counter()
        rois = {k: outcome for k, outcome in enumerate(results) if isinstance(outcome, Roi)}
        for group in batches(rois, _cost):
            vectors = self._vectors([rois[k] for k in group])
            for k, vector in zip(group, vectors, strict=True):
                results[k] = vector
        measured = [outcome for outcome in results if not isinstance(outcome, Roi)]
        return Measured(measured, prepared - start, time.perf_counter() - prepared)

    def start(self, samples: Sequence[Sample]) -> Callable[[], Measured]:
        """Return a function that measures: the work is done in this thread."""
        return partial(self.measure, samples)

    def _vectors(self, rois: Sequence[Roi]) -> NDArray[np.float64]:
        """Return feature vectors, shape (n_roi, n_features)."""
        batch = pack(rois, pad=max(self.recipe.settings.distances))
        columns = [
            FAMILIES[name].values(FAMILIES[name].cpu(batch, self.recipe.settings), wanted=wanted, xp=np)
            for name, wanted in self.recipe.features.items()
        ]
        return np.ascontiguousarray(np.concatenate(columns).T)


def compile_slowest() -> None:
    """Compile the slowest family; another process runs this beside the rest."""
    CpuEngine(recipe_from({"featureClass": {SLOWEST: []}})).measure([small_sample()])


def _cost(rois: Sequence[Roi], width: int) -> NDArray[np.float64]:
    pixels = np.array([roi.mask.size for roi in rois])
    return np.stack([pixels / BATCH_PIXELS, np.full(len(rois), width / BATCH_LEVELS)], axis=1)
