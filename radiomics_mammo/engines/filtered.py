"""Filtered images on any engine: each region is filtered once, and every image type measured by the engine for regions.

As in pyradiomics, normalisation, resampling and resegmentation come before the filters, shape is measured once, and
each filtered image is cropped to the region and binned by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.bounding_box import bounding_box
from radiomics_mammo.core.records import Failure, Sample
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.engines.base import Engine, Measured, WarmUp
from radiomics_mammo.engines.warmup import small_sample
from radiomics_mammo.errors import CaseError, RoiError
from radiomics_mammo.imaging.filters import FILTERS, ORIGINAL
from radiomics_mammo.imaging.filters.base import FilterInput
from radiomics_mammo.imaging.preprocessing import prepare_plane
from radiomics_mammo.imaging.preprocessing.plane import Plane
from radiomics_mammo.recipes.image_types import ImageType
from radiomics_mammo.recipes.recipe import SHAPE, Recipe

Vector = NDArray[np.float64]


class FilteredEngine:
    """Measure the original image and filtered ones by engines for regions.

    ``open_inner`` opens the engine for regions with a recipe without filters; image types with the same settings share
    one.
    """

    def __init__(self, recipe: Recipe, open_inner: Callable[[Recipe], Engine]) -> None:
        self.recipe = recipe
        self.feature_names = recipe.columns
        self._original = open_inner(_original_recipe(recipe))
        self._types = [each for each in recipe.image_types if each.name != ORIGINAL]
        opened: dict[str, Engine] = {}
        for each in self._types:
            inner = _filtered_recipe(recipe, each)
            if inner.hash not in opened:
                opened[inner.hash] = open_inner(inner)
        self._engines = [opened[_filtered_recipe(recipe, each).hash] for each in self._types]
        self.name = self._original.name
        images = 1 + sum(len(each.prefixes) for each in self._types)
        limits = self._original.limits
        self.limits = replace(limits, cases=max(1, limits.cases // images), bytes=max(1, limits.bytes // images))
        self._order = self._places()

    def _places(self) -> NDArray[np.int64]:
        """Return where each column stands in what the engines give: the original image, then each filtered one."""
        names = [*self._original.feature_names]
        for each, engine in zip(self._types, self._engines, strict=True):
            names += [f"{p}_{n.partition('_')[2]}" for p in each.prefixes for n in engine.feature_names]
        place = {name: k for k, name in enumerate(names)}
        return np.array([place[name] for name in self.feature_names], dtype=np.int64)

    def warm_up(self) -> WarmUp:
        """Compile the inner engines' kernels and the filters'."""
        start = time.perf_counter()
        compiled = sum(
            engine.warm_up().compiled for engine in {id(e): e for e in (self._original, *self._engines)}.values()
        )
        self.measure([small_sample()])
        return WarmUp(time.perf_counter() - start, compiled)

    def measure(self, samples: Sequence[Sample]) -> Measured:
        """Measure every sample and wait for it; a bad one gives a Failure in its place."""
        return self.start(samples)()

    def start(self, samples: Sequence[Sample]) -> Callable[[], Measured]:
        """Begin to measure and filter; the returned function waits for the vectors."""
        finish_original = self._original.start(samples)
        start = time.perf_counter()
        filtered = [self._filtered(sample) for sample in samples]
        good = [each for each in filtered if not isinstance(each, Failure)]
        prepare_s = time.perf_counter() - start
        calls = [engine.start([image for each in good for image in each[k]]) for k, engine in enumerate(self._engines)]

        def finish() -> Measured:
            original, *others = finish_original(), *(call() for call in calls)
            streams = [iter(measured.results) for measured in others]
            results: list[Vector | Failure] = []
            for first, images in zip(original.results, filtered, strict=True):
                if isinstance(images, Failure):
                    results.append(first if isinstance(first, Failure) else images)
                    continue
                parts = [first, *(next(s) for s, of_type in zip(streams, images, strict=True) for _ in of_type)]
                results.append(self._joined(parts))
            every = [original, *others]
            return Measured(results, prepare_s + sum(m.prepare_s for m in every), sum(m.extract_s for m in every))

        return finish

    def _joined(self, parts: Sequence[Vector | Failure]) -> Vector | Failure:
        for part in parts:
            if isinstance(part, Failure):
                return part
        return np.concatenate([part for part in parts if not isinstance(part, Failure)])[self._order]

    def _filtered(self, sample: Sample) -> list[list[Sample]] | Failure:
        """Return the filtered images of one sample as samples, by image type."""
        try:
            plane = prepare_plane(sample, self.recipe.settings)
            return [self._images(sample, plane, each) for each in self._types]
        except CaseError as error:
            return Failure.of(sample, stage="prepare", error=error)

    @staticmethod
    def _images(sample: Sample, plane: Plane, image_type: ImageType) -> list[Sample]:
        box = bounding_box(plane.mask)
        assert box is not None  # the region was checked
        source = FilterInput(plane.values, box, plane.spacing or (1.0, 1.0))
        images = FILTERS[image_type.name].apply(source, image_type.options)
        mask = plane.mask[box[0] : box[1], box[2] : box[3]]
        for prefix, image in zip(image_type.prefixes, images, strict=True):
            if not np.isfinite(image[mask]).all():
                raise RoiError(
                    f"the filter gives no finite values for {prefix}",
                    remedy="Fill NaN and infinite pixels round the region, or leave the image type out.",
                )
        return [replace(sample, image=image, mask=mask, spacing=plane.spacing) for image in images]


def _original_recipe(recipe: Recipe) -> Recipe:
    """Return what is measured on the original image: shape alone where the recipe names filters only."""
    features = recipe.features
    if all(each.name != ORIGINAL for each in recipe.image_types):
        # An engine must have something to do, though the recipe may ask for textures of filtered images alone.
        features = {SHAPE: features[SHAPE]} if SHAPE in features else {"firstorder": ("Mean",)}
    return replace(recipe, features=features, image_types=(ImageType(),))


def _filtered_recipe(recipe: Recipe, image_type: ImageType) -> Recipe:
    """Return what is measured on a filtered image: no shape, and nothing is prepared a second time."""
    features = {name: chosen for name, chosen in recipe.features.items() if name != SHAPE}
    plain = Settings()
    settings = replace(
        image_type.settings,
        normalize=plain.normalize,
        removeOutliers=plain.removeOutliers,
        resampledPixelSpacing=plain.resampledPixelSpacing,
        resegmentRange=plain.resegmentRange,
    )
    return replace(recipe, settings=settings, features=features, image_types=(ImageType(),))
