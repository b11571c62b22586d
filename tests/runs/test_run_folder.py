"""A folder with a run's name is a whole run."""

from __future__ import annotations

import errno

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.errors import InputError, OutputError
from radiomics_mammo.runs.run_files import INFO
from radiomics_mammo.runs.run_folder import new_run, read_run, read_table, write_table
from radiomics_mammo.tables.lock import table_lock


def finish(out, text="{}", **how):
    with new_run(out, **how) as folder:
        (folder / INFO).write_text(text)


def only(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_appears_whole(tmp_path):
    out = tmp_path / "deep" / "mine"
    with new_run(out) as folder:
        (folder / INFO).write_text("{}")
        assert not out.exists()
    assert only(out) == [INFO]
    assert only(out.parent) == ["mine"]


@pytest.mark.parametrize("end", [KeyboardInterrupt, InputError("bad"), MemoryError])
def test_an_early_end_leaves_nothing(tmp_path, end):
    with pytest.raises(end if isinstance(end, type) else type(end)), new_run(tmp_path / "mine") as folder:
        (folder / INFO).write_text("{}")
        raise end
    assert only(tmp_path) == []


def test_an_early_end_leaves_the_old_run(tmp_path):
    finish(tmp_path / "mine", "old")
    with pytest.raises(KeyboardInterrupt), new_run(tmp_path / "mine", overwrite=True):
        raise KeyboardInterrupt
    assert (tmp_path / "mine" / INFO).read_text() == "old"
    assert only(tmp_path) == ["mine"]


def test_a_run_is_replaced_only_when_told(tmp_path):
    finish(tmp_path / "mine", "old")
    with pytest.raises(OutputError, match="--overwrite"):
        finish(tmp_path / "mine")
    (tmp_path / "mine" / "my notes.txt").write_text("kept")
    (tmp_path / "mine" / "report.html").write_text("of the old run")
    finish(tmp_path / "mine", "new", overwrite=True)
    assert only(tmp_path / "mine") == ["my notes.txt", INFO]
    assert (tmp_path / "mine" / INFO).read_text() == "new"


def test_other_folders_and_files_are_never_replaced(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("x")
    (tmp_path / "file").write_text("x")
    for name, said in (("thesis", "other things than a run"), ("file", "a file is in the run folder's place")):
        with pytest.raises(OutputError, match=said):
            finish(tmp_path / name, overwrite=True)
    (tmp_path / "empty").mkdir()
    finish(tmp_path / "empty")


def test_what_killed_runs_left_is_cleared_or_put_back(tmp_path):
    (tmp_path / ".mine.partial").mkdir()
    (tmp_path / ".mine.partial" / "predictions.parquet").write_text("half")
    finish(tmp_path / "mine", "old")
    (tmp_path / "mine").rename(tmp_path / ".mine.replaced")  # killed between the two renames
    with pytest.raises(OutputError, match="there is a run here already"):
        finish(tmp_path / "mine")
    assert (tmp_path / "mine" / INFO).read_text() == "old"


def test_a_second_process_is_told(tmp_path):
    with table_lock(tmp_path / "mine"), pytest.raises(OutputError, match="another process"):
        finish(tmp_path / "mine")


def test_a_full_disk_is_said(tmp_path):
    with pytest.raises(OutputError, match="no space left"), new_run(tmp_path / "mine"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert only(tmp_path) == []


def test_reading_what_is_no_run(tmp_path):
    with pytest.raises(InputError, match="no such run folder"):
        read_run(tmp_path / "nothing")
    with pytest.raises(InputError, match=r"no run here \(no run.json\)"):
        read_run(tmp_path)
    for text, said in (
        ("{", "cannot be read"),
        ('{"format": 99}', "not a run of format"),
        ('{"format": 4}', "missing"),
    ):
        (tmp_path / INFO).write_text(text)
        with pytest.raises(InputError, match=said):
            read_run(tmp_path)


@pytest.mark.reported("Faults", "formulas in neighbours.csv and other tables of a run", "text; read back as it was")
def test_no_cell_of_a_run_is_a_formula(tmp_path):
    frame = pd.DataFrame({"case_id": ["=1+1", "@a", "'=b", "c-d", None], "=x": [-1.5, np.nan, 2.0, 3.0, 4.0]})
    write_table(frame, tmp_path / "t.csv")
    plain = pd.read_csv(tmp_path / "t.csv")
    assert plain["case_id"][:4].tolist() == ["'=1+1", "'@a", "''=b", "c-d"]
    assert list(plain.columns) == ["case_id", "'=x"]
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv"), frame)
