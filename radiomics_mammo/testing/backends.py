"""Conformance check of a backend."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np

from radiomics_mammo.core.records import Case, Failure, Sample, Scalar
from radiomics_mammo.errors import ReadError
from radiomics_mammo.extraction.backends.base import Backend, Task
from radiomics_mammo.extraction.backends.serial import SerialBackend
from radiomics_mammo.extraction.batch import BatchResult
from radiomics_mammo.readers.base import Reader

_TIMEOUT_S = 10.0
_CAUSE = "the conformance check breaks this case"


@dataclass(frozen=True)
class _BreakingReader:
    """A reader that cannot load one of its cases."""

    reader: Reader
    broken: str

    @property
    def columns(self) -> tuple[tuple[str, type], ...]:
        return self.reader.columns

    def cases(self) -> Sequence[Case]:
        return self.reader.cases()

    def load(self, case: Case) -> Sequence[Sample]:
        if case.case_id == self.broken:
            raise ReadError(_CAUSE, remedy="None.")
        return self.reader.load(case)

    def describe(self) -> dict[str, Scalar]:
        return self.reader.describe()


def check_backend(backend: type[Backend], task: Task, *, workers: int = 1) -> None:
    """Check that a backend keeps the contract of ``backends.base.Backend``.

    It gives the rows of the serial backend, bit for bit; a case that cannot be read becomes a failure and leaves the
    others as they are; leaving the context early and an interrupt free all processes and threads.

    The reader of the task has at least two cases.

    Examples
    --------
    >>> from radiomics_mammo import open_reader
    >>> from radiomics_mammo.engines.registry import open_engine
    >>> from radiomics_mammo.extraction.backends.base import Task
    >>> from radiomics_mammo.extraction.backends.serial import SerialBackend
    >>> from radiomics_mammo.recipes.recipe import recipe_from
    >>> from radiomics_mammo.testing.backends import check_backend
    >>> recipe = recipe_from({"featureClass": {"firstorder": ["Mean"]}})
    >>> task = Task(open_reader({"reader": "phantom", "patients": 2, "rows": 128}), open_engine, ("cpu", recipe))
    >>> check_backend(SerialBackend, task)
    """
    assert backend.serves(workers), f"serves({workers}) is False"
    cases = list(enumerate(task.reader.cases()))
    assert len(cases) > 1, "the task's reader needs at least two cases"
    broken = replace(task, reader=_BreakingReader(task.reader, cases[0][1].case_id))
    running = _running()

    for each in (task, broken):
        with backend(each, workers=workers) as measuring, SerialBackend(each, workers=1) as serial:
            assert measuring.ready.features == serial.ready.features, "ready.features are not the engine's"
            assert measuring.ready.cases > 0, "ready.cases is not positive"
            results, expected = (list(b.measure(cases)) for b in (measuring, serial))
        done = sorted(number for result in results for number in result.done)
        assert done == [number for number, _ in cases], f"cases done are {done}"
        assert _rows(results) == _rows(expected), "the rows are not those of the serial backend"
        assert _failures(results) == _failures(expected), "the failures are not those of the serial backend"
    assert [failure.cause for failure in _failures(results)[0]] == [_CAUSE], "a broken case is no failure"
    _check_freed(running, "after all cases")

    with backend(task, workers=workers) as measuring, closing(measuring.measure(cases)) as stopped:
        next(stopped)
    _check_freed(running, "after it was closed early")
    try:
        with backend(task, workers=workers) as measuring:
            for _ in measuring.measure(cases):
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        _check_freed(running, "after an interrupt")
    else:
        raise AssertionError("the backend swallows KeyboardInterrupt")


def _rows(results: Sequence[BatchResult]) -> dict[int, list[tuple[tuple[Scalar, ...], bytes]]]:
    """Return identity and values of each case's rows, by the case's number."""
    rows: dict[int, list[tuple[tuple[Scalar, ...], bytes]]] = {}
    for result in results:
        assert len(result.row_cases) == len(result.identity) == len(result.values), "a result's rows differ in number"
        assert result.values.dtype == np.float64, f"values are {result.values.dtype}"
        for number, identity, values in zip(result.row_cases, result.identity, result.values, strict=True):
            rows.setdefault(number, []).append((identity, values.tobytes()))
    return rows


def _failures(results: Sequence[BatchResult]) -> dict[int, list[Failure]]:
    failures: dict[int, list[Failure]] = {}
    for result in results:
        for number, failure in result.failures:
            failures.setdefault(number, []).append(failure)
    return failures


def _running() -> tuple[int, int]:
    return len(multiprocessing.active_children()), threading.active_count()


def _check_freed(before: tuple[int, int], when: str) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while any(now > then for now, then in zip(_running(), before, strict=True)):
        assert time.monotonic() < deadline, f"processes or threads are still running {when}"
        time.sleep(0.01)
