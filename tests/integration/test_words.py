"""Words that docs/style.md rules out do not come back: in names, in user-visible text, in the README."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "radiomics_mammo"


def words_of(text: str) -> list[str]:
    return text.split()


ANYWHERE = words_of(
    "honesty canary canaries yardstick yardsticks lineup notion notions twin twins desk headline arm arms mistakes "
    "person persons people shuffling winner everybody nobody whoever she her hers bury"
)
"""Neither part of a name nor in text."""
NAMES = words_of(
    "journal said told found made own one kept "
    "keeper held asked question unfinished opener looks alone lost quiet parted air "
    "beyond taught bench price prices ways way shares share sheet sheets apart tags suspicious"
)
"""No part of a name; as words of a sentence they are plain English."""
TERMS = ("held_out", "HeldOut", "contact_sheet")
"""Terms of the field that hold one of the words."""
RULES = {PACKAGE / "testing" / "sections.py"}
"""The words that pages must not use are listed there, too."""
PHRASES = (
    "done wrong on purpose",
    "evening the classes",
    "would have bought",
    "who was looked at",
    "does anything leak",
    "at work",
    "for whom it works",
    "be trusted",
    "what the model looks at",
    "let go",
    "recall_rate",
)


def parts(name: str) -> set[str]:
    """Split a name of any spelling into lower-case words."""
    for term in TERMS:
        name = name.replace(term, "").replace(term.upper(), "")
    return set(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_"))


def names(tree: ast.AST) -> Iterator[str]:
    """Yield every name that a module binds: functions, classes, arguments, variables, attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)) or (
            isinstance(node, ast.alias) and False
        ):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def texts(path: Path) -> str:
    """Return what of a file people may read: string literals, templates, Markdown."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return re.sub(r"\{[{%#].*?[}%#]\}", " ", text, flags=re.DOTALL)
    return "\n".join(
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


SOURCES = sorted(PACKAGE.rglob("*.py"))
READABLE = [*SOURCES, *sorted(PACKAGE.rglob("*.j2")), *sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]


def test_names_are_the_fields_own():
    forbidden = {*ANYWHERE, *NAMES}
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in SOURCES
        for name in [path.stem, *names(ast.parse(path.read_text(encoding="utf-8")))]
        if parts(name) & forbidden
    }
    assert not wrong


@pytest.mark.parametrize("words", [ANYWHERE, PHRASES], ids=["words", "phrases"])
def test_texts_use_standard_terms(words):
    pattern = re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)
    wrong = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in READABLE
        if path.name != "CHANGELOG.md" and path not in RULES
        for match in pattern.finditer(texts(path))
    }
    assert not wrong


def test_the_rule_sees_names_and_text(tmp_path):
    path = tmp_path / "x.py"
    path.write_text('def canaries_sheet(ArmName):\n    """Nobody."""\n    held_out = 1\n', encoding="utf-8")
    bound = [sorted(parts(name)) for name in names(ast.parse(path.read_text()))]
    assert bound[:2] == [["canaries", "sheet"], ["arm", "name"]]
    assert parts("held_out") == {""}
    assert "Nobody" in texts(path)
