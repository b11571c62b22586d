"""Text of the catalogue from the docstring of a formula: ``Compute <formula>``, and what it means on a mammogram."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


class Documented:
    """A record whose ``formula`` is a function with such a docstring."""

    __slots__ = ()
    formula: Callable[..., Any]

    @property
    def formula_text(self) -> str:
        """The formula as text: the docstring's first paragraph without its verb; empty without a docstring."""
        text = _paragraphs(self.formula)[0].removeprefix("Compute ")
        first = text.partition(" ")[0]
        return text[:1].upper() + text[1:] if len(first) > 1 and first.isascii() and first.isalpha() else text

    @property
    def meaning(self) -> str:
        """The meaning on a mammogram: the rest of the docstring."""
        return " ".join(_paragraphs(self.formula)[1:])


def _paragraphs(formula: Callable[..., Any]) -> list[str]:
    return [" ".join(part.split()) for part in (inspect.getdoc(formula) or "").split("\n\n")]
