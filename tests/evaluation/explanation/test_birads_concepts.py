"""Every feature speaks of something, and of what the catalogue says that it means."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from radiomics_mammo.evaluation.explanation.birads_concepts import (
    BIRADS_CONCEPTS,
    CONCEPT_EXCEPTIONS,
    FAMILY_TITLES,
    concept_of,
    parts_of,
)

CATALOGUE = Path(__file__).parents[3] / "features" / "catalogue.csv"


def registered() -> dict[str, str]:
    with CATALOGUE.open(encoding="utf-8") as handle:
        return {row["name"]: row["meaning"] for row in csv.DictReader(handle)}


def test_every_registered_feature_has_a_notion_and_a_family_with_a_title():
    names = registered()
    assert len(names) > 100
    assert {concept_of(name) for name in names} == set(BIRADS_CONCEPTS) - {"asymmetry", "embedding", "other"}
    assert {parts_of(name)[0] for name in names} <= set(FAMILY_TITLES)


def test_features_that_differ_from_their_family_exist_and_differ_once():
    names = registered()
    listed = [
        f"original_{family}_{feature}"
        for family, own in CONCEPT_EXCEPTIONS.items()
        for some in own.values()
        for feature in some
    ]
    assert len(listed) == len(set(listed))
    assert set(listed) <= set(names)


def test_what_the_catalogue_says_of_outlines_and_fat_is_margin_and_density():
    own = {name: meaning for name, meaning in registered().items() if name.startswith("original_")}
    for name, meaning in own.items():
        if "lobulated or spiculated it is" in meaning:
            assert concept_of(name) == "margin", name
        if "fat shows through" in meaning or meaning.startswith(("Mean density", "Typical density")):
            assert concept_of(name) == "density", name


@pytest.mark.parametrize(
    ("name", "concept"),
    [
        ("wavelet-HH_firstorder_Mean", "parenchyma"),
        ("log-sigma-2-0-mm_glszm_SmallAreaHighGrayLevelEmphasis", "calcification"),
        ("original_shape2D_Sphericity", "margin"),
        ("original_density_PercentDensity", "density"),
        ("original-asymmetry_density_PercentDensity", "asymmetry"),
        ("original-asymmetry_firstorder_Mean", "asymmetry"),
        ("latticeSd-difference_glcm_Contrast", "asymmetry"),
        ("original-mean_firstorder_Mean", "density"),
        ("latticeP90_firstorder_Mean", "density"),
        ("retroareolar-max_firstorder_Mean", "density"),
        ("latticeSd_firstorder_Mean", "parenchyma"),
        ("latticeSd_firstorder_Skewness", "parenchyma"),
        ("latticeSd-max_ngtdm_Complexity", "parenchyma"),
        ("latticeMean-mean_firstorder_Skewness", "calcification"),
        ("original_density_BreastArea", "shape"),
        ("lattice_windows_Outlyingness", "parenchyma"),
        ("crop_embEfficientnetLite0_Embedding", "embedding"),
        ("crop_embEfficientnetLite0_E0001", "embedding"),
        ("original_unheard_Of", "other"),
        ("age", "other"),
    ],
)
def test_notions_of_filtered_embedded_and_unknown_features(name, concept):
    assert concept_of(name) == concept


def test_embeddings_of_all_networks_are_one_family():
    assert parts_of("crop_embA_Embedding")[:2] == parts_of("masked_embB_E0001")[:2] == ("embedding", "embedding")
    assert parts_of("age") == ("other", "none", "age")
