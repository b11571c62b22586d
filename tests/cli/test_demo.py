"""The demonstration: the commands it runs, how it ends when one fails, and the whole of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from radiomics_mammo import demo
from radiomics_mammo.cli import demo_run
from tests.support.compare_runs import exit_code

ROOT = Path(__file__).resolve().parents[2]


def fake_steps(monkeypatch: pytest.MonkeyPatch, *codes: int) -> None:
    steps = [(f"step{n}", ["-c", f"import sys; sys.exit({code})"]) for n, code in enumerate(codes, start=1)]
    monkeypatch.setattr(demo_run, "_commands", lambda *_, **__: steps)
    monkeypatch.setattr(demo_run, "_write_tree", lambda *_: None)


def test_the_commands_are_those_that_a_user_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the demonstration's own folder may lie in this one
    lines = [" ".join(command) for _, command in demo_run._commands(Path("demo"), new_images=True)]
    assert lines == [
        "-m radiomics_mammo.extract cbis-ddsm demo/cbis-ddsm --recipe lesion --out demo/tables/phantom.parquet",
        "-m radiomics_mammo.embed cbis-ddsm demo/cbis-ddsm --out demo/tables/phantom_emb.parquet",
        "-m radiomics_mammo.compare demo/tables/phantom.parquet demo/tables/phantom_emb.parquet"
        " --label malignant --group patient_id --out demo/runs/phantom"
        f" --models {demo_run.MODELS} --members {demo_run.MEMBERS} --trials 1 --select none",
        "-m radiomics_mammo.report demo/runs/phantom",
    ]


def test_a_second_run_overwrites_the_first(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "phantom.parquet").touch()
    (tmp_path / "runs" / "phantom").mkdir(parents=True)
    over = ["--overwrite" in command for _, command in demo_run._commands(tmp_path, new_images=False)]
    assert over == [True, False, True, False]


@pytest.mark.parametrize("new_images", [False, True])
def test_a_table_cut_short_goes_on_unless_the_pictures_are_others(tmp_path: Path, new_images: bool) -> None:
    (tmp_path / "tables" / "phantom.parquet.parts").mkdir(parents=True)
    (_, extract), (_, embed), *_ = demo_run._commands(tmp_path, new_images=new_images)
    assert ("--overwrite" in extract) == new_images
    assert "--overwrite" not in embed


def test_it_ends_with_the_report_and_the_disclaimer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_steps(monkeypatch, 0, 0)
    monkeypatch.chdir(tmp_path)
    assert demo.main(["--out", "here"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-2:] == [
        str(tmp_path / "here" / "runs" / "phantom" / "report.html"),
        "phantom: not clinical performance",
    ]
    assert sum(line.startswith("$ python ") for line in said) == 2, "each command line is shown"


@pytest.mark.parametrize(("code", "expected"), [(3, 3), (1, 1)])
def test_a_failing_step_is_named_and_its_code_kept(
    code: int, expected: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_steps(monkeypatch, 0, code, 0)
    assert demo.main([]) == expected
    said = capsys.readouterr()
    assert f"step2 failed (exit code {code})" in said.err
    assert demo_run.DISCLAIMER not in said.out and said.out.count("$ python") == 2


def test_a_killed_step_gives_the_shell_s_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_run, "_write_tree", lambda *_: None)
    suicide = ["-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    monkeypatch.setattr(demo_run, "_commands", lambda *_, **__: [("extract", suicide)])
    assert demo.main([]) == 128 + signal.SIGKILL


def test_a_folder_that_cannot_be_used_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cbis-ddsm").mkdir()
    (tmp_path / "cbis-ddsm" / "mine.txt").touch()
    assert demo.main(["--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and "holds no phantom" in said and said.count("\n") == 1
    assert exit_code(demo.main, ["--out", str(tmp_path), "--patients", "0"]) == 2
    assert "argument --patients: must be 1 or more" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_ends_it_with_one_line(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "radiomics_mammo.demo",
        "--out",
        str(tmp_path / "d"),
        "--patients",
        "500",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not list((tmp_path / "d").rglob("*.dcm")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == ""
    assert [line for line in out.splitlines() if "stopped" in line] == [out.splitlines()[-1]]
