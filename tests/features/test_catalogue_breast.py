"""The catalogue of whole breasts: every column of the breast recipe, and what is made of them."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_mammo.core.records import BreastMarks, Sample
from radiomics_mammo.engines.registry import open_engine
from radiomics_mammo.features.catalogue import catalogue, describe, meaning
from radiomics_mammo.features.parenchyma import PARENCHYMA
from radiomics_mammo.features.parenchyma.base import Breast
from radiomics_mammo.recipes.recipe import load_recipe
from radiomics_mammo.tables.aggregation.feature_rules import RULES
from radiomics_mammo.tables.feature_table import is_feature_name
from tests.support.catalogue_ranges import RANGES, lies_in
from tests.support.parenchyma_breasts import half_disc, phantom_breast

ROWS = {row["name"]: row for row in catalogue()}
PARENCHYMAL = [name for name in ROWS if name.startswith("original_") and name.split("_")[1] in PARENCHYMA]


def sample_of(name: str, breast: Breast, nipple: tuple[float, float] | None = None) -> Sample:
    marks = BreastMarks(breast.interior, None, None, nipple)
    return Sample(name, "P", breast.values, breast.mask, breast.spacing, marks=marks)


def breasts() -> list[Sample]:
    """From the ordinary to the degenerate."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 500, (160, 90))
    unknown, _ = phantom_breast(2, size=300)
    known, _ = phantom_breast(3, size=260, view="MLO")
    return [
        sample_of("ordinary", Breast(unknown.values, unknown.mask, unknown.interior, None), (150.0, 125.0)),
        sample_of("in millimetres", known),
        sample_of("noise", half_disc(noise), (80.0, 79.0)),
        sample_of("flat", half_disc(np.full((160, 90), 7)), (80.0, 79.0)),
        sample_of("one window", half_disc(rng.integers(0, 500, (80, 50)), band=2.0), (40.0, 39.0)),
        sample_of("too small for a window", half_disc(rng.integers(0, 500, (30, 20)), band=2.0)),
    ]


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, float]]:
    engine = open_engine("cpu", load_recipe("breast"))
    samples = breasts()
    found = zip(samples, engine.measure(samples).results, strict=True)
    return {sample.case_id: dict(zip(engine.feature_names, values, strict=True)) for sample, values in found}


def test_columns_of_the_breast_recipe_are_the_catalogue_each_once():
    names = open_engine("cpu", load_recipe("breast")).feature_names
    assert list(ROWS) == list(names)
    assert all(is_feature_name(name) for name in names)


def test_values_lie_in_the_stated_range(measured):
    for breast, values in measured.items():
        found = {name: v for name, v in values.items() if not np.isnan(v) and not lies_in(v, ROWS[name]["range"])}
        assert not found, breast


def test_every_null_is_announced(measured):
    for breast, values in measured.items():
        assert not [name for name, v in values.items() if np.isnan(v) and not ROWS[name]["undefined"]], breast


def test_announced_nulls_of_the_breasts_own_measures_can_happen(measured):
    for name in PARENCHYMAL:
        if ROWS[name]["undefined"]:
            assert any(np.isnan(values[name]) for values in measured.values()), name
    assert np.isnan(measured["in millimetres"]["retroareolar_glcm_Contrast"])  # no nipple
    assert np.isnan(measured["too small for a window"]["latticeMean_glcm_Contrast"])


def test_an_ordinary_breast_has_no_null(measured):
    assert not [name for name, value in measured["ordinary"].items() if np.isnan(value)]


def test_no_meaning_takes_the_region_for_a_lesion():
    assert not [name for name, row in ROWS.items() if "lesion" in row["meaning"].lower()]


def test_parenchymal_measures_name_no_ibsi_code():
    assert not [name for name in ROWS if ROWS[name]["ibsi"] and not name.startswith("original_")]
    assert not [name for name in PARENCHYMAL if ROWS[name]["ibsi"]]


def test_a_lattice_row_is_made_of_the_features_row():
    own, mean = ROWS["original_glcm_Contrast"], ROWS["latticeMean_glcm_Contrast"]
    assert own["meaning"] in mean["meaning"] and own["formula"] in mean["formula"] and own["source"] in mean["source"]
    assert "Zheng" in mean["source"]
    assert ROWS["latticeSd_glcm_Correlation"]["range"] == "≥ 0"  # of values from −1 to 1
    assert ROWS["latticeMean_glcm_Correlation"]["range"] == own_range("glcm_Correlation")
    assert ROWS["retroareolar_glcm_Correlation"]["range"] == own_range("glcm_Correlation")
    assert ROWS["latticeMean_glcm_Correlation"]["undefined"].startswith("no window could be measured")
    assert not [name for name in ROWS if "shape2D" in name and not name.startswith("original_")]


def own_range(feature: str) -> str:
    return ROWS[f"original_{feature}"]["range"]


AMONG = (
    "original_glcm_Contrast",
    "original_density_PercentDensity",
    "latticeSd_glszm_ZoneEntropy",
    "lattice_windows_Count",
    "retroareolar_ngtdm_Busyness",
)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", AMONG)
def test_aggregated_columns_read_as_what_they_are_made_of(name, rule):
    prefix, _, rest = name.partition("_")
    column = f"{prefix}-{rule}_{rest}"
    row = describe(column)
    assert row is not None and row["name"] == column and row["range"] in RANGES
    assert ROWS[name]["meaning"] in meaning(column) and meaning(column) != ROWS[name]["meaning"]
    assert ROWS[name]["unit"] == row["unit"]
    bounds = {"asymmetry": "≥ 0", "difference": "any"}
    assert row["range"] == bounds.get(rule, ROWS[name]["range"])
    assert ("no view is known on both sides" in row["undefined"]) == (rule in bounds)


@pytest.mark.parametrize(("rule", "who"), [("asymmetry", "Zheng"), ("difference", "Yin")])
def test_comparisons_of_the_breasts_cite_who_made_them(rule, who):
    row = describe(f"original-{rule}_density_PercentDensity")
    assert row is not None and who in row["source"] and "Byng" in row["source"]


def test_quantiles_that_a_recipe_asks_for_read_like_the_listed_ones():
    row = describe("latticeP2.5_glcm_Contrast")
    assert row is not None and row["formula"].startswith("2.5th percentile over the windows")
    assert "2.5 % of the windows" in row["meaning"]
    assert ROWS["original_glcm_Contrast"]["meaning"] in meaning("latticeP25-max_glcm_Contrast")


@pytest.mark.parametrize(
    ("percent", "words"),
    [("1", "1st"), ("2", "2nd"), ("3", "3rd"), ("4", "4th"), ("11", "11th"), ("12", "12th"), ("13", "13th"),
     ("21", "21st"), ("50", "50th"), ("92", "92nd"), ("2.1", "2.1th")],
)  # fmt: skip
def test_quantiles_are_counted_as_in_english(percent, words):
    row = describe(f"latticeP{percent}_glcm_Contrast")
    assert row is not None and row["formula"].startswith(f"{words} percentile over")


def test_nulls_of_what_is_made_of_others():
    spread, asymmetric = ROWS["latticeSd_glcm_Correlation"], describe("original-asymmetry_glcm_Correlation")
    of_one = ROWS["original_glcm_Correlation"]["undefined"]
    assert of_one
    assert f"in all windows but one {of_one}" in spread["undefined"]  # one value has no spread
    assert asymmetric is not None and f"on all images of one side, {of_one}" in asymmetric["undefined"]
    behind = ROWS["retroareolar_glcm_Contrast"]["undefined"]
    assert "no interior lies on its row" in behind and "cannot be measured" in behind


@pytest.mark.parametrize(
    "column",
    ["age", "wavelet-LH_glcm_Contrast", "latticeP25_shape2D_Perimeter", "latticeMean_glcm_Nothing", "latticeP_glcm_Id",
     "original-least_glcm_Contrast", "-mean_glcm_Contrast", "latticeMean_density_PercentDensity",
     "crop_embEfficientnetLite0_E0001", "crop-mean_embEfficientnetLite0_E0001"],
)  # fmt: skip
def test_foreign_columns_have_no_row(column):
    assert describe(column) is None
    assert meaning(column) == ""
