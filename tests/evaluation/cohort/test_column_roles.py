"""RSNA's columns: what may be a feature of a breast, what serves a baseline, and what is known only afterwards."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.cohort import prepare_cohort
from radiomics_mammo.evaluation.cohort.column_roles import base_column, can_be_feature
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.tables.aggregation.table import aggregate_table
from radiomics_mammo.tables.feature_table import Table, is_feature_name

FEATURES = ("original_glcm_Contrast", "original_density_PercentDensity")
QUESTION = Target(label="cancer")


def screening(*, women: int = 40) -> pd.DataFrame:
    """Give a table as the reader writes it: four images a woman."""
    rng = np.random.default_rng(11)
    woman = np.repeat(np.arange(women), 4)
    site = woman % 2 + 1
    side = np.tile(["LEFT", "LEFT", "RIGHT", "RIGHT"], women)
    cancer = np.repeat(rng.random(2 * women) < 0.25, 2).astype(int)
    frame = pd.DataFrame(
        {
            "case_id": [f"{w}_{i}" for i, w in enumerate(woman)],
            "patient_id": [str(w) for w in woman],
            "split": "train",
            "site_id": site,
            "laterality": side,
            "view": np.tile(["CC", "MLO"], 2 * women),
            "image_id": [str(i) for i in range(4 * women)],
            "prediction_id": [f"{w}_{s[0]}" for w, s in zip(woman, side, strict=True)],
            "age": np.where(woman % 9 == 0, np.nan, 40.0 + woman),
            "cancer": cancer,
            "biopsy": cancer,
            "invasive": cancer,
            "BIRADS": np.where(site == 1, 1 - cancer, np.nan),
            "implant": (woman % 10 == 0).astype(int),
            "density": np.where(site == 1, np.array(list("ABCD"))[woman // 2 % 4], None),
            "machine_id": np.where(site == 1, 49, 29),
            "difficult_negative_case": 1 - cancer,
            "encoding": np.where(site == 1, "JPEG 2000", "JPEG lossless"),
            "voi": np.where(site == 1, "linear", "sigmoid"),
            "phantom": False,
        }
    )
    return frame.assign(**{name: rng.normal(size=4 * women) for name in FEATURES})


def test_nothing_but_features_becomes_a_feature() -> None:
    cohort = prepare_cohort(screening(), FEATURES, target=QUESTION)
    assert cohort.features == FEATURES
    assert cohort.group.max() == 39
    assert {"site_id", "machine_id", "density", "implant", "age"} <= set(cohort.rows.columns)  # the strata


def test_baselines_get_the_woman_and_the_scanner_and_nothing_from_afterwards() -> None:
    made = prepare_cohort(screening(), FEATURES, target=QUESTION).blocks
    assert set(made["metadata"].names) == {
        *("age", "implant", "view=CC", "view=MLO", "laterality=LEFT", "laterality=RIGHT"),
        *(f"density={grade}" for grade in "ABCD"),
    }
    assert {name.partition("=")[0] for name in made["scanner"].names} == {"site_id", "machine_id", "encoding", "voi"}
    assert "radiologists" not in made
    density = made["metadata"].x[:, made["metadata"].names.index("density=A")]
    assert set(density) == {0.0, 1.0}  # an empty cell is no grade


@pytest.mark.parametrize("level", ["breast", "patient"])
def test_aggregated_tables_are_read_alike(level: str) -> None:
    made = aggregate_table(Table(screening(), FEATURES, {}), level=level, rules=["mean", "asymmetry"])
    cohort = prepare_cohort(made.frame, made.features, target=QUESTION)
    assert cohort.features == made.features and len(cohort.y) == (80 if level == "breast" else 40)
    assert {"age", "implant", "density=A"} < set(cohort.blocks["metadata"].names)
    assert {"site_id=1", "machine_id=49"} < set(cohort.blocks["scanner"].names)


@pytest.mark.parametrize(
    ("asked", "column"),
    [
        ("BIRADS", "BIRADS"),
        ("birads", "birads"),
        ("Biopsy", "Biopsy"),
        ("b*", "biopsy"),
        ("B*", "BIRADS"),
        ("inv*", "invasive"),
        ("difficult*", "difficult_negative_case"),
        ("BIRADS_1.0", "BIRADS_1.0"),
        ("BIRADS_*", "BIRADS_nan"),
        ("onehot__BIRADS_0.0", "onehot__BIRADS_0.0"),
        ("birads=2", "birads=2"),
        ("birads_called_back", "birads_called_back"),
        ("biopsy_max", "biopsy_max"),
        ("any_biopsy", "any_biopsy"),
        ("difficult_negative_case_True", "difficult_negative_case_True"),
        ("pathology_BENIGN", "pathology_BENIGN"),
        ("has_cancer", "has_cancer"),
        ("BI-RADS", "BI-RADS"),
        ("BI RADS", "BI RADS"),
        ("bi_rads", "bi_rads"),
        ("birads5", "birads5"),
        ("first_BIRADS", "first_BIRADS"),
        ("biopsy_left", "biopsy_left"),
        ("cancer_any_max", "cancer_any_max"),
        ("malignancy", "malignancy"),
        ("difficult_negative", "difficult_negative"),
        ("isCancer", "isCancer"),
    ],
)
def test_what_is_known_afterwards_is_refused_in_every_form(asked: str, column: str) -> None:
    frame = screening().rename(columns={"cancer": "outcome"})
    frame[column] = np.arange(len(frame)) % 2
    target = Target(label="outcome", also_features=(asked,))
    with pytest.raises(InputError, match="cannot be a feature: it is known only after the diagnosis") as caught:
        prepare_cohort(frame, FEATURES, target=target)
    assert repr(column) in caught.value.cause
    assert not can_be_feature(column)


@pytest.mark.parametrize("name", ["is_cancer_Yes", "cancer_type_IDC", "biopsy_result_Malignant", "any_biopsy_True"])
def test_columns_that_look_like_features_and_say_the_answer_are_refused(name: str) -> None:
    frame = screening().assign(**{name: np.arange(160) % 2})
    features = tuple(filter(is_feature_name, frame.columns))
    assert name in features  # by the form of its name
    with pytest.raises(InputError, match="known only after the diagnosis"):
        prepare_cohort(frame, features, target=QUESTION)
    asked = Target(label=name)
    assert prepare_cohort(frame, features, target=asked).features == FEATURES


def test_the_reading_as_indicators_is_the_reading() -> None:
    frame = screening().assign(assessment_4=1)
    with pytest.raises(InputError, match="the radiologists' own reading"):
        prepare_cohort(frame, FEATURES, target=Target(label="cancer", also_features=("assessment_4",)))


@pytest.mark.parametrize("name", ["prediction_id", "image_id"])
def test_names_are_no_features(name: str) -> None:
    frame = screening().assign(**{name: np.arange(160)})
    with pytest.raises(InputError, match="names patients, images or files"):
        prepare_cohort(frame, FEATURES, target=Target(label="cancer", also_features=(name,)))


@pytest.mark.parametrize(
    "name",
    ["age", "machine_id", "implant", "cancer_history", "family_cancer", "n_images", "birads_density", "prior_biopsy"],
)
def test_what_is_known_before_may_be_asked_for(name: str) -> None:
    frame = screening().assign(**{name: np.arange(160) % 7})
    target = Target(label="cancer", also_features=(name,))
    assert prepare_cohort(frame, FEATURES, target=target).features == (*FEATURES, name)


@pytest.mark.parametrize(
    ("name", "source"),
    [("Biopsy", "biopsy"), ("cancer_1", "cancer"), ("max_age", "age"), ("view2", "view2"), ("emb_12", "emb")],
)
def test_the_source_of_a_column(name: str, source: str) -> None:
    assert base_column(name) == source


@pytest.mark.reported("Tables", "measured columns that are no pyradiomics names (f0, '… [mm]', other tools)", "listed")
def test_numeric_columns_that_are_no_features_are_listed():
    frame = screening()
    frame["f0"], frame["original_firstorder_Mean [mm]"] = np.arange(len(frame)) * 0.5, np.arange(len(frame)) * 1.5
    frame["diagnostics_Image-original_Mean"] = 1.0 * np.arange(len(frame))
    remarks = " ".join(prepare_cohort(frame, FEATURES, target=QUESTION).remarks)
    assert "2 numeric columns are no features: f0, original_firstorder_Mean [mm]. Features are named" in remarks
    target = Target(label="cancer", also_features=("f0", "*Mean [[]mm]"))
    cohort = prepare_cohort(frame, FEATURES, target=target)
    assert {"f0", "original_firstorder_Mean [mm]"} <= set(cohort.features)
    assert "no features" not in " ".join(cohort.remarks)
    with pytest.raises(InputError, match=r"no feature columns; numeric columns are f0, original_firstorder"):
        prepare_cohort(frame.drop(columns=list(FEATURES)), (), target=QUESTION)
