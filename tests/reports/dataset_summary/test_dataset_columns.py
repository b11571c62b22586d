"""Odd columns in the summary: names of patients, labels in words, infinite numbers, features, very many."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.errors import OutputError
from radiomics_mammo.reports.dataset_summary import check_summary, write_summary
from radiomics_mammo.reports.dataset_summary.columns import find_label, is_named_as_identifier
from radiomics_mammo.reports.dataset_summary.tables import MAX_COMPARED
from tests.support.case_lists import small, understood

PATIENTS = [f"p{i // 4}" for i in range(80)]
"""Twenty, with four rows each."""


def written_text(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()))


def test_names_of_patients_are_not_published_whatever_they_are_called(tmp_path: Path) -> None:
    frame = small(
        patient_id=PATIENTS,
        patient_name=[f"Doe^Jane{i // 4}" for i in range(80)],
        birth_date=[f"1950-01-{1 + i // 4:02d}" for i in range(80)],
        AccessionNumber=[70_000 + i // 4 for i in range(80)],
        comment_by=[f"Roe{i // 4}" for i in range(80)],
        # Two have one name: eighteen are still found by theirs.
        called=[f"Smith{max(i // 4, 1)}" for i in range(80)],
        arm=["screening" if i // 4 % 2 else "recalled" for i in range(80)],
        rare=["rare" if i < 4 else "usual" for i in range(80)],
    )
    page = write_summary(frame, name="a toy", folder=tmp_path / "out")
    text = written_text(page.parent)
    for secret in ("Jane", "1950-01", "70000", "70,000", "Roe1", "Smith"):
        assert secret not in text, secret
    assert "recalled" in text and "rare" in text
    columns = pd.read_csv(page.parent / "columns.csv").set_index("column")
    hidden = ["patient_name", "birth_date", "AccessionNumber", "comment_by", "called"]
    assert columns.loc[hidden, "kind"].tolist() == ["identifier"] * 5
    assert columns.loc[["arm", "rare"], "kind"].tolist() == ["category"] * 2


@pytest.mark.parametrize(
    "name", ["PatientBirthDate", "surname", "MRN", "home_address", "phone_number", "E-Mail", "DOB"]
)
def test_what_is_called_as_names_are_is_one(name: str) -> None:
    assert is_named_as_identifier(name)


@pytest.mark.parametrize("name", ["age_at_first_birth", "manufacturer_model_name", "arm", "side", "tumour_size"])
def test_what_is_called_otherwise_is_none(name: str) -> None:
    assert not is_named_as_identifier(name)


@pytest.mark.parametrize(
    "values",
    [
        [True, False, None, True],
        ["True", "false", "", "TRUE"],
        [1, 0, None, 1],
        ["1", "0", None, "1.0"],
        pd.array([True, False, None, True], dtype="boolean"),
    ],
)
def test_a_label_in_words_is_found(values: object) -> None:
    frame = small(cancer=values)
    dataset, tables = understood(frame)
    assert dataset.label == "cancer" and dataset.y.tolist() == [1, 0, -1, 1]
    assert tables["balance"]["positives"].tolist() == [2, 2]
    assert find_label(frame.assign(cancer=["yes", "no", "no", "yes"]))[0] == ""


def test_a_label_in_sentences_divides_numbers_in_two(tmp_path: Path) -> None:
    said = ["MALIGNANT" if i % 4 == 0 else f"BENIGN, see letter {i}" for i in range(120)]
    frame = small(pathology=said, size_mm=np.arange(120) / 7)
    _, tables = understood(frame)
    own = tables["numbers"]
    assert own[own["by"] == "pathology"][["level", "rows"]].to_numpy().tolist() == [["negative", 90], ["positive", 30]]
    page = write_summary(frame, name="a toy", folder=tmp_path / "out")
    assert "size_mm by pathology" in page.read_text(encoding="utf-8")
    assert "see letter" not in written_text(page.parent)


@pytest.mark.parametrize("kind", [None, float, int])
def test_an_infinite_number_is_missing_and_said(tmp_path: Path, kind: type | None) -> None:
    values = [float(i) for i in range(40)]
    values[3], values[5] = np.inf, -np.inf
    declared = () if kind is None else (("dose", kind),)
    dataset, tables = understood(small(dose=values), declared=declared)
    told = tables["columns"].set_index("column").loc["dose"]
    assert (told["kind"], told["filled"], told["missing"]) == ("number", 38, 2)
    assert dataset.infinite == {"dose": 2}
    page = write_summary(small(dose=values), name="a toy", folder=tmp_path / "out", declared=declared)
    assert "dose in 2 cases" in page.read_text(encoding="utf-8")


def test_features_are_left_aside_and_said(tmp_path: Path) -> None:
    features = {f"original_glcm_F{i}": np.arange(20) / (i + 1) for i in range(30)}
    page = write_summary(small(age=np.arange(50.0, 70.0), **features), name="a toy", folder=tmp_path / "out")
    assert pd.read_csv(page.parent / "columns.csv")["column"].tolist() == ["age"]
    assert "30 columns of features are left aside" in page.read_text(encoding="utf-8")


def test_very_many_columns_are_not_all_compared(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    many = {f"x{i}": rng.normal(size=200) for i in range(60)}
    frame = small(**many, age=rng.integers(40, 80, 200), cancer=np.tile([0, 1], 100))
    page = write_summary(frame, name="a toy", folder=tmp_path / "out")
    table = pd.read_csv(page.parent / "associations.csv")
    names = set(table["a"]) | set(table["b"])
    assert len(names) == MAX_COMPARED and {"age", "cancer", "x0"} <= names and "x59" not in names
    assert f"Of 62 columns {MAX_COMPARED} are compared" in page.read_text(encoding="utf-8")


def test_what_the_system_left_in_the_folder_is_nobodys(tmp_path: Path) -> None:
    out, frame = tmp_path / "out", small(view=["CC", "MLO"])
    out.mkdir()
    (out / ".DS_Store").touch()
    write_summary(frame, name="a toy", folder=out)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (out / name).touch()
    write_summary(frame, name="a toy", folder=out, overwrite=True)
    assert (out / "index.html").is_file()


def test_what_the_system_refuses_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match=r"cannot be written \(File name too long\)"):
        check_summary(tmp_path / ("x" * 300))

    def refused(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(OutputError, match=r"cannot be written \(Permission denied\)"):
        check_summary(tmp_path)
