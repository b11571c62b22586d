"""The run: rows, order, schema, failures, going on, refusing. Values are held to a separate sum by hand."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radiomics_mammo.core.records import Case, Sample
from radiomics_mammo.engines.base import Limits
from radiomics_mammo.errors import EngineError, InputError, OutputError
from radiomics_mammo.extraction.error_log import log_path
from radiomics_mammo.extraction.run import Options, Setup, Summary, extract_table
from radiomics_mammo.tables.failures import failures_path, read_failures
from radiomics_mammo.tables.feature_table import read_table
from tests.support.reader_and_engine import FEATURES, ToyEngine, ToyReader, expected, toy_setup


@pytest.fixture(autouse=True)
def _fixed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "tables" / "toy.parquet"


def run(reader: ToyReader, out: Path, *, setup: Setup | None = None, **options: object) -> Summary:
    return extract_table(reader, setup=setup or toy_setup(), options=Options(out, **options))  # type: ignore[arg-type]


def names_beside(out: Path) -> list[str]:
    return sorted(path.name for path in out.parent.iterdir())


def test_rows_hold_identity_then_features(out: Path) -> None:
    summary = run(ToyReader(size=7), out)
    table = pq.read_table(out)
    rows = table.to_pylist()
    assert table.column_names == [
        "case_id", "patient_id", "side", "malignant", "age", "screened", "mask_label", "notes", "phantom",
        "spacing_row_mm", "spacing_column_mm", "spacing_unit",
        "presentation_intent_type", "image_rows", "image_columns", "mask_pixels", "image_path",
        "mask_path", *FEATURES,
    ]  # fmt: skip
    assert [row["case_id"] for row in rows] == [f"case{number}" for number in range(7)]
    for number, row in enumerate(rows):
        assert [row[name] for name in FEATURES] == pytest.approx(expected(number), rel=1e-12)
    assert rows[3] | dict.fromkeys(FEATURES) == {
        "case_id": "case3", "patient_id": "P_00001", "side": "LEFT", "malignant": 1, "age": 43.5,
        "screened": True, "mask_label": None, "notes": "scaled by 1.149; 8-bit", "phantom": False,
        "spacing_row_mm": 0.1, "spacing_column_mm": 0.2, "spacing_unit": "mm",
        "presentation_intent_type": None, "image_rows": 12, "image_columns": 10,
        "mask_pixels": 30, "image_path": "images/3.png", "mask_path": "", **dict.fromkeys(FEATURES),
    }  # fmt: skip
    assert rows[0]["spacing_row_mm"] is None
    assert rows[0]["side"] is None
    assert (summary.cases, summary.skipped, summary.merged.rows) == (7, 0, 7)
    assert names_beside(out) == ["toy.parquet", "toy.parquet.failures.csv"]


def test_provenance_says_what_made_the_table(out: Path) -> None:
    run(ToyReader(size=3), out)
    table = read_table(out)
    said = table.provenance
    assert table.features == FEATURES
    assert said["recipe_name"] == "toy"
    assert said["recipe_text"] == "toy: 1\n"
    assert said["recipe_hash"] == "0123456789abcdef"
    assert said["engine"] == "toy"
    assert said["versions"] == {"numpy": "2", "python": "3.11"}
    assert said["reader"] == {"reader": "toy", "size": 3}
    assert said["created"] == "2023-11-14T22:13:20Z"  # 1,700,000,000 seconds after 1970
    assert said["phantom"] is False
    assert len(said["input_fingerprint"]) == 64
    assert said["format"] == 2


WRONG = ((1, "read"), (3, "mask"), (4, "os"), (5, "memory"), (6, "roi"), (7, "one label bad"), (8, "labels"))


def test_bad_cases_cost_a_row_and_are_told(out: Path) -> None:
    summary = run(ToyReader(size=9, wrong=WRONG), out)
    ids = pq.read_table(out)["case_id"].to_pylist()
    assert ids == ["case0", "case2", "case7_label1", "case8_label1", "case8_label2"]
    assert pq.read_table(out)["mask_label"].to_pylist() == [None, None, 1, 1, 2]
    with failures_path(out).open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [(row["case_id"], row["stage"], row["error"]) for row in rows] == [
        ("case1", "read", "ReadError"),
        ("case3", "read", "MaskError"),
        ("case4", "read", "OSError"),
        ("case5", "read", "MemoryError"),
        ("case6", "prepare", "RoiError"),
        ("case7_label2", "prepare", "RoiError"),
    ]
    assert rows[0] | {"stage": ""} == {
        "case_id": "case1", "patient_id": "P_00000", "stage": "", "error": "ReadError",
        "path": "images/bad.png", "cause": "the file is cut short", "remedy": "Download it again.",
    }  # fmt: skip
    assert rows[1]["path"] == "'=cmd|x"  # no formula for a spreadsheet
    assert rows[1]["remedy"] == "Draw it.\nAgain."
    assert rows[2]["path"] == "images/io.png"
    assert all(row["cause"] and row["remedy"] for row in rows)
    assert len(summary.merged.failures) == 6
    assert read_failures(failures_path(out))[0].case_id == "case1"


def test_an_all_failed_run_still_writes_the_whole_schema(out: Path, tmp_path: Path) -> None:
    summary = run(ToyReader(size=3, wrong=tuple((n, "mask") for n in range(3))), out)
    other = tmp_path / "good.parquet"
    run(ToyReader(size=3), other)
    assert summary.merged.rows == 0
    assert pq.read_table(out).num_rows == 0
    assert pq.read_schema(out).remove_metadata() == pq.read_schema(other).remove_metadata()
    assert len(read_failures(failures_path(out))) == 3


def test_a_failures_table_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for name in ("none.csv", "."):
        with pytest.raises(InputError, match="cannot be read"):
            read_failures(tmp_path / name)


def test_a_run_without_failures_writes_an_empty_failures_table(out: Path) -> None:
    run(ToyReader(size=2), out)
    assert failures_path(out).read_text() == "case_id,patient_id,stage,error,path,cause,remedy\n"


def test_undefined_features_are_null(out: Path) -> None:
    run(ToyReader(size=3, wrong=((1, "nan"),)), out)
    table = pq.read_table(out)
    assert table[FEATURES[0]].is_null().to_pylist() == [False, True, False]
    assert table[FEATURES[2]].null_count == 0


@pytest.mark.parametrize("ahead", [0, 1, 3])
@pytest.mark.parametrize("limits", [(1, 64), (3, 64), (64, 1), (64, 700)])
def test_batches_have_no_influence(
    out: Path, monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], ahead: int
) -> None:
    reader = ToyReader(size=23, wrong=((2, "read"), (5, "labels"), (9, "one label bad"), (22, "nan")))
    run(reader, out)
    whole = out.read_bytes(), failures_path(out).read_bytes()
    monkeypatch.setattr(ToyEngine, "limits", Limits(cases=limits[0], bytes=limits[1], ahead=ahead))
    run(reader, out, overwrite=True)
    assert (out.read_bytes(), failures_path(out).read_bytes()) == whole


def test_workers_have_no_influence(out: Path) -> None:
    reader = ToyReader(size=150, wrong=((2, "read"), (5, "labels"), (9, "one label bad"), (149, "nan")))
    run(reader, out)
    whole = out.read_bytes(), failures_path(out).read_bytes()
    summary = run(reader, out, overwrite=True, workers=3)
    assert summary.workers == 3
    assert (out.read_bytes(), failures_path(out).read_bytes()) == whole


def test_a_batch_that_does_not_fit_into_memory_is_measured_one_by_one(out: Path) -> None:
    def factory(engine: str, recipe: object) -> object:
        from tests.support.reader_and_engine import ToyEngine

        return ToyEngine(fits=1)

    summary = run(ToyReader(size=5), out, setup=replace(toy_setup(), engine_factory=factory))  # type: ignore[arg-type]
    assert summary.merged.rows == 5


def test_a_folder_in_the_tables_place_is_said(out: Path) -> None:
    out.mkdir(parents=True)
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="this is a folder"):
            run(ToyReader(size=3), out, overwrite=overwrite)


def test_an_unwritable_place_is_said_before_any_image_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    reader = ToyReader(size=1, wrong=((0, "stop"),))  # reading it would end in another error
    with pytest.raises(OutputError, match="cannot be written"):
        run(reader, tmp_path / "file" / "toy.parquet")


def test_rows_with_one_id_keep_the_first(out: Path) -> None:
    @dataclass(frozen=True)
    class Repeating(ToyReader):
        def load(self, case: Case) -> list[Sample]:
            return [replace(sample, case_id=sample.case_id.replace("case4", "case1")) for sample in super().load(case)]

    for workers in (1, 1):
        run(Repeating(size=6), out, overwrite=True, workers=workers)
        assert pq.read_table(out)["case_id"].to_pylist() == ["case0", "case1", "case2", "case3", "case5"]
        (failure,) = read_failures(failures_path(out))
        assert (failure.case_id, failure.patient_id, failure.error) == ("case1", "P_00002", "DuplicateRow")


def test_two_cases_with_one_name_are_refused(out: Path) -> None:
    @dataclass(frozen=True)
    class Twins(ToyReader):
        def cases(self) -> list[Case]:
            return [*super().cases(), *super().cases()]

    with pytest.raises(InputError, match="two cases are called case0"):
        run(Twins(size=2), out)


def test_an_empty_collection_is_refused(out: Path) -> None:
    with pytest.raises(InputError, match="no cases"):
        run(ToyReader(size=0), out)


def test_an_undeclared_column_is_refused(out: Path) -> None:
    with pytest.raises(InputError, match=r"did not declare.*malignant"):
        run(ToyReader(size=2, columns=(("side", str),)), out)
    assert names_beside(out) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_an_engine_that_cannot_open_ends_the_run(out: Path, workers: int) -> None:
    with pytest.raises(EngineError, match="no such device"):
        run(ToyReader(size=4), out, setup=toy_setup(engine="broken"), workers=workers)
    assert names_beside(out) == []  # nothing half begun is left


def test_a_worker_that_dies_at_its_start_is_said(out: Path) -> None:
    with pytest.raises(EngineError, match=r"could not start \(exit code 7\)"):
        run(ToyReader(size=4), out, setup=toy_setup(engine="dies"), workers=2)


def test_a_killed_worker_costs_only_the_case_that_kills_it(out: Path) -> None:
    summary = run(ToyReader(size=40, wrong=((3, "kill"), (31, "kill"), (20, "read"))), out, workers=2)
    assert summary.merged.rows == 37
    failures = {failure.case_id: failure for failure in read_failures(failures_path(out))}
    assert set(failures) == {"case3", "case20", "case31"}
    assert failures["case3"].error == "WorkerDied"
    assert "signal 9" in failures["case3"].cause


def test_a_worker_that_is_killed_once_costs_nothing(out: Path, tmp_path: Path) -> None:
    reader = ToyReader(size=40, wrong=((7, "kill once"),), died=str(tmp_path / "died"))
    summary = run(reader, out, workers=2)
    assert (tmp_path / "died").exists()
    assert (summary.merged.rows, summary.merged.failures) == (40, ())


def test_workers_that_all_die_end_the_run(out: Path) -> None:
    reader = ToyReader(size=40, wrong=tuple((number, "kill") for number in range(40)))
    with pytest.raises(EngineError, match="died in a row"):
        run(reader, out, workers=2)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_that_nobody_foresaw_costs_its_row_and_is_logged(out: Path, workers: int) -> None:
    assert run(ToyReader(size=4, wrong=((2, "bug"),)), out, workers=workers).merged.rows == 3
    (failure,) = read_failures(failures_path(out))
    assert (failure.case_id, failure.stage, failure.error) == ("case2", "read", "ZeroDivisionError")
    assert "a fault of the program" in failure.cause
    log = log_path(out).read_text()
    assert log.startswith("case case2, read\nTraceback")
    assert "misbehave" in log
    run(ToyReader(size=4), out, overwrite=True)
    assert not log_path(out).exists()


@pytest.mark.reported("Faults", "one flipped bit in a part of an unfinished run", "noticed, and the part is named")
def test_a_damaged_part_is_named(out: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(out)
    parts = sorted(out.with_name("toy.parquet.parts").glob("part-*.part"))
    whole = parts[0].read_bytes()
    for place in (0, 10, len(whole) // 2, len(whole) - 1):
        flipped = bytearray(whole)
        flipped[place] ^= 1
        parts[0].write_bytes(flipped)
        with pytest.raises(OutputError, match="damaged") as caught:
            run(ToyReader(size=200), out)
        assert str(parts[0]) in str(caught.value)
    parts[0].unlink()
    assert run(ToyReader(size=200), out).merged.rows == 200


def interrupted(out: Path) -> None:
    run(ToyReader(size=200, wrong=((150, "stop"),)), out)


def test_row_groups_do_not_depend_on_the_parts(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radiomics_mammo.tables.table_file.ROW_GROUP_ROWS", 16)
    monkeypatch.setattr(ToyEngine, "limits", Limits(cases=5))
    run(ToyReader(size=40), out)
    stored = pq.ParquetFile(out).metadata
    assert [stored.row_group(group).num_rows for group in range(stored.num_row_groups)] == [16, 16, 8]


def test_the_metadata_is_plain_json(out: Path) -> None:
    run(ToyReader(size=2), out)
    said = pq.read_schema(out).metadata[b"radiomics_mammo"]
    assert json.loads(said)["features"] == list(FEATURES)
    assert pa.types.is_float64(pq.read_schema(out).field(FEATURES[0]).type)
    assert np.isfinite(pq.read_table(out)[FEATURES[0]].to_numpy()).all()


def test_a_value_of_another_type_than_declared_is_refused(out: Path) -> None:
    columns = tuple((name, int if name == "side" else kind) for name, kind in ToyReader.columns)
    with pytest.raises(InputError, match="'LEFT' in its column 'side', which it declared as int"):
        run(ToyReader(size=2, columns=columns), out)
