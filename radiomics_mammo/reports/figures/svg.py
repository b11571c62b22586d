"""Figures as inline SVG with the font and the text colour of the page, light or dark."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#1a2b3c"  # a colour that is not used elsewhere: replaced by the text colour of the page
# Okabe and Ito's palette: distinct with any colour vision, and visible on white and on black.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c8c8c")

DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))

_STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "radiomics_mammo",  # the same figure gives the same bytes
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.size": 11.0,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def noted(text: str, note: str) -> str:
    """Return a text with the figure's note behind it, if there is one."""
    return f"{text} ({note})" if note else text


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


@contextmanager
def canvas(width: float, height: float) -> Iterator[Figure]:
    """Build an empty figure (inches) in the page's style; it is SVG after the block."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        yield Figure(figsize=(width, height), layout="constrained")


def to_svg(figure: Figure, *, name: str, alt: str) -> Markup:
    """Write a figure as an inline SVG element.

    Parameters
    ----------
    name : str
        Prefix of its ids, unique on the page; what is neither letter, digit nor ``_`` becomes ``-``.
    """
    name = re.sub(r"[^\w-]", "-", name, flags=re.ASCII)  # a column's name may be anything, and this is markup
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, dpi=150, metadata={"Date": None, "Creator": None})
    body = text.getvalue()
    body = body[body.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'((?:xlink:)?href=")#', rf"\1#{name}-", body)
    body = body.replace("url(#", f"url(#{name}-").replace(INK, "currentColor")
    body = re.sub(r"font: ([^;\"]*?)'DejaVu Sans'[^;\"]*", r"font: \1inherit", body)
    box = re.search(r'viewBox="0 0 ([\d.]+)', body)
    assert box is not None  # Matplotlib always writes one
    head = f'<svg role="img" aria-label="{escape(alt)}" style="max-width:{float(box[1]) * 1.6:.0f}px" '
    body = re.sub(r'^<svg (.*?)(?:width|height)="[\d.]+pt"', r"<svg \1", body, count=1, flags=re.DOTALL)
    body = re.sub(r'^(<svg [^>]*?)(?:width|height)="[\d.]+pt"', r"\1", body, count=1, flags=re.DOTALL)
    return Markup(body.replace("<svg ", head, 1))  # Matplotlib escapes its text, alt is escaped above
