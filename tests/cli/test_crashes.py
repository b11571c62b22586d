"""A command whose libraries crash goes on in another way; whatever else ends it ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the command has no child")

PROGRAM = """
import os, signal, sys, time
from radiomics_mammo.core.crashes import crashed_before, survive_crashes
def command():
    print("again" if crashed_before() else "first", flush=True)
    {body}
sys.exit(survive_crashes(command))
"""
SEGFAULT = "os.kill(os.getpid(), signal.SIGSEGV)"


def start(body: str) -> subprocess.Popen[str]:
    root = str(Path(__file__).resolve().parents[2])
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=body)],
        env={**os.environ, "PYTHONPATH": root},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.reported("Faults", "a decoder crashes with one worker", "the run goes on; the case costs its row")
@pytest.mark.parametrize(
    ("body", "code", "runs"),
    [
        (f"crashed_before() or {SEGFAULT}", 0, ["first", "again"]),
        (f"crashed_before() or {SEGFAULT}\n    return 1", 1, ["first", "again"]),
        (SEGFAULT, 128 + signal.SIGSEGV, ["first", "again"]),
        ("os.abort()", 128 + signal.SIGABRT, ["first", "again"]),
        ("return 70", 70, ["first"]),
        ("os.kill(os.getpid(), signal.SIGKILL)", 128 + signal.SIGKILL, ["first"]),
    ],
)
def test_a_crash_is_survived_once(body: str, code: int, runs: list[str]) -> None:
    process = start(body.replace("crashed_before() or", "if not crashed_before():"))
    out, complaint = process.communicate(timeout=30)
    assert out.split() == runs, complaint
    assert process.returncode == code if code else process.returncode == 0
    assert ("A library crashed" in complaint) == (len(runs) == 2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_the_command_ends_its_child(number: signal.Signals) -> None:
    process = start("time.sleep(60)")
    assert process.stdout is not None
    process.stdout.readline()
    (child,) = psutil.Process(process.pid).children()
    time.sleep(0.1)
    process.send_signal(number)
    process.communicate(timeout=10)
    _, alive = psutil.wait_procs([child], timeout=10)
    assert alive == []
