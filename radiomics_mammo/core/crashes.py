"""Survive crashes of native libraries: the command runs in a child, and goes on where a crash ended it.

The child is forked before anything is imported, so that it costs milliseconds and the parent stays small.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

from radiomics_mammo.core.console import print_error

_CRASHES = {
    getattr(signal, name) for name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL") if hasattr(signal, name)
}
_FORWARDED = (signal.SIGINT, signal.SIGTERM)
_CRASHED = "RADIOMICS_MAMMO_CRASHED"


def is_crash(exit_code: int | None) -> bool:
    """Return whether a process's exit code, negative for a signal, tells of a crash in native code."""
    return exit_code is not None and -exit_code in _CRASHES


def crashed_before() -> bool:
    """Return whether this command goes on after a crash: cases are then read in worker processes only."""
    return os.environ.get(_CRASHED) == str(os.getppid())


def survive_crashes(command: Callable[[], int]) -> int:
    """Run a command that resumes what it began; where native code crashes it, run it once more.

    Parameters
    ----------
    command : callable
        Returns the exit code; :func:`crashed_before` tells it that it runs again.

    Returns
    -------
    int
        Its exit code; 128 and the signal's number where a signal ended it. Only Linux ends a child with its parent:
        elsewhere the command runs in this process.
    """
    if sys.platform != "linux" or {"-h", "--help"} & set(sys.argv):
        return command()
    for last in (False, True):
        child = os.fork()
        if child == 0:
            _end_with(os.getppid())
            return command()
        exit_code = _wait(child)
        if last or not is_crash(exit_code):
            break
        name = signal.Signals(-exit_code).name
        print_error(f"A library crashed ({name}). The run goes on; the case that crashes it again becomes a failure.")
        os.environ[_CRASHED] = str(os.getpid())
    return exit_code if exit_code >= 0 else 128 - exit_code


def _end_with(parent: int) -> None:
    """Let the system kill this process when its parent dies; Ctrl-C comes through the parent alone."""
    import ctypes

    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    os.setpgid(0, 0)
    if os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)


def _wait(child: int) -> int:
    """Wait for the child, and hand on signals that are meant for it."""
    before = {number: signal.signal(number, lambda got, _: os.kill(child, got)) for number in _FORWARDED}
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
