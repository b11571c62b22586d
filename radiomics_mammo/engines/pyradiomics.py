"""The pyradiomics library as an engine: the reference for the others."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from radiomics import featureextractor, setVerbosity

from radiomics_mammo.core.records import Failure, Sample
from radiomics_mammo.engines.base import Limits, Measured, WarmUp
from radiomics_mammo.errors import CaseError, RoiError
from radiomics_mammo.imaging.preprocessing.check import check_region
from radiomics_mammo.imaging.preprocessing.plane import Plane
from radiomics_mammo.imaging.preprocessing.resample import resample
from radiomics_mammo.recipes.image_types import plain_lists
from radiomics_mammo.recipes.recipe import Recipe

LOG_NOTHING = 60


class PyradiomicsEngine:
    """Measure regions with pyradiomics on native 2-D images, one at a time."""

    name = "pyradiomics"
    limits = Limits()

    def __init__(self, recipe: Recipe) -> None:
        setVerbosity(LOG_NOTHING)
        logging.getLogger("radiomics").setLevel(LOG_NOTHING)
        self.recipe = recipe
        self.feature_names = recipe.columns
        self._extractor = featureextractor.RadiomicsFeatureExtractor(**_settings(recipe))
        self._extractor.disableAllFeatures()
        self._extractor.disableAllImageTypes()
        for each in recipe.image_types:
            self._extractor.enableImageTypeByName(each.name, customArgs=each.body(recipe.settings))
        self._extractor.enableFeaturesByName(**{k: list(v) for k, v in recipe.features.items()})

    def warm_up(self) -> WarmUp:
        """Return at once: nothing is compiled."""
        return WarmUp(0.0, 0)

    def measure(self, samples: Sequence[Sample]) -> Measured:
        """Measure samples one after another; ``prepare_s`` is the conversion only."""
        results: list[NDArray[np.float64] | Failure] = []
        prepare_s = extract_s = 0.0
        for sample in samples:
            start = time.perf_counter()
            try:
                image, mask = self.images(sample)
                prepare_s += time.perf_counter() - start
                start = time.perf_counter()
                results.append(self.vector(image, mask))
                extract_s += time.perf_counter() - start
            except CaseError as error:
                results.append(Failure.of(sample, stage="prepare", error=error))
        return Measured(results, prepare_s, extract_s)

    def start(self, samples: Sequence[Sample]) -> Callable[[], Measured]:
        """Return a function that measures when it is called."""
        return partial(self.measure, samples)

    def images(self, sample: Sample) -> tuple[sitk.Image, sitk.Image]:
        """Return SimpleITK image and mask of a sample, after the checks of the other engines."""
        plane = check_region(Plane.of(sample), self.recipe.settings)
        if plane.spacing is None:
            resample(plane, self.recipe.settings)  # raises where it would need a spacing
        values = plane.values
        if values.dtype.kind != "f":
            # Its bin edges wrap around in narrow integer types (numpy 2 keeps uint8 in uint8).
            values = values.astype(np.int32 if values.dtype.itemsize < 4 else np.float64)
        image, mask = sitk.GetImageFromArray(values), sitk.GetImageFromArray(plane.mask.astype(np.uint8))
        row, column = plane.spacing or (1.0, 1.0)
        for item in (image, mask):
            item.SetSpacing((column, row))
        return image, mask

    def vector(self, image: sitk.Image, mask: sitk.Image) -> NDArray[np.float64]:
        """Run pyradiomics on one pair."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # it takes means of empty slices, and its dependencies are old
            try:
                values = self._extractor.execute(image, mask)
            except ValueError as error:
                raise RoiError(
                    f"pyradiomics refuses the region: {error}",
                    remedy="Check the mask, or the recipe's ranges.",
                ) from error
        missing = [name for name in self.feature_names if name not in values]
        if missing:
            raise RoiError(
                f"pyradiomics returned no {', '.join(missing)}", remedy="Use --engine cpu for these features."
            )
        return np.array([float(values[name]) for name in self.feature_names])


def _settings(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe's settings for pyradiomics, with masks of 0 and 1."""
    settings = asdict(recipe.settings)
    settings.update(label=1, additionalInfo=False, preCrop=recipe.settings.preCrop and recipe.filtered, force2D=False)
    if settings["resampledPixelSpacing"] is None:
        settings["interpolator"] = None
    return plain_lists(settings)
