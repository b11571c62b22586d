"""The worker processes seen from the parent: start them, feed them, survive the death of one.

Each worker has a pipe of its own, so that the death of one (the system kills the largest process when
memory runs out) is noticed at once, names the cases in flight, and leaves the others alone. When the parent
is killed the pipes close, and the workers end.
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

import numpy as np

from radiomics_mammo.core.records import Failure
from radiomics_mammo.errors import EngineError, RadiomicsMammoError
from radiomics_mammo.extraction.batch import BatchResult, Numbered, Seconds
from radiomics_mammo.extraction.worker import Ready, Task, work

# Imported once by the fork server, so that every worker starts with them.
_PRELOAD = ("radiomics_mammo.extraction.worker", "radiomics_mammo.readers")
# Kernels are loaded there too, where the engine survives a fork with its kernels in memory.
_PRELOAD_ENGINE = {"cpu": "radiomics_mammo.engines.preload_cpu"}
_ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)
_CHUNK_SECONDS = 1.0
_FIRST_CHUNK = 4
_QUEUED = 2  # chunks that a worker has at hand, so that it never waits for the parent
_MOST_DEATHS = 5
_PATIENCE_S = 5.0


@dataclass(slots=True, eq=False)
class Worker:
    """A running process: the parent's end of its pipe, and the chunks of cases that it has at hand."""

    process: BaseProcess
    pipe: connection.Connection
    chunks: deque[list[Numbered]] = field(default_factory=deque)


@dataclass(slots=True, eq=False)
class Pool:
    """Workers that are ready to measure.

    Attributes
    ----------
    task : Task
        What they do.
    ready : Ready
        What the first of them said.
    workers : list of Worker
        The living ones.
    """

    task: Task
    ready: Ready
    workers: list[Worker]


@dataclass(slots=True, eq=False)
class _Plan:
    """The cases that no worker has yet, and how large their chunks should be."""

    waiting: deque[Numbered]
    workers: int
    most: int
    alone: deque[Numbered] = field(default_factory=deque)
    spent_s: float = 0.0
    finished: int = 0
    deaths: int = 0

    def next_chunk(self) -> list[Numbered]:
        if self.alone:
            return [self.alone.popleft()]
        mean = self.spent_s / self.finished if self.finished else _CHUNK_SECONDS / _FIRST_CHUNK
        # Towards the end chunks shrink, so that all workers end at about the same time.
        fair = math.ceil(len(self.waiting) / (2 * self.workers))
        size = max(1, min(self.most, fair, round(_CHUNK_SECONDS / max(mean, 1e-6))))
        return [self.waiting.popleft() for _ in range(min(size, len(self.waiting)))]


def default_workers() -> int:
    """Count the cores that this process may use: its affinity, and its control group's share."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        cores = min(cores, max(int(quota) // int(period), 1))
    return cores


def start_early(*, engine: str, modules: Sequence[str] = ()) -> None:
    """Let the fork server import and load while the parent looks at its input (where there is one).

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
    with _for_children():
        forkserver.ensure_running()


@contextmanager
def open_pool(task: Task, *, workers: int) -> Iterator[Pool]:
    """Start workers, and end them with the block.

    The first starts alone, since it may have to compile what the others then find in the cache.

    Parameters
    ----------
    task : Task
        What they do.
    workers : int
        How many.

    Raises
    ------
    EngineError
        The engine cannot be opened, or the first worker dies at its start.
    """
    running: list[Worker] = []
    try:
        ready = _ready(_start(task, running))
        for _ in range(workers - 1):
            _start(task, running)  # they say ready while the first measures
        yield Pool(task, ready, running)
    finally:
        _stop(running)


def measure_in_pool(pool: Pool, *, cases: Sequence[Numbered]) -> Generator[BatchResult, None, None]:
    """Measure cases in the workers; results come as they are ready, in no fixed order.

    When a worker is killed, its cases are tried again one by one in a new one; a case that kills its worker
    when it is alone in it becomes a failure.

    Raises
    ------
    EngineError
        A worker stopped on an unexpected error, or workers die one after the other.
    RadiomicsMammoError
        Whatever ends a worker's run on purpose.
    """
    plan = _Plan(deque(cases), len(pool.workers), pool.ready.cases)
    while plan.waiting or plan.alone or any(worker.chunks for worker in pool.workers):
        for worker in pool.workers:
            _top_up(worker, plan)
        pipes = {worker.pipe: worker for worker in pool.workers}
        for pipe in connection.wait(list(pipes)):
            worker = pipes[pipe]  # type: ignore[index]
            message = _receive(worker)
            if message is None:
                yield from _bury(pool, worker, plan)
            elif isinstance(message, BatchResult):
                _account(worker, message, plan)
                yield message
            elif isinstance(message, RadiomicsMammoError):
                raise message


def _start(task: Task, running: list[Worker]) -> Worker:
    ours, theirs = multiprocessing.Pipe()
    process = _context().Process(target=work, args=(theirs, task), daemon=True)
    with _for_children():
        process.start()
    theirs.close()
    worker = Worker(process, ours)
    running.append(worker)
    return worker


def _ready(worker: Worker) -> Ready:
    message = _receive(worker)
    if isinstance(message, RadiomicsMammoError):
        raise message
    if not isinstance(message, Ready):
        raise EngineError(
            f"a worker process could not start ({_ending(worker.process)})",
            remedy="Its error, if it could say one, is above; --workers 1 measures without worker processes.",
        )
    return message


def _stop(running: list[Worker]) -> None:
    for worker in running:
        worker.pipe.close()
        worker.process.terminate()
    for worker in running:
        worker.process.join(_PATIENCE_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _top_up(worker: Worker, plan: _Plan) -> None:
    while len(worker.chunks) < _QUEUED and (plan.alone or plan.waiting):
        chunk = plan.next_chunk()
        worker.chunks.append(chunk)
        with suppress(BrokenPipeError, ConnectionResetError):  # its death shows when its pipe is read
            worker.pipe.send(chunk)


def _receive(worker: Worker) -> object:
    try:
        return worker.pipe.recv()
    except (EOFError, ConnectionResetError):
        return None


def _account(worker: Worker, result: BatchResult, plan: _Plan) -> None:
    done = set(result.done)
    left = [numbered for numbered in worker.chunks[0] if numbered[0] not in done]
    if left:
        worker.chunks[0] = left
    else:
        worker.chunks.popleft()
    plan.finished += len(done)
    plan.spent_s += result.seconds.read + result.seconds.prepare + result.seconds.extract
    plan.deaths = 0


def _bury(pool: Pool, worker: Worker, plan: _Plan) -> Iterator[BatchResult]:
    worker.process.join(_PATIENCE_S)
    pool.workers.remove(worker)
    worker.pipe.close()
    suspects = worker.chunks.popleft() if worker.chunks else []
    named = ", ".join(case.case_id for _, case in suspects)
    if (worker.process.exitcode or 0) > 0:
        raise EngineError(
            f"a worker process stopped on an unexpected error (above) at {named or 'its start'}",
            remedy="Finished rows are kept. This is a fault of the program: please report it.",
        )
    for chunk in reversed(worker.chunks):
        plan.waiting.extendleft(reversed(chunk))
    plan.deaths += 1
    if plan.deaths > _MOST_DEATHS:
        raise EngineError(
            f"{plan.deaths} worker processes died in a row ({_ending(worker.process)}), last at {named}",
            remedy="Finished rows are kept. Use fewer --workers or a machine with more memory.",
        )
    if len(suspects) == 1:
        yield _lost(suspects[0], ending=_ending(worker.process), features=len(pool.ready.features))
    else:
        plan.alone.extend(suspects)
    _start(pool.task, pool.workers)


def _lost(numbered: Numbered, *, ending: str, features: int) -> BatchResult:
    number, case = numbered
    failure = Failure(
        case.case_id,
        case.patient_id,
        "extract",
        "WorkerDied",
        "",
        f"the worker process that measured it alone died ({ending})",
        "If memory ran out, use fewer --workers or a machine with more; then --retry-failed.",
    )
    return BatchResult((number,), (), [], np.empty((0, features)), [(number, failure)], Seconds())


def _ending(process: BaseProcess) -> str:
    process.join(_PATIENCE_S)
    code = process.exitcode
    if code is None:
        return "it closed its pipe"
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def _context() -> ForkServerContext | SpawnContext:
    if "forkserver" in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("forkserver")
    return multiprocessing.get_context("spawn")


@contextmanager
def _for_children() -> Iterator[None]:
    """Give what starts in this block one thread, since the processes share the cores, and no Ctrl-C.

    A terminal sends Ctrl-C to all of them; what it means is the parent's business, which gets it after the
    block. A blocked signal is inherited, and so kept from a process that is still importing.
    """
    if hasattr(signal, "pthread_sigmask"):
        resource_tracker.ensure_running()  # its start, which is part of theirs, ends with unblocking
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
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
