"""The Laplacian of Gaussian against SimpleITK's, bit for bit, and its features against pyradiomics'."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from radiomics_mammo.core.records import Failure
from radiomics_mammo.engines.registry import open_engine
from radiomics_mammo.errors import RecipeError, RoiError
from radiomics_mammo.features.catalogue import describe
from radiomics_mammo.imaging.filters import FILTERS
from radiomics_mammo.imaging.filters.base import FilterInput
from radiomics_mammo.imaging.filters.laplacian_of_gaussian import MARGIN, LogOptions, apply_log
from radiomics_mammo.recipes.recipe import recipe_from
from radiomics_mammo.testing.filters import check_filter
from tests.features.test_parity import lesion
from tests.support.devices import open_device
from tests.support.parity import assert_close
from tests.support.real_lesions import true_outlines

OPTIONS = {"LoG": LogOptions((1, 1.5, 2.0))}
"""Settings to check each registered filter with."""


@pytest.mark.parametrize("name", FILTERS)
def test_every_registered_filter_conforms(name):
    check_filter(FILTERS[name], OPTIONS[name])


def simpleitk(image: np.ndarray, sigma: float, spacing: tuple[float, float]) -> np.ndarray:
    wrapped = sitk.GetImageFromArray(image)
    wrapped.SetSpacing(spacing[::-1])
    laplacian = sitk.LaplacianRecursiveGaussianImageFilter()
    laplacian.SetNormalizeAcrossScale(True)
    laplacian.SetSigma(sigma)
    return sitk.GetArrayFromImage(laplacian.Execute(wrapped))


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(4, 70), st.integers(4, 70)),
    st.sampled_from([np.uint8, np.uint16, np.int32, np.float32, np.float64]),
    st.floats(0.3, 6.0),
    st.tuples(st.floats(0.03, 0.3), st.floats(0.03, 0.3)),
    st.integers(0, 2**32 - 1),
)
def test_every_bit_is_simpleitks(shape, dtype, pixels, spacing, seed):
    sigma = pixels * min(spacing)
    image = (np.random.default_rng(seed).random(shape) * 250).astype(dtype)
    source = FilterInput(image, (0, shape[0], 0, shape[1]), spacing)
    if any(side < np.ceil(sigma / step) + 1 for side, step in zip(shape, spacing, strict=True)):
        with pytest.raises(RoiError, match="needs"):
            apply_log(source, LogOptions((sigma,)))
        return
    np.testing.assert_array_equal(apply_log(source, LogOptions((sigma,)))[0], simpleitk(image, sigma, spacing))


def test_the_margin_leaves_the_last_bit_only():
    image = (np.random.default_rng(0).random((420, 400)) * 4000).astype(np.uint16)
    box = (200, 240, 180, 230)
    assert box[0] > MARGIN * 5  # all of the margin is inside the image
    for sigma, ours in zip((2, 5), apply_log(FilterInput(image, box, (1.0, 1.0)), LogOptions((2, 5))), strict=True):
        theirs = simpleitk(image, sigma, (1.0, 1.0))[box[0] : box[1], box[2] : box[3]]
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-7 * np.abs(theirs).max())


def parity(body: dict, sample, *, engine: str = "cpu") -> float:
    pytest.importorskip("radiomics", reason="needs the reference extra")
    recipe = recipe_from(body)
    ours, theirs = open_engine(engine, recipe), open_engine("pyradiomics", recipe)
    assert ours.feature_names == theirs.feature_names
    (a,), (b,) = ours.measure([sample]).results, theirs.measure([sample]).results
    return assert_close(ours.feature_names, a, b, label=sample.case_id, pixels=int(sample.mask.sum()))


LOG_TYPE = {"Original": {}, "LoG": {"sigma": [0.1, 0.2], "binWidth": 60}}


@pytest.mark.parametrize(
    "setting",
    [
        {"binWidth": 100},
        {"binCount": 32, "distances": [1, 2]},
        {"normalize": True, "normalizeScale": 100, "removeOutliers": 2, "binWidth": 10},
        {"resegmentRange": [1200, 2900], "binWidth": 100},
        {"preCrop": True, "padDistance": 9, "binWidth": 100},
        {"resampledPixelSpacing": [0.06, 0.06], "binWidth": 100, "padDistance": 7},
        {"resampledPixelSpacing": [0.05, 0.07], "binWidth": 100, "padDistance": 3},  # that of the image: cropped only
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_all_features_are_pyradiomics(setting):
    assert parity({"imageType": LOG_TYPE, "setting": setting}, lesion(3, size=64)) < 1e-9


@pytest.mark.parametrize("original", [{"binCount": 16}, {"binWidth": 300}], ids=lambda body: next(iter(body)))
def test_settings_of_the_original_image_are_its_alone(original):
    body = {"imageType": {"Original": original, "LoG": {"sigma": [0.1]}}, "setting": {"binWidth": 60}}
    assert parity(body, lesion(3, size=64)) < 1e-9
    shared = {"imageType": {"Original": {}, "LoG": {"sigma": [0.1]}}, "setting": {"binWidth": 60, **original}}
    assert recipe_from(body).hash != recipe_from(shared).hash
    assert recipe_from(yaml.safe_load(recipe_from(body).text)) == replace(recipe_from(body), name="recipe")


def test_without_a_pixel_size_sigma_is_in_pixels():
    sample = replace(lesion(4, size=64), spacing=None)
    parity({"imageType": {"LoG": {"sigma": [1, 2.5]}}, "setting": {"binCount": 24}}, sample)


@pytest.mark.slow
def test_real_lesions(shared_data):
    """Means of a Laplacian cancel to near 0, and Imc1 is a difference of entropies: both are held in absolute terms.

    The margin of 15 sigma leaves single last bits of float32, which show in a mean of 10^5 values near 0.
    """
    pytest.importorskip("radiomics", reason="needs the reference extra")
    recipe = recipe_from({"imageType": {"Original": {}, "LoG": {"sigma": [1.0, 2.0, 3]}}, "setting": {"binCount": 32}})
    cpu, reference = open_engine("cpu", recipe), open_engine("pyradiomics", recipe)
    for sample in true_outlines(shared_data)[3:5]:
        (a,), (b,) = cpu.measure([sample]).results, reference.measure([sample]).results
        absolute = [name.startswith("log") and name.endswith(("_Mean", "_Median", "_Imc1")) for name in recipe.columns]
        np.testing.assert_allclose(a[absolute], b[absolute], rtol=0, atol=1e-8)
        names = [name for name, cancels in zip(recipe.columns, absolute, strict=True) if not cancels]
        relative = np.logical_not(absolute)
        assert_close(names, a[relative], b[relative], label=sample.case_id, pixels=int(sample.mask.sum()))


def test_names_keep_the_spelling_of_the_parameter_file():
    columns = recipe_from(
        {"imageType": {"LoG": {"sigma": [1, 1.0, 2.5]}}, "featureClass": {"firstorder": ["Mean"]}}
    ).columns
    assert columns == tuple(f"log-sigma-{s}-mm-3D_firstorder_Mean" for s in ("1", "1-0", "2-5"))
    row = describe("log-sigma-2-5-mm-3D_glcm_Contrast")
    assert row["meaning"].startswith("Of the image filtered by the Laplacian of Gaussian with sigma 2.5 mm")
    assert describe("log-sigma-2-5-mm-3D_shape2D_Area") is None


@pytest.mark.parametrize("sigma", [[], [0], [-1.0], ["1"], [True], [1.0, 1.0], 2, [float("inf")]])
def test_a_sigma_that_is_none_is_refused(sigma):
    with pytest.raises(RecipeError, match=r"sigma is .* but must be a list of different numbers above 0"):
        recipe_from({"imageType": {"LoG": {"sigma": sigma}}})


def test_an_image_that_is_too_small_is_a_failure_on_both_engines():
    sample = replace(lesion(5, size=64), spacing=(1.0, 1.0))
    small = replace(sample, image=sample.image[20:44, 20:44], mask=sample.mask[20:44, 20:44])
    body = {"imageType": {"LoG": {"sigma": [30]}}, "featureClass": {"firstorder": ["Mean"]}}
    (failure,) = open_engine("cpu", recipe_from(body)).measure([small]).results
    assert isinstance(failure, Failure)
    assert "24 pixels" in failure.cause and "needs 31" in failure.cause
    pytest.importorskip("radiomics", reason="needs the reference extra")
    (failure,) = open_engine("pyradiomics", recipe_from(body)).measure([small]).results
    assert isinstance(failure, Failure)


def test_the_cuda_engine_measures_what_the_filter_gives():
    from radiomics_mammo.engines.cuda import CudaEngine
    from radiomics_mammo.engines.filtered import FilteredEngine

    recipe = recipe_from({"imageType": LOG_TYPE, "featureClass": {"firstorder": [], "glcm": ["Contrast"]},
                          "setting": {"binWidth": 100}})  # fmt: skip
    device = open_device("host-96")
    cuda = FilteredEngine(recipe, lambda inner: CudaEngine(inner, device))
    cpu = open_engine("cpu", recipe)
    samples = [lesion(seed, size=40) for seed in range(3)]
    for a, b in zip(cuda.measure(samples).results, cpu.measure(samples).results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
