"""The filters that are registered, and a toy that shows what the seam promises."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from radiomics_mammo.core.records import Failure, Sample
from radiomics_mammo.engines.registry import open_engine
from radiomics_mammo.errors import RecipeError, RoiError
from radiomics_mammo.imaging import filters
from radiomics_mammo.imaging.filters.base import Filter
from radiomics_mammo.recipes.recipe import recipe_from
from radiomics_mammo.testing.filters import check_filter

CLASSES = {"shape2D": ["PixelSurface"], "firstorder": ["Mean", "Minimum"], "glcm": ["Contrast"]}


@dataclass(frozen=True)
class ScaleOptions:
    factor: tuple[float, ...] = (2.0,)

    def __post_init__(self):
        if 0 in self.factor:
            raise ValueError("factor is 0")


def scaled(source, options):
    top, bottom, left, right = source.box
    return [source.values[top:bottom, left:right] * float(factor) for factor in options.factor]


SCALE = Filter(
    "Scale",
    ScaleOptions,
    lambda options: tuple(f"scale-{factor:g}" for factor in options.factor),
    scaled,
    lambda name: "a factor" if name.startswith("scale-") else None,
)


@pytest.fixture
def scale(monkeypatch):
    monkeypatch.setitem(filters.FILTERS, "Scale", SCALE)


def sample(seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:40, :44]
    return Sample(f"s{seed}", "P", rng.integers(0, 900, y.shape).astype(np.uint16), np.hypot(y - 20, x - 21) < 11)


def row(body: dict, engine: str = "cpu", of: Sample | None = None) -> dict[str, float]:
    opened = open_engine(engine, recipe_from(body))
    (vector,) = opened.measure([of or sample()]).results
    assert isinstance(vector, np.ndarray), vector
    return dict(zip(opened.feature_names, vector.tolist(), strict=True))


def test_the_toy_conforms():
    check_filter(SCALE, ScaleOptions((2.0, 0.5)))


@pytest.mark.parametrize(
    ("broken", "requirement"),
    [
        ({"apply": lambda s, o: [a.astype(np.int32) for a in scaled(s, o)]}, "an image is int32"),
        ({"apply": lambda s, _: [s.values.astype(float)]}, "not the box's"),
        ({"apply": lambda s, o: [a / 0.0 * 0 for a in scaled(s, o)]}, "NaN or infinite"),
        ({"apply": lambda s, o: [a * s.box[0] for a in scaled(s, o)]}, "depend on the box"),
        ({"image_types": lambda _: ("a_b",)}, "cannot begin"),
        ({"describe": lambda _: None}, "says nothing"),
    ],
)
def test_the_check_refuses_what_does_not_conform(broken, requirement):
    with (
        np.errstate(all="ignore"),
        pytest.raises((AssertionError, ValueError), match=f"{requirement}|not a feature name"),
    ):
        check_filter(replace(SCALE, **broken), ScaleOptions())


def test_columns_come_in_the_recipes_order_and_shape_once(scale):
    body = {"imageType": {"Scale": {"factor": [2.0, 3.0]}, "Original": {}}, "featureClass": CLASSES}
    names = list(row(body))
    assert names[0] == "original_shape2D_PixelSurface"
    assert [name.split("_")[0] for name in names[1:]] == ["scale-2"] * 3 + ["scale-3"] * 3 + ["original"] * 3
    only = row({"imageType": {"Scale": {}}, "featureClass": {"firstorder": ["Mean"]}})
    assert list(only) == ["scale-2_firstorder_Mean"]


def test_filtered_images_are_measured_like_images_of_that_kind(scale):
    settings = {"binWidth": 20}
    both = row({"imageType": {"Original": {}, "Scale": {"factor": [2.0], "binWidth": 40}},
                "featureClass": CLASSES, "setting": settings})  # fmt: skip
    assert both["scale-2_firstorder_Mean"] == 2 * both["original_firstorder_Mean"]
    assert both["scale-2_glcm_Contrast"] == both["original_glcm_Contrast"]  # bins as wide as the values
    plain = row({"featureClass": CLASSES, "setting": settings})
    assert {name: value for name, value in both.items() if name.startswith("original")} == plain


def test_preparation_comes_before_the_filter_and_once(scale):
    settings = {
        "normalize": True,
        "normalizeScale": 100,
        "resegmentRange": [-1, 1],
        "resegmentMode": "sigma",
        "binWidth": 5,
    }
    both = row(
        {"imageType": {"Original": {}, "Scale": {"factor": [1.0]}}, "featureClass": CLASSES, "setting": settings}
    )
    for name in ("firstorder_Mean", "firstorder_Minimum", "glcm_Contrast"):
        assert both[f"scale-1_{name}"] == both[f"original_{name}"]


def test_a_bad_case_costs_its_row(scale, monkeypatch):
    def refuses(source, options):
        if source.values.shape[0] < 30:
            raise RoiError("too small for the filter", remedy="Give more of the image.")
        return scaled(source, options)

    monkeypatch.setitem(filters.FILTERS, "Scale", replace(SCALE, apply=refuses))
    small = sample(1)
    small = replace(small, image=small.image[6:34], mask=small.mask[6:34])
    engine = open_engine("cpu", recipe_from({"imageType": {"Original": {}, "Scale": {}}, "featureClass": CLASSES}))
    first, second, third = engine.measure([sample(0), small, sample(2)]).results
    assert isinstance(second, Failure) and second.cause == "too small for the filter"
    np.testing.assert_array_equal(first, engine.measure([sample(0)]).results[0])
    np.testing.assert_array_equal(third, engine.measure([sample(2)]).results[0])


def test_settings_of_filters_are_checked(scale):
    for body, cause in (
        ({"imageType": {"Scale": {"factor": [0]}}}, "factor is 0"),
        ({"imageType": {"Scale": {}, "Logarithm": {}, "Square": {}}}, "not available: Logarithm, Square"),
        ({"imageType": {"Scale": {}}, "lattice": {}}, "regions only"),
    ):
        with pytest.raises(RecipeError, match=cause):
            recipe_from(body)
    for body, note in (
        ({"imageType": {"Scale": {"normalize": True}}}, "normalize is not used"),
        ({"imageType": {"Original": {}}, "setting": {"factor": [2]}}, "no imageType Scale is named"),
    ):
        assert note in recipe_from(body).notes[0]
    shared = recipe_from({"imageType": {"Scale": {}}, "setting": {"factor": [4.0]}})
    assert shared.columns[-1].startswith("scale-4_")
    assert recipe_from({}).text == recipe_from({"imageType": {"Original": {}}}).text
