"""The boundary round a case: whatever reading or measuring it raises, from whichever library, costs its row alone."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from radiomics_mammo.core.records import Case, Failure, Sample
from radiomics_mammo.errors import EngineError, RadiomicsMammoError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """An error, without the frames that would keep its pixels in memory.

    Attributes
    ----------
    error : Exception
    traceback : str
        Where the error was foreseen, empty.
    """

    error: Exception
    traceback: str

    def failure(self, case: Case | Sample, *, stage: str) -> Failure:
        """Return the failure of the case that raised it."""
        return Failure.of(case, stage=stage, error=self.error, traceback=self.traceback)


def attempt(step: Callable[[], T]) -> T | Problem:
    """Return what a step of a case returns, or the error that it raised.

    Raises
    ------
    EngineError
        The engine, or the GPU under it, cannot go on with any case.
    """
    try:
        return step()
    except EngineError:
        raise
    except Exception as error:  # a file can make any library raise anything
        if type(error).__module__.startswith("cupy") and not isinstance(error, MemoryError):
            raise  # a device that failed once fails for all that follow
        foreseen = isinstance(error, (RadiomicsMammoError, OSError, MemoryError))
        text = "" if foreseen else "".join(traceback.format_exception(error))
        error.__context__ = error.__cause__ = None
        return Problem(error.with_traceback(None), text)
