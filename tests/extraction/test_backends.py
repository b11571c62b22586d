"""Every registered backend keeps the contract; a backend that breaks it is named."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

import pytest

from radiomics_mammo.core.records import Case
from radiomics_mammo.engines.base import Engine
from radiomics_mammo.extraction.backends import BACKENDS, choose_backend, load_backend
from radiomics_mammo.extraction.backends.base import Task
from radiomics_mammo.extraction.backends.serial import SerialBackend
from radiomics_mammo.extraction.batch import BatchResult
from radiomics_mammo.testing.backends import check_backend
from tests.support.reader_and_engine import ToyReader, ToyRecipe, open_toy

TASK = Task(ToyReader(size=9, wrong=((4, "read"), (6, "labels"))), open_toy, ("toy", ToyRecipe()))


@pytest.mark.parametrize(
    ("name", "workers"), [(name, n) for name in BACKENDS for n in (1, 2) if load_backend(name).serves(n)]
)
def test_registered_backends_keep_the_contract(name: str, workers: int) -> None:
    check_backend(load_backend(name), TASK, workers=workers)


def test_one_worker_measures_in_this_process_and_several_do_not() -> None:
    assert choose_backend(workers=1) is SerialBackend
    assert choose_backend(workers=2) is load_backend("processes")
    with pytest.raises(LookupError, match="no backend runs 0 workers"):
        choose_backend(workers=0)


class Reversing(SerialBackend):
    def measure(self, cases: Sequence[tuple[int, Case]]) -> Generator[BatchResult, None, None]:
        for result in super().measure(cases):
            yield replace(result, values=result.values[::-1])


class Losing(SerialBackend):
    def measure(self, cases: Sequence[tuple[int, Case]]) -> Generator[BatchResult, None, None]:
        yield from super().measure(cases[1:])


class Swallowing(SerialBackend):
    def __exit__(self, *_: object) -> bool:  # type: ignore[override]
        return True


@pytest.mark.parametrize(
    ("backend", "message"),
    [(Reversing, "rows are not those"), (Losing, "cases done"), (Swallowing, "swallows KeyboardInterrupt")],
)
def test_a_broken_backend_is_named(backend: type[SerialBackend], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_backend(backend, TASK)


def test_a_backend_that_leaves_workers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    processes = load_backend("processes")
    stopped: list[Engine] = []
    real = processes._stop  # type: ignore[attr-defined]
    monkeypatch.setattr(processes, "_stop", lambda self: stopped.append(self))
    monkeypatch.setattr("radiomics_mammo.testing.backends._TIMEOUT_S", 0.1)
    try:
        with pytest.raises(AssertionError, match="still running after all cases"):
            check_backend(processes, TASK, workers=2)
    finally:
        for backend in stopped:
            real(backend)
