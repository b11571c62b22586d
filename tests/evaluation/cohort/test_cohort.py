"""Every way in which a table can be unfit is said, with what to do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.cohort import prepare_cohort
from radiomics_mammo.evaluation.cohort.labels import parse_labels
from radiomics_mammo.evaluation.cohort.target import Target
from tests.support.cohorts import FEATURES, toy_frame


def prepared(frame: pd.DataFrame, features=FEATURES, **asked):
    return prepare_cohort(frame, features, target=Target(**asked))


def test_only_features_become_features():
    cohort = prepared(toy_frame())
    assert cohort.features == FEATURES
    np.testing.assert_array_equal(cohort.x, toy_frame()[list(FEATURES)].to_numpy())
    assert cohort.classes == ("benign", "malignant")
    assert cohort.remarks == ()
    assert cohort.rows.columns[:2].tolist() == ["case_id", "patient_id"]
    assert not set(FEATURES) & set(cohort.rows.columns)


@pytest.mark.reported(
    "DICOM", "FOR PROCESSING and FOR PRESENTATION in one table; mm and pixels", "a warning in compare"
)
@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("presentation_intent_type", ["FOR PROCESSING", "FOR PRESENTATION", None]),
        ("spacing_unit", ["mm", "pixel", "mm"]),
    ],
)
def test_a_mix_of_two_kinds_of_values_is_remarked(column, values):
    frame = toy_frame()
    mixed = frame.assign(**{column: [values[i % 3] for i in range(len(frame))]})
    (remark,) = prepared(mixed).remarks
    assert remark.startswith(f"{column} is ")
    assert all(f"{value} in {list(mixed[column]).count(value)} rows" in remark for value in values if value)
    assert prepared(frame.assign(**{column: values[0]})).remarks == ()


def test_groups_are_patients():
    cohort = prepared(toy_frame(patients=30, rows_each=3))
    assert cohort.group.max() == 29
    assert (np.bincount(cohort.group) == 3).all()


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        ([0, 1, 1], ("not x", "x")),
        ([0.0, 1.0, 1.0], ("not x", "x")),
        ([False, True, True], ("not x", "x")),
        (["false", "True", "1"], ("not x", "x")),
    ],
)
def test_plain_labels(values, classes):
    found = parse_labels(pd.Series(values, name="x"))
    assert found.y.tolist() == [0, 1, 1]
    assert found.classes == classes


def test_named_labels():
    column = pd.Series(["MALIGNANT", "BENIGN", None, "BENIGN_WITHOUT_CALLBACK"], name="pathology")
    with pytest.raises(InputError, match="--positive MALIGNANT"):
        parse_labels(column)
    with pytest.raises(InputError, match="--negative BENIGN BENIGN_WITHOUT_CALLBACK"):
        parse_labels(column, positive=["MALIGNANT"])
    with pytest.raises(InputError, match="neither positive nor negative: BENIGN_WITHOUT_CALLBACK"):
        parse_labels(column, positive=["MALIGNANT"], negative=["BENIGN"])
    with pytest.raises(InputError, match="no value CANCER"):
        parse_labels(column, positive=["CANCER"])
    with pytest.raises(InputError, match="as positive and as negative"):
        parse_labels(column, positive=["MALIGNANT"], negative=["MALIGNANT"])
    found = parse_labels(column, positive=["MALIGNANT"], negative=["BENIGN", "BENIGN_WITHOUT_CALLBACK"])
    assert found.y.tolist() == [1, 0, -1, 0]
    assert found.classes == ("BENIGN, BENIGN_WITHOUT_CALLBACK", "MALIGNANT")


def test_numbers_other_than_0_and_1_need_a_name():
    column = pd.Series([1, 2, 2], name="grade")
    with pytest.raises(InputError, match=r"not 0/1 \(it holds 1, 2\)"):
        parse_labels(column)
    assert parse_labels(column, positive=["2"]).y.tolist() == [0, 1, 1]


def test_one_class():
    frame = toy_frame()
    frame["malignant"] = 1
    with pytest.raises(InputError, match=r"one class only \(1\)"):
        prepared(frame)


def test_missing_label_lists_candidates():
    with pytest.raises(InputError, match=r"no column is called 'pathology'.*view, malignant, assessment"):
        prepared(toy_frame(), label="pathology")


def test_missing_group():
    with pytest.raises(InputError, match="no column is called 'patient'"):
        prepared(toy_frame(), group="patient")


def test_null_labels_are_dropped_only_when_told():
    frame = toy_frame()
    frame["malignant"] = frame["malignant"].astype("Int64")
    frame.loc[[3, 7], "malignant"] = pd.NA
    with pytest.raises(InputError, match=r"empty or unknown in 2 rows \(P_00001_1, P_00003_1\).*--drop-unlabelled"):
        prepared(frame)
    cohort = prepared(frame, drop_unlabelled=True)
    assert cohort.y.size == len(frame) - 2
    assert "2 rows without a label were left out." in cohort.remarks
    assert cohort.group.max() == 59


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_null_groups(nothing):
    frame = toy_frame()
    frame.loc[4, "patient_id"] = nothing
    with pytest.raises(InputError, match=r"group column 'patient_id' is empty in 1 rows \(P_00002_0\)"):
        prepared(frame)


def test_duplicated_case():
    frame = toy_frame()
    frame.loc[5, "case_id"] = "P_00000_0"
    with pytest.raises(InputError, match="case_id is not unique: P_00000_0"):
        prepared(frame)


def test_all_null_feature_is_dropped_and_said():
    frame = toy_frame()
    frame[FEATURES[2]] = np.nan
    cohort = prepared(frame)
    assert FEATURES[2] not in cohort.features
    assert any("1 features are null in every row" in remark and FEATURES[2] in remark for remark in cohort.remarks)


@pytest.mark.reported("Tables", "compare: a value beyond float32, an infinite one", "the row is left out and named")
@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e200, 3.5e38])
def test_infinite_feature(value):
    frame = toy_frame()
    frame.loc[6, FEATURES[1]] = value
    cohort = prepared(frame)
    assert cohort.rows["case_id"].tolist() == frame["case_id"].drop(6).tolist()
    np.testing.assert_array_equal(cohort.y, frame["malignant"].drop(6))
    [remark] = [each for each in cohort.remarks if "left out" in each]
    assert remark.startswith(
        f"1 rows were left out, as they have values that are infinite or beyond 3.4e+38 in {FEATURES[1]}"
    )
    assert "P_00003_0" in remark
    frame[FEATURES[1]] = value
    with pytest.raises(InputError, match=f"120 rows were left out.*{FEATURES[1]}"):
        prepared(frame)


def test_the_largest_value_of_float32_is_one():
    frame = toy_frame()
    frame.loc[6, FEATURES[1]] = float(np.finfo(np.float32).max)
    assert prepared(frame).y.size == 120


@pytest.mark.reported("Tables", "compare: a row without any feature", "the row is left out and named")
def test_a_row_without_a_value():
    frame = toy_frame()
    frame.loc[7, list(FEATURES)] = np.nan
    cohort = prepared(frame)
    assert cohort.y.size == 119
    assert "1 rows were left out, as they have no value in any feature: P_00003_1." in cohort.remarks


def test_text_in_a_feature():
    frame = toy_frame()
    frame[FEATURES[0]] = frame[FEATURES[0]].astype(object)
    frame.loc[[0, 3], FEATURES[0]] = ["n/a", "high"]
    with pytest.raises(InputError, match=r"is not numeric: P_00000_0 \('n/a'\), P_00001_1 \('high'\)"):
        prepared(frame)


def test_numbers_as_text_are_numbers():
    frame = toy_frame()
    wanted = frame[FEATURES[0]].to_numpy(copy=True)
    frame[FEATURES[0]] = frame[FEATURES[0]].astype(str).astype(object)
    frame.loc[5, FEATURES[0]] = None
    found = prepared(frame).x[:, 0]
    assert np.isnan(found[5])
    np.testing.assert_array_equal(np.delete(found, 5), np.delete(wanted, 5))


def test_no_features():
    with pytest.raises(InputError, match="no feature columns"):
        prepared(toy_frame(), features=())


def test_no_rows():
    with pytest.raises(InputError, match="no rows"):
        prepared(toy_frame().iloc[:0])


def test_readers_opinions_come_in_by_name_only():
    cohort = prepared(toy_frame().assign(subtlety=np.arange(120) % 5), also_features=("subtlety",))
    assert cohort.features == (*FEATURES, "subtlety")
    assert "Features that are readers' opinions, not measurements: subtlety." in cohort.remarks
    assert not any("opinions" in remark for remark in prepared(toy_frame(), also_features=("breast_density",)).remarks)


@pytest.mark.parametrize("name", ["assessment", "Assessment", "assess*"])
def test_the_reading_is_never_a_feature(name):
    frame = toy_frame().rename(columns={"assessment": name.replace("*", "ment")})
    with pytest.raises(InputError, match="cannot be a feature: it is the radiologists' own reading"):
        prepared(frame, also_features=(name,))


def embedded() -> pd.DataFrame:
    return toy_frame().assign(emb_1=np.arange(120) % 7, emb_0=np.arange(120) % 5, Emb_2=1.0)


def test_a_pattern_lets_columns_in():
    cohort = prepared(embedded(), also_features=("emb_[01]", "emb_*", "Emb_2"))
    assert cohort.features == (*FEATURES, "emb_1", "emb_0", "Emb_2")


def test_a_columns_own_name_is_no_pattern():
    frame = embedded().rename(columns={"emb_0": "emb_*"})
    assert prepared(frame, also_features=("emb_*",)).features == (*FEATURES, "emb_*")


def test_what_a_pattern_may_not_let_in():
    frame = embedded().assign(emb_name="a", emb_kind="b")
    with pytest.raises(InputError, match=r"2 of the 4 columns like 'emb_\*' are not numeric: emb_name, emb_kind"):
        prepared(frame, also_features=("emb_*",))
    with pytest.raises(InputError, match=r"no column's name is like 'deep_\*'"):
        prepared(frame, also_features=("deep_*",))
    with pytest.raises(InputError, match="'malignant' cannot be a feature"):
        prepared(frame, also_features=("malig*",))
    with pytest.raises(InputError, match="'phantom' cannot be a feature"):
        prepared(frame, also_features=("phan*",))


@pytest.mark.parametrize("name", ["malignant", "patient_id", "case_id"])
def test_label_and_patient_are_never_features(name):
    with pytest.raises(InputError, match="cannot be a feature"):
        prepared(toy_frame(), also_features=(name,))


def test_text_is_no_feature():
    with pytest.raises(InputError, match="'view' is not numeric"):
        prepared(toy_frame(), also_features=("view",))


def test_groups_that_share_a_patient_are_joined():
    # Studies 0-1 and 2-3 of four patients: P_00000 has two of them, P_00001 and P_00002 share a third.
    frame = toy_frame(patients=20, rows_each=3)
    study = np.arange(60)
    study[4] = study[6]
    cohort = prepared(frame.assign(study=study), group="study")
    assert cohort.group.tolist() == np.repeat([0, 1, 1, *range(2, 19)], 3).tolist()
    assert "59 groups of 'study' were joined because they share a patient (patient_id). There are 19 groups." in (
        cohort.remarks
    )


def test_groups_that_hold_whole_patients_stay():
    frame = toy_frame(patients=20)
    cohort = prepared(frame.assign(site=np.arange(40) // 10), group="site")
    assert cohort.group.tolist() == np.repeat(range(4), 10).tolist()
    assert cohort.remarks == ()


def test_patients_stay_patients_where_the_group_is_larger():
    frame = toy_frame(patients=20).assign(site=np.arange(40) // 10, laterality="L")
    for unit in ("patient", "breast"):
        units = prepared(frame, group="site", unit=unit).units
        assert units.rows["patient_id"].tolist() == [f"P_{patient:05d}" for patient in range(20)]
        assert units.y.tolist() == frame["malignant"].to_numpy()[::2].tolist()
        assert units.group.tolist() == np.repeat(range(4), 5).tolist()


def test_a_patient_id_that_repeats_case_id_identifies_no_patient():
    frame = toy_frame(patients=20).assign(woman=lambda f: f["patient_id"], patient_id=lambda f: f["case_id"])
    cohort = prepared(frame, group="woman", unit="patient")
    assert cohort.units.rows["patient_id"].tolist() == [f"P_{patient:05d}" for patient in range(20)]
    assert any("patient_id identifies no patient" in remark for remark in cohort.remarks)


def test_rows_without_a_patient_of_their_own_are_named_by_the_group():
    frame = toy_frame(patients=20).assign(site=np.arange(40) // 20, patient_id=lambda f: f["patient_id"].str[-1])
    frame.loc[[0, 1], "patient_id"] = ["", None]
    cohort = prepared(frame.iloc[:20], group="site", unit="patient")
    assert cohort.units.rows["patient_id"].tolist() == ["site 0", *"123456789"]


def test_twins_under_two_names_are_said():
    frame = toy_frame()
    frame.loc[10, list(FEATURES)] = frame.loc[3, list(FEATURES)]
    cohort = prepared(frame)
    assert any("2 rows of different patients have identical features" in remark for remark in cohort.remarks)


def test_twins_of_one_patient_are_no_leak():
    frame = toy_frame()
    frame.loc[1, list(FEATURES)] = frame.loc[0, list(FEATURES)]
    assert prepared(frame).remarks == ()


def test_numeric_patients_with_a_null_elsewhere_stay_the_same_patients():
    frame = toy_frame()
    frame["patient_id"] = frame["patient_id"].str[2:].astype(float)
    assert prepared(frame).rows["patient_id"].iloc[2] == "1"


def test_a_tables_mixed_columns_can_be_written(tmp_path):
    frame = toy_frame()
    frame["odd"] = pd.Series([1, "a", None] * 40, dtype=object)
    prepared(frame).rows.to_parquet(tmp_path / "rows.parquet")
    assert pd.read_parquet(tmp_path / "rows.parquet")["odd"].isna().sum() == 40


def test_units_and_blocks_come_with_the_cohort():
    cohort = prepared(toy_frame(patients=20), unit="patient", aggregate="noisy-or")
    assert (cohort.units.kind, cohort.units.rule) == ("patient", "noisy-or")
    assert cohort.units.y.tolist() == toy_frame(patients=20)["malignant"].to_numpy()[::2].tolist()
    assert cohort.units.rows["case_id"].tolist() == [f"P_{patient:05d}" for patient in range(20)]
    assert set(cohort.blocks) == {"metadata", "radiologists"}
    assert len(prepared(toy_frame()).units.y) == 120


def test_a_unit_that_the_table_cannot_tell():
    with pytest.raises(InputError, match="--unit breast needs the column laterality"):
        prepared(toy_frame(), unit="breast")


def test_a_row_without_label_needs_no_patient():
    frame = toy_frame().astype({"malignant": "Int64"})
    frame.loc[0, "malignant"] = pd.NA
    frame.loc[0, "patient_id"] = None
    assert prepared(frame, drop_unlabelled=True).y.size == 119


def test_every_refusal_says_what_to_do():
    spoilt = (
        toy_frame().assign(malignant=1),
        toy_frame().assign(patient_id=None),
        toy_frame().assign(case_id="one"),
        toy_frame().assign(**{FEATURES[0]: np.inf}),
        toy_frame().assign(**{FEATURES[0]: "text"}),
        toy_frame().assign(**dict.fromkeys(FEATURES, np.nan)),
        toy_frame().drop(columns="malignant"),
        toy_frame().iloc[:0],
    )
    for frame in spoilt:
        with pytest.raises(InputError) as caught:
            prepared(frame)
        assert caught.value.cause
        assert not caught.value.cause.endswith(".")
        assert caught.value.remedy.endswith((".", "MALIGNANT"))


@pytest.mark.reported("Tables", "0 / 1 / unknown labels", "unknown, NA, ? and empty are no label: --drop-unlabelled")
def test_unknown_labels_are_no_labels():
    frame = toy_frame()
    frame["malignant"] = frame["malignant"].astype(object)
    frame.loc[:3, "malignant"] = ["unknown", "NA", "?", ""]
    with pytest.raises(InputError, match="empty or unknown in 4 rows") as caught:
        prepared(frame)
    assert "--drop-unlabelled" in caught.value.remedy
    assert prepared(frame, drop_unlabelled=True).y.size == 116


@pytest.mark.reported("Tables", "a datetime column let in by name", "refused")
def test_dates_are_no_feature():
    frame = toy_frame()
    frame["taken"] = pd.to_datetime(["2020-01-01", None] * 60)
    with pytest.raises(InputError, match="'taken' is not numeric"):
        prepared(frame, also_features=("taken",))
