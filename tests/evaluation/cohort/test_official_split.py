"""The official split of CBIS-DDSM, counted on its own description CSVs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.evaluation.cohort.official_split import official_test_rows
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.cohort.train_test import TrainTest, read_train_test
from radiomics_mammo.readers.cbis_ddsm.descriptions import find_descriptions, read_rows
from radiomics_mammo.tables.feature_table import write_table
from tests.support.cohorts import FEATURES


@pytest.fixture(scope="module")
def collection(shared_data: Path) -> pd.DataFrame:
    """The identity columns of all lesions, with noise for features."""
    rows, _ = read_rows(find_descriptions(shared_data / "cbis_ddsm_csv"))
    frame = pd.DataFrame([{"case_id": row.case_id, "patient_id": row.patient_id, **row.columns} for row in rows])
    x = np.random.default_rng(0).normal(size=(len(frame), len(FEATURES)))
    return pd.concat([frame, pd.DataFrame(x, columns=list(FEATURES))], axis=1)


@pytest.fixture(scope="module")
def train_test(collection: pd.DataFrame, tmp_path_factory) -> TrainTest:
    path = tmp_path_factory.mktemp("official") / "cbis.parquet"
    write_table(collection, path, provenance={})
    return read_train_test([path], target=Target(), official=True)


def test_the_splits_are_as_published(collection):
    counts = collection.groupby([collection["abnormality_type"], official_test_rows(collection)]).size()
    assert counts.to_dict() == {
        ("calcification", False): 1546,
        ("calcification", True): 326,
        ("mass", False): 1318,
        ("mass", True): 378,
    }


def test_patients_of_both_types_and_of_both_splits(train_test):
    assert train_test.remarks[0] == (
        "79 patients have lesions of both types (calcification and mass); 31 of them are in both splits."
    )
    assert train_test.remarks[1].startswith("31 patients are in the test set as well: their ")


def test_nobody_is_on_both_sides(collection, train_test):
    train, test = (set(one.rows["patient_id"]) for one in (train_test.train, train_test.test))
    assert not train & test
    assert train_test.test.y.size == 326 + 378
    in_test = set(collection.loc[collection["split"] == "test", "patient_id"])
    wanted = collection[(collection["split"] == "train") & ~collection["patient_id"].isin(in_test)]
    assert train_test.train.rows["case_id"].tolist() == wanted["case_id"].tolist()


@pytest.mark.parametrize(("kind", "lesions", "images", "malignant"), [("mass", 1318, 1231, 637)])
def test_lesions_of_an_image_are_one_unit(collection, tmp_path, kind, lesions, images, malignant):
    chosen = collection[(collection["abnormality_type"] == kind) & (collection["split"] == "train")]
    write_table(chosen, tmp_path / "t.parquet", provenance={})
    by = {
        unit: read_train_test([tmp_path / "t.parquet"], target=Target(unit=unit)).train.units
        for unit in ("lesion", "image", "breast", "patient")
    }
    assert (by["lesion"].y.size, int(by["lesion"].y.sum())) == (lesions, malignant)
    assert by["image"].y.size == images
    assert by["patient"].y.size == 691
    for unit, columns in (("image", ["laterality", "view"]), ("breast", ["laterality"]), ("patient", [])):
        wanted = chosen.groupby(["patient_id", *columns], sort=False)["malignant"].max()
        assert by[unit].y.tolist() == wanted.tolist()


def test_the_readings_zero_is_no_score(train_test):
    block = train_test.train.blocks["radiologists"]
    assert block.names == ("assessment",)
    assert set(np.unique(block.x[~np.isnan(block.x)])) == {1, 2, 3, 4, 5}
    lacking = sum(int(np.isnan(one.blocks["radiologists"].x).sum()) for one in (train_test.train, train_test.test))
    assert lacking > 150  # 238 in all, those of the 31 patients left out aside
