"""The processes backend: worker processes seen from the parent, which starts, feeds and replaces them.

Each worker has a pipe of its own. When a worker dies (the system kills the largest process when memory runs out),
the parent notices at once, knows which cases were in flight, and the other workers go on. When the parent is killed
the pipes close, and the workers end.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import connection, resource_tracker
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from radiomics_mammo.core.crashes import is_crash
from radiomics_mammo.core.records import Case, Failure
from radiomics_mammo.errors import EngineError, RadiomicsMammoError
from radiomics_mammo.extraction.backends.base import Ready, Task
from radiomics_mammo.extraction.backends.worker import run_worker
from radiomics_mammo.extraction.batch import BatchResult, NumberedCase, Seconds

# Imported once by the fork server, so that every worker starts with them.
_PRELOAD = ("radiomics_mammo.extraction.backends.worker", "radiomics_mammo.readers")
# Kernels are loaded there too, where the engine survives a fork with its kernels in memory.
_PRELOAD_ENGINE = {"cpu": "radiomics_mammo.engines.preload_cpu"}
_THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)
_JOB_SECONDS = 1.0
_FIRST_JOB_CASES = 4
_JOBS_QUEUED = 2  # jobs that a worker has at hand, so that it never waits for the parent
_MAX_DEATHS = 5
_JOIN_TIMEOUT_S = 5.0


@dataclass(slots=True, eq=False)
class _Worker:
    """A running process: the parent's end of its pipe, and the jobs (lists of cases) that it has at hand."""

    process: BaseProcess
    pipe: connection.Connection
    jobs: deque[list[NumberedCase]] = field(default_factory=deque)


@dataclass(slots=True, eq=False)
class _Schedule:
    """The cases that no worker has yet, and how large the next jobs should be."""

    waiting: deque[NumberedCase]
    workers: int
    max_cases: int
    isolated: deque[NumberedCase] = field(default_factory=deque)
    spent_s: float = 0.0
    finished: int = 0
    deaths: int = 0

    def next_job(self) -> list[NumberedCase]:
        if self.isolated:
            return [self.isolated.popleft()]
        mean = self.spent_s / self.finished if self.finished else _JOB_SECONDS / _FIRST_JOB_CASES
        # Towards the end jobs shrink, so that all workers end at about the same time.
        fair = math.ceil(len(self.waiting) / (2 * self.workers))
        size = max(1, min(self.max_cases, fair, round(_JOB_SECONDS / max(mean, 1e-6))))
        return [self.waiting.popleft() for _ in range(min(size, len(self.waiting)))]

    def add(self, result: BatchResult) -> None:
        self.finished += len(result.done)
        self.spent_s += result.seconds.read + result.seconds.prepare + result.seconds.extract
        self.deaths = 0


def default_workers() -> int:
    """Count the cores that this process may use: its affinity, and its control group's share."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        cores = min(cores, max(int(quota) // int(period), 1))
    return cores


def start_early(*, engine: str, modules: Sequence[str] = ()) -> None:
    """Start the fork server, which imports and loads while the parent looks at its input.

    Parameters
    ----------
    engine : str
        The engine that will be opened.
    modules : sequence of str
        What the reader will need.
    """
    if _context().get_start_method() != "forkserver":
        return
    from multiprocessing import forkserver

    kernels = [_PRELOAD_ENGINE[engine]] if engine in _PRELOAD_ENGINE else []
    forkserver.set_forkserver_preload([*_PRELOAD, *modules, *kernels])
    with _child_environment():
        forkserver.ensure_running()


class ProcessesBackend:
    """Measures in worker processes; survives the death of one.

    When a worker is killed, its cases are measured again one by one in a new worker; a case that kills its worker
    when it is isolated becomes a failure.

    Parameters
    ----------
    task : Task
    workers : int
        Worker processes.
    """

    ready: Ready

    def __init__(self, task: Task, *, workers: int) -> None:
        self.task = task
        self._n_workers = workers
        self._workers: list[_Worker] = []

    @classmethod
    def serves(cls, workers: int) -> bool:
        """Return whether there is at least one worker."""
        return workers >= 1

    def __enter__(self) -> Self:
        """Start the first worker, which may have to compile what the others then find in the cache; then the rest."""
        try:
            self.ready = _ready(self._start())
            for _ in range(self._n_workers - 1):
                self._start()  # they report while the first measures
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the workers."""
        self._stop()

    def measure(self, cases: Sequence[NumberedCase]) -> Generator[BatchResult, None, None]:
        """Measure cases in the workers; results come as they are ready, in no fixed order.

        Raises
        ------
        EngineError
            A worker stopped on an unexpected error, or workers die one after the other.
        RadiomicsMammoError
            Whatever ends a worker's run on purpose.
        """
        schedule = _Schedule(deque(cases), len(self._workers), self.ready.cases)
        while schedule.waiting or schedule.isolated or any(worker.jobs for worker in self._workers):
            for worker in self._workers:
                _top_up(worker, schedule)
            pipes = {worker.pipe: worker for worker in self._workers}
            for pipe in connection.wait(list(pipes)):
                worker = pipes[pipe]  # type: ignore[index]
                message = _receive(worker)
                if message is None:
                    yield from self._handle_worker_death(worker, schedule)
                elif isinstance(message, BatchResult):
                    _remove_done(worker, message)
                    schedule.add(message)
                    yield message
                elif isinstance(message, RadiomicsMammoError):
                    raise message

    def _start(self) -> _Worker:
        ours, theirs = multiprocessing.Pipe()
        process = _context().Process(target=run_worker, args=(theirs, self.task), daemon=True)
        with _child_environment():
            process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _stop(self) -> None:
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(_JOIN_TIMEOUT_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def _handle_worker_death(self, worker: _Worker, schedule: _Schedule) -> Iterator[BatchResult]:
        worker.process.join(_JOIN_TIMEOUT_S)
        self._workers.remove(worker)
        worker.pipe.close()
        suspects = worker.jobs.popleft() if worker.jobs else []
        names = ", ".join(case.case_id for _, case in suspects)
        if (worker.process.exitcode or 0) > 0:
            raise EngineError(
                f"a worker process stopped on an unexpected error (above) at {names or 'its start'}",
                remedy="Finished rows are kept. This is a fault of the program: please report it.",
            )
        for job in reversed(worker.jobs):
            schedule.waiting.extendleft(reversed(job))
        crashed = len(suspects) == 1 and is_crash(worker.process.exitcode)
        schedule.deaths += not crashed  # any number of cases may crash a library
        if schedule.deaths > _MAX_DEATHS:
            raise EngineError(
                f"{schedule.deaths} worker processes died in a row ({_exit_reason(worker.process)}), last at {names}",
                remedy="Finished rows are kept. Use fewer --workers or a machine with more memory.",
            )
        if len(suspects) == 1:
            ((number, case),) = suspects
            failure = _worker_died(case, reason=_exit_reason(worker.process), crashed=crashed)
            values = np.empty((0, len(self.ready.features)))
            yield BatchResult((number,), (), [], values, [(number, failure)], Seconds())
        else:
            schedule.isolated.extend(suspects)
        self._start()


def _ready(worker: _Worker) -> Ready:
    message = _receive(worker)
    if isinstance(message, RadiomicsMammoError):
        raise message
    if not isinstance(message, Ready):
        raise EngineError(
            f"a worker process could not start ({_exit_reason(worker.process)})",
            remedy="Its error, if it could print one, is above; --workers 1 measures without worker processes.",
        )
    return message


def _top_up(worker: _Worker, schedule: _Schedule) -> None:
    while len(worker.jobs) < _JOBS_QUEUED and (schedule.isolated or schedule.waiting):
        job = schedule.next_job()
        worker.jobs.append(job)
        with suppress(BrokenPipeError, ConnectionResetError):  # its death shows when its pipe is read
            worker.pipe.send(job)


def _receive(worker: _Worker) -> object:
    try:
        return worker.pipe.recv()
    except (EOFError, ConnectionResetError):
        return None


def _remove_done(worker: _Worker, result: BatchResult) -> None:
    """Take finished cases out of the worker's current job."""
    done = set(result.done)
    left = [(number, case) for number, case in worker.jobs[0] if number not in done]
    if left:
        worker.jobs[0] = left
    else:
        worker.jobs.popleft()


def _worker_died(case: Case, *, reason: str, crashed: bool) -> Failure:
    return Failure(
        case.case_id,
        case.patient_id,
        "extract",
        "WorkerDied",
        "",
        f"the worker process that measured it alone died ({reason})",
        "A library crashed on its image or its mask: export them again."
        if crashed
        else "If memory ran out, use fewer --workers or a machine with more; then --retry-failed.",
    )


def _exit_reason(process: BaseProcess) -> str:
    process.join(_JOIN_TIMEOUT_S)
    code = process.exitcode
    if code is None:
        return "it closed its pipe"
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def _context() -> ForkServerContext | SpawnContext:
    if "forkserver" in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("forkserver")
    return multiprocessing.get_context("spawn")


@contextmanager
def _child_environment() -> Iterator[None]:
    """Give what starts in this block one thread, since the processes share the cores, and no Ctrl-C.

    A terminal sends Ctrl-C to all processes; the parent alone decides what it means, and gets it after the block.
    A blocked signal is inherited, and so does not reach a process that is still importing.
    """
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # its start, which is part of theirs, ends with unblocking
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    before = {name: os.environ.get(name) for name in _THREAD_LIMITS}
    os.environ.update(dict.fromkeys(_THREAD_LIMITS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
