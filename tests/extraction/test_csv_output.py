"""``extract --out t.csv``: resumed, left alone and refused as a Parquet table is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from radiomics_mammo.errors import OutputError
from radiomics_mammo.extraction import run as extraction
from radiomics_mammo.extraction.run import Options, Summary, extract_table
from radiomics_mammo.tables.csv_file import metadata_path
from radiomics_mammo.tables.failures import failures_path
from radiomics_mammo.tables.feature_table import read_table
from tests.support.reader_and_engine import ToyReader, toy_setup

READER = ToyReader(size=12, wrong=((1, "read"), (10, "labels"), (4, "nan")))


@pytest.fixture(autouse=True)
def _fixed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


def run(reader: ToyReader, out: Path, **options: object) -> Summary:
    return extract_table(reader, setup=toy_setup(), options=Options(out, **options))  # type: ignore[arg-type]


def content(out: Path) -> tuple[bytes, ...]:
    return out.read_bytes(), metadata_path(out).read_bytes(), failures_path(out).read_bytes()


@pytest.mark.reported("Tables", "extract --out t.csv", "the rows and the metadata of the Parquet table")
def test_csv_holds_what_parquet_holds(tmp_path: Path) -> None:
    csv, parquet = tmp_path / "t.csv", tmp_path / "t.parquet"
    run(READER, csv)
    run(READER, parquet)
    pd.testing.assert_frame_equal(read_table(csv).frame, read_table(parquet).frame, check_exact=True)
    assert read_table(csv).provenance == read_table(parquet).provenance
    assert sorted(path.name for path in tmp_path.glob("t.csv*")) == [
        "t.csv", "t.csv.failures.csv", "t.csv.metadata.json",
    ]  # fmt: skip


@pytest.mark.reported("Tables", "a run with --out t.csv that was stopped", "goes on to the same bytes")
def test_a_run_goes_on_from_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, out = tmp_path / "whole.csv", tmp_path / "t.csv"
    run(READER, whole)
    run(READER, out, limit=5)
    assert len(read_table(out).frame) == 4
    with monkeypatch.context() as stopped:
        stopped.setattr(extraction, "merge_parts", _stop)
        with pytest.raises(KeyboardInterrupt):
            run(READER, out, limit=9)
    assert run(READER, out).skipped == 9
    assert content(out) == content(whole)
    before = out.stat().st_mtime_ns
    assert run(READER, out).workers == 0
    assert out.stat().st_mtime_ns == before


def _stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("beside", [True, False])
def test_a_changed_csv_is_not_gone_on_with(tmp_path: Path, *, beside: bool) -> None:
    out = tmp_path / "t.csv"
    run(READER, out, limit=5)
    if beside:
        out.write_text(out.read_text().replace("case0", "case000"))
    else:
        metadata_path(out).unlink()
    with pytest.raises(OutputError, match=r"changed since.*--overwrite"):
        run(READER, out)
    run(READER, out, overwrite=True)
    assert len(read_table(out).frame) == 12
