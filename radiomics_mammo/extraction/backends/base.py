"""The backend protocol: engines that are open somewhere and measure cases."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from radiomics_mammo.engines.base import Engine, WarmUp
from radiomics_mammo.extraction.batch import BatchResult, NumberedCase

if TYPE_CHECKING:
    from radiomics_mammo.readers.base import Reader


@dataclass(frozen=True, slots=True)
class Task:
    """What every worker of a backend needs to know.

    Attributes
    ----------
    reader : Reader
        Loads the cases.
    engine_factory : callable
        Opens the engine; a function of a module, so that it can be pickled.
    arguments : tuple
        Arguments of ``engine_factory``.
    """

    reader: Reader
    engine_factory: Callable[..., Engine]
    arguments: tuple[Any, ...]

    def open_engine(self) -> Engine:
        """Open the engine in this process."""
        return self.engine_factory(*self.arguments)


@dataclass(frozen=True, slots=True)
class Ready:
    """What an open engine reports before the first case.

    Attributes
    ----------
    features : tuple of str
        Its feature names.
    warm_up : WarmUp
        The cost of its start.
    cases : int
        The most cases that it measures at a time.
    """

    features: tuple[str, ...]
    warm_up: WarmUp
    cases: int


class Backend(Protocol):
    """Engines that measure cases; a context manager that opens them and frees their workers.

    Attributes
    ----------
    ready : Ready
        The report of the first engine; set when the context is entered.
    """

    ready: Ready

    def __init__(self, task: Task, *, workers: int) -> None:
        """Set up ``workers`` workers; nothing is started."""
        ...

    @classmethod
    def serves(cls, workers: int) -> bool:
        """Return whether the backend can run so many workers."""
        ...

    def __enter__(self) -> Self:
        """Open the engines.

        Raises
        ------
        EngineError
            An engine cannot be opened.
        """
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Free the workers, whatever they are doing."""
        ...

    def measure(self, cases: Sequence[NumberedCase]) -> Generator[BatchResult, None, None]:
        """Measure cases; results come as they are ready, in no fixed order.

        Raises
        ------
        EngineError
            The engine or a worker can no longer work.
        InputError
            The reader gives a column that it did not declare.
        """
        ...
