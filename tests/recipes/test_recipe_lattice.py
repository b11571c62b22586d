"""The recipe's lattice and parenchymal classes; recipes without them keep their hashes."""

from __future__ import annotations

from dataclasses import fields

import pytest
import yaml

from radiomics_mammo.errors import RecipeError
from radiomics_mammo.features import FAMILIES
from radiomics_mammo.features.parenchyma import PARENCHYMA
from radiomics_mammo.features.parenchyma.lattice import LatticeSettings
from radiomics_mammo.recipes.feature_selection import union
from radiomics_mammo.recipes.lattice import LATTICE_RULES
from radiomics_mammo.recipes.recipe import load_recipe, recipe_from

WINDOW_CLASSES = tuple(name for name in FAMILIES if name != "shape2D")


def refusal(body: object) -> str:
    with pytest.raises(RecipeError) as caught:
        recipe_from(body)
    assert caught.value.remedy
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "digits"),
    [
        (load_recipe("lesion"), "10d2777a67e437a1e087f62ef271241fee1b8f96aa819fe48febcb2921b64039"),
        (recipe_from({}), "816452c586eb2b365401309d8e5f45ec4cb17e745a1cab4b71200608141addd0"),
        (
            recipe_from({"setting": {"binWidth": 25, "distances": [2, 1]}, "featureClass": {"glcm": ["Idm"]}}),
            "34304777c7a5dd4de56e9a5d581837eb9686db69f41c021bbf8836c174298fa9",
        ),
    ],
    ids=["lesion", "default", "some"],
)
def test_recipes_without_a_lattice_keep_the_hash_of_earlier_versions(body, digits):
    """Tables that were begun before there was a lattice go on."""
    assert body.hash == digits
    assert not body.of_breast


def test_defaults():
    recipe = recipe_from({"lattice": None})
    assert recipe.of_breast
    assert recipe.lattice == LatticeSettings(featureClass=dict.fromkeys(WINDOW_CLASSES, ()))
    assert recipe_from({"lattice": {}}).hash == recipe.hash != recipe_from({}).hash
    assert not recipe.parenchyma


def test_windows_measure_what_the_recipe_names_but_shape():
    recipe = recipe_from({"featureClass": {"shape2D": [], "glcm": ["Id", "Idm"]}, "lattice": {}})
    assert recipe.lattice.featureClass == {"glcm": ("Id", "Idm")}
    own = recipe_from({"featureClass": {"glcm": []}, "lattice": {"featureClass": {"ngtdm": ["Busyness"]}}})
    assert own.lattice.featureClass == {"ngtdm": ("Busyness",)}
    assert own.features == {"glcm": ()}


def test_the_union_has_every_feature_once_in_the_tables_order():
    both = union({"shape2D": (), "glcm": ("Idm",)}, {"firstorder": ("Mean",), "glcm": ("Contrast", "Idm")})
    assert both == {"shape2D": (), "firstorder": ("Mean",), "glcm": ("Contrast", "Idm")}
    assert list(both) == ["shape2D", "firstorder", "glcm"]
    names = tuple(f.name for f in FAMILIES["ngtdm"].features)
    assert union({"ngtdm": names[:2]}, {"ngtdm": names[2:]}) == {"ngtdm": ()}
    assert union({"ngtdm": ()}, {"ngtdm": names[2:]}) == {"ngtdm": ()}


BAD: dict[str, list[object]] = {
    "windowMm": [0, -1, "10", True, None, float("inf"), [10]],
    "windowPx": [0, 3, 32.5, "64", None, 10**400],
    "step": [0, 0.01, -1, 11, "1", None, True],
    "coverage": [0, -0.1, 1.01, 80, None],
    "quantiles": [
        0.5,
        ["a"],
        [0],
        [1],
        [1.5],
        [0.5, 0.5],
        None,
        [True],
        [[0.1, 0.5]],
        [0.3333333, 0.33333333],
        [1e-7],
        [0.9999999],
    ],
    "outlyingWindows": [0, -1, 1.5, 1.0, None, "3", True, 10**400],
    "retroareolar": [1, "yes", None],
    "featureClass": [[], "glcm", {"glcm": "Idm"}, {"glcm": ["idm"]}, {"shape2D": []}, {"shape": []}, {"density": []}],
}


def test_every_setting_has_a_rule_and_bad_values_to_try():
    names = {f.name for f in fields(LatticeSettings)}
    assert set(BAD) == names
    assert set(LATTICE_RULES) == names - {"featureClass"}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_values_out_of_range_are_refused(name, value):
    assert "lattice" in refusal({"lattice": {name: value}}) or name == "featureClass"


def test_no_quantiles_at_all_are_allowed():
    assert recipe_from({"lattice": {"quantiles": []}}).lattice.quantiles == ()


def test_an_unknown_setting_lists_the_known_ones():
    message = refusal({"lattice": {"window": 10}})
    assert "'window'" in message
    assert all(f.name in message for f in fields(LatticeSettings))


def test_an_unknown_class_lists_those_of_a_lattice():
    message = refusal({"lattice": {"featureClass": {"density": []}}})
    assert all(name in message for name in WINDOW_CLASSES)
    assert "shape2D" not in message
    assert "squares" in refusal({"lattice": {"featureClass": {"shape2D": []}}})


def test_an_unknown_class_of_the_recipe_lists_those_of_a_breast():
    message = refusal({"featureClass": {"densities": []}})
    assert all(name in message for name in (*FAMILIES, *PARENCHYMA))


def test_a_lattice_without_features_is_refused():
    assert "no features" in refusal({"featureClass": {"shape2D": []}, "lattice": {}})


@pytest.mark.parametrize("more", [{"lattice": {}}, {"featureClass": {"density": []}}], ids=["lattice", "density"])
def test_windows_and_breast_share_one_grid_and_one_scale(more):
    message = refusal({"setting": {"resampledPixelSpacing": [0.2, 0.2]}, **more})
    assert "--pixel-mm" in message
    assert "normalize" in refusal({"setting": {"normalize": True}, **more})
    assert "resegmentRange" in refusal({"setting": {"resegmentRange": [0, 100]}, **more})
    assert recipe_from({"setting": {"resegmentRange": [0, 100]}}).settings.resegmentRange == (0.0, 100.0)


def test_numbers_beyond_all_measure_are_refused():
    assert "binCount" in refusal({"setting": {"binCount": 10**400}})


def test_parenchymal_classes_are_apart_from_the_families():
    recipe = recipe_from({"featureClass": {"density": ["PercentDensity"], "glcm": ["Idm"]}})
    assert recipe.features == {"glcm": ("Idm",)}
    assert recipe.parenchyma == {"density": ("PercentDensity",)}
    assert recipe.of_breast
    assert "PercentDensity" in refusal({"featureClass": {"density": ["percentDensity"]}})
    assert not recipe_from({}).parenchyma


@pytest.mark.parametrize(
    "body",
    [
        {"lattice": {"windowMm": 12, "quantiles": [0.9, 0.1], "step": 1}},
        {"featureClass": {"fractal": [], "ngtdm": ["Busyness"]}, "lattice": {"featureClass": {"glcm": ["Id"]}}},
        {"featureClass": {"spectrum": []}},
        load_recipe("breast"),
    ],
    ids=["settings", "classes", "parenchyma", "breast"],
)
def test_the_text_is_a_recipe_again(body):
    recipe = body if not isinstance(body, dict) else recipe_from(body)
    again = recipe_from(yaml.safe_load(recipe.text))
    assert (again.features, again.parenchyma, again.lattice) == (recipe.features, recipe.parenchyma, recipe.lattice)
    assert again.hash == recipe.hash


def test_equal_lattices_hash_alike_and_different_ones_do_not():
    one = recipe_from({"lattice": {"windowMm": 12, "quantiles": [0.9, 0.1]}})
    assert one.hash == recipe_from({"lattice": {"windowMm": 12.0, "quantiles": [0.1, 0.9], "outlyingWindows": 3}}).hash
    changed = [
        {"windowMm": 11},
        {"step": 0.5},
        {"outlyingWindows": 2},
        {"outlyingWindows": 0.1},
        {"retroareolar": False},
        {"featureClass": {"glcm": []}},
    ]
    assert len({recipe_from({"lattice": body}).hash for body in changed}) == len(changed)


def test_the_breast_recipe_measures_everything():
    recipe = load_recipe("breast")
    assert set(recipe.features) == set(FAMILIES)
    assert set(recipe.parenchyma) == set(PARENCHYMA)
    assert set(recipe.lattice.featureClass) == set(WINDOW_CLASSES)
    assert not any([*recipe.features.values(), *recipe.parenchyma.values(), *recipe.lattice.featureClass.values()])
