"""What a formula's docstring says: its first paragraph is the formula, the rest what it means on a mammogram."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def formula_text(formula: Callable[..., Any]) -> str:
    """The docstring's first paragraph, on one line; empty without one."""
    return _paragraphs(formula)[0]


def meaning(formula: Callable[..., Any]) -> str:
    """The docstring's other paragraphs, on one line."""
    return " ".join(_paragraphs(formula)[1:])


def _paragraphs(formula: Callable[..., Any]) -> list[str]:
    return [" ".join(part.split()) for part in (inspect.getdoc(formula) or "").split("\n\n")]
