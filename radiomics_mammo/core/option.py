"""Declare settings once: a frozen dataclass whose fields carry their help text, choices and range check.

The command line is built from these fields by :mod:`radiomics_mammo.cli.arguments`; Python callers construct the
dataclass directly. Both apply the same checks.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints, overload

from radiomics_mammo.errors import InputError

T = TypeVar("T")
_KEY = "option"


@dataclass(frozen=True, slots=True)
class Check:
    """Requirement on one value.

    Attributes
    ----------
    requirement : str
        What the value must be, such as ``1 or more``.
    accepts : callable
        Whether a value meets it.
    """

    requirement: str
    accepts: Callable[[Any], bool]


def at_least(low: float) -> Check:
    """Return the check that a number is finite and not below a limit."""
    return Check(f"{low:g} or more", lambda value: low <= value < math.inf)


def above(low: float) -> Check:
    """Return the check that a number is finite and above a limit."""
    return Check(f"above {low:g}", lambda value: low < value < math.inf)


def between(low: float, high: float) -> Check:
    """Return the check that a number lies between two limits, the limits included."""
    return Check(f"from {low:g} to {high:g}", lambda value: low <= value <= high)


def strictly_between(low: float, high: float) -> Check:
    """Return the check that a number lies between two limits, the limits excluded."""
    return Check(f"between {low:g} and {high:g}", lambda value: low < value < high)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionInfo:
    """Description of one field, as :func:`option` takes it."""

    help: str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    check: Check | None = None
    parse: Callable[[str], Any] | None = None
    flag: str = ""
    group: str = ""
    positional: bool = False
    repeat: bool = False
    exclusive: str = ""


@overload
def option(
    default: T,
    *,
    help: str,
    metavar: str | None = None,
    choices: Sequence[str] = (),
    check: Check | None = None,
    parse: Callable[[str], Any] | None = None,
    flag: str = "",
    group: str = "",
    positional: bool = False,
    repeat: bool = False,
    exclusive: str = "",
) -> T: ...
@overload
def option(
    *,
    help: str,
    metavar: str | None = None,
    choices: Sequence[str] = (),
    check: Check | None = None,
    parse: Callable[[str], Any] | None = None,
    flag: str = "",
    group: str = "",
    positional: bool = False,
    repeat: bool = False,
    exclusive: str = "",
) -> Any: ...
def option(default: Any = MISSING, *, help: str, choices: Sequence[str] = (), **described: Any) -> Any:
    """Declare a dataclass field that is an option of a command, too.

    Parameters
    ----------
    default : object, optional
        Without it the option is required.
    help : str
        Text for ``--help``; the default value is added to it.
    metavar : str, optional
        Placeholder of the value in ``--help``.
    choices : sequence of str
        Allowed words, where the annotation is not a ``Literal``.
    check : Check, optional
        Applied to the value, and to each element of a tuple.
    parse : callable, optional
        Turns the text of the command line into a value, where the annotated type does not; raises ValueError with
        a message.
    flag : str
        Name on the command line, where it is not ``--`` and the field's name.
    group : str
        Heading in ``--help``.
    positional : bool
        A positional argument instead of an option.
    repeat : bool
        A tuple is filled by repeating the option, instead of by several values after it.
    exclusive : str
        Options with the same word here exclude each other.

    Returns
    -------
    dataclasses.Field

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Training:
    ...     folds: int = option(5, help="number of outer folds", check=at_least(2))
    ...
    ...     def __post_init__(self) -> None:
    ...         check_options(self)
    >>> Training(folds=1)
    Traceback (most recent call last):
        ...
    radiomics_mammo.errors.InputError: folds is 1. It must be 2 or more.
    """
    info = OptionInfo(help=help, choices=tuple(choices), **described)
    return field(default=default, metadata={_KEY: info})


def option_fields(settings: Any) -> list[tuple[Field[Any], OptionInfo]]:
    """Return the fields of a dataclass (or of an instance) that :func:`option` declared."""
    return [(each, each.metadata[_KEY]) for each in fields(settings) if _KEY in each.metadata]


def value_type(hint: object) -> tuple[Any, bool, tuple[Any, ...]]:
    """Return the type of one value, whether there are several (a tuple), and the choices of a ``Literal``."""
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (each for each in get_args(hint) if each is not type(None))
    many = get_origin(hint) is tuple
    kind = get_args(hint)[0] if many else hint
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    return type(choices[0]) if choices else kind, many, choices


def problem_with(value: object, info: OptionInfo, choices: Sequence[Any] = ()) -> str:
    """Return what a value must be, as a predicate (``must be 1 or more``); empty where it is valid."""
    values = value if isinstance(value, tuple) else () if value is None else (value,)
    choices = choices or info.choices
    if choices and any(each not in choices for each in values):
        return f"must be one of {', '.join(map(str, choices))}"
    if info.check is not None and not all(info.check.accepts(each) for each in values):
        return f"must be {info.check.requirement}"
    return ""


def check_options(settings: Any) -> None:
    """Check every declared field of an instance; for ``__post_init__``.

    Raises
    ------
    InputError
        Naming the field, its value and what it may be.
    """
    hints = get_type_hints(type(settings))
    for each, info in option_fields(settings):
        value = getattr(settings, each.name)
        problem = problem_with(value, info, value_type(hints[each.name])[2])
        if problem:
            raise InputError(f"{each.name} is {value!r}", remedy=f"It {problem}.")
