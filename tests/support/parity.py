"""Compare feature vectors with pyradiomics', feature by feature, at a stated tolerance."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pytest

from radiomics_mammo.core.records import Sample
from radiomics_mammo.engines.cpu import CpuEngine
from radiomics_mammo.recipes.recipe import Recipe, recipe_from

RELATIVE = 1e-9
ZERO = 1e-12
"""Below this both engines hold rounding noise of an exact zero (pyradiomics' epsilon alone gives 3e-16 per level)."""

ELONGATION = "original_shape2D_Elongation"


def scale_of(name: str, values: dict[str, float]) -> float:
    """What a signed or cancelling feature is measured against: the size of the terms that cancel in it."""
    feature = name.split("_")[-1]
    image_class = name.rsplit("_", 1)[0]
    if feature == "ClusterShade":
        return float(values[f"{image_class}_ClusterProminence"] ** 0.75)
    if feature in ("Correlation", "Skewness", "Imc1"):
        return 1.0
    if feature == "Mean" or feature == "Median":
        return float(values[f"{image_class}_RootMeanSquared"])
    return 0.0


def assert_close(
    names: Sequence[str], ours: np.ndarray, theirs: np.ndarray, *, label: str = "", pixels: int = 0
) -> float:
    """Every feature within RELATIVE, or a difference that the catalogue names; gives the largest relative one."""
    reference = dict(zip(names, theirs, strict=True))
    worst, wrong = 0.0, []
    for name, a, b in zip(names, ours, theirs, strict=True):
        feature = name.split("_")[-1]
        if np.isnan(a) and np.isnan(b):
            continue
        if feature == "MCC" and ((abs(b) < 1e-6 and abs(a) < 1e-6) or np.isnan(a)):
            continue  # named: noise where the second eigenvalue is 0; 1 for a lone level without neighbours
        if feature == "MCC" and pixels > 100_000 and abs(a - b) < 1e-6:
            continue  # named: pyradiomics' epsilon, beside the probabilities of levels that occur once in 10^5 pixels
        if feature in ("MinorAxisLength", "Elongation") and a == 0 and reference[ELONGATION] < 1e-7:
            continue  # named: the eigenvalue 0 of a line is 1e-16 of the larger one in pyradiomics, and its root 1e-8
        if feature in ("Imc2", "MCC") and any(abs(a * n / m - b) < 3e-8 for n in (4, 12) for m in range(1, n + 1)):
            # named: where neighbours are independent at an angle, pyradiomics has noise of 1e-16 under the root, and
            # leaves an angle whose noise is negative out of the mean
            continue
        difference = abs(a - b)
        allowed = max(RELATIVE * abs(b), ZERO, 1e-12 * scale_of(name, reference))
        if not difference <= allowed:
            wrong.append(f"{name}: ours {a!r}, pyradiomics {b!r}")
        elif abs(b) > 1e-9:
            worst = max(worst, difference / abs(b))
    assert not wrong, f"{label}\n" + "\n".join(wrong)
    return worst


def reference_engine(recipe: Recipe):
    """The pyradiomics engine, or a visible skip."""
    pytest.importorskip("radiomics", reason='needs the reference extra: pip install "radiomics-mammo[reference]"')
    from radiomics_mammo.engines.pyradiomics import PyradiomicsEngine

    return PyradiomicsEngine(recipe)


def assert_parity(samples: Sequence[Sample], body: dict | None = None) -> float:
    """Both engines agree on every sample; gives the largest relative difference."""
    recipe = recipe_from(body or {})
    reference = reference_engine(recipe)
    cpu = CpuEngine(recipe)
    ours, theirs = cpu.measure(samples), reference.measure(samples)
    worst = 0.0
    for sample, a, b in zip(samples, ours.results, theirs.results, strict=True):
        assert isinstance(a, np.ndarray), a
        assert isinstance(b, np.ndarray), b
        worst = max(worst, assert_close(cpu.feature_names, a, b, label=sample.case_id, pixels=int(sample.mask.sum())))
    return worst


def class_vector(names: Sequence[str], image: np.ndarray, mask: np.ndarray, settings: dict) -> np.ndarray:
    """pyradiomics' feature classes called directly, on regions that its extractor refuses (one pixel, a line)."""
    radiomics = pytest.importorskip("radiomics", reason="needs the reference extra")
    import SimpleITK as sitk

    radiomics.setVerbosity(60)
    itk_image = sitk.GetImageFromArray(image.astype(np.float64))
    itk_mask = sitk.GetImageFromArray(mask.astype(np.uint8))
    found: dict[str, float] = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for family in sorted({name.split("_")[1] for name in names}):
            instance = radiomics.getFeatureClasses()[family](itk_image, itk_mask, label=1, **settings)
            for feature, value in instance.execute().items():
                found[f"original_{family}_{feature}"] = float(np.real(value)) if np.size(value) == 1 else np.nan
    return np.array([found[name] for name in names])
