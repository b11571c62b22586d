"""Training and test sets: nobody on both sides, the same features, labels and definition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.cohort.train_test import read_train_test
from radiomics_mammo.runs.write import embeddings_of
from radiomics_mammo.tables.feature_table import is_embedding, write_table
from tests.support.cohorts import FEATURES, embedded_frame, toy_frame

TARGET = Target()


def save(frame: pd.DataFrame, path: Path, **said) -> Path:
    made = {"features": [name for name in frame.columns if name.startswith("original_")], "recipe_hash": "aaaa", **said}
    write_table(frame, path, provenance={"engine": "cpu", **made})
    return path


def others(patients: int = 20, seed: int = 9) -> pd.DataFrame:
    """Patients whom the toy table does not have."""
    frame = toy_frame(patients=patients, seed=seed)
    for name in ("case_id", "patient_id"):
        frame[name] = "X" + frame[name]
    return frame


def pair(folder: Path, train: pd.DataFrame, test: pd.DataFrame, **said) -> dict:
    return {
        "tables": [save(train, folder / "train.parquet")],
        "test": [save(test, folder / "test.parquet", **said)],
        "target": TARGET,
    }


def refused(asked: dict, *, match: str, side: str = "test") -> None:
    with pytest.raises(InputError, match=match) as caught:
        read_train_test(asked.pop("tables"), **asked)
    assert Path(caught.value.path).name == f"{side}.parquet"
    assert caught.value.remedy


def split_frame(**kind) -> pd.DataFrame:
    frame = toy_frame(**kind)
    patient = frame["patient_id"].str[2:].astype(int)
    return frame.assign(split=np.where(patient % 4 == 0, "test", "train"), abnormality_type="mass")


def test_without_a_test_set(tmp_path):
    train_test = read_train_test([save(toy_frame(), tmp_path / "t.parquet")], target=TARGET)
    assert train_test.train.y.size == 120
    assert train_test.test is None
    assert train_test.test_table is None
    assert train_test.remarks == ()


def test_a_test_table(tmp_path):
    asked = pair(tmp_path, toy_frame(), others().assign(view=["CC", "XCC"] * 20))
    train_test = read_train_test(asked["tables"], test=asked["test"], target=TARGET)
    assert (train_test.train.y.size, train_test.test.y.size) == (120, 40)
    assert train_test.test.features == train_test.train.features == FEATURES
    np.testing.assert_array_equal(train_test.test.x, others()[list(FEATURES)].to_numpy())
    assert train_test.test.blocks.keys() == train_test.train.blocks.keys()
    for name, block in train_test.train.blocks.items():
        assert train_test.test.blocks[name].names == block.names
    assert train_test.test.blocks["metadata"].x[:2].tolist() == [[1, 0, 1], [0, 0, 1]]  # XCC: no known view
    assert train_test.test.n_patients == 20
    assert train_test.remarks == ()
    assert len(train_test.test_table.frame) == 40


def test_patients_of_the_test_set_leave_the_training_set(tmp_path):
    test = others()
    test.loc[:3, "patient_id"] = ["P_00003", "P_00003", "P_00007", "P_00007"]
    asked = pair(tmp_path, toy_frame(), test)
    train_test = read_train_test(asked["tables"], test=asked["test"], target=TARGET)
    assert train_test.test.y.size == 40
    assert train_test.train.y.size == 116
    assert not {"P_00003", "P_00007"} & set(train_test.train.rows["patient_id"])
    assert train_test.remarks == ("2 patients are in the test set as well: their 4 training rows were left out.",)
    assert train_test.train.group.max() == 57
    np.testing.assert_array_equal(train_test.train.y, train_test.train.rows["malignant"])
    np.testing.assert_array_equal(train_test.test.y, test["malignant"])


def test_images_of_the_test_set_under_another_name_leave_too(tmp_path):
    train, test = toy_frame(), others()
    test.loc[5, list(FEATURES)] = train.loc[11, list(FEATURES)]
    asked = pair(tmp_path, train, test)
    train_test = read_train_test(asked["tables"], test=asked["test"], target=TARGET)
    assert "P_00005" not in set(train_test.train.rows["patient_id"])
    assert train_test.train.y.size == 118
    assert train_test.remarks == (
        "1 patients share an image, by its content or path, with a patient of the test set: "
        "their 2 training rows were left out.",
    )


def test_numeric_patients_are_the_same_in_any_type(tmp_path):
    train, test = toy_frame(), others()
    train["patient_id"] = train["patient_id"].str[2:].astype(int)
    test["patient_id"] = np.repeat(np.arange(55, 75), 2).astype(float)
    asked = pair(tmp_path, train, test)
    train_test = read_train_test(asked["tables"], test=asked["test"], target=TARGET)
    assert train_test.remarks[0].startswith("5 patients are in the test set as well: their 10 training rows")


def test_nobody_left(tmp_path):
    refused(pair(tmp_path, toy_frame(), toy_frame()), match="all its patients are in the test set", side="train")


def test_the_features_that_train_drops_are_dropped_in_test(tmp_path):
    train, test = toy_frame(), others()
    train[FEATURES[2]] = np.nan
    test[FEATURES[4]] = np.nan
    asked = pair(tmp_path, train, test)
    train_test = read_train_test(asked["tables"], test=asked["test"], target=TARGET)
    assert train_test.test.features == train_test.train.features == (*FEATURES[:2], *FEATURES[3:])
    assert np.isnan(train_test.test.x[:, 3]).all()
    assert any("1 features are null in every row and count as unknown" in said for said in train_test.test.remarks)


def test_missing_and_further_features(tmp_path):
    more = others().assign(original_glcm_Z=1.0)
    asked = pair(tmp_path, toy_frame(), more)
    train_test = read_train_test(asked["tables"], test=asked["test"], target=TARGET)
    assert train_test.remarks == ("1 features are in the test table only and were not used: original_glcm_Z.",)
    assert train_test.test.features == FEATURES
    assert "original_glcm_Z" not in train_test.test.rows.columns
    refused(pair(tmp_path, more, others()), match="1 features of .* are missing: original_glcm_Z")


def test_a_column_let_in_by_name_is_needed_in_both(tmp_path):
    asked = pair(tmp_path, toy_frame(), others().drop(columns="breast_density"))
    for also in ("breast_density", "breast_*"):
        asked["target"] = Target(also_features=(also,))
        refused(dict(asked), match="1 features of .* are missing: breast_density")
    asked = pair(tmp_path, toy_frame(), others())
    asked["target"] = Target(also_features=("breast_*",))
    assert read_train_test(**asked).test.features == (*FEATURES, "breast_density")


def test_a_patient_under_several_groups_is_on_one_side(tmp_path):
    # Every row is a study of its own; P_00003 to P_00005 have one on either side.
    test = pd.concat([others().assign(study=lambda f: "t" + f["case_id"]), late_rows()], ignore_index=True)
    train = toy_frame().assign(study=lambda f: f["case_id"])
    asked = pair(tmp_path, train, test)
    asked["target"] = Target(group="study")
    train_test = read_train_test(**asked)
    assert not set(train_test.train.rows["patient_id"]) & {"P_00003", "P_00004", "P_00005"}
    assert train_test.train.y.size == 114
    assert "6 patients are in the test set as well: their 6 training rows were left out." not in train_test.remarks
    assert "3 patients are in the test set as well: their 6 training rows were left out." in train_test.remarks
    assert any("114 groups of 'study' were joined" in remark for remark in train_test.train.remarks)


def late_rows() -> pd.DataFrame:
    frame = toy_frame(seed=5)
    frame = frame[frame["patient_id"].isin(["P_00003", "P_00004", "P_00005"]) & frame["case_id"].str.endswith("_0")]
    return frame.assign(case_id="late" + frame["case_id"], study="late" + frame["case_id"])


def test_the_official_split_by_study_keeps_patients_on_one_side(tmp_path):
    frame = split_frame().assign(study=lambda f: f["case_id"])
    frame.loc[frame["case_id"] == "P_00001_1", "split"] = "test"
    path = save(frame, tmp_path / "t.parquet")
    train_test = read_train_test([path], target=Target(group="study"), official=True)
    assert "P_00001" not in set(train_test.train.rows["patient_id"])
    assert "1 patients are in the test set as well: their 1 training rows were left out." in train_test.remarks


def test_columns_of_a_further_table_that_are_not_used_are_counted(tmp_path):
    path = save(toy_frame(), tmp_path / "t.parquet")
    more = toy_frame()[["case_id", "view"]].assign(
        emb_0=np.arange(120) % 7, emb_1=0.5, word="a", birads=2, view2=1, outcome=np.arange(120) % 2
    )
    more.to_csv(tmp_path / "more.csv", index=False)
    asked = [path, tmp_path / "more.csv"]
    said = read_train_test(asked, target=Target(label="outcome")).remarks
    assert said == (
        "3 numeric columns of more.csv are not used as features (emb_0, emb_1, view2): let them in by name or "
        "pattern, for example --also-feature 'emb_0'.",
    )
    assert read_train_test(asked, target=Target(label="outcome", also_features=("emb_*", "view2"))).remarks == ()


def test_another_recipe_and_another_engine(tmp_path):
    refused(
        pair(tmp_path, toy_frame(), others(), recipe_hash="bbbb"),
        match="made otherwise than .*recipe aaaa against bbbb",
    )
    refused(
        pair(tmp_path, toy_frame(), others(), engine="pyradiomics"), match="engine radiomics_mammo against pyradiomics"
    )
    assert read_train_test(**pair(tmp_path, toy_frame(), others(), engine="cuda")).test is not None


def test_joined_on_both_sides(tmp_path):
    ages = [frame[["case_id"]].assign(age=50.0 + np.arange(len(frame)) % 9) for frame in (toy_frame(), others())]
    for name, frame in zip(("a.csv", "b.csv"), ages, strict=True):
        frame.to_csv(tmp_path / name, index=False)
    asked = pair(tmp_path, toy_frame(), others())
    train_test = read_train_test(
        [*asked["tables"], tmp_path / "a.csv"], test=[*asked["test"], tmp_path / "b.csv"], target=TARGET
    )
    assert train_test.train.blocks["metadata"].names[-1] == "age"
    assert train_test.test.blocks["metadata"].x[:3, -1].tolist() == [50, 51, 52]


def test_baselines_do_without_what_the_test_set_lacks(tmp_path):
    asked = pair(tmp_path, toy_frame(), others().drop(columns=["breast_density", "assessment"]))
    train_test = read_train_test(asked["tables"], test=asked["test"], target=TARGET)
    assert train_test.train.blocks.keys() == {"metadata"}
    assert train_test.train.blocks["metadata"].names == ("view=CC", "view=MLO")
    assert "breast_density" in train_test.train.rows.columns
    assert train_test.remarks == ("The test table lacks breast_density, assessment: the baselines do without.",)


def test_labels_mean_the_same_on_both_sides(tmp_path):
    train, test = toy_frame(), others()
    for frame in (train, test):
        frame["pathology"] = np.where(frame["malignant"] == 1, "MALIGNANT", "BENIGN")
    train.loc[train.index[train["malignant"] == 0][:4], "pathology"] = "BENIGN_WITHOUT_CALLBACK"
    asked = pair(tmp_path, train, test)
    named = ("BENIGN", "BENIGN_WITHOUT_CALLBACK")
    asked["target"] = Target(label="pathology", positive=("MALIGNANT",), negative=named)
    train_test = read_train_test(**asked)
    np.testing.assert_array_equal(train_test.test.y, test["malignant"])
    assert train_test.train.classes == train_test.test.classes == ("BENIGN, BENIGN_WITHOUT_CALLBACK", "MALIGNANT")


def test_one_class_on_a_side(tmp_path):
    refused(pair(tmp_path, toy_frame(), others().assign(malignant=0)), match=r"one class only \(0\)")
    refused(pair(tmp_path, toy_frame().assign(malignant=1), others()), match=r"one class only \(1\)", side="train")


def test_unlabelled_rows_of_the_test_set_keep_nobody_out(tmp_path):
    test = others().astype({"malignant": "Int64"})
    test.loc[:1, "patient_id"] = "P_00003"
    test.loc[:1, "malignant"] = pd.NA
    asked = pair(tmp_path, toy_frame(), test)
    asked["target"] = Target(drop_unlabelled=True)
    train_test = read_train_test(**asked)
    assert train_test.train.y.size == 120
    assert train_test.test.remarks[0] == "2 rows without a label were left out."


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: f.assign(case_id="same"), "case_id is not unique: same"),
        (lambda f: f.drop(columns="case_id"), "the table has no column case_id"),
        (lambda f: f.drop(columns="malignant"), "no column is called 'malignant'"),
        (lambda f: f.drop(columns="patient_id"), "no column is called 'patient_id'"),
        (lambda f: f.assign(patient_id=[None, *f["patient_id"][1:]]), r"'patient_id' is empty in 1 rows \(.*_0\)"),
        (lambda f: f.assign(**{FEATURES[1]: np.inf}), f"infinite or beyond .* in {FEATURES[1]}: .*_00000_0"),
        (
            lambda f: f.assign(**{FEATURES[1]: ["a", *["1"] * (len(f) - 1)]}),
            f"feature column '{FEATURES[1]}' holds text",
        ),
        (
            lambda f: f.astype({"malignant": "Int64"}).assign(malignant=[None, 0, 1, *[0] * (len(f) - 3)]),
            "empty or unknown in 1 row",
        ),
        (lambda f: f.assign(**dict.fromkeys(FEATURES, np.nan)), "every feature is null in every row"),
        (lambda f: f.iloc[:0], "the table has no rows"),
    ],
)
@pytest.mark.parametrize("side", ["train", "test"])
def test_bad_input_on_either_side_names_the_file(tmp_path, side, spoil, said):
    frames = {"train": toy_frame(), "test": others()}
    frames[side] = spoil(frames[side])
    refused(pair(tmp_path, frames["train"], frames["test"]), match=said, side=side)


def test_the_official_split(tmp_path):
    frame = split_frame()
    train_test = read_train_test([save(frame, tmp_path / "t.parquet")], target=TARGET, official=True)
    assert train_test.test.rows["case_id"].tolist() == frame.loc[frame["split"] == "test", "case_id"].tolist()
    assert train_test.train.rows["case_id"].tolist() == frame.loc[frame["split"] == "train", "case_id"].tolist()
    assert train_test.remarks == ()
    assert len(train_test.table.frame) == 120


def test_patients_who_train_in_one_type_and_test_in_the_other(tmp_path):
    frame = split_frame()
    # P_00001 trains in one type and tests in the other, P_00002 trains in both.
    calcified = frame["case_id"].isin(["P_00001_1", "P_00002_1"])
    frame.loc[calcified, "abnormality_type"] = "calcification"
    frame.loc[frame["case_id"] == "P_00001_1", "split"] = "test"
    frame.loc[frame["case_id"] == "P_00003_1", "split"] = "test"  # one type, both splits: no such patient in CBIS-DDSM
    train_test = read_train_test([save(frame, tmp_path / "t.parquet")], target=TARGET, official=True)
    assert train_test.remarks == (
        "2 patients have lesions of both types (calcification and mass); 1 of them are in both splits.",
        "2 patients are in the test set as well: their 2 training rows were left out.",
    )
    assert not set(train_test.train.rows["patient_id"]) & set(train_test.test.rows["patient_id"])
    assert train_test.train.y.size + train_test.test.y.size == 118


def test_the_split_in_capitals(tmp_path):
    frame = split_frame()
    path = save(frame.assign(split=frame["split"].str.title()), tmp_path / "t.parquet")
    assert read_train_test([path], target=TARGET, official=True).test.y.size == 30


@pytest.mark.parametrize(
    ("split", "said"),
    [
        (None, "needs a column 'split', which the table lacks"),
        ("train", "'split' holds no test"),
        (["validation", *["train", "test"] * 59, "train"], r"holds 'validation' in 1 rows \(P_00000_0\)"),
        ([None, *["train", "test"] * 59, "train"], r"holds '' in 1 rows \(P_00000_0\)"),
    ],
)
def test_a_split_that_is_none(tmp_path, split, said):
    frame = toy_frame() if split is None else toy_frame().assign(split=split)
    with pytest.raises(InputError, match=said) as caught:
        read_train_test([save(frame, tmp_path / "t.parquet")], target=TARGET, official=True)
    assert Path(caught.value.path).name == "t.parquet"
    assert caught.value.remedy


def test_one_test_set_only(tmp_path):
    asked = pair(tmp_path, split_frame(), others())
    refused_both = {**asked, "official": True}
    with pytest.raises(InputError, match="a test table and the official split exclude each other"):
        read_train_test(**refused_both)


def test_units_of_both_sides(tmp_path):
    asked = pair(tmp_path, toy_frame(), others())
    asked["target"] = Target(unit="patient", aggregate="mean")
    train_test = read_train_test(**asked)
    assert (train_test.train.units.y.size, train_test.test.units.y.size) == (60, 20)
    assert (train_test.test.units.kind, train_test.test.units.rule) == ("patient", "mean")


def embedded(folder: Path, name: str, *, patients: int = 20, collection: str = "", **said) -> Path:
    frame = embedded_frame(patients=patients, radiomic=False)
    if name == "test":
        frame = frame.assign(**{one: "X" + frame[one] for one in ("case_id", "patient_id")})
    columns = [one for one in frame.columns if is_embedding(one)]
    frame[columns] *= 1.1 if name == "test" else 1.0  # other images
    network = {"name": "toy", "prefix": "crop_embToy", "trained_on": ["CBIS-DDSM"], "forced": False, **said}
    made = {"features": columns, "recipe_hash": "e", "engine": "onnxruntime", "collection": {"name": collection}}
    path = folder / f"{name}.parquet"
    write_table(frame, path, provenance={**made, "embedding": network})
    return path


def test_weights_that_have_seen_the_cases_are_said_on_either_side(tmp_path):
    fine = embedded(tmp_path, "train")
    assert not any("weights" in one for one in read_train_test([fine], target=TARGET).remarks)
    seen = "The weights of toy were trained on CBIS-DDSM, which these cases are from"
    for said in ({"forced": True}, {"collection": "CBIS-DDSM"}):
        (tmp_path / "other").mkdir(exist_ok=True)
        first = read_train_test([embedded(tmp_path / "other", "train", **said)], target=TARGET)
        assert any(one.startswith(seen) for one in first.remarks), said
        both = read_train_test([fine], test=[embedded(tmp_path, "test", **said)], target=TARGET)
        assert any(one.startswith(f"Test set: {seen}") for one in both.remarks), said
    assert embeddings_of(both, both.train)[0]["forced"] is False
    forced = read_train_test([fine], test=[embedded(tmp_path, "test", forced=True)], target=TARGET)
    assert embeddings_of(forced, forced.train)[0]["forced"] is True


def test_embeddings_without_a_record_are_named_by_their_columns(tmp_path):
    embedded_frame(patients=20).to_csv(tmp_path / "t.csv", index=False)
    train_test = read_train_test([tmp_path / "t.csv"], target=TARGET)
    (said,) = embeddings_of(train_test, train_test.train)
    assert said["prefix"] == said["name"] == "crop_embToy"
    assert (said["dims"], said["sha256"], said["trained_on"]) == (12, "not recorded", [])


@pytest.mark.reported("Tables", "an external table with the same women slightly rounded", "a remark")
@pytest.mark.parametrize("digits", [2, 3, 5])
def test_rounded_rows_of_the_training_table_are_remarked(tmp_path, digits):
    test = toy_frame().round(dict.fromkeys(FEATURES, digits))
    test = test.assign(case_id="X" + test["case_id"], patient_id="X" + test["patient_id"])
    remarks = read_train_test(**pair(tmp_path, toy_frame(), test)).remarks
    assert any("120 of 120 rows of the test set are almost equal to a training row" in remark for remark in remarks)
    assert not any("almost equal" in each for each in read_train_test(**pair(tmp_path, toy_frame(), others())).remarks)


def test_a_test_set_of_another_kind_of_images_is_remarked(tmp_path):
    frames = toy_frame().assign(spacing_unit="mm"), others().assign(spacing_unit="pixel")
    remarks = read_train_test(**pair(tmp_path, *frames)).remarks
    assert any(remark.startswith("Training and test set: spacing_unit is ") for remark in remarks)
