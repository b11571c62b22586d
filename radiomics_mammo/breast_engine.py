"""Whole breasts on any engine: the breast itself, its parenchymal measures, and the lattice of windows.

The breast and all of its windows go to the inner engine in one call, as regions among others; what comes back is put
together to one vector a sample. Windows are views of the sample's image: nothing is copied before the engine cuts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.engines import Engine, Measured, WarmUp
from radiomics_mammo.errors import CaseError
from radiomics_mammo.families import columns_of
from radiomics_mammo.parenchyma import PARENCHYMA
from radiomics_mammo.parenchyma.lattice import Box, LatticeSettings, depths, interior, windows
from radiomics_mammo.parenchyma.records import Breast
from radiomics_mammo.parenchyma.retroareolar import retroareolar_window
from radiomics_mammo.parenchyma.summaries import WINDOW_MEASURES, Lattice, lattice_prefixes, summarise
from radiomics_mammo.parenchyma.suspicious import unlikeness
from radiomics_mammo.prepared import failure_of
from radiomics_mammo.preprocess.check import check_region
from radiomics_mammo.preprocess.plane import Plane
from radiomics_mammo.recipe import Recipe
from radiomics_mammo.recipe_features import union
from radiomics_mammo.types import Failure, Sample
from radiomics_mammo.warmup import small_sample

FEWER_CASES = 4
"""A breast brings windows along: so many times fewer samples make a batch of the inner engine's size."""
FEWER_BYTES = 2
"""The windows are as many pixels again as the breast."""
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Laid:
    """A sample that can be measured, and where its windows lie.

    Attributes
    ----------
    sample : Sample
    boxes : list of box
        The lattice.
    retroareolar : box or None
        The window behind the nipple.
    """

    sample: Sample
    boxes: list[Box]
    retroareolar: Box | None

    @property
    def regions(self) -> list[Sample]:
        """What the inner engine measures: the sample, the windows, the window behind the nipple."""
        further = [] if self.retroareolar is None else [self.retroareolar]
        return [self.sample, *(_window(self.sample, box) for box in (*self.boxes, *further))]


def inner_recipe(recipe: Recipe) -> Recipe:
    """What the inner engine measures: every feature that the breast or its windows need, without lattice."""
    window = {} if recipe.lattice is None else recipe.lattice.featureClass
    # An engine must have something to do, though the recipe may ask for parenchymal measures alone.
    features = union(recipe.features, window) or {"firstorder": ("Mean",)}
    return replace(recipe, features=features, parenchyma={}, lattice=None)


def parenchymal_columns(recipe: Recipe) -> tuple[str, ...]:
    """Columns of the measures that only a whole breast has, in their order."""
    return tuple(
        f"original_{name}_{measure.name}"
        for name, wanted in recipe.parenchyma.items()
        for measure in PARENCHYMA[name].measures
        if not wanted or measure.name in wanted
    )


def lattice_columns(settings: LatticeSettings) -> tuple[str, ...]:
    """Columns of the lattice and of the window behind the nipple, in their order."""
    features = [name.removeprefix("original_") for name in columns_of(settings.featureClass)]
    return (
        *(f"{prefix}_{feature}" for prefix in lattice_prefixes(settings.quantiles) for feature in features),
        *(f"lattice_windows_{measure.name}" for measure in WINDOW_MEASURES),
        *(f"retroareolar_{feature}" for feature in features if settings.retroareolar),
    )


class BreastEngine:
    """Measures breasts by an engine for regions.

    Parameters
    ----------
    inner : Engine
        Opened with :func:`inner_recipe` of the recipe.
    recipe : Recipe
        With a lattice, parenchymal measures, or both.
    """

    def __init__(self, inner: Engine, recipe: Recipe) -> None:
        self.inner = inner
        self.recipe = recipe
        self.name = inner.name
        limits = inner.limits
        self.limits = replace(
            limits, cases=max(1, limits.cases // FEWER_CASES), bytes=max(1, limits.bytes // FEWER_BYTES)
        )
        whole = columns_of(recipe.features)
        window = () if recipe.lattice is None else columns_of(recipe.lattice.featureClass)
        place = {name: k for k, name in enumerate(inner.feature_names)}
        self._whole = np.array([place[name] for name in whole], dtype=np.int64)
        self._window = np.array([place[name] for name in window], dtype=np.int64)
        added = () if recipe.lattice is None else lattice_columns(recipe.lattice)
        self.feature_names = (*whole, *parenchymal_columns(recipe), *added)

    def warm_up(self) -> WarmUp:
        """Warm the inner engine up, then run a small region through what is added to it."""
        start = time.perf_counter()
        compiled = self.inner.warm_up().compiled
        self.measure([small_sample()])
        return WarmUp(time.perf_counter() - start, compiled)

    def measure(self, samples: Sequence[Sample]) -> Measured:
        """Measure every sample and wait for it; values do not depend on which samples share a call.

        Parameters
        ----------
        samples : sequence of Sample

        Returns
        -------
        Measured
            A sample whose whole region cannot be measured has a Failure in its place; a window that cannot be
            measured is left out of the summaries.
        """
        return self.start(samples)()

    def start(self, samples: Sequence[Sample]) -> Callable[[], Measured]:
        """Hand breasts and windows to the inner engine; calling what it gives waits for the vectors.

        Parameters
        ----------
        samples : sequence of Sample

        Returns
        -------
        callable
            Gives Measured, as :meth:`measure`.
        """
        start = time.perf_counter()
        laid = [self._lay(sample) for sample in samples]
        groups = [[] if isinstance(one, Failure) else one.regions for one in laid]
        prepare_s = time.perf_counter() - start
        finish_inner = self.inner.start([region for group in groups for region in group])
        start = time.perf_counter()
        # A GPU is at work by now.
        own = [one if isinstance(one, Failure) else self._measures(one.sample) for one in laid]
        own_s = time.perf_counter() - start

        def finish() -> Measured:
            inner = finish_inner()
            start = time.perf_counter()
            found = iter(inner.results)
            of_regions = [[next(found) for _ in group] for group in groups]
            results = [self._together(*parts) for parts in zip(laid, own, of_regions, strict=True)]
            extract_s = own_s + inner.extract_s + time.perf_counter() - start
            return Measured(results, prepare_s + inner.prepare_s, extract_s)

        return finish

    def _lay(self, sample: Sample) -> _Laid | Failure:
        """Check the whole region before windows are looked for in it."""
        settings = self.recipe.lattice
        try:
            check_region(Plane.of(sample), self.recipe.settings)
            if settings is None:
                return _Laid(sample, [], None)
            behind = retroareolar_window(sample, settings) if settings.retroareolar else None
            return _Laid(sample, windows(sample, settings), behind)
        except CaseError as error:
            return failure_of(sample, "prepare", error)

    def _measures(self, sample: Sample) -> Vector | Failure:
        """Values of the parenchymal measures."""
        if not self.recipe.parenchyma:
            return np.empty(0)
        breast = Breast(Plane.of(sample).values, sample.mask, interior(sample), sample.spacing)
        values: list[float] = []
        try:
            for name, wanted in self.recipe.parenchyma.items():
                terms = PARENCHYMA[name].derive(breast)
                values += [m.formula(terms) for m in PARENCHYMA[name].measures if not wanted or m.name in wanted]
        except CaseError as error:
            return failure_of(sample, "extract", error)
        return np.array(values, dtype=np.float64)

    def _together(
        self, laid: _Laid | Failure, own: Vector | Failure, results: Sequence[Vector | Failure]
    ) -> Vector | Failure:
        """One sample's vector from what was measured of it."""
        if isinstance(laid, Failure):
            return laid
        whole = results[0]
        if isinstance(whole, Failure):
            return whole
        if isinstance(own, Failure):
            return own
        parts = [whole[self._whole], own]
        if self.recipe.lattice is not None:
            parts += self._lattice(laid, results[1:], self.recipe.lattice)
        return np.concatenate(parts)

    def _lattice(self, laid: _Laid, results: Sequence[Vector | Failure], settings: LatticeSettings) -> list[Vector]:
        """Values of :func:`lattice_columns`, in parts."""
        in_grid = list(zip(laid.boxes, results, strict=False))
        measured = [(box, found) for box, found in in_grid if not isinstance(found, Failure)]
        boxes = [box for box, _ in measured]
        table = np.array([found for _, found in measured]).reshape(len(boxes), len(self.inner.feature_names))
        table = table[:, self._window]
        deep = depths(laid.sample, boxes)
        scores = unlikeness(table, deep)
        lattice = Lattice(scores, deep)
        parts = [
            summarise(table, scores, quantiles=settings.quantiles, suspicious=settings.suspicious).ravel(),
            np.array([measure.formula(lattice) for measure in WINDOW_MEASURES]),
        ]
        if settings.retroareolar:
            behind = np.full(len(self._window), np.nan)
            if laid.retroareolar is not None and not isinstance(results[-1], Failure):
                behind = results[-1][self._window]
            parts.append(behind)
        return parts


def _window(sample: Sample, box: Box) -> Sample:
    """A view of the sample's pixels in a box."""
    top, bottom, left, right = box
    cut = np.s_[top:bottom, left:right]
    return Sample(
        f"{sample.case_id} window {top}-{bottom} {left}-{right}",
        sample.patient_id,
        sample.image[cut],
        sample.mask[cut],
        sample.spacing,
        image_path=sample.image_path,
        mask_path=sample.mask_path,
    )
