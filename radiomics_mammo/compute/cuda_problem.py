"""The answer to "can a GPU be used here?"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CudaProblem:
    """Why no GPU can be used.

    Attributes
    ----------
    cause : str
        What is missing or does not fit.
    remedy : str
        What to do.
    """

    cause: str
    remedy: str
