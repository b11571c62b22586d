"""Rules for the values of a recipe, and reading of its sections."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from radiomics_mammo.errors import RecipeError

Rule: TypeAlias = tuple[Callable[[Any], bool], str]
"""A test of a value, and a description of what is valid."""


def is_number(value: object, low: float, *, strict: bool = False, whole: bool = False) -> bool:
    """Check for a finite number from a bound on: above it if strict, an integer if whole."""
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return False
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond 1.8e308
        return False
    return number == number and abs(number) != float("inf") and (number > low if strict else number >= low)


def are_numbers(value: object, lengths: tuple[int, ...], low: float, **rule: bool) -> bool:
    """Check for a tuple of one of these lengths, of numbers that pass :func:`is_number`."""
    return isinstance(value, tuple) and len(value) in lengths and all(is_number(v, low, **rule) for v in value)


FLAG: Rule = (lambda v: isinstance(v, bool), "true or false")
POSITIVE: Rule = (lambda v: is_number(v, 0, strict=True), "a number above 0")
COUNT: Rule = (lambda v: is_number(v, 0, strict=True, whole=True), "a whole number above 0")
NATURAL: Rule = (lambda v: is_number(v, 0, whole=True), "a whole number, 0 or more")


def checked(
    values: Mapping[str, Any], rules: Mapping[str, Rule], *, what: str, optional: Sequence[str] = (), path: Path | None
) -> dict[str, Any]:
    """Check values by the rules of their names, and return them with tuples for lists.

    Parameters
    ----------
    values : mapping
    rules : mapping of str to Rule
    what : str
        What a value is, for messages: ``setting``.
    optional : sequence of str
        Names of values that may be None.
    path : pathlib.Path or None
        The recipe, for messages.

    Raises
    ------
    RecipeError
        An unknown name, or a value out of range.
    """
    result: dict[str, Any] = {}
    for key, item in values.items():
        if key not in rules:
            raise RecipeError(f"unknown {what} {key!r}", path=path, remedy=f"Known: {', '.join(sorted(rules))}.")
        value = tuple(item) if isinstance(item, list) else item
        if not (value is None and key in optional) and not rules[key][0](value):
            raise RecipeError(f"{what} {key} is {item!r}, but must be {rules[key][1]}", path=path, remedy="Correct it.")
        result[key] = value
    return result


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
