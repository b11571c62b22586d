"""A worker process: jobs (lists of cases) come in, rows go out, and no pixel crosses over."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing import connection
from queue import SimpleQueue
from typing import TYPE_CHECKING

from radiomics_mammo.engines.base import WarmUp
from radiomics_mammo.errors import RadiomicsMammoError
from radiomics_mammo.extraction.backends.base import Ready, Task
from radiomics_mammo.extraction.batch import NumberedCase, measure_cases
from radiomics_mammo.readers import prefetch

if TYPE_CHECKING:
    from radiomics_mammo.readers.base import Reader


def run_worker(pipe: connection.Connection, task: Task) -> None:
    """Report that the engine is ready, then measure job after job until the pipe closes."""
    # Ctrl-C reaches the whole process group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    jobs: SimpleQueue[list[NumberedCase]] = SimpleQueue()
    try:
        engine = task.open_engine()
        warm_up = engine.warm_up()
        pipe.send(Ready(tuple(engine.feature_names), _with_preloaded(warm_up), engine.limits.cases))
        # A thread of its own keeps the pipe empty: parent and worker never wait for each other to read.
        threading.Thread(target=_listen, args=(pipe, jobs, task.reader), daemon=True).start()
        while True:
            for result in measure_cases(engine, task.reader, cases=jobs.get()):
                pipe.send(result)
    except RadiomicsMammoError as error:
        with suppress(BrokenPipeError):
            pipe.send(error)
    except (BrokenPipeError, ConnectionResetError):
        return  # the parent is gone


def _listen(pipe: connection.Connection, jobs: SimpleQueue[list[NumberedCase]], reader: Reader) -> None:
    try:
        while True:
            job = pipe.recv()
            jobs.put(job)
            prefetch(reader, (case for _, case in job))  # while the job before it is measured
    except (EOFError, OSError):
        # The parent has ended or was killed: no process waits for what is being measured.
        os._exit(0)


def _with_preloaded(warm_up: WarmUp) -> WarmUp:
    preloaded = getattr(sys.modules.get("radiomics_mammo.engines.preload_cpu"), "WARM_UP", None)
    if preloaded is None:
        return warm_up
    return WarmUp(warm_up.seconds + preloaded.seconds, warm_up.compiled + preloaded.compiled)
