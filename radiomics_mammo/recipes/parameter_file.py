"""Parsing of parameter files: plain YAML 1.2 or JSON, with the line of every key.

pyradiomics reads its files with a YAML 1.2 parser: ``1e-6`` is a number and ``010`` is ten. Only plain data is read: no
tags of programming languages, no dates, nesting and size bounded. An alias is the value that it names, never a copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from radiomics_mammo.errors import RecipeError
from radiomics_mammo.recipes.findings import Findings, Place, shown

LARGEST = 1_000_000
"""Bytes."""
_DEEPEST = 20
_LONGEST = 300  # digits; whole numbers beyond are infinite as floats are
_INVALID = object()  # a fault has been added; the entry is left out
_YAML = "tag:yaml.org,2002:"
_NULL = re.compile(r"~|null|Null|NULL|")
_FLAGS = {**dict.fromkeys(("true", "yes", "on"), True), **dict.fromkeys(("false", "no", "off"), False)}
_DECIMAL = re.compile(r"[-+]?[0-9][0-9_]*")
_OTHER_BASE = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def read_parameter_file(path: Path) -> tuple[Any, Findings]:
    """Parse a file.

    Returns
    -------
    body : object
        Dictionaries, lists, texts, numbers, True, False and None.
    findings : Findings
        With the line of every key, and the faults that parsing found.

    Raises
    ------
    RecipeError
        The file cannot be read, or is no YAML.
    """
    try:
        with path.open("rb") as handle:
            content = handle.read(LARGEST + 1)
    except OSError as error:
        raise RecipeError(
            f"the recipe cannot be read ({error.strerror})", path=path, remedy="Check the path."
        ) from error
    if len(content) > LARGEST:
        raise RecipeError("it has more than a megabyte", path=path, remedy="Name a parameter file.")
    lines: dict[Place, int] = {}
    findings = Findings(path, lines)
    try:
        events = iter(list(yaml.parse(_untabbed(_decoded(content)), Loader=yaml.SafeLoader)))
        return _Builder(events, findings, lines).document(), findings
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f"line {mark.line + 1}: "
        cause = " ".join(str(getattr(error, "problem", None) or error).split())
        hint = " Indent with spaces, not tabs." if "'\\t'" in cause else ""
        raise RecipeError(f"{where}not valid YAML ({cause})", path=path, remedy=f"Correct the file.{hint}") from error


def _decoded(content: bytes) -> str:
    """Decode UTF-8 or UTF-16; names and values are ASCII, so that of other encodings only comments are lost."""
    try:
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("ascii", "replace")


def _untabbed(text: str) -> str:
    """Replace tabs by spaces where they do not indent a block, which YAML does not allow."""
    if text.lstrip()[:1] in ("{", "["):
        return text.replace("\t", " ")
    lines = (re.match(r"(\s*)(.*)", line, re.DOTALL) for line in text.splitlines(keepends=True))
    return "".join(
        m[0].replace("\t", " ") if m[2][:1] in ("", "#") else m[1] + m[2].replace("\t", " ") for m in lines if m
    )


class _Builder:
    """Builds values from the parser's events."""

    def __init__(self, events: Iterator[Any], findings: Findings, lines: dict[Place, int]) -> None:
        self._events, self._findings, self._lines = events, findings, lines
        self._anchors: dict[str, Any] = {}

    def document(self) -> Any:
        body = None
        for event in self._events:
            if not isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)):
                if isinstance(event, yaml.StreamEndEvent):
                    return body
                if body is not None:
                    self._fault("a second document begins", event, remedy="Give each recipe a file of its entries.")
                value = self._value(event, at=())
                body = None if value is _INVALID else value
        return body

    def _fault(self, cause: str, event: Any, *, remedy: str) -> None:
        self._findings.fault(cause, line=event.start_mark.line + 1, remedy=remedy)

    def _value(self, event: Any, *, at: Place, depth: int = 0) -> Any:
        if depth > _DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {_DEEPEST}", problem_mark=event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                self._fault(f"*{event.anchor} names nothing before it", event, remedy="Write the value out.")
            return self._anchors.get(str(event.anchor), _INVALID)
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        else:
            kind = "seq" if isinstance(event, yaml.SequenceStartEvent) else "map"
            valid = self._has_tag(event, kind)
            build = self._list if kind == "seq" else self._mapping
            value = build(at=at, depth=depth)
            value = value if valid else _INVALID
        if event.anchor:
            self._anchors[event.anchor] = value
        return value

    def _list(self, *, at: Place, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._value(event, at=at, depth=depth + 1))
        return [item for item in items if item is not _INVALID]

    def _mapping(self, *, at: Place, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent):
                raise yaml.MarkedYAMLError(problem="a key is no plain text", problem_mark=event.start_mark)
            key = event.value
            place = (*at, key)
            if key in lines:
                self._fault(
                    f"the key {shown(key)} stands twice, in lines {lines[key]} and {line}", event, remedy="Keep one."
                )
            self._lines.setdefault(place, line)
            lines[key] = line
            value = self._value(next(self._events), at=place, depth=depth + 1)
            if key == "<<" and event.style is None:
                merged = self._merged(value, event)
            elif value is not _INVALID:
                entries[key] = value
        return {**merged, **entries} if merged else entries

    def _merged(self, value: object, event: yaml.Event) -> dict[str, Any]:
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            self._fault("<< is followed by no mapping", event, remedy="Name one by its anchor: <<: *name.")
            return {}
        return {key: item for part in reversed(parts) for key, item in part.items()}

    def _has_tag(self, event: Any, kind: str) -> bool:
        if event.tag in (None, "!", _YAML + kind):
            return True
        tag = shown(event.tag.replace(_YAML, "!!"))
        self._fault(f"the tag {tag} is not plain YAML or does not fit its value", event, remedy="Remove it.")
        return False

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        text = event.value
        plain: Any = text if event.style else _plain(text)
        kind = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str"}[type(plain)]
        if event.tag == _YAML + "float" and kind == "int":
            return float(plain)
        if event.tag == _YAML + "str":
            return text
        return plain if self._has_tag(event, kind) else _INVALID


def _plain(text: str) -> Any:
    """Return the value of a scalar without quotes."""
    if _NULL.fullmatch(text):
        return None
    if text.lower() in _FLAGS:
        return _FLAGS[text.lower()]
    if _OTHER_BASE.fullmatch(text) and len(text) < _LONGEST:
        return int(text, 0)
    if _DECIMAL.fullmatch(text) and len(text) < _LONGEST:
        return int(text.replace("_", ""))
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    special = _SPECIAL.fullmatch(text)
    if special is None:
        return text
    return float("nan") if special[3] else float(f"{special[1]}inf")
