"""The serial backend: the engine runs in this process."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from types import TracebackType
from typing import Self

from radiomics_mammo.core.crashes import crashed_before
from radiomics_mammo.engines.base import Engine
from radiomics_mammo.extraction.backends.base import Ready, Task
from radiomics_mammo.extraction.batch import BatchResult, NumberedCase, measure_cases
from radiomics_mammo.readers import prefetch


class SerialBackend:
    """Measures in this process, without workers to start or to lose.

    Parameters
    ----------
    task : Task
    workers : int
        Must be 1.
    """

    ready: Ready

    def __init__(self, task: Task, *, workers: int) -> None:
        if not self.serves(workers):
            raise ValueError(f"the serial backend has one worker, not {workers}")
        self.task = task
        self._engine: Engine | None = None

    @classmethod
    def serves(cls, workers: int) -> bool:
        """Return whether there is one worker, and no case has crashed this process before."""
        return workers == 1 and not crashed_before()

    def __enter__(self) -> Self:
        """Open the engine."""
        self._engine = self.task.open_engine()
        warm_up = self._engine.warm_up()
        self.ready = Ready(tuple(self._engine.feature_names), warm_up, self._engine.limits.cases)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Release the engine."""
        self._engine = None

    def measure(self, cases: Sequence[NumberedCase]) -> Generator[BatchResult, None, None]:
        """Measure cases in their order, batch by batch."""
        if self._engine is None:
            raise RuntimeError("the backend is not open")
        return measure_cases(self._engine, self.task.reader, cases=self._prefetched(cases))

    def _prefetched(self, cases: Sequence[NumberedCase]) -> Iterator[NumberedCase]:
        """Yield each case while the system reads the next one's files."""
        for place, numbered in enumerate(cases):
            prefetch(self.task.reader, (case for _, case in cases[place + 1 : place + 2]))
            yield numbered
