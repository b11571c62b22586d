"""What the commands say while they work, and how their ends become exit codes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from radiomics_mammo.core import console
from radiomics_mammo.core.console import print_if_slow, print_message, progress, run_command
from radiomics_mammo.errors import OutputError


def test_plain_progress_has_rate_time_left_and_note(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with progress(3700, what="cases") as advance:
        now[0] += 4.0
        advance(30)  # too early for a line
        now[0] += 6.0
        advance(70, note="2 failed")
        now[0] += 90.0
        advance(3600)  # the end: the summary says it
    assert capsys.readouterr().out == "100/3700 cases, 10/s, 6:00 left, 2 failed\n"


@pytest.mark.parametrize(
    ("done", "elapsed_s", "said"),
    [
        (1, 2.0, "0.5/s, 3:18 left"),
        (50, 0.5, "100/s, 0:00 left"),
        (1, 400.0, "0.0025/s, 11:00:00 left"),
        (0, 1.0, "0/s, 0:00 left"),
    ],
)
def test_pace(done: int, elapsed_s: float, said: str) -> None:
    assert console._pace(done, 100, elapsed_s, "") == said


def test_a_bar_is_drawn_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Console(force_terminal=True, markup=False, width=100)
    monkeypatch.setattr(console, "_console", lambda: terminal)
    with progress(10, what="cases") as advance:
        advance(5, note="1 failed")
    said = capsys.readouterr().out
    assert "5/10" in said
    assert "1 failed" in said


def test_brackets_and_long_paths_are_said_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    text = "/data/[red]/" + "x" * 300 + "/:smile:.png"
    print_message(text)
    assert capsys.readouterr().out == text + "\n"


def raising(error: BaseException) -> Callable[[], int]:
    def body() -> int:
        raise error

    return body


def test_ends_become_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(lambda: 0) == 0
    assert run_command(lambda: 1) == 1
    assert run_command(raising(OutputError("full", path="/x", remedy="Free some."))) == 2
    assert capsys.readouterr().err == "error: /x: full. Free some.\n"
    assert run_command(raising(KeyboardInterrupt())) == 130
    assert run_command(raising(MemoryError("9 GiB"))) == 2
    assert capsys.readouterr().err.startswith("error: not enough memory (9 GiB)")


@pytest.mark.reported("Faults", "a traceback's exit code", "70, 'internal error, please report it', traceback in a log")
def test_a_fault_of_the_program_is_no_failed_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(raising(ZeroDivisionError("by \udcff"))) == 70
    first, second = capsys.readouterr().err.splitlines()
    assert first == "internal error, please report it: ZeroDivisionError: by \\udcff"
    log = Path(second.removeprefix("The traceback is in ").removesuffix("."))
    assert "ZeroDivisionError: by \\udcff" in log.read_text()
    log.unlink()


@pytest.mark.skipif(not hasattr(signal, "SIGTERM"), reason="no SIGTERM here")
def test_sigterm_is_an_interrupt_while_the_command_runs() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def body() -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        return 0

    assert run_command(body) == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_only_slow_work_is_excused(capsys: pytest.CaptureFixture[str]) -> None:
    with print_if_slow("slow", after_s=30):
        pass
    with print_if_slow("very slow", after_s=0.01):
        time.sleep(0.2)
    assert capsys.readouterr().out == "very slow\n"
