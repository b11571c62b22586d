"""Recipes: pyradiomics' parameter files as they are, and a clear refusal of everything else."""

from __future__ import annotations

from dataclasses import fields

import pytest

from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import RecipeError
from radiomics_mammo.features import FAMILIES, columns_of
from radiomics_mammo.recipes.recipe import Recipe, load_recipe, recipe_from, recipe_names
from radiomics_mammo.recipes.settings_rules import FILTER_SETTINGS, OPTIONAL, RULES, WITHOUT_EFFECT, settings_from

GLCM = """
    - 'Autocorrelation'
    - 'JointAverage'
    - 'ClusterProminence'
    - 'ClusterShade'
    - 'ClusterTendency'
    - 'Contrast'
    - 'Correlation'
    - 'DifferenceAverage'
    - 'DifferenceEntropy'
    - 'DifferenceVariance'
    - 'JointEnergy'
    - 'JointEntropy'
    - 'Imc1'
    - 'Imc2'
    - 'Idm'
    - 'Idmn'
    - 'Id'
    - 'Idn'
    - 'InverseVariance'
    - 'MaximumProbability'
    - 'SumEntropy'
    - 'SumSquares'
"""


def refusal(body: object) -> str:
    with pytest.raises(RecipeError) as caught:
        recipe_from(body)
    assert caught.value.remedy
    return str(caught.value)


def test_unknown_setting_lists_the_known_ones():
    message = refusal({"setting": {"binwidth": 25}})
    assert "'binwidth'" in message
    for setting in fields(Settings):
        assert setting.name in message


@pytest.mark.parametrize("name", [*WITHOUT_EFFECT, *FILTER_SETTINGS])
def test_settings_without_effect_in_the_plane_are_noted_with_the_reason(name):
    recipe = recipe_from({"setting": {name: 1}})
    assert recipe.hash == recipe_from({}).hash
    (note,) = recipe.notes
    assert note.startswith(f"{name} is not used: ")
    assert WITHOUT_EFFECT.get(name, FILTER_SETTINGS.get(name)) in note


def test_a_channel_of_the_mask_is_refused():
    assert "label_channel" in refusal({"setting": {"label_channel": 1}})
    assert recipe_from({"setting": {"label_channel": 0}}).notes == ()


BAD: dict[str, list[object]] = {
    "binWidth": [0, -1, "25", True, None, float("nan"), float("inf"), [25]],
    "binCount": [0, -3, 2.5, "64", False],
    "distances": [[], [0], [-1], [1.5], 1, [1, 1], "1", None],
    "weightingNorm": ["euclid", 1, True, []],
    "symmetricalGLCM": [1, "yes", None],
    "gldm_a": [-1, 0.5, None],
    "voxelArrayShift": [1.5, "300", True],
    "resegmentRange": [[1, 2, 3], ["a"], 5, [float("nan")]],
    "resegmentMode": ["percent", None, 1],
    "resegmentShape": [0, "no!"],
    "normalize": [1, "maybe"],
    "normalizeScale": [0, -1, None],
    "removeOutliers": [0, -3, "3"],
    "resampledPixelSpacing": [[1], [1, 1, 1, 1], [-1, 1], 0.5, [1, 1, -3]],
    "interpolator": ["bspline", "sitkUInt8", "sitkBSplineTransform", 0, 11, True],
    "padDistance": [-1, 1.5, None],
    "label": [0, -1, 1.5, "1"],
    "minimumROIDimensions": [3, -1, 1.5, None],
    "minimumROISize": [0, -5, 2.5],
    "correctMask": [1, 0],
    "geometryTolerance": [0, -1, "x"],
    "preCrop": ["true", 1],
    "force2D": [1, 0],
    "force2Ddimension": [3, -1, False, None],
    "additionalInfo": [0, None],
}


def test_every_setting_has_a_rule_and_bad_values_to_try():
    names = [setting.name for setting in fields(Settings)]
    assert list(RULES) == names or set(RULES) == set(names)
    assert set(BAD) == set(names)
    assert set(OPTIONAL) == {s.name for s in fields(Settings) if s.default is None}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_values_out_of_range_are_refused(name, value):
    message = refusal({"setting": {name: value}})
    assert name in message


@pytest.mark.parametrize("name", OPTIONAL)
def test_optional_settings_may_be_left_empty(name):
    assert getattr(settings_from({name: None}), name) is None


@pytest.mark.parametrize("name", RULES)
def test_defaults_meet_their_own_rules(name):
    default = getattr(Settings(), name)
    assert settings_from({name: list(default) if isinstance(default, tuple) else default}) == Settings()


def test_unknown_feature_class_feature_image_type_and_section():
    message = refusal({"featureClass": {"GLCM": []}})
    assert "'GLCM'" in message
    assert all(name in message for name in FAMILIES)
    message = refusal({"featureClass": {"glcm": ["contrast"]}})
    assert "'contrast'" in message
    assert all(feature.name in message for feature in FAMILIES["glcm"].features)
    message = refusal({"imageType": {"Wavelet": {}, "Original": {}, "LBP2D": {}}})
    assert "not available: Wavelet, LBP2D" in message
    assert "Original" in message
    message = refusal({"settings": {}})
    assert "'settings'" in message
    assert all(section in message for section in ("imageType", "featureClass", "setting"))


@pytest.mark.parametrize(
    "body",
    [[], "binWidth: 25", 25, {"setting": [1]}, {"featureClass": ["glcm"]}, {"featureClass": {"glcm": "Contrast"}},
     {"imageType": {"Original": [1]}}],
    ids=str,
)  # fmt: skip
def test_the_wrong_kind_of_thing_is_refused(body):
    refusal(body)


def test_an_image_type_takes_binning_only():
    assert recipe_from({"imageType": {"Original": {"binWidth": 10}}}).settings.binWidth == 10.0
    recipe = recipe_from({"imageType": {"Original": {"normalize": True}}})
    assert (recipe.settings, len(recipe.notes)) == (Settings(), 1)
    assert recipe.notes[0].startswith("normalize is not used")
    refusal({"imageType": {"Original": {"binWidth": -10}}})


def test_files_that_are_no_recipes(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("setting: {binWidth: 25", encoding="utf-8")
    with pytest.raises(RecipeError, match="not valid YAML") as caught:
        load_recipe(path)
    assert str(path) in str(caught.value)
    path.write_bytes(b"setting:\n  binWidth: \xff\xfe")
    with pytest.raises(RecipeError, match="line 2: setting binWidth is"):
        load_recipe(path)
    with pytest.raises(RecipeError, match="No such file") as caught:
        load_recipe(tmp_path / "absent.yaml")
    assert "absent.yaml" in str(caught.value)
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(_folder(tmp_path / "folder.yaml"))


def _folder(path):
    path.mkdir()
    return path


def test_an_error_in_a_file_names_the_file(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text("setting:\n  binWidth: 0\n", encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert str(caught.value).startswith(str(path))


def test_unknown_name_lists_the_recipes():
    with pytest.raises(RecipeError, match="no recipe is called 'lesions'") as caught:
        load_recipe("lesions")
    assert recipe_names()
    assert all(name in str(caught.value) for name in recipe_names())


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_of_the_package_is_valid(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert columns_of(recipe.features)


def test_lesion_is_all_features_in_64_bins():
    recipe = load_recipe("lesion")
    assert recipe.settings == settings_from({"binCount": 64})
    assert len(columns_of(recipe.features)) == 102


def test_json_is_yaml(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text('{"setting": {"binCount": 32}, "featureClass": {"glcm": ["Contrast"]}}', encoding="utf-8")
    recipe = load_recipe(path)
    assert columns_of(recipe.features) == ("original_glcm_Contrast",)


EQUAL: list[tuple[object, object]] = [
    ({"setting": {"binWidth": 25}}, {"setting": {"binWidth": 25.0}}),
    ({}, {"setting": {"binWidth": 25}, "imageType": {"Original": None}}),
    ({"setting": {"binWidth": 5, "gldm_a": 1}}, {"setting": {"gldm_a": 1, "binWidth": 5}}),
    ({"imageType": {"Original": {"binWidth": 7}}}, {"setting": {"binWidth": 7}}),
    ({"setting": {"distances": [2, 1]}}, {"setting": {"distances": [1, 2]}}),
    ({"setting": {"resegmentRange": [900, 5]}}, {"setting": {"resegmentRange": [5.0, 900.0]}}),
    ({"setting": {"resampledPixelSpacing": [1, 1, 0]}}, {"setting": {"resampledPixelSpacing": [1.0, 1.0]}}),
    ({"setting": {"interpolator": 3}}, {"setting": {"interpolator": "sitkBSpline"}}),
    ({"setting": {"removeOutliers": 3, "geometryTolerance": 1}},
     {"setting": {"removeOutliers": 3.0, "geometryTolerance": 1.0}}),
    ({"featureClass": {"glcm": [], "firstorder": None}}, {"featureClass": {"firstorder": [], "glcm": None}}),
    ({"featureClass": {"glcm": ["Contrast", "Id"]}}, {"featureClass": {"glcm": ["Id", "Contrast", "Id"]}}),
    ({"featureClass": {"ngtdm": []}},
     {"featureClass": {"ngtdm": ["Busyness", "Coarseness", "Complexity", "Contrast", "Strength"]}}),
    ({}, {"featureClass": dict.fromkeys(FAMILIES)}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), EQUAL, ids=str)
def test_equal_recipes_hash_alike_however_they_are_spelt(one, other):
    one, other = recipe_from(one, name="a"), recipe_from(other, name="b")
    assert one.text == other.text
    assert one.hash == other.hash


def test_different_recipes_hash_differently():
    bodies = [
        {},
        {"setting": {"binWidth": 24}},
        {"setting": {"binCount": 25}},
        {"setting": {"symmetricalGLCM": False}},
        {"setting": {"weightingNorm": "no_weighting"}},
        {"featureClass": {"glcm": []}},
        {"featureClass": {"glcm": ["Id"]}},
    ]
    assert len({recipe_from(body).hash for body in bodies}) == len(bodies)


@pytest.mark.parametrize(
    "body", [{}, EQUAL[5][0], EQUAL[9][0], {"setting": {"binCount": 8, "weightingNorm": "euclidean"}}]
)
def test_the_text_is_a_recipe_again(tmp_path, body):
    recipe = recipe_from(body)
    path = tmp_path / "again.yaml"
    path.write_text(recipe.text, encoding="utf-8")
    again = load_recipe(path)
    assert isinstance(again, Recipe)
    assert (again.settings, again.features, again.hash) == (recipe.settings, recipe.features, recipe.hash)


def test_a_recipe_made_by_hand_measures_everything():
    assert Recipe().hash == recipe_from({}).hash
