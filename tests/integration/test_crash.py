"""Killed, interrupted, out of disk, run twice at once: nothing is lost or doubled, the bytes are the same."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from radiomics_mammo.engines.base import Limits
from radiomics_mammo.errors import OutputError
from radiomics_mammo.extraction.run import Options, extract_table
from radiomics_mammo.tables import atomic
from radiomics_mammo.tables.failures import failures_path
from tests.support.reader_and_engine import ToyEngine, ToyReader, toy_setup

TESTS = Path(__file__).resolve().parents[1]
SIZE = 60
EPOCH = "1700000000"


@pytest.fixture(autouse=True)
def _fixed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """What an uninterrupted run writes."""
    out = tmp_path_factory.mktemp("whole") / "toy.parquet"
    finish(out)
    return contents(out)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "toy.parquet"


def start(out: Path, *, pause_s: float = 0.0, workers: int = 1, most_bytes: int = 0) -> subprocess.Popen[str]:
    paths = [str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")]
    command = [sys.executable, str(TESTS / "support/crash_program.py"), str(out), str(SIZE), str(pause_s), str(workers)]
    return subprocess.Popen(
        command + ([str(most_bytes)] if most_bytes else []),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "SOURCE_DATE_EPOCH": EPOCH},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(out: Path, **how: Any) -> None:
    process = start(out, **how)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint


def contents(out: Path) -> tuple[bytes, bytes]:
    return out.read_bytes(), failures_path(out).read_bytes()


def wait_for_parts(out: Path, *, at_least: int) -> None:
    folder = out.with_name(out.name + ".parts")
    deadline = time.monotonic() + 30
    while len(list(folder.glob("part-*.part"))) < at_least:
        assert time.monotonic() < deadline, "no parts came"
        time.sleep(0.01)


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_again_and_again_it_ends_in_the_same_bytes(out: Path, whole: tuple[bytes, bytes], workers: int) -> None:
    rng = random.Random(workers)
    for _ in range(4):
        process = start(out, pause_s=0.02, workers=workers)
        time.sleep(rng.uniform(0.4, 1.2))
        process.kill()
        process.communicate()
    finish(out, workers=workers)
    assert contents(out) == whole
    assert sorted(path.name for path in out.parent.iterdir()) == ["toy.parquet", "toy.parquet.failures.csv"]


@pytest.mark.parametrize("step", ["part 1", "part 4", "table", "failures", "header", "removal", "ended"])
def test_stopped_before_any_step_it_ends_in_the_same_bytes(
    out: Path, whole: tuple[bytes, bytes], step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a kill would: neither the step nor anything that follows it happens."""
    from tests.support.crash_program import WRONG

    monkeypatch.setattr(ToyEngine, "limits", Limits(cases=7))
    reader = ToyReader(size=SIZE, wrong=WRONG)
    # A rename ends every step: the header, nine parts, the table, the failures, the header at the end.
    renames = {"part 1": 1, "part 4": 4, "table": 10, "failures": 11, "header": 12}.get(step, 13)
    real_replace, real_unlink, done = Path.replace, Path.unlink, []

    class Killed(BaseException):
        pass

    def replace(self: Path, target: Path) -> Path:
        done.append(target.name)
        if len(done) > renames:
            raise Killed
        return real_replace(self, target)

    def unlink(self: Path, missing_ok: bool = False) -> None:
        if (self.name, step) in (("part-000002.part", "removal"), ("ended.json", "ended")):
            raise Killed
        real_unlink(self, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        patch.setattr(Path, "unlink", unlink)
        patch.setattr("radiomics_mammo.extraction.run.remove_empty", lambda _: None)
        with pytest.raises(Killed):
            extract_table(reader, setup=toy_setup(), options=Options(out))
    assert len(done) == min(renames + 1, 13)
    extract_table(reader, setup=toy_setup(), options=Options(out))
    assert contents(out) == whole
    assert sorted(path.name for path in out.parent.iterdir()) == ["toy.parquet", "toy.parquet.failures.csv"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_signal_ends_it_with_one_line(
    out: Path, whole: tuple[bytes, bytes], number: signal.Signals, code: int, workers: int
) -> None:
    process = start(out, pause_s=0.1, workers=workers)
    wait_for_parts(out, at_least=1)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does: the workers get it too
    else:
        process.send_signal(number)
    said, complaint = process.communicate(timeout=20)
    assert process.returncode == code
    assert complaint == ""
    *_, last = said.splitlines()  # on a slow machine one before it says that the engine starts
    assert last.startswith("Stopped. ")
    assert last.endswith(" of 60 cases are done and kept; the same command goes on from there.")
    assert int(last.split()[1]) > 0
    finish(out)
    assert contents(out) == whole


def test_no_worker_outlives_a_killed_parent(out: Path) -> None:
    process = start(out, pause_s=0.2, workers=2)
    wait_for_parts(out, at_least=1)
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 3  # two workers and their server
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


def test_a_second_process_is_told_and_a_killed_one_blocks_nobody(
    out: Path, whole: tuple[bytes, bytes], running: list[subprocess.Popen[str]]
) -> None:
    first = start(out, pause_s=0.2)
    running.append(first)
    wait_for_parts(out, at_least=1)
    second = start(out)
    _, complaint = second.communicate(timeout=30)
    assert second.returncode == 2
    assert f"another process is writing this table (process {first.pid} on " in complaint
    assert complaint.count("\n") == 1
    first.kill()
    first.wait()
    finish(out)
    assert contents(out) == whole


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE")
def test_a_full_disk_while_writing_parts_is_said_and_loses_nothing(out: Path, whole: tuple[bytes, bytes]) -> None:
    process = start(out, most_bytes=1500)  # the header fits, a part of all cases does not
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 2, complaint
    assert "no space left to write it" in complaint
    assert "it needs about" in complaint
    assert "Free some space and run the same command again." in complaint
    assert complaint.count("\n") == 1
    finish(out)
    assert contents(out) == whole


def test_a_full_disk_at_the_end_keeps_the_rows(
    out: Path, whole: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.crash_program import WRONG

    def full(table: object, handle: object, **_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.ParquetWriter.write_table", full)
        with pytest.raises(OutputError, match="no space left") as caught:
            extract_table(ToyReader(size=SIZE, wrong=WRONG), setup=toy_setup(), options=Options(out))
    assert "Finished rows are kept." in str(caught.value)
    assert not list(out.parent.glob("*.tmp"))
    # Nothing is read again: reading any case would now fail.
    broken = ToyReader(size=SIZE, wrong=tuple((number, "stop") for number in range(SIZE)))
    extract_table(broken, setup=toy_setup(), options=Options(out))
    assert contents(out) == whole


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_really_full_disk_is_said_and_gone_on_with(tmp_path: Path, whole: tuple[bytes, bytes]) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        filler = disk / "filler"
        filler.write_bytes(b"x" * 52_000)
        out = disk / "toy.parquet"
        process = start(out)
        _, complaint = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "no space left to write it" in complaint
        filler.unlink()
        finish(out)
        assert contents(out) == whole
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_an_atomic_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "f"
    atomic.write_bytes(path, b"old")
    with pytest.raises(ZeroDivisionError), atomic.atomic_file(path) as handle:
        handle.write(b"half of the n")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old"
    atomic.write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert not (tmp_path / "f.tmp").exists()


def test_a_forbidden_place_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match=r"Permission denied.*Name a place that you may write to"):
        extract_table(ToyReader(size=2), setup=toy_setup(), options=Options(tmp_path / "new" / "t.parquet"))
