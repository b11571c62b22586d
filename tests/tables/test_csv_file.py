"""Feature tables as CSV: what is read is what was written, to the last digit, and formulas do not run."""

from __future__ import annotations

import csv
import json

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.tables.csv_file import check_table_name, escaped, metadata_path, unescaped
from radiomics_mammo.tables.feature_table import read_provenance, read_table, write_table
from radiomics_mammo.tables.table_file import read_arrow

NAMES = ("original_glcm_Contrast", "original_firstorder_Mean")


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((6, 2)) * 10.0 ** rng.integers(-300, 300, (6, 2))
    values[2, 0], values[3, 1] = np.nan, -0.0
    return pd.DataFrame(
        {
            "case_id": ["007", "=1+1", "'=1+1", "-5", 'a "b", c', "x\ny"],
            "patient_id": ["P", "@x", "+1", "\tz", "", "größe"],
            "=cmd|' /C calc'!A0": ["a", "b", None, "d", "e", "f"],
            "machine": pd.array([1, None, 3, 4, 5, 2**53 + 1], dtype="Int64"),
            "phantom": [True, False] * 3,
            **dict(zip(NAMES, values.T, strict=True)),
        }
    )


@pytest.mark.reported("Tables", "--out t.csv", "read by all commands as the Parquet table is, to the last digit")
def test_csv_and_parquet_are_one(frame, tmp_path):
    for name in ("t.parquet", "t.csv", "t.CSV"):
        write_table(frame, tmp_path / name, provenance={"recipe_hash": "é", "engine": "cpu"})
    parquet, table, upper = (read_table(tmp_path / name) for name in ("t.parquet", "t.csv", "t.CSV"))
    pd.testing.assert_frame_equal(table.frame, parquet.frame, check_exact=True)
    pd.testing.assert_frame_equal(upper.frame, parquet.frame, check_exact=True)
    assert table.features == parquet.features == NAMES
    assert table.provenance == parquet.provenance == read_provenance(tmp_path / "t.csv")
    assert np.signbit(table.frame[NAMES[1]][3])
    assert table.remarks == ()


def test_other_programs_read_the_same_numbers(frame, tmp_path):
    write_table(frame, tmp_path / "t.csv", provenance={})
    theirs = pd.read_csv(tmp_path / "t.csv")
    for name in NAMES:
        np.testing.assert_array_equal(theirs[name].to_numpy(), frame[name].to_numpy())


@pytest.mark.reported("Tables", "a cell or a column name that begins a formula", "text, with an apostrophe in front")
def test_no_cell_is_a_formula(frame, tmp_path):
    write_table(frame, tmp_path / "t.csv", provenance={})
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as handle:
        header, *rows = csv.reader(handle)
    texts = [*header, *(cell for row in rows for cell in row[:3])]
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))]
    for text in ("=1", "'=1", "''-2", "a=1", "'", "", "it's", None, 5):
        assert unescaped(escaped(text) if isinstance(text, str) else text) == text


def test_an_edited_table_is_read_with_a_remark(frame, tmp_path):
    path = tmp_path / "t.csv"
    write_table(frame, path, provenance={"recipe_hash": "abc"})
    edited = pd.read_csv(path, dtype=str, keep_default_na=False).assign(label="1").drop(columns=NAMES[0])
    edited.to_csv(path, index=False)
    table = read_table(path)
    assert "changed since it was written" in table.remarks[0]
    assert (table.features, table.provenance["recipe_hash"]) == (NAMES[1:], "abc")
    assert list(table.frame.case_id[:3]) == ["007", "=1+1", "'=1+1"]
    assert list(table.frame.columns[:3]) == list(frame.columns[:3])
    np.testing.assert_array_equal(table.frame[NAMES[1]].to_numpy(), frame[NAMES[1]].to_numpy())
    assert read_provenance(path) == {}
    with pytest.raises(InputError, match="changed since"):
        read_arrow(path)


def test_a_crash_between_the_two_files_leaves_a_pair_that_fits(frame, tmp_path, monkeypatch):
    path = tmp_path / "t.csv"
    write_table(frame, path, provenance={"run": 1})
    monkeypatch.setattr("pathlib.Path.replace", _stops_after(path.name))
    with pytest.raises(KeyboardInterrupt):
        write_table(frame[:2], path, provenance={"run": 2})
    monkeypatch.undo()
    table = read_table(path)
    assert (len(table.frame), table.provenance["run"], table.remarks) == (2, 2, ())


def _stops_after(name):
    from pathlib import Path

    replace = Path.replace

    def stopped(self, target):
        if self.name == f"{name}.metadata.next.json":
            raise KeyboardInterrupt
        return replace(self, target)

    return stopped


def test_damaged_metadata_are_named(frame, tmp_path):
    path = tmp_path / "t.csv"
    write_table(frame, path, provenance={})
    for content in ("{", "[]", json.dumps({"sha256": ""})):
        metadata_path(path).write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=r"t\.csv\.metadata\.json.*damaged"):
            read_table(path)


@pytest.mark.parametrize("name", ["t.xlsx", "t.tsv", "t.feather", "t", "t.csv.gz", "csv"])
def test_other_formats_are_refused_before_anything_is_measured(tmp_path, name):
    with pytest.raises(InputError, match=r"\.parquet or \.csv"):
        check_table_name(tmp_path / name)
