"""Every registered engine keeps the contract; an engine that breaks it is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from radiomics_mammo.core.records import Failure, Sample
from radiomics_mammo.engines.base import Engine, Measured
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.engines.cuda import CudaEngine
from radiomics_mammo.engines.registry import ENGINES, open_engine
from radiomics_mammo.recipes.recipe import Recipe, recipe_from
from radiomics_mammo.testing.engines import check_engine
from tests.support.cuhost.host_device import HostDevice
from tests.support.device_batches import SAMPLES

CLASSES = {"shape2D": ["PixelSurface"], "firstorder": ["Mean"], "glcm": ["Contrast", "MCC"], "ngtdm": ["Coarseness"]}
RECIPES = {
    "regions": {"setting": {"binCount": 16}, "featureClass": CLASSES},
    "filtered": {
        "setting": {"binCount": 16},
        "featureClass": CLASSES,
        "imageType": {"Original": {}, "LoG": {"sigma": [1.0]}},
    },
    "breasts": {"setting": {"binCount": 16}, "featureClass": {**CLASSES, "density": []}},
}


def engine_of(name: str, recipe: Recipe) -> Engine:
    if name == "pyradiomics":
        pytest.importorskip("radiomics")
    return CudaEngine(recipe, HostDevice()) if name == "cuda" else open_engine(name, recipe)


@pytest.mark.parametrize("name", ENGINES)
def test_registered_engines_keep_the_contract(name: str) -> None:
    check_engine(engine_of(name, recipe_from(RECIPES["regions"])), SAMPLES[1:4])


@pytest.mark.parametrize("kind", ["filtered", "breasts"])
def test_engines_that_wrap_others_keep_the_contract(kind: str) -> None:
    samples = [replace(sample, spacing=(0.5, 0.5)) for sample in SAMPLES[1:4]]
    check_engine(open_engine("cpu", recipe_from(RECIPES[kind])), samples)


class Drifting(CpuEngine):
    """Values that depend on the batch."""

    def measure(self, samples: Sequence[Sample]) -> Measured:
        measured = super().measure(samples)
        return replace(measured, results=[r if isinstance(r, Failure) else r + len(samples) for r in measured.results])


class Forgiving(CpuEngine):
    """An empty mask is measured."""

    def measure(self, samples: Sequence[Sample]) -> Measured:
        measured = super().measure(samples)
        vectors = [np.zeros(len(self.feature_names)) if isinstance(r, Failure) else r for r in measured.results]
        return replace(measured, results=vectors)


@pytest.mark.parametrize(
    ("engine", "message"), [(Drifting, "share a batch"), (Forgiving, "without a region is no Failure")]
)
def test_a_broken_engine_is_named(engine: type[CpuEngine], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_engine(engine(recipe_from(RECIPES["regions"])), SAMPLES[1:4])
