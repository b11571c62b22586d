"""Build argparse options from the fields of frozen dataclasses, and the dataclasses from what was parsed."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

from radiomics_mammo.core.option import OptionInfo, above, at_least, option, option_fields, problem_with, value_type

__all__ = ["above", "add_arguments", "at_least", "option", "settings_from"]

S = TypeVar("S")


def add_arguments(parser: argparse.ArgumentParser, *settings: type) -> None:
    """Add an option for every field that :func:`radiomics_mammo.core.option.option` declared.

    Fields that are dataclasses with options themselves are included. Fields with the same group stand under one
    heading, in the order of their first field.
    """
    groups: dict[str, argparse._ArgumentGroup | argparse.ArgumentParser] = {"": parser}
    exclusive: dict[str, argparse._MutuallyExclusiveGroup] = {}
    for kind, each, info, hint in _declared(settings):
        if info.group not in groups:
            groups[info.group] = parser.add_argument_group(info.group)
        target: argparse._ActionsContainer = groups[info.group]
        if info.exclusive:
            if info.exclusive not in exclusive:
                exclusive[info.exclusive] = target.add_mutually_exclusive_group()
            target = exclusive[info.exclusive]
        names, keywords = _argument(kind, each, info, hint)
        target.add_argument(*names, **keywords)


def settings_from(namespace: argparse.Namespace, settings: type[S]) -> S:
    """Return the dataclass that a parsed command line describes."""
    values: dict[str, object] = {}
    for each, _ in option_fields(settings):
        name = _destination(settings, each)
        if hasattr(namespace, name):  # what was not given takes the default of the class
            value = getattr(namespace, name)
            values[each.name] = tuple(value) if isinstance(value, list) else value
    for name, kind in _nested(settings).items():
        values[name] = settings_from(namespace, kind)
    return settings(**values)


def _declared(settings: Iterable[type]) -> Iterator[tuple[type, Field[Any], OptionInfo, object]]:
    """List class, field, description and annotation of every option, those of nested dataclasses in their place."""
    for kind in settings:
        hints, options, nested = get_type_hints(kind), dict(option_fields(kind)), _nested(kind)
        for each in fields(kind):
            if each in options:
                yield kind, each, options[each], hints[each.name]
            elif each.name in nested:
                yield from _declared([nested[each.name]])


def _nested(settings: type) -> dict[str, type]:
    hints, names = get_type_hints(settings), {each.name for each, _ in option_fields(settings)}
    inner = {each.name: hints[each.name] for each in fields(settings) if each.init and each.name not in names}
    dataclasses = {name: kind for name, kind in inner.items() if isinstance(kind, type) and is_dataclass(kind)}
    return {name: kind for name, kind in dataclasses.items() if list(_declared([kind]))}


def _destination(settings: type, each: Field[Any]) -> str:
    return f"{settings.__name__}.{each.name}"


def _argument(settings: type, each: Field[Any], info: OptionInfo, hint: object) -> tuple[list[str], dict[str, Any]]:
    """Return the positional and the keyword arguments of ``add_argument``."""
    destination = _destination(settings, each)
    keywords: dict[str, Any] = {"default": argparse.SUPPRESS, "help": _help(each, info)}
    kind, many, choices = value_type(hint)
    required = each.default is MISSING and each.default_factory is MISSING
    flag = info.flag or "--" + each.name.replace("_", "-")
    if kind is bool:
        off = flag.startswith("--no-")
        action = argparse.BooleanOptionalAction if each.default and not off else f"store_{'false' if off else 'true'}"
        return [flag], {**keywords, "dest": destination, "action": action}
    choices = choices or info.choices
    if choices:
        keywords["choices"] = choices
    keywords["type"] = _converter(kind, info)
    keywords["metavar"] = info.metavar or (None if choices else each.name.upper().replace("_", "-"))
    if many:
        keywords |= {"action": "append"} if info.repeat else {"nargs": "+" if required or not info.positional else "*"}
    if info.positional:
        if not required and not many:
            keywords |= {"nargs": "?", "default": each.default}  # argparse would parse SUPPRESS as a value
        return [destination], keywords
    return [flag], {**keywords, "dest": destination, "required": required}


def _help(each: Field[Any], info: OptionInfo) -> str:
    default = each.default
    text = info.help.replace("%", "%%")
    if default is MISSING or default is None or isinstance(default, bool) or default in ("", ()) or "(default" in text:
        return text
    shown = f"{default:g}" if isinstance(default, float) else str(default)
    return f"{text} (default: {shown})".replace("%", "%%") if "%" in shown else f"{text} (default: {shown})"


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
