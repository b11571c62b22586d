"""The rows of a table come from its parts block by block: same rows, same order, never all of them in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from radiomics_mammo.extraction import checkpoint_parts, merge, row_stream
from radiomics_mammo.extraction.checkpoint_parts import Chunk, CompletedCase, load_rows, read_part, write_part
from radiomics_mammo.extraction.run import Options, extract_table
from tests.support.reader_and_engine import ToyReader, toy_setup

SIZE = 40
WRONG = ((3, "read"), (17, "labels"), (30, "one label bad"))


def part(path: Path, first: int, ids: list[str], values: list[float]) -> Chunk:
    """A part whose cases have one row each: identity (case_id, phantom), two features."""
    write_part(
        path,
        cases=[CompletedCase(f"case{first + k}", "f", 1) for k in range(len(ids))],
        failures=[],
        rows=[(row_id, False) for row_id in ids],
        values=np.column_stack([values, np.negative(values)]),
    )
    return read_part(path)


@pytest.fixture
def parts(tmp_path: Path) -> list[Chunk]:
    """Five cases; the part with the later ones was written first."""
    return [
        part(tmp_path / "part-000001.part", 2, ["c", "d", "a"], [2.0, 3.0, 4.0]),
        part(tmp_path / "part-000002.part", 0, ["a", "b"], [0.0, 1.0]),
    ]


def index(parts: list[Chunk]) -> row_stream.RowIndex:
    owners = {case.case_id: chunk for chunk in parts for case in chunk.cases}
    positions = {f"case{k}": k for k in range(5)}
    return row_stream.index_rows(parts, chunk_of=owners, positions=positions, names=("case_id", "phantom"))


def test_rows_come_in_the_order_of_the_cases_and_once(parts):
    rows = index(parts)
    assert rows.repeats == ((4, "a"),)  # the later case's row has a name that is taken
    got = list(row_stream.blocks(rows, names=("case_id", "phantom"), features=2, size=3))
    assert [[row[0] for row in rows] for rows, _ in got] == [["a", "b", "c"], ["d"]]
    np.testing.assert_array_equal(np.concatenate([values for _, values in got])[:, 0], [0.0, 1.0, 2.0, 3.0])


def test_a_case_measured_twice_counts_where_it_was_measured_last(parts, tmp_path):
    again = part(tmp_path / "part-000003.part", 1, ["b"], [10.0])
    got = list(row_stream.blocks(index([*parts, again]), names=("case_id", "phantom"), features=2, size=9))
    assert got[0][1][:, 0].tolist() == [0.0, 10.0, 2.0, 3.0]


@pytest.mark.parametrize("size", [1, 7, 8])
def test_a_table_of_several_blocks_holds_the_same(tmp_path, monkeypatch, size):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    reader = ToyReader(size=SIZE, wrong=WRONG)
    extract_table(reader, setup=toy_setup(), options=Options(tmp_path / "whole.parquet"))
    monkeypatch.setattr(merge, "ROW_GROUP_ROWS", size)
    out = tmp_path / "cut.parquet"
    extract_table(reader, setup=toy_setup(), options=Options(out, limit=20))
    extract_table(reader, setup=toy_setup(), options=Options(out))
    with pq.ParquetFile(out) as file:
        assert {file.metadata.row_group(k).num_rows for k in range(file.num_row_groups - 1)} == {size}
    assert pq.read_table(out).equals(pq.read_table(tmp_path / "whole.parquet"))


def test_no_more_than_a_block_is_asked_of_the_disk(tmp_path, monkeypatch):
    asked = []

    def counted(source, *, names, wanted):
        asked.append(wanted.size)
        return load_rows(source, names=names, wanted=wanted)

    monkeypatch.setattr(row_stream, "load_rows", counted)
    monkeypatch.setattr(merge, "ROW_GROUP_ROWS", 4)
    extract_table(ToyReader(size=SIZE), setup=toy_setup(), options=Options(tmp_path / "t.parquet"))
    assert sum(asked) == SIZE
    assert max(asked) <= 4


def test_of_a_finished_table_only_the_groups_with_wanted_rows_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(merge, "ROW_GROUP_ROWS", 8)
    out = tmp_path / "t.parquet"
    extract_table(ToyReader(size=SIZE), setup=toy_setup(), options=Options(out))
    table = checkpoint_parts.read_table_chunk(out)
    assert table is not None
    names = [name for name in pq.read_schema(out).names if not name.startswith("original_")]
    read = []
    real = pq.ParquetFile.read_row_groups
    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", lambda file, which: read.append(which) or real(file, which))
    rows, values = load_rows(table, names=names, wanted=np.array([9, 15, 33]))
    assert read == [[1, 4]]
    assert [row[0] for row in rows] == ["case9", "case15", "case33"]
    everything = pq.read_table(out)["original_firstorder_Mean"].to_numpy()
    np.testing.assert_array_equal(values[:, 0], everything[[9, 15, 33]])


def test_a_part_that_was_cut_short_is_named(parts, tmp_path):
    path = tmp_path / "part-000002.part"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(
        checkpoint_parts.OutputError, match=r"part-000002\.part: a part of the unfinished table is damaged"
    ):
        read_part(path)
