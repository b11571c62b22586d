"""The console script: one name before all commands."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from radiomics_mammo.__main__ import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]


def test_every_command_is_a_module() -> None:
    for command in COMMANDS:
        assert importlib.util.find_spec(f"radiomics_mammo.{command}") is not None


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["-h"], 0), ([], 2)])
def test_help_lists_the_commands(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == code
    said = capsys.readouterr().out
    for command in COMMANDS:
        assert f"  {command} " in said


def test_an_unknown_command_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extrakt"]) == 2
    complaint = capsys.readouterr().err
    assert "there is no command 'extrakt'" in complaint
    assert "extract" in complaint


def test_the_rest_goes_to_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["extract", "manifest", str(tmp_path / "absent.csv"), "--workers", "1"]) == 2
    assert "absent.csv" in capsys.readouterr().err


def test_it_runs_as_a_module_and_loads_no_command_for_its_help() -> None:
    program = (
        "import sys; from radiomics_mammo.__main__ import main; main(['--help']); "
        "print(*sorted(name for name in sys.modules if name.startswith('radiomics_mammo.')), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, text=True)
    loaded = {name.removeprefix("radiomics_mammo.") for name in ended.stderr.split()}
    assert loaded == {"__main__", "core", "core.version"}
    ended = subprocess.run([sys.executable, "-m", "radiomics_mammo"], cwd=ROOT, capture_output=True, check=False)
    assert ended.returncode == 2
