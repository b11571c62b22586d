"""Rules for the values of a recipe, and reading of its sections."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from radiomics_mammo.recipes.findings import Findings, Place, shown

LARGEST = 2**53
"""Whole numbers beyond are no numbers of pixels, levels or labels."""
Rule: TypeAlias = tuple[Callable[[Any], bool], str]
"""A test of a value, and a description of what is valid."""


def is_number(value: Any, low: float, *, strict: bool = False, whole: bool = False) -> bool:
    """Check for a finite number from a bound on: above it if strict, an integer below 2⁵³ if whole."""
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return False
    if isinstance(value, int) and abs(value) >= (LARGEST if whole else 10**308):
        return False
    return abs(value) < float("inf") and (value > low if strict else value >= low)


def are_numbers(value: object, lengths: tuple[int, ...], low: float, **rule: bool) -> bool:
    """Check for a tuple of one of these lengths, of numbers that pass :func:`is_number`."""
    return isinstance(value, tuple) and len(value) in lengths and all(is_number(v, low, **rule) for v in value)


FLAG: Rule = (lambda v: isinstance(v, bool), "true or false")
POSITIVE: Rule = (lambda v: is_number(v, 0, strict=True), "a number above 0")
COUNT: Rule = (lambda v: is_number(v, 0, strict=True, whole=True), "a whole number above 0")
NATURAL: Rule = (lambda v: is_number(v, 0, whole=True), "a whole number, 0 or more")


def plain_value(value: object) -> Any:
    """Return a value with tuples for lists and arrays, and Python's numbers for NumPy's."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return tuple(item.item() if isinstance(item, np.generic) else item for item in value)
    return value


def checked(
    values: Mapping[str, Any],
    rules: Mapping[str, Rule],
    *,
    what: str,
    optional: Sequence[str] = (),
    findings: Findings,
    at: Place,
) -> dict[str, Any]:
    """Check values by the rules of their names, and return the valid ones, with tuples for lists.

    Parameters
    ----------
    values : mapping
    rules : mapping of str to Rule
    what : str
        What a value is, for messages: ``setting``.
    optional : sequence of str
        Names of values that may be None.
    findings : Findings
        Gets unknown names, and values out of range.
    at : Place
        Where the values stand.
    """
    result: dict[str, Any] = {}
    for key, item in values.items():
        value = plain_value(item)
        if key not in rules:
            findings.unknown(what, key, sorted(rules), at=(*at, key))
        elif not (value is None and key in optional) and not rules[key][0](value):
            given = "empty" if value is None else shown(item)
            findings.fault(
                f"{what} {key} is {given}, but must be {rules[key][1]}", at=(*at, key), remedy="Correct the value."
            )
        else:
            result[key] = value
    return result


def mapping_of(value: object, *, what: str, findings: Findings, at: Place = ()) -> dict[str, Any]:
    """Read a section: a mapping of names to values, or nothing; anything else is a fault."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        findings.fault(
            f"{what} is {shown(value)}, not a mapping of names to values",
            at=at, remedy="See features/README.md for an example.",
        )  # fmt: skip
        return {}
    return {str(k): v for k, v in value.items()}
