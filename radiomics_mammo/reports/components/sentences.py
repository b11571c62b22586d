"""Sentences of the pages: macros of ``templates/text``, one file a topic, called with named values."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from radiomics_mammo.reports.components import numbers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Environment


def sentence(name: str, /, **values: object) -> str:
    """Return the text of ``topic.macro`` (``templates/text/topic.j2``).

    Examples
    --------
    >>> sentence("leakage.checks", failed=1, checks=7)
    '1 of 7 checks failed. Read these first.'
    """
    return " ".join(_macro(name, values).split())


def paragraphs(name: str, /, **values: object) -> list[str]:
    """Return the paragraphs of a macro, separated by ``---``."""
    return [" ".join(part.split()) for part in _macro(name, values).split("---") if part.strip()]


def enumerate_words(words: Iterable[str], last: str = "and") -> str:
    """Format a list of words: ``a, b and c``.

    Examples
    --------
    >>> enumerate_words(["CC", "MLO", "ML"])
    'CC, MLO and ML'
    """
    *first, end = words
    return f"{', '.join(first)} {last} {end}" if first else end


def plural(n: int, unit: str) -> str:
    """Format a count with its unit: ``1 image``, ``1,158 images``."""
    return f"{n:,} {unit}" if n == 1 else f"{n:,} {unit}s"


def _macro(name: str, values: dict[str, object]) -> str:
    topic, _, macro = name.partition(".")
    return str(getattr(_environment().get_template(f"{topic}.j2").module, macro)(**values))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Autoescape is off: this is text, which the page's own templates escape.
    environment = Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=PackageLoader("radiomics_mammo", "reports/templates/text"),
    )
    environment.filters |= {
        "number": numbers.number,
        "signed": lambda value: numbers.number(value, signed=True),
        "percent": numbers.percent,
        "p_value": numbers.p_value,
        "count": numbers.count,
        "plural": plural,
        "words": enumerate_words,
        "interval": numbers.with_interval,
        "two": lambda value: f"{value:.2f}",
        "short": lambda value: f"{value:.2g}",
    }
    return environment
