"""Whole breasts on any engine: the breast itself, its parenchymal measures, and the lattice of windows.

The breast and all of its windows go to an engine for regions: in one call where that is a GPU's, so that its batches
are large; else the breasts to one engine and the windows to another, which spares windows the features that only
breasts have. What comes back is put together to one vector a sample. Windows are views of the sample's image: nothing
is copied before the engine cuts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.records import Failure, Sample
from radiomics_mammo.engines.base import Engine, Measured, WarmUp
from radiomics_mammo.engines.batching import failure_of
from radiomics_mammo.engines.warmup import small_sample
from radiomics_mammo.errors import CaseError, MaskError
from radiomics_mammo.features import columns_of
from radiomics_mammo.features.parenchyma import PARENCHYMA
from radiomics_mammo.features.parenchyma.base import Breast
from radiomics_mammo.features.parenchyma.lattice import BEHIND, Box, LatticeSettings, depths, windows
from radiomics_mammo.features.parenchyma.outlying_windows import unlikeness
from radiomics_mammo.features.parenchyma.retroareolar import retroareolar_window
from radiomics_mammo.features.parenchyma.window_statistics import WINDOW_MEASURES, Lattice, lattice_prefixes, summarise
from radiomics_mammo.imaging.preprocessing.check import check_region
from radiomics_mammo.imaging.preprocessing.plane import Plane
from radiomics_mammo.recipes.feature_selection import Chosen, union
from radiomics_mammo.recipes.recipe import Recipe

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
    breast : Breast
        Without muscle and implant.
    boxes : list of box
        The lattice.
    retroareolar : box or None
        The window behind the nipple.
    """

    sample: Sample
    breast: Breast
    boxes: list[Box]
    retroareolar: Box | None

    @property
    def windows(self) -> list[Sample]:
        """The windows of the lattice and, last, the one behind the nipple."""
        further = [] if self.retroareolar is None else [self.retroareolar]
        return [_window(self.sample, self.breast.interior, box) for box in (*self.boxes, *further)]


Regions = tuple[Vector | Failure, list[Vector | Failure]]
"""What was found of a breast, and of each of its windows."""


def inner_recipe(recipe: Recipe) -> Recipe:
    """What one engine measures of breasts and windows alike: every feature that either needs, without lattice."""
    window = {} if recipe.lattice is None else recipe.lattice.featureClass
    return _of_regions(recipe, union(recipe.features, window))


def whole_recipe(recipe: Recipe) -> Recipe:
    """What an engine for breasts alone measures."""
    return _of_regions(recipe, recipe.features)


def window_recipe(recipe: Recipe) -> Recipe:
    """What an engine for windows alone measures."""
    return _of_regions(recipe, {} if recipe.lattice is None else recipe.lattice.featureClass)


def _of_regions(recipe: Recipe, features: Chosen) -> Recipe:
    # An engine must have something to do, though the recipe may ask for parenchymal measures alone.
    return replace(recipe, features=features or {"firstorder": ("Mean",)}, parenchyma={}, lattice=None)


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
        *(f"{BEHIND}_{feature}" for feature in features if settings.retroareolar),
    )


class BreastEngine:
    """Measures breasts by an engine for regions, or by one for breasts and one for windows.

    Parameters
    ----------
    inner : Engine
        Opened with :func:`inner_recipe` of the recipe, or with :func:`whole_recipe` where there is another for windows.
    recipe : Recipe
        With a lattice, parenchymal measures, or both.
    window_engine : Engine, optional
        Opened with :func:`window_recipe`.
    """

    def __init__(self, inner: Engine, recipe: Recipe, *, window_engine: Engine | None = None) -> None:
        self.inner = inner
        self.window_engine = window_engine
        self.recipe = recipe
        self.name = inner.name
        limits = inner.limits
        self.limits = replace(
            limits, cases=max(1, limits.cases // FEWER_CASES), bytes=max(1, limits.bytes // FEWER_BYTES)
        )
        whole = columns_of(recipe.features)
        window = () if recipe.lattice is None else columns_of(recipe.lattice.featureClass)
        self._whole = _places(whole, inner)
        self._window = _places(window, window_engine or inner)
        added = () if recipe.lattice is None else lattice_columns(recipe.lattice)
        self.feature_names = (*whole, *parenchymal_columns(recipe), *added)

    def warm_up(self) -> WarmUp:
        """Warm the inner engines up, then run a small region through what is added to them."""
        start = time.perf_counter()
        compiled = self.inner.warm_up().compiled
        compiled += 0 if self.window_engine is None else self.window_engine.warm_up().compiled
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
        measurable = [one for one in laid if isinstance(one, _Laid)]
        prepare_s = time.perf_counter() - start
        finish_regions = self._start_regions(measurable)
        start = time.perf_counter()
        # A GPU is at work by now.
        own = [self._measures(one) for one in measurable]
        own_s = time.perf_counter() - start

        def finish() -> Measured:
            regions, of_prepare_s, of_extract_s = finish_regions()
            start = time.perf_counter()
            rows = (self._together(*parts) for parts in zip(measurable, own, regions, strict=True))
            results = [one if isinstance(one, Failure) else next(rows) for one in laid]
            extract_s = own_s + of_extract_s + time.perf_counter() - start
            return Measured(results, prepare_s + of_prepare_s, extract_s)

        return finish

    def _start_regions(self, laid: Sequence[_Laid]) -> Callable[[], tuple[list[Regions], float, float]]:
        """Hand everything to the engine, or breasts and windows to one each."""
        groups = [one.windows for one in laid]
        if self.window_engine is None:
            calls = [
                self.inner.start([r for one, group in zip(laid, groups, strict=True) for r in (one.sample, *group)])
            ]
        else:
            calls = [
                self.inner.start([one.sample for one in laid]),
                self.window_engine.start([region for group in groups for region in group]),
            ]

        def finish() -> tuple[list[Regions], float, float]:
            done = [call() for call in calls]
            breasts = iter(done[0].results)
            windows_of = iter(done[-1].results) if len(done) > 1 else breasts
            found = [(next(breasts), [next(windows_of) for _ in group]) for group in groups]
            return found, sum(one.prepare_s for one in done), sum(one.extract_s for one in done)

        return finish

    def _lay(self, sample: Sample) -> _Laid | Failure:
        """Check the whole region before windows are looked for in it."""
        settings = self.recipe.lattice
        try:
            plane = Plane.of(sample)
            check_region(plane, self.recipe.settings)
            breast = Breast.of(sample, values=plane.values)
            if not breast.mask.any():
                raise MaskError(
                    "nothing is left of the breast without muscle and implant", remedy="Look at it: extract --preview."
                )
            if settings is None:
                return _Laid(sample, breast, [], None)
            nipple = sample.marks.nipple if settings.retroareolar and sample.marks is not None else None
            behind = retroareolar_window(breast, settings, nipple=nipple)
            return _Laid(sample, breast, windows(breast, settings), behind)
        except CaseError as error:
            return failure_of(sample, "prepare", error)

    def _measures(self, laid: _Laid) -> Vector | Failure:
        """Values of the parenchymal measures."""
        values: list[float] = []
        try:
            for name, wanted in self.recipe.parenchyma.items():
                terms = PARENCHYMA[name].derive(laid.breast)
                values += [m.formula(terms) for m in PARENCHYMA[name].measures if not wanted or m.name in wanted]
        except CaseError as error:
            return failure_of(laid.sample, "extract", error)
        return np.array(values, dtype=np.float64)

    def _together(self, laid: _Laid, own: Vector | Failure, regions: Regions) -> Vector | Failure:
        """One sample's vector from what was measured of it."""
        whole, of_windows = regions
        if isinstance(whole, Failure):
            return whole
        if isinstance(own, Failure):
            return own
        parts = [whole[self._whole], own]
        if self.recipe.lattice is not None:
            parts += self._lattice(laid, of_windows, self.recipe.lattice)
        return np.concatenate(parts)

    def _lattice(self, laid: _Laid, results: Sequence[Vector | Failure], settings: LatticeSettings) -> list[Vector]:
        """Values of :func:`lattice_columns`, in parts."""
        in_grid = list(zip(laid.boxes, results, strict=False))
        measured = [(box, found) for box, found in in_grid if not isinstance(found, Failure)]
        boxes = [box for box, _ in measured]
        table = np.array([found[self._window] for _, found in measured]).reshape(len(boxes), len(self._window))
        deep = depths(laid.breast, boxes)
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


def _places(names: Sequence[str], engine: Engine) -> NDArray[np.int64]:
    """Where in an engine's vectors features stand."""
    place = {name: k for k, name in enumerate(engine.feature_names)}
    return np.array([place[name] for name in names], dtype=np.int64)


def _window(sample: Sample, interior: NDArray[np.bool_], box: Box) -> Sample:
    """A view of the sample's pixels in a box: of the interior, for the band under the skin is none of the lattice."""
    top, bottom, left, right = box
    cut = np.s_[top:bottom, left:right]
    return Sample(
        f"{sample.case_id} window {top}-{bottom} {left}-{right}",
        sample.patient_id,
        sample.image[cut],
        interior[cut],
        sample.spacing,
        image_path=sample.image_path,
        mask_path=sample.mask_path,
    )
