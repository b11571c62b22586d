"""What a value of a recipe may be, and how a section of one is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from radiomics_mammo.errors import RecipeError

Rule: TypeAlias = tuple[Callable[[Any], bool], str]
"""Whether a value is allowed, and what is, in words."""


def is_number(value: object, low: float, *, strict: bool = False, whole: bool = False) -> bool:
    """Whether a value is a finite number from a bound on: above it if strict, a whole one if asked."""
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return False
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond 1.8e308
        return False
    return number == number and abs(number) != float("inf") and (number > low if strict else number >= low)


def are_numbers(value: object, lengths: tuple[int, ...], low: float, **rule: bool) -> bool:
    """Whether a value is a tuple of one of these lengths, of numbers as :func:`is_number` has them."""
    return isinstance(value, tuple) and len(value) in lengths and all(is_number(v, low, **rule) for v in value)


FLAG: Rule = (lambda v: isinstance(v, bool), "true or false")
POSITIVE: Rule = (lambda v: is_number(v, 0, strict=True), "a number above 0")
COUNT: Rule = (lambda v: is_number(v, 0, strict=True, whole=True), "a whole number above 0")
NATURAL: Rule = (lambda v: is_number(v, 0, whole=True), "a whole number, 0 or more")


def mapping_of(value: object, *, what: str, path: Path | None) -> dict[str, Any]:
    """Read a section: a mapping of names to values, or nothing.

    Raises
    ------
    RecipeError
        It is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RecipeError(
            f"{what} is {type(value).__name__}, not a mapping of names to values",
            path=path, remedy="See features/README.md for an example.",
        )  # fmt: skip
    return {str(k): v for k, v in value.items()}
