"""What runs in a worker process: batches of cases come in, rows go out, and no pixel crosses over."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from radiomics_mammo.engines.base import Engine, WarmUp
from radiomics_mammo.errors import RadiomicsMammoError
from radiomics_mammo.extraction.batch import Numbered, measure_cases
from radiomics_mammo.readers import prefetch

if TYPE_CHECKING:
    from radiomics_mammo.readers.base import Reader


@dataclass(frozen=True, slots=True)
class Task:
    """What every worker needs to know.

    Attributes
    ----------
    reader : Reader
        Loads the cases.
    opener : callable
        Makes the engine; found by its name in the worker, so a function of a module.
    settings : tuple
        Its arguments.
    """

    reader: Reader
    opener: Callable[..., Engine]
    settings: tuple[Any, ...]

    def open_engine(self) -> Engine:
        """Make the engine."""
        return self.opener(*self.settings)


@dataclass(frozen=True, slots=True)
class Ready:
    """What a worker says first: the engine's features, what its start cost, and most cases that it takes at a time."""

    features: tuple[str, ...]
    warm_up: WarmUp
    cases: int


def work(pipe: connection.Connection, task: Task) -> None:
    """Run a worker: say ready, then measure chunk after chunk until the pipe closes."""
    # Ctrl-C reaches the whole group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    chunks: SimpleQueue[list[Numbered]] = SimpleQueue()
    try:
        engine = task.open_engine()
        warm_up = engine.warm_up()
        pipe.send(Ready(tuple(engine.feature_names), _with_preloaded(warm_up), engine.limits.cases))
        # A thread of its own keeps the pipe empty: parent and worker never wait for each other to read.
        threading.Thread(target=_listen, args=(pipe, chunks, task.reader), daemon=True).start()
        while True:
            for result in measure_cases(engine, task.reader, cases=chunks.get()):
                pipe.send(result)
    except RadiomicsMammoError as error:
        with suppress(BrokenPipeError):
            pipe.send(error)
    except (BrokenPipeError, ConnectionResetError):
        return  # the parent is gone


def _listen(pipe: connection.Connection, chunks: SimpleQueue[list[Numbered]], reader: Reader) -> None:
    try:
        while True:
            chunk = pipe.recv()
            chunks.put(chunk)
            prefetch(reader, (case for _, case in chunk))  # while the chunk before it is measured
    except (EOFError, OSError):
        # The parent has ended or was killed: nobody waits for what is being measured.
        os._exit(0)


def _with_preloaded(own: WarmUp) -> WarmUp:
    preloaded = sys.modules.get("radiomics_mammo.engines.preload_cpu")
    warm_up: WarmUp | None = getattr(preloaded, "WARM_UP", None)
    return own if warm_up is None else WarmUp(own.seconds + warm_up.seconds, own.compiled + warm_up.compiled)
