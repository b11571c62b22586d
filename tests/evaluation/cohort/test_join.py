"""Tables put side by side: what is joined, what is counted, what is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.feature_definition import same_definition
from radiomics_mammo.evaluation.cohort.join import read_joined
from radiomics_mammo.tables.feature_table import read_table, write_table
from tests.support.cohorts import FEATURES, toy_frame

LATENT = ("lite0_embedding_E0", "lite0_embedding_E1")


def base_table(folder: Path, **said) -> Path:
    path = folder / "radiomics.parquet"
    write_table(toy_frame(patients=5), path, provenance={"recipe_hash": "aaaa", "engine": "cpu", **said})
    return path


def embeddings(folder: Path, *, keep=slice(None), columns=LATENT, name="embeddings.parquet", **said) -> Path:
    frame = toy_frame(patients=5)[["case_id", "patient_id", "view"]]
    values = pd.DataFrame({column: np.arange(10.0) + 100 * i for i, column in enumerate(columns)})
    path = folder / name
    made = {"features": list(columns), "recipe_hash": "eeee", "engine": "cpu", **said}
    write_table(pd.concat([frame, values], axis=1).iloc[keep], path, provenance=made)
    return path


def clinical(folder: Path, frame: pd.DataFrame) -> Path:
    path = folder / "clinical.csv"
    frame.to_csv(path, index=False)
    return path


def refused(paths, *, match: str) -> InputError:
    with pytest.raises(InputError, match=match) as caught:
        read_joined(paths)
    assert caught.value.path == str(paths[-1])
    assert caught.value.remedy
    return caught.value


def test_one_table_is_that_table(tmp_path):
    path = base_table(tmp_path)
    table = read_joined([path])
    pd.testing.assert_frame_equal(table.frame, read_table(path).frame)
    assert "joined" not in table.provenance
    with pytest.raises(InputError, match="no table was named"):
        read_joined([])


def test_three_tables_agree_with_pandas_merge(tmp_path):
    base, latent = base_table(tmp_path), embeddings(tmp_path, keep=slice(None, None, -1))
    ages = pd.DataFrame({"case_id": toy_frame(patients=5)["case_id"].sample(frac=1, random_state=1), "age": range(10)})
    other = clinical(tmp_path, ages)
    table = read_joined([base, latent, other])
    merged = (
        read_table(base)
        .frame.merge(read_table(latent).frame[["case_id", *LATENT]], on="case_id")
        .merge(ages, on="case_id")
    )
    pd.testing.assert_frame_equal(table.frame, merged, check_dtype=False)
    assert table.features == (*FEATURES, *LATENT)
    assert table.remarks == ()
    assert table.provenance["recipe_hash"] == "aaaa"
    parts = table.provenance["joined"]
    assert [part["name"] for part in parts] == ["embeddings.parquet", "clinical.csv"]
    assert parts[0]["sha256"] == hashlib.sha256(latent.read_bytes()).hexdigest()
    assert [part["features"] for part in parts] == [list(LATENT), []]
    assert [part["recipe_hash"] for part in parts] == ["eeee", ""]


def test_cases_that_one_table_lacks_are_counted(tmp_path):
    frame = toy_frame(patients=7)[["case_id"]].assign(age=50).iloc[3:]
    table = read_joined([base_table(tmp_path), clinical(tmp_path, frame)])
    assert table.frame["case_id"].tolist() == toy_frame(patients=5)["case_id"].tolist()[3:]
    assert table.remarks == (
        "3 of 10 cases are not in clinical.csv and were left out.",
        "4 cases are in clinical.csv only and were not used.",
    )


def test_a_null_is_filled_and_contradicts_nothing(tmp_path):
    base = toy_frame(patients=5).assign(site=["A", None] * 5)
    write_table(base, tmp_path / "b.parquet", provenance={})
    more = pd.DataFrame({"case_id": base["case_id"], "site": [None, "B"] * 5, "breast_density": [np.nan] * 10})
    more.to_parquet(tmp_path / "m.parquet")
    table = read_joined([tmp_path / "b.parquet", tmp_path / "m.parquet"])
    assert table.frame["site"].tolist() == ["A", "B"] * 5
    assert table.frame["breast_density"].tolist() == base["breast_density"].tolist()


def test_numbers_that_went_through_a_csv_are_the_same(tmp_path):
    base = toy_frame(patients=5).assign(age=np.arange(10) / 3)
    write_table(base, tmp_path / "b.parquet", provenance={})
    other = pd.DataFrame({"case_id": base["case_id"], "age": [f"{age:.12g}" for age in base["age"]]})
    assert read_joined([tmp_path / "b.parquet", clinical(tmp_path, other)]).frame["age"].equals(base["age"])


def test_the_same_features_twice(tmp_path):
    again = embeddings(tmp_path, columns=(*LATENT, FEATURES[3]), recipe_hash="aaaa")
    error = refused([base_table(tmp_path), again], match=f"1 feature columns are in .*: {FEATURES[3]}")
    assert "recipe" not in error.cause


def test_the_same_features_of_another_recipe(tmp_path):
    again = embeddings(tmp_path, columns=FEATURES, recipe_hash="bbbb")
    refused([base_table(tmp_path), again], match=r"8 feature columns.*another recipe \(bbbb, there aaaa\)")


def test_a_feature_that_is_an_identity_column_elsewhere(tmp_path):
    latent = embeddings(tmp_path, columns=("breast_density",))  # a feature, says its provenance
    refused([base_table(tmp_path), latent], match="1 feature columns .*breast_density")


def test_identity_columns_that_contradict(tmp_path):
    frame = toy_frame(patients=5)[["case_id", "view"]]
    frame.loc[[2, 5], "view"] = "XCC"
    refused(
        [base_table(tmp_path), clinical(tmp_path, frame)],
        match=r"column 'view' contradicts .* in 2 cases: P_00001_0 \('XCC', there 'CC'\)",
    )


def test_patients_that_contradict(tmp_path):
    frame = toy_frame(patients=5)[["case_id", "patient_id"]].assign(patient_id="P_00003")
    refused([base_table(tmp_path), clinical(tmp_path, frame)], match="column 'patient_id' contradicts .* in 8 cases")


def test_what_tells_how_a_case_was_read_may_differ(tmp_path):
    base = toy_frame(patients=5).assign(image_rows=4000, notes="")
    write_table(base, tmp_path / "b.parquet", provenance={})
    more = base[["case_id"]].assign(image_rows=1000, notes=None)
    table = read_joined([tmp_path / "b.parquet", clinical(tmp_path, more)])
    assert table.frame["image_rows"].tolist() == [4000] * 10
    assert table.remarks == (
        "clinical.csv read the cases differently (image_rows); the values of the first table are used.",
    )


def test_empty_text_is_the_same_as_empty_text(tmp_path):
    base = toy_frame(patients=5).assign(notes="", remark="")
    write_table(base, tmp_path / "b.parquet", provenance={})
    more = base[["case_id", "notes", "remark"]].assign(original_glcm_Extra=1.0)
    write_table(more, tmp_path / "m.parquet", provenance={})
    assert read_joined([tmp_path / "b.parquet", tmp_path / "m.parquet"]).remarks == ()


def test_no_case_id(tmp_path):
    refused(
        [base_table(tmp_path), clinical(tmp_path, pd.DataFrame({"patient_id": ["P_00001"], "age": [5]}))],
        match=r"no column case_id to join on \(columns: patient_id, age\)",
    )


def test_a_case_twice(tmp_path):
    frame = toy_frame(patients=5)[["case_id"]].assign(age=5)
    frame.loc[9, "case_id"] = "P_00002_1"
    refused([base_table(tmp_path), clinical(tmp_path, frame)], match="case_id is not unique: P_00002_1")


def test_an_empty_case(tmp_path):
    frame = toy_frame(patients=5)[["case_id"]].assign(age=5)
    frame.loc[9, "case_id"] = None
    refused([base_table(tmp_path), clinical(tmp_path, frame)], match="case_id is empty in 1 rows")


def test_no_case_in_common(tmp_path):
    frame = pd.DataFrame({"case_id": ["x1", "x2", "x3"], "age": 5})
    refused(
        [base_table(tmp_path), clinical(tmp_path, frame)],
        match=r"no case in common .*\(here x1, x2 and 1 more; there P_00000_0, P_00000_1 and 8 more\)",
    )


def test_simulated_in_part_is_simulated(tmp_path):
    table = read_joined([base_table(tmp_path, phantom=False), embeddings(tmp_path, phantom=True)])
    assert table.provenance["phantom"] is True


def test_real_and_simulated_contradict(tmp_path):
    frame = toy_frame(patients=5)[["case_id"]].assign(phantom=True)
    refused([base_table(tmp_path), clinical(tmp_path, frame)], match="column 'phantom' contradicts .* in 10 cases")


def test_numeric_case_ids_join_with_text(tmp_path):
    base = toy_frame(patients=5).assign(case_id=np.arange(10))
    write_table(base, tmp_path / "b.parquet", provenance={})
    table = read_joined([tmp_path / "b.parquet", clinical(tmp_path, base[["case_id"]].assign(age=range(10)))])
    assert table.frame["age"].tolist() == list(range(10))


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ({}, {"recipe_hash": "a", "engine": "cpu"}, ""),
        ({"recipe_hash": "a", "engine": "cpu"}, {"recipe_hash": "a", "engine": "cuda"}, ""),
        ({"recipe_hash": "a"}, {"recipe_hash": "b"}, "recipe a against b"),
        ({"engine": "cuda"}, {"engine": "pyradiomics"}, "engine radiomics_mammo against pyradiomics"),
        (
            {"recipe_hash": "a", "engine": "cpu", "features": ["f", "g"]},
            {"recipe_hash": "b", "engine": "pyradiomics", "features": ["g", "h"]},
            "recipe a against b, for 1 features such as g; "
            "engine radiomics_mammo against pyradiomics, for 1 features such as g",
        ),
        # The same two tables joined the other way round.
        (
            {"recipe_hash": "a", "features": ["f"], "joined": [{"features": ["g"], "recipe_hash": "b"}]},
            {"recipe_hash": "b", "features": ["g"], "joined": [{"features": ["f"], "recipe_hash": "a"}]},
            "",
        ),
        (
            {"recipe_hash": "a", "features": ["f"], "joined": [{"features": ["g"], "recipe_hash": "b"}]},
            {"recipe_hash": "a", "features": ["f"], "joined": [{"features": ["g"], "recipe_hash": "c"}]},
            "recipe b against c, for 1 features such as g",
        ),
    ],
)
def test_definitions(one, other, said):
    assert same_definition(one, other) == said
