"""What the commands say: sentences, progress with rate and time left, errors on the other stream.

On a terminal progress is a bar; elsewhere (a log file, CI) it is a plain line every few seconds.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from rich.console import Console

from radiomics_mammo.errors import RadiomicsMammoError

if TYPE_CHECKING:
    from rich.table import Table

# Paths and causes may hold brackets: nothing that is said is taken for markup.
console = Console(markup=False, highlight=False, emoji=False)
errors = Console(markup=False, highlight=False, emoji=False, stderr=True)

PLAIN_EVERY_S = 5.0
TABLE_WIDTH = 120
EXIT_ALL_FAILED = 1
EXIT_ERROR = 2
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143


class Terminated(KeyboardInterrupt):
    """SIGTERM, treated as Ctrl-C: what is under way ends tidily."""


class Advance(Protocol):
    """Told by the work how far it is."""

    def __call__(self, steps: int = 1, *, note: str = "") -> None:
        """Count some steps as done; the note stands beside the count (``2 failed``)."""
        ...


def print_message(text: str) -> None:
    """Print a sentence for the user, on standard output."""
    console.print(text, soft_wrap=True)


def print_table(table: Table) -> None:
    """Print a table, in a file as wide as it needs."""
    Console(width=max(console.width, TABLE_WIDTH)).print(table)


def print_error(text: str) -> None:
    """Print what went wrong, on standard error."""
    errors.print(text, soft_wrap=True)


def run_command(body: Callable[[], int]) -> int:
    """Run a command's body and turn the ends that it may come to into exit codes.

    Parameters
    ----------
    body : callable
        Returns the exit code.

    Returns
    -------
    int
        The body's own; 2 after an error of this package, which is said in one line; 130 after Ctrl-C; 143
        after SIGTERM.
    """
    try:
        with _sigterm_as_interrupt():
            return body()
    except RadiomicsMammoError as error:
        print_error(f"error: {error}")
        return EXIT_ERROR
    except Terminated:
        return EXIT_TERMINATED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


@contextmanager
def progress(total: int, *, what: str) -> Iterator[Advance]:
    """Show how far some work is, with rate and time left, while the block runs.

    Parameters
    ----------
    total : int
        The number of steps.
    what : str
        What a step is, in the plural.

    Yields
    ------
    Advance
        Call it after every step, or after several.
    """
    if console.is_interactive:
        with _bar(total, what=what) as advance:
            yield advance
    else:
        yield _plain(total, what=what)


@contextmanager
def print_if_slow(text: str, *, after_s: float = 4.0) -> Iterator[None]:
    """Say something if the block takes longer than it does on most days."""
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
    # Transient: the summary that follows says it all.
    with Progress(*columns, console=console, refresh_per_second=4, transient=True) as bar:
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
        if now - last >= PLAIN_EVERY_S and done < total:
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
    if threading.current_thread() is not threading.main_thread():  # only there can signals be handled
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
