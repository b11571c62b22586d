"""Whole breasts on any engine: the breast, its parenchymal measures, and the windows of its lattice.

A GPU's engine measures breasts and windows in one call, so that its batches are large; elsewhere windows have an engine
of their own, without the features that only breasts need. Windows are views of the sample's image, not copies.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.records import Failure, Sample
from radiomics_mammo.engines.base import Engine, Measured, WarmUp
from radiomics_mammo.engines.warmup import small_sample
from radiomics_mammo.errors import CaseError, MaskError
from radiomics_mammo.features import columns_of
from radiomics_mammo.features.parenchyma import PARENCHYMA
from radiomics_mammo.features.parenchyma.base import Breast
from radiomics_mammo.features.parenchyma.lattice import (
    RETROAREOLAR,
    Box,
    LatticeSettings,
    depths,
    retroareolar_window,
    windows,
)
from radiomics_mammo.features.parenchyma.outlying_windows import outlyingness
from radiomics_mammo.features.parenchyma.window_statistics import WINDOW_MEASURES, Lattice, lattice_prefixes, summarise
from radiomics_mammo.imaging.preprocessing.check import check_region
from radiomics_mammo.imaging.preprocessing.plane import Plane
from radiomics_mammo.recipes.feature_selection import Chosen, union
from radiomics_mammo.recipes.recipe import Recipe

FEWER_CASES = 4
"""Factor by which a batch has fewer samples than the inner engine's: each breast adds its windows."""
FEWER_BYTES = 2
"""Factor for bytes: the windows have about as many pixels as the breast."""
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Windowed:
    """A sample with its breast (without muscle and implant), the lattice, and the window behind the nipple."""

    sample: Sample
    breast: Breast
    boxes: list[Box]
    retroareolar: Box | None

    @property
    def windows(self) -> list[Sample]:
        """The windows of the lattice and, last, the one behind the nipple."""
        last = [] if self.retroareolar is None else [self.retroareolar]
        return [_window(self.sample, self.breast.interior, box) for box in (*self.boxes, *last)]


Results = list[Vector | Failure]


def inner_recipe(recipe: Recipe) -> Recipe:
    """Return the recipe of an engine for both breasts and windows."""
    window = {} if recipe.lattice is None else recipe.lattice.featureClass
    return _of_regions(recipe, union(recipe.features, window))


def whole_recipe(recipe: Recipe) -> Recipe:
    """Return the recipe of an engine for breasts."""
    return _of_regions(recipe, recipe.features)


def window_recipe(recipe: Recipe) -> Recipe:
    """Return the recipe of an engine for windows."""
    return _of_regions(recipe, {} if recipe.lattice is None else recipe.lattice.featureClass)


def _of_regions(recipe: Recipe, features: Chosen) -> Recipe:
    # An engine needs a feature, also where the recipe has parenchymal measures only.
    return replace(recipe, features=features or {"firstorder": ("Mean",)}, parenchyma={}, lattice=None)


def parenchymal_columns(recipe: Recipe) -> tuple[str, ...]:
    """List the columns of the parenchymal measures, in their order."""
    return tuple(
        f"original_{name}_{measure.name}"
        for name, wanted in recipe.parenchyma.items()
        for measure in PARENCHYMA[name].measures
        if not wanted or measure.name in wanted
    )


def lattice_columns(settings: LatticeSettings) -> tuple[str, ...]:
    """List the columns of the lattice and of the window behind the nipple, in their order."""
    features = [name.removeprefix("original_") for name in columns_of(settings.featureClass)]
    return (
        *(f"{prefix}_{feature}" for prefix in lattice_prefixes(settings.quantiles) for feature in features),
        *(f"lattice_windows_{measure.name}" for measure in WINDOW_MEASURES),
        *(f"{RETROAREOLAR}_{feature}" for feature in features if settings.retroareolar),
    )


class BreastEngine:
    """Measure breasts with an engine for regions, or with one for breasts and one for windows.

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
        of_lattice = () if recipe.lattice is None else lattice_columns(recipe.lattice)
        self.feature_names = (*whole, *parenchymal_columns(recipe), *of_lattice)

    def warm_up(self) -> WarmUp:
        """Warm the inner engines up, then measure a small region."""
        start = time.perf_counter()
        compiled = self.inner.warm_up().compiled
        compiled += 0 if self.window_engine is None else self.window_engine.warm_up().compiled
        self.measure([small_sample()])
        return WarmUp(time.perf_counter() - start, compiled)

    def measure(self, samples: Sequence[Sample]) -> Measured:
        """Measure every sample, whose values do not depend on the others, and wait.

        A sample whose whole region cannot be measured has a Failure in its place; a window that cannot be measured is
        left out of the summaries.
        """
        return self.start(samples)()

    def start(self, samples: Sequence[Sample]) -> Callable[[], Measured]:
        """Start the inner engines; the returned function waits for the vectors."""
        start = time.perf_counter()
        windowed = [self._windowed(sample) for sample in samples]
        measurable = [each for each in windowed if isinstance(each, _Windowed)]
        prepare_s = time.perf_counter() - start
        finish_regions = self._start_regions(measurable)
        start = time.perf_counter()
        # A GPU is measuring by now.
        parenchymal = [self._parenchymal(each) for each in measurable]
        parenchymal_s = time.perf_counter() - start

        def finish() -> Measured:
            breasts, of_windows, regions_prepare_s, regions_extract_s = finish_regions()
            start = time.perf_counter()
            rows = (self._row(*parts) for parts in zip(measurable, parenchymal, breasts, of_windows, strict=True))
            results = [each if isinstance(each, Failure) else next(rows) for each in windowed]
            extract_s = parenchymal_s + regions_extract_s + time.perf_counter() - start
            return Measured(results, prepare_s + regions_prepare_s, extract_s)

        return finish

    def _start_regions(self, samples: Sequence[_Windowed]) -> Callable[[], tuple[Results, list[Results], float, float]]:
        """Start the engine on everything, or one engine on breasts and one on windows."""
        groups = [each.windows for each in samples]
        if self.window_engine is None:
            regions = [r for each, group in zip(samples, groups, strict=True) for r in (each.sample, *group)]
            calls = [self.inner.start(regions)]
        else:
            calls = [
                self.inner.start([each.sample for each in samples]),
                self.window_engine.start([region for group in groups for region in group]),
            ]

        def finish() -> tuple[Results, list[Results], float, float]:
            measured = [call() for call in calls]
            breasts = iter(measured[0].results)
            of_windows = iter(measured[1].results) if len(measured) > 1 else breasts
            pairs = [(next(breasts), [next(of_windows) for _ in group]) for group in groups]
            seconds = sum(each.prepare_s for each in measured), sum(each.extract_s for each in measured)
            return [breast for breast, _ in pairs], [results for _, results in pairs], *seconds

        return finish

    def _windowed(self, sample: Sample) -> _Windowed | Failure:
        """Check the whole region, and lay the windows in it."""
        settings = self.recipe.lattice
        try:
            plane = Plane.of(sample)
            check_region(plane, self.recipe.settings)
            breast = Breast.of(sample, values=plane.values)
            if not breast.mask.any():
                raise MaskError(
                    "the breast is empty without muscle and implant", remedy="Check its outline: extract --preview."
                )
            if settings is None:
                return _Windowed(sample, breast, [], None)
            nipple = sample.marks.nipple if settings.retroareolar and sample.marks is not None else None
            retroareolar = retroareolar_window(breast, settings, nipple=nipple)
            return _Windowed(sample, breast, windows(breast, settings), retroareolar)
        except CaseError as error:
            return Failure.of(sample, stage="prepare", error=error)

    def _parenchymal(self, windowed: _Windowed) -> Vector | Failure:
        """Compute the parenchymal measures."""
        values: list[float] = []
        try:
            for name, wanted in self.recipe.parenchyma.items():
                terms = PARENCHYMA[name].derive(windowed.breast)
                values += [m.formula(terms) for m in PARENCHYMA[name].measures if not wanted or m.name in wanted]
        except CaseError as error:
            return Failure.of(windowed.sample, stage="extract", error=error)
        return np.array(values, dtype=np.float64)

    def _row(
        self, windowed: _Windowed, parenchymal: Vector | Failure, breast: Vector | Failure, of_windows: Results
    ) -> Vector | Failure:
        if isinstance(breast, Failure):
            return breast
        if isinstance(parenchymal, Failure):
            return parenchymal
        parts = [breast[self._whole], parenchymal]
        if self.recipe.lattice is not None:
            parts += self._lattice(windowed, of_windows, self.recipe.lattice)
        return np.concatenate(parts)

    def _lattice(self, windowed: _Windowed, results: Results, settings: LatticeSettings) -> list[Vector]:
        """Compute the values of :func:`lattice_columns`, in parts."""
        in_grid = zip(windowed.boxes, results, strict=False)
        measured = [(box, vector) for box, vector in in_grid if not isinstance(vector, Failure)]
        boxes = [box for box, _ in measured]
        table = np.array([vector[self._window] for _, vector in measured]).reshape(len(boxes), len(self._window))
        window_depths = depths(windowed.breast, boxes)
        scores = outlyingness(table, window_depths)
        lattice = Lattice(scores, window_depths)
        parts = [
            summarise(table, scores, quantiles=settings.quantiles, outlying=settings.outlyingWindows).ravel(),
            np.array([measure.formula(lattice) for measure in WINDOW_MEASURES]),
        ]
        if settings.retroareolar:
            last = None if windowed.retroareolar is None else results[-1]
            parts.append(last[self._window] if isinstance(last, np.ndarray) else np.full(len(self._window), np.nan))
        return parts


def _places(names: Sequence[str], engine: Engine) -> NDArray[np.int64]:
    """Return the features' places in the vectors of an engine."""
    return np.array([engine.feature_names.index(name) for name in names], dtype=np.int64)


def _window(sample: Sample, interior: NDArray[np.bool_], box: Box) -> Sample:
    """Return a view of the sample in a box, its mask the interior: the band under the skin is not measured."""
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
