"""The page as a record of plain values, and its rendering: one file, no network, text always escaped."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from radiomics_mammo.reports.cases.records import CasesPart

_STYLES = ("report.css", "cases.css")
_BREAKS = re.compile(r"(?<=_)|(?<=[a-z])(?=[A-Z])")
_SCRIPTS = ("report.js", "cases.js")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval, as text; ``title`` where it is shown outside a table."""

    value: str
    interval: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing with its caption; ``name`` is its file's, if not a number."""

    svg: Markup
    caption: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table of the page.

    Attributes
    ----------
    headings : sequence of str
        The first column names the row.
    rows : sequence of sequence of (str or Estimate)
    words : sequence of str
        Headings of columns that hold words, which are aligned to the left.
    stacked : bool
        Whether a narrow screen shows the cells of a row one below the other; otherwise it scrolls.
    marks : sequence of str
        ``best``, ``baseline`` or empty for each row; may be empty.
    folded : str
        Summary of the folded table; shown at once if empty.
    name : str
        Its file's, where the part's slug and a number will not do.
    """

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str | Estimate]]
    words: Sequence[str] = ()
    stacked: bool = False
    marks: Sequence[str] = ()
    folded: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class FlowStep:
    """A box of the flow chart: title, count and notes; ``aside`` where cases leave the flow."""

    title: str
    count: str
    notes: Sequence[str] = ()
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow chart of the study population: common steps, then branches."""

    steps: Sequence[FlowStep]
    branches: Sequence[tuple[str, Sequence[FlowStep]]]


@dataclass(frozen=True, slots=True)
class PagePart:
    """A part of the page under one heading.

    Attributes
    ----------
    slug, title : str
        The anchor, unique on the page, and the heading; a section's are given by the registry.
    warnings : sequence of str
        Shown before everything else.
    flow : Flow, optional
    cases : CasesPart, optional
    columns : bool
        Whether the tables are small and stand beside each other.
    """

    slug: str = ""
    title: str = ""
    text: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[ReportTable] = ()
    parts: Sequence[PagePart] = ()
    warnings: Sequence[str] = ()
    terms: Sequence[tuple[str, str]] = ()
    flow: Flow | None = None
    facts: Sequence[tuple[str, str]] = ()
    items: Sequence[str] = ()
    cases: CasesPart | None = None
    columns: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """The summary at the top: the sentence, the estimates behind it, and warnings."""

    verdict: str
    key_figures: Sequence[Estimate]
    key_figures_title: str
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """The report: its parts, and the sections that are left out with the reason."""

    title: str
    phantom: bool
    opening: Opening
    parts: Sequence[PagePart]
    left_out: Sequence[tuple[str, str]]
    citation: str


def render(page: Page) -> str:
    """Return the report as HTML; text of tables is escaped."""
    return fill("report.html.j2", page=page)


def fill(template: str, **values: object) -> str:
    """Return a page from one of the templates.

    The template also receives the style as ``css``, the script as ``js``, and the Content-Security-Policy as
    ``policy``: only this script, by its hash, may run, and nothing is loaded.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Autoescape is on for all: the page is HTML whatever its template is called.
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=PackageLoader("radiomics_mammo", "reports/templates"),
    )
    environment.filters["breakable"] = breakable
    environment.filters["slug"] = slug
    css, js = ("".join(_text(name) for name in names) for names in (_STYLES, _SCRIPTS))
    ours = {"css": Markup(css), "js": Markup(js), "policy": _policy(js)}
    return environment.get_template(template).render(**ours, **values)


def breakable(name: object) -> Markup:
    """Return a name with optional line breaks after underscores and between words."""
    return Markup("<wbr>").join(escape(part) for part in _BREAKS.split(str(name)))


def slug(text: object) -> str:
    """Format a text as a file name or anchor: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", str(text).lower()).strip("-") or "x"


def _text(name: str) -> str:
    return (files("radiomics_mammo.reports") / "templates" / name).read_text(encoding="utf-8")


def _policy(js: str) -> str:
    digest = base64.b64encode(hashlib.sha256(js.encode("utf-8")).digest()).decode("ascii")
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
