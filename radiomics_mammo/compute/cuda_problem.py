"""The answer to "can a GPU be used here?"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CudaProblem:
    """Why no GPU can be used."""

    cause: str
    remedy: str
