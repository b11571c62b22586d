"""A table that is there already: what is gone on with, what is left alone, what is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from radiomics_mammo.core.records import Case
from radiomics_mammo.errors import InputError, OutputError
from radiomics_mammo.extraction import checkpoint, merge
from radiomics_mammo.extraction.run import Options, Setup, Summary, extract_table
from radiomics_mammo.tables.failures import failures_path, read_failures
from radiomics_mammo.tables.feature_table import read_table
from tests.support.reader_and_engine import FEATURES, ToyReader, ToyRecipe, toy_setup


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


def test_a_limited_table_is_completed_later_to_the_same_bytes(out: Path, tmp_path: Path) -> None:
    reader = ToyReader(size=12, wrong=((1, "read"), (10, "labels"), (4, "nan")))
    run(reader, tmp_path / "whole.parquet")
    run(reader, out, limit=5)
    assert pq.read_table(out).num_rows == 4
    summary = run(reader, out)
    assert (summary.cases, summary.skipped) == (12, 5)
    assert out.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert failures_path(out).read_bytes() == failures_path(tmp_path / "whole.parquet").read_bytes()


def test_a_finished_table_is_left_alone(out: Path) -> None:
    reader = ToyReader(size=4, wrong=((1, "read"),))
    run(reader, out)
    before = out.stat().st_mtime_ns
    failures_path(out).unlink()
    summary = run(ToyReader(size=4, wrong=((0, "stop"), (1, "stop"), (2, "stop"), (3, "stop"))), out)
    assert (summary.skipped, summary.workers, summary.merged.rows) == (4, 0, 3)
    assert out.stat().st_mtime_ns == before
    assert len(read_failures(failures_path(out))) == 1  # the lost one is written again
    run(reader, out, limit=2)
    assert pq.read_table(out).num_rows == 3  # a smaller limit takes nothing away


def test_failed_cases_are_tried_again_only_when_asked(out: Path, tmp_path: Path) -> None:
    run(ToyReader(size=4, wrong=((1, "read"), (2, "one label bad"))), out)
    assert run(ToyReader(size=4), out).skipped == 4
    summary = run(ToyReader(size=4), out, retry_failed=True)
    assert (summary.skipped, summary.merged.rows) == (2, 4)
    run(ToyReader(size=4), tmp_path / "good.parquet")
    assert out.read_bytes() == (tmp_path / "good.parquet").read_bytes()
    assert read_failures(failures_path(out)) == []


@dataclass(frozen=True)
class FileReader(ToyReader):
    folder: str = ""

    def cases(self) -> list[Case]:
        return [
            replace(case, source=replace(case.source, path=str(Path(self.folder) / f"{case.case_id}.raw")))
            for case in super().cases()
        ]


def test_changed_files_are_noticed(out: Path, tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"case{number}.raw").write_text("x" * number)
    reader = FileReader(size=4, wrong=((1, "read"),), folder=str(tmp_path))
    run(reader, out)
    (tmp_path / "case1.raw").write_text("now whole")  # a failed case is tried again
    assert run(FileReader(size=4, folder=str(tmp_path)), out).merged.rows == 4
    (tmp_path / "case3.raw").write_text("another picture")
    with pytest.raises(OutputError, match=r"1 of its cases have changed.*case3.*--overwrite"):
        run(reader, out)


def test_a_moved_tree_is_the_same_input(out: Path, tmp_path: Path) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "case0.raw").write_text("x")
    run(FileReader(size=2, folder=str(tmp_path / "here")), out)
    assert run(FileReader(size=2, folder=str(tmp_path / "there")), out).skipped == 2


def test_two_inputs_are_not_mixed(out: Path) -> None:
    run(ToyReader(size=3), out)
    with pytest.raises(OutputError, match=r"3 of its cases are not in the input now \(first: case0\)"):
        run(ToyReader(size=3, prefix="other"), out)
    run(ToyReader(size=3, prefix="other"), out, overwrite=True)
    assert pq.read_table(out)["case_id"].to_pylist() == ["other0", "other1", "other2"]


@pytest.mark.parametrize(
    ("setup", "message"),
    [
        (
            toy_setup(recipe=ToyRecipe(name="new", hash="ffff")),
            r"recipe toy \(0123456789ab\), now new \(ffff\)",
        ),
        (toy_setup(engine="other"), "engine toy, now other"),
        (toy_setup(versions={"numpy": "3"}), "numpy 2, now 3"),
    ],
)
def test_other_settings_are_refused_with_what_differs(out: Path, setup: Setup, message: str) -> None:
    run(ToyReader(size=3), out)
    before = out.read_bytes()
    with pytest.raises(OutputError, match=message) as caught:
        run(ToyReader(size=3), out, setup=setup)
    assert "--overwrite" in str(caught.value)
    assert out.read_bytes() == before
    run(ToyReader(size=3), out, setup=setup, overwrite=True)
    assert read_table(out).provenance["engine"] == setup.engine


def test_a_table_of_an_older_format_is_refused_in_one_line(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(merge, "FORMAT", 1)
        patch.setattr(checkpoint, "FORMAT", 1)
        run(ToyReader(size=3), out)
    with pytest.raises(OutputError, match=r"table format 1, now 2") as caught:
        run(ToyReader(size=3), out)
    assert "--overwrite" in str(caught.value)
    with pytest.raises(InputError, match="is a table of format 1, not 2"):
        read_table(out)
    assert run(ToyReader(size=3), out, overwrite=True).merged.rows == 3


def test_another_python_is_no_other_setting(out: Path) -> None:
    run(ToyReader(size=3), out)
    assert run(ToyReader(size=3), out, setup=toy_setup(versions={"numpy": "2", "python": "3.12"})).skipped == 3


def test_other_columns_are_refused(out: Path) -> None:
    run(ToyReader(size=3), out)
    with pytest.raises(OutputError, match=r"identity columns \(extra\)"):
        run(ToyReader(size=3, columns=(*ToyReader.columns, ("extra", str))), out)


@pytest.mark.parametrize("content", [b"someone's notes", b"PAR1"])
def test_a_foreign_file_is_not_overwritten_unasked(out: Path, content: bytes) -> None:
    out.parent.mkdir()
    out.write_bytes(content)
    with pytest.raises(OutputError, match="not a table that extract wrote"):
        run(ToyReader(size=3), out)
    assert out.read_bytes() == content
    assert run(ToyReader(size=3), out, overwrite=True).merged.rows == 3


def interrupted(out: Path) -> None:
    run(ToyReader(size=200, wrong=((150, "stop"),)), out)


def test_an_interrupted_run_is_gone_on_with(out: Path, tmp_path: Path) -> None:
    run(ToyReader(size=200), tmp_path / "whole.parquet")
    with pytest.raises(KeyboardInterrupt):
        interrupted(out)
    assert not out.exists()
    summary = run(ToyReader(size=200, wrong=((0, "stop"), (127, "stop"))), out)  # none of the done is read again
    assert (summary.skipped, summary.merged.rows) == (128, 200)
    assert out.read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert names_beside(out) == ["toy.parquet", "toy.parquet.failures.csv"]


def test_parts_of_other_settings_are_refused(out: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(out)
    with pytest.raises(OutputError, match=r"engine toy, now other"):
        run(ToyReader(size=200), out, setup=toy_setup(engine="other"))
    assert run(ToyReader(size=200), out, setup=toy_setup(engine="other"), overwrite=True).skipped == 0


def test_an_interrupted_overwrite_is_gone_on_with_and_keeps_the_old_table_till_then(out: Path) -> None:
    run(ToyReader(size=200), out, setup=toy_setup(engine="old"))
    with pytest.raises(KeyboardInterrupt):
        run(ToyReader(size=200, wrong=((150, "stop"),)), out, overwrite=True)
    assert read_table(out).provenance["engine"] == "old"
    assert run(ToyReader(size=200), out, overwrite=True).skipped == 128
    assert read_table(out).provenance["engine"] == "toy"


def test_other_features_under_the_same_settings_are_refused(out: Path) -> None:
    run(ToyReader(size=3), out, limit=2)

    def factory(engine: str, recipe: object) -> object:
        from tests.support.reader_and_engine import ToyEngine

        return ToyEngine(feature_names=(*FEATURES[:2], "original_shape2D_Area"))

    with pytest.raises(OutputError, match="its features are others"):
        run(ToyReader(size=3), out, setup=replace(toy_setup(), engine_factory=factory))  # type: ignore[arg-type]


def test_the_time_of_the_first_start_stays(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(out)
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    run(ToyReader(size=200), out)
    assert read_table(out).provenance["created"] == "2023-11-14T22:13:20Z"


@pytest.mark.reported("Faults", "a folder of the user called TABLE.parquet.parts", "refused, and nothing in it removed")
@pytest.mark.parametrize("name", ["notes.txt", "part-000001.part", "header.json", "ended.txt"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_of_the_user_is_never_removed(out: Path, name: str, overwrite: bool) -> None:
    theirs = out.with_name("toy.parquet.parts") / name
    theirs.parent.mkdir(parents=True)
    theirs.write_text("{}")
    with pytest.raises(OutputError, match=r"unfinished rows are kept here.*choose another --out"):
        run(ToyReader(size=3), out, overwrite=overwrite)
    assert theirs.read_text() == "{}"
    assert names_beside(out) == ["toy.parquet.parts"]


def test_a_file_of_the_user_beside_the_parts_stays(out: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(out)
    theirs = out.with_name("toy.parquet.parts") / "notes.txt"
    theirs.write_text("mine")
    run(ToyReader(size=200), out)
    assert [path.name for path in theirs.parent.iterdir()] == ["notes.txt"]
