"""The feature table: names, schema, what is read and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from radiomics_mammo.errors import InputError, OutputError
from radiomics_mammo.tables.feature_table import (
    RESERVED,
    feature_parts,
    identity_columns,
    is_feature_name,
    read_table,
    write_table,
)
from tests.support.cohorts import toy_frame


def frame_of(**columns: object) -> pd.DataFrame:
    base: dict[str, object] = {
        "case_id": ["a", "b", "c"],
        "patient_id": ["01", "02", "02"],
        "malignant": [1, 0, 1],
        "original_glcm_Contrast": [1.5, np.nan, 1e300],
        "wavelet-LH_firstorder_90Percentile": [0.1, 0.2, -np.inf],
    }
    return pd.DataFrame(base | columns)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("original_glcm_Contrast", ("original", "glcm", "Contrast")),
        ("original_shape2D_Elongation", ("original", "shape2D", "Elongation")),
        (
            "log-sigma-1-0-mm-3D_firstorder_10Percentile",
            ("log-sigma-1-0-mm-3D", "firstorder", "10Percentile"),
        ),
        ("lbp-2D_gldm_DependenceEntropy", ("lbp-2D", "gldm", "DependenceEntropy")),
        ("original_margin_SharpnessP90", ("original", "margin", "SharpnessP90")),
    ],
)
def test_feature_names_split(name: str, parts: tuple[str, str, str]) -> None:
    assert is_feature_name(name)
    assert feature_parts(name) == parts


@pytest.mark.parametrize(
    "name",
    [
        "case_id",
        "breast_density",
        "mass_shape_ROUND",
        "diagnostics_Image-original_Mean",
        "diagnostics_Versions_PyRadiomics",
        "malignant",
        "original_glcm",
        "Image",
        *RESERVED,
    ],
)
def test_other_columns_are_no_features(name: str) -> None:
    assert not is_feature_name(name)
    with pytest.raises(ValueError, match="not a feature name"):
        feature_parts(name)


def test_every_pyradiomics_feature_name_is_recognised() -> None:
    radiomics = pytest.importorskip("radiomics")
    classes = radiomics.getFeatureClasses()
    names = [f"original_{family}_{name}" for family in classes for name in classes[family].getFeatureNames()]
    assert len(names) > 100
    assert [name for name in names if not is_feature_name(name)] == []


@pytest.mark.parametrize("name", ["notes", "case_id", "mask_path", "original_glcm_Contrast", "twice"])
def test_a_column_that_would_stand_twice_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"{name}.*would stand twice"):
        identity_columns((("twice", str), (name, str)))


def test_a_column_of_an_unknown_type_is_refused() -> None:
    with pytest.raises(InputError, match="complex"):
        identity_columns((("odd", complex),))


def test_identity_columns_frame_the_readers_own() -> None:
    columns = dict(identity_columns((("side", str), ("malignant", int))))
    assert list(columns)[:4] == ["case_id", "patient_id", "side", "malignant"]
    assert list(columns)[4:] == list(RESERVED[2:])
    assert (columns["malignant"], columns["phantom"]) == (int, bool)


def test_a_written_table_reads_back(tmp_path: Path) -> None:
    write_table(frame_of(), tmp_path / "t.parquet", provenance={"recipe_name": "x", "phantom": True})
    table = read_table(tmp_path / "t.parquet")
    assert table.features == ("original_glcm_Contrast", "wavelet-LH_firstorder_90Percentile")
    assert table.provenance["phantom"] is True
    pd.testing.assert_frame_equal(table.frame, frame_of(), check_dtype=False)
    stored = pq.read_table(tmp_path / "t.parquet")
    assert stored["original_glcm_Contrast"].null_count == 1  # undefined is null, not NaN
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


@pytest.mark.parametrize(("separator", "bom"), [(",", ""), (";", "\ufeff"), ("\t", "")])
def test_a_foreign_csv_is_read(tmp_path: Path, separator: str, bom: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(bom + frame_of().to_csv(index=False, sep=separator), encoding="utf-8")
    table = read_table(path)
    assert table.provenance == {}
    assert table.features == ("original_glcm_Contrast", "wavelet-LH_firstorder_90Percentile")
    assert list(table.frame["patient_id"]) == ["01", "02", "02"]  # leading zeros are part of an id
    np.testing.assert_array_equal(table.frame["original_glcm_Contrast"], [1.5, np.nan, 1e300])


def test_a_foreign_parquet_is_read_and_made_float64(tmp_path: Path) -> None:
    frame_of(original_glcm_Contrast=[1, 2, 3]).to_parquet(tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    assert table.provenance == {}
    assert table.frame["original_glcm_Contrast"].dtype == np.float64


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1 this is not Parquet", "not a readable Parquet file"),
        (b"", "no header line"),
        (b"\xff\xfe\x00\xd8\x01\x00", "is not text"),
        (b"case_id,x\na,1\n", "no feature columns"),
        (b"case_id,original_glcm_Contrast\na,high\n", "holds text"),
        (b"case_id,original_glcm_Contrast,original_glcm_Contrast\na,1,2\n", "twice"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_table(path)
    assert str(path) in str(caught.value)
    assert caught.value.remedy


def test_a_missing_table_and_a_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such table"):
        read_table(tmp_path / "absent.parquet")
    with pytest.raises(InputError, match="not a file"):
        read_table(tmp_path)


def test_a_table_that_lost_a_feature_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(frame_of(), path, provenance={})
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["original_glcm_Contrast"]), path)
    with pytest.raises(InputError, match="features are gone"):
        read_table(path)


def test_writing_where_there_is_no_folder_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write_table(frame_of(), tmp_path / "file" / "t.parquet", provenance={})


@pytest.mark.reported("Tables", "feature tables as TSV, Excel, Feather, semicolons", "as Parquet")
@pytest.mark.parametrize("suffix", [".tsv", ".xlsx", ".feather", ".csv"])
def test_every_format_gives_the_parquet_table(tmp_path, suffix):
    if suffix == ".xlsx":
        pytest.importorskip("openpyxl")
    frame = toy_frame(patients=6)
    path = tmp_path / f"t{suffix}"
    writers = {
        ".tsv": lambda: frame.to_csv(path, sep="\t", index=False),
        ".csv": lambda: frame.to_csv(path, sep=";", decimal=",", index=False),
        ".xlsx": lambda: frame.to_excel(path, index=False),
        ".feather": lambda: frame.to_feather(path),
    }
    writers[suffix]()
    frame.to_parquet(tmp_path / "t.parquet")
    table, expected = read_table(path), read_table(tmp_path / "t.parquet")
    assert table.features == expected.features
    x, y = (each.frame[list(expected.features)].to_numpy(float) for each in (table, expected))
    np.testing.assert_allclose(x, y, rtol=1e-15)
    assert table.frame["patient_id"].tolist() == expected.frame["patient_id"].tolist()
