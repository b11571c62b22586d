"""Killed, interrupted, damaged: the same command goes on at the fold where it was, and ends in the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.cohorts import toy_frame
from tests.support.compare_runs import contents

ASKED = (
    "--folds", "3", "--repeats", "1", "--inner-folds", "2", "--trials", "3", "--bootstrap", "30", "--no-leakage",
    "--models", "logistic,xgboost+smote", "--select", "mrmr", "--workers", "1",
)  # fmt: skip


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def start(running: list[subprocess.Popen[str]], out: Path, *more: str) -> subprocess.Popen[str]:
    table = out.parent / "t.parquet"
    if not table.exists():
        toy_frame(patients=40).to_parquet(table)
    command = [sys.executable, "-m", "radiomics_mammo.compare", str(table), "--out", str(out), *ASKED, *more]
    running.append(
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    )
    return running[-1]


def finish(running: list[subprocess.Popen[str]], out: Path, *more: str) -> str:
    process = start(running, out, *more)
    said, complaint = process.communicate(timeout=120)
    assert process.returncode == 0, complaint
    return said


def kept(out: Path) -> dict[str, int]:
    """Finished folds that lie beside the run folder, with the time at which each was written."""
    return {path.name: path.stat().st_mtime_ns for path in out.parent.glob(f".{out.name}.folds-*/*.fold")}


def kill_when(process: subprocess.Popen[str], ready, *, number: int = signal.SIGKILL) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.killpg(process.pid, number)
    process.wait(timeout=60)


def others(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


@pytest.mark.slow
def test_killed_again_and_again_it_ends_in_the_same_bytes(tmp_path, running):
    out = tmp_path / "r"
    finish(running, out)
    whole = contents(out)
    assert others(tmp_path) == ["r", "t.parquet"]
    out.rename(tmp_path / "whole")
    rng = np.random.default_rng(int(time.time()))
    before: dict[str, int] = {}
    for folds in (1, 5):
        pause = rng.uniform(0, 0.3)
        process = start(running, out)
        kill_when(process, lambda folds=folds: len(kept(out)) >= folds)
        time.sleep(pause)
        after = kept(out)
        assert before.items() <= after.items()  # none was trained, or written, again
        before = after
        assert not out.exists()
    process = start(running, out)
    kill_when(process, lambda: (tmp_path / ".r.partial" / "summary.csv").exists())  # while the run is written
    assert len(kept(out)) == 3 * (2 + 1)
    one = sorted(tmp_path.glob(".r.folds-*/*.fold"))[4]
    one.write_bytes(one.read_bytes()[:-7])
    finish(running, out)
    assert contents(out) == whole
    assert others(tmp_path) == ["r", "t.parquet", "whole"]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_keeps_its_folds_and_says_so(tmp_path, running, number, code):
    out = tmp_path / "r"
    process = start(running, out, "--trials", "60", "--select", "none")
    kill_when(process, lambda: len(kept(out)) >= 1, number=number)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == code
    assert "no run was written" in complaint
    assert "resumes from there" in complaint
    assert "Traceback" not in complaint
    assert not out.exists()
    assert not (tmp_path / ".r.partial").exists()
    assert len(kept(out)) >= 1


def test_another_seed_option_or_table_does_not_use_the_folds(tmp_path, monkeypatch):
    """In this process: what is kept is told apart by everything that decides the result."""
    from radiomics_mammo.evaluation.training import cross_validation
    from tests.support.compare_runs import run, skip_checks

    skip_checks(monkeypatch)
    table, out = tmp_path / "t.parquet", tmp_path / "r"
    toy_frame(patients=40).to_parquet(table)
    trained: list[str] = []
    real, stop = cross_validation.run_model, [True]

    def spied(*what):
        if stop[0] and len(trained) == 1:
            raise KeyboardInterrupt
        trained.append(what[1])
        return real(*what)

    monkeypatch.setattr(cross_validation, "run_model", spied)
    assert run(table, out, "--models", "logistic") == 130
    stop[0] = False
    for more in (("--seed", "1"), ("--trials", "2"), ("--calibration", "none"), ("--workers", "1")):
        trained.clear()
        saved = {path: path.read_bytes() for path in tmp_path.glob(".r.folds-*/*")}
        assert run(table, out, "--models", "logistic", "--overwrite", *more) == 0
        assert len(trained) == (1 if more[0] == "--workers" else 2), more
        for path, held in saved.items():  # a finished run takes all leftovers away; put them back
            assert not path.exists()
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(held)
    toy_frame(patients=40, seed=1).to_parquet(table)
    trained.clear()
    assert run(table, out, "--models", "logistic", "--overwrite") == 0
    assert len(trained) == 2
    assert others(tmp_path) == ["r", "t.parquet"]
