"""Tables as CSV and figures as SVG."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import pandas as pd
import pytest

from radiomics_mammo.errors import OutputError
from radiomics_mammo.reports.components.export import csv_text, write_parts
from radiomics_mammo.reports.components.page import Estimate, ReportTable
from tests.support.report_page import toy_page


def table(*rows) -> ReportTable:
    return ReportTable("c", ["Name", "Value"], rows)


def test_numbers_are_numbers_and_intervals_have_columns():
    text = csv_text(table(["A, b", Estimate("−0.123", "−0.200 to +0.050")], ["B", Estimate("–")], ["C", "1,234"]))
    assert text.endswith("\r\n")
    found = pd.read_csv(io.StringIO(text))
    assert found.columns.tolist() == ["Name", "Value", "Value low", "Value high"]
    assert found["Name"].tolist() == ["A, b", "B", "C"]
    assert found["Value"].tolist()[::2] == [-0.123, 1234.0]
    assert found.iloc[1, 1:].isna().all()
    assert found.iloc[0, 2:].tolist() == [-0.2, 0.05]


@pytest.mark.parametrize("evil", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_formulas_are_disarmed_and_numbers_are_not(evil):
    found = csv_text(table([evil, "-3.5"], ["x", "+2e-3"]))
    assert f"'{evil}" in found
    assert ",-3.5\r\n" in found
    assert ",2e-3\r\n" in found


def test_every_table_and_figure_becomes_a_file(tmp_path):
    written = write_parts(toy_page(), tmp_path / "parts")
    names = [path.name for path in written]
    assert len(names) == len(set(names)) >= 40
    assert {"models.csv", "auroc-forest.svg", "roc.svg", "precision-recall.svg", "confusion.svg", "weights.csv"} <= set(
        names
    )
    for path in written:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".svg":
            root = ElementTree.fromstring(text.encode())
            assert root.tag == "{http://www.w3.org/2000/svg}svg"
            assert "color:#1c2430" in root.get("style", "")
            assert root.get("aria-label")
        else:
            assert len(pd.read_csv(path)) >= 1


def test_the_same_page_gives_the_same_files(tmp_path):
    first, second = (write_parts(toy_page(), tmp_path / name) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_file_in_the_folders_place_is_named(tmp_path):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(OutputError, match="taken"):
        write_parts(toy_page(), tmp_path / "taken")
