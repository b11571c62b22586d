"""Messages of the commands: text, tables and progress on standard output, errors on standard error.

On a terminal progress is a bar; elsewhere (a log file, CI) it is a plain line every few seconds.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from radiomics_mammo.errors import RadiomicsMammoError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

PLAIN_INTERVAL_S = 5.0
TABLE_WIDTH = 120
EXIT_ALL_FAILED = 1
EXIT_ERROR = 2
EXIT_OUT_OF_DISTRIBUTION = 3
EXIT_FAULT = 70
"""As ``EX_SOFTWARE`` of sysexits.h."""
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
EXIT_PIPE = 141


class Terminated(KeyboardInterrupt):
    """SIGTERM, handled as Ctrl-C: open work is closed in order."""


class Advance(Protocol):
    """Callback that the work calls after each step."""

    def __call__(self, steps: int = 1, *, note: str = "") -> None:
        """Count steps as done; the note is shown beside the count (``2 failed``)."""
        ...


@cache
def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    # Paths and causes may contain brackets: no text is read as markup.
    return Console(markup=False, highlight=False, emoji=False, stderr=stderr)


def print_message(text: str) -> None:
    """Print a line of text on standard output."""
    _console().print(_printable(text), soft_wrap=True)


def print_error(text: str) -> None:
    """Print a line of text on standard error."""
    _console(stderr=True).print(_printable(text), soft_wrap=True)


def _printable(text: str) -> str:
    """Return a text without what no stream can encode: bytes of file names that are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def print_table(table: Table) -> None:
    """Print a table; where the output is no terminal it is as wide as it needs."""
    from rich.console import Console

    Console(width=max(_console().width, TABLE_WIDTH)).print(table)


def run_command(body: Callable[[], int]) -> int:
    """Run the body of a command and turn its exceptions into exit codes.

    Parameters
    ----------
    body : callable
        Returns the exit code.

    Returns
    -------
    int
        Exit code of the body; 2 after an error of this package, which is printed in one line; 70 after a fault of this
        package, whose traceback is in a log that is named; 130 after Ctrl-C; 141 where the output is closed; 143
        after SIGTERM.
    """
    try:
        with _sigterm_as_interrupt():
            return body()
    except RadiomicsMammoError as error:
        print_error(f"error: {error}")
        return EXIT_ERROR
    except MemoryError as error:
        print_error(f"error: not enough memory ({error}). Use fewer --workers or a machine with more memory.")
        return EXIT_ERROR
    except BrokenPipeError:
        sys.stdout = None  # nothing more is written there, not at the end either
        return EXIT_PIPE
    except Exception as error:  # noqa: BLE001 - a fault of this package: told as such, and not as a failed case
        print_error(f"internal error, please report it: {type(error).__name__}: {error}\n{_logged(error)}")
        return EXIT_FAULT
    except Terminated:
        return EXIT_TERMINATED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _logged(error: Exception) -> str:
    """Write the traceback to a file, and return where it is; the traceback itself where that fails."""
    import tempfile
    import traceback

    text = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="radiomics_mammo-", suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as log:
            log.write(f"{' '.join(sys.argv)}\n{text}")
    except OSError:
        return text
    return f"The traceback is in {log.name}."


@contextmanager
def progress(total: int, *, what: str) -> Iterator[Advance]:
    """Show progress with rate and remaining time while the block runs.

    Parameters
    ----------
    total : int
        Number of steps.
    what : str
        Name of the steps, in the plural.

    Yields
    ------
    Advance
        To be called after every step, or after several.
    """
    if _console().is_interactive:
        with _bar(total, what=what) as advance:
            yield advance
    else:
        yield _plain(total, what=what)


@contextmanager
def print_if_slow(text: str, *, after_s: float = 4.0) -> Iterator[None]:
    """Print a message if the block takes longer than expected."""
    timer = threading.Timer(after_s, print_message, [text])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _bar(total: int, *, what: str) -> Iterator[Advance]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"))
    # Transient: a summary is printed afterwards.
    with Progress(*columns, console=_console(), refresh_per_second=4, transient=True) as bar:
        task = bar.add_task(what, total=total, pace="")
        start, done = time.monotonic(), 0

        def advance(steps: int = 1, *, note: str = "") -> None:
            nonlocal done
            done += steps
            bar.update(task, completed=done, pace=_pace(done, total, time.monotonic() - start, note))

        yield advance


def _plain(total: int, *, what: str) -> Advance:
    start = last = time.monotonic()
    done = 0

    def advance(steps: int = 1, *, note: str = "") -> None:
        nonlocal done, last
        done += steps
        now = time.monotonic()
        if now - last >= PLAIN_INTERVAL_S and done < total:
            last = now
            print_message(f"{done}/{total} {what}, {_pace(done, total, now - start, note)}")

    return advance


def _pace(done: int, total: int, elapsed_s: float, note: str) -> str:
    rate = done / max(elapsed_s, 1e-9)
    left_s = round((total - done) / rate) if rate else 0
    minutes, seconds = divmod(left_s, 60)
    hours, minutes = divmod(minutes, 60)
    left = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
    return f"{rate:.3g}/s, {left} left" + (f", {note}" if note else "")


@contextmanager
def _sigterm_as_interrupt() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # signals can be handled in the main thread only
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
