"""Build argparse options from the fields of frozen dataclasses, and the dataclasses from what was parsed."""

from __future__ import annotations

import argparse
import types
from collections.abc import Callable
from dataclasses import MISSING, Field
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from radiomics_mammo.core.option import OptionInfo, option_fields, problem_with

S = TypeVar("S")


def add_arguments(parser: argparse.ArgumentParser, *settings: type) -> None:
    """Add an option for every field that :func:`radiomics_mammo.core.option.option` declared.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    *settings : type
        Dataclasses; fields with the same group stand under one heading, in the order of their first field.
    """
    groups: dict[str, argparse._ArgumentGroup | argparse.ArgumentParser] = {"": parser}
    exclusive: dict[str, argparse._MutuallyExclusiveGroup] = {}
    for kind in settings:
        hints = get_type_hints(kind)
        for each, info in option_fields(kind):
            if info.group not in groups:
                groups[info.group] = parser.add_argument_group(info.group)
            target: argparse._ActionsContainer = groups[info.group]
            if info.exclusive:
                if info.exclusive not in exclusive:
                    exclusive[info.exclusive] = target.add_mutually_exclusive_group()
                target = exclusive[info.exclusive]
            names, keywords = _argument(kind, each, info, hints[each.name])
            target.add_argument(*names, **keywords)


def settings_from(namespace: argparse.Namespace, settings: type[S]) -> S:
    """Return the dataclass that a parsed command line describes.

    Parameters
    ----------
    namespace : argparse.Namespace
        From a parser to which :func:`add_arguments` added the fields of this class.
    settings : type

    Raises
    ------
    InputError
        The class refuses the values.
    """
    values: dict[str, object] = {}
    for each, _ in option_fields(settings):
        name = _destination(settings, each)
        if hasattr(namespace, name):  # what was not given takes the default of the class
            value = getattr(namespace, name)
            values[each.name] = tuple(value) if isinstance(value, list) else value
    return settings(**values)


def _destination(settings: type, each: Field[Any]) -> str:
    return f"{settings.__name__}.{each.name}"


def _argument(settings: type, each: Field[Any], info: OptionInfo, hint: object) -> tuple[list[str], dict[str, Any]]:
    """Return the positional and the keyword arguments of ``add_argument``."""
    destination = _destination(settings, each)
    keywords: dict[str, Any] = {"default": argparse.SUPPRESS, "help": _help(each, info)}
    kind, many = _plain_type(hint)
    required = each.default is MISSING and each.default_factory is MISSING
    flag = info.flag or "--" + each.name.replace("_", "-")
    if kind is bool:
        off = flag.startswith("--no-")
        action = argparse.BooleanOptionalAction if each.default and not off else f"store_{'false' if off else 'true'}"
        return [flag], {**keywords, "dest": destination, "action": action}
    choices = get_args(kind) if get_origin(kind) is Literal else info.choices
    if choices:
        keywords["choices"] = choices
    keywords["type"] = _converter(str if get_origin(kind) is Literal else kind, info)
    keywords["metavar"] = info.metavar or (None if choices else each.name.upper().replace("_", "-"))
    if many:
        keywords |= {"action": "append"} if info.repeat else {"nargs": "+" if required or not info.positional else "*"}
    if info.positional:
        if not required and not many:
            keywords["nargs"] = "?"
        return [destination], keywords
    return [flag], {**keywords, "dest": destination, "required": required}


def _help(each: Field[Any], info: OptionInfo) -> str:
    default = each.default
    text = info.help.replace("%", "%%")
    if default is MISSING or default is None or isinstance(default, bool) or default in ("", ()) or "default" in text:
        return text
    shown = f"{default:g}" if isinstance(default, float) else str(default)
    return f"{text} (default: {shown})".replace("%", "%%") if "%" in shown else f"{text} (default: {shown})"


def _plain_type(hint: object) -> tuple[Any, bool]:
    """Return the type of one value, and whether there are several (a tuple); ``None`` is dropped."""
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (each for each in get_args(hint) if each is not type(None))
    if get_origin(hint) is tuple:
        return get_args(hint)[0], True
    return hint, False


def _converter(kind: Any, info: OptionInfo) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        try:
            value = (info.parse or kind)(text)
        except ValueError as error:
            message = str(error) if info.parse else f"invalid {kind.__name__} value: {text!r}"
            raise argparse.ArgumentTypeError(message) from error
        problem = "" if info.choices else problem_with(value, info)  # argparse reports choices by itself
        if problem:
            raise argparse.ArgumentTypeError(problem)
        return value

    return convert
