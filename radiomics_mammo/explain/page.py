"""The page as a record of plain values, and its rendering: one file, no network, text always escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from markupsafe import Markup, escape


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval, as text.

    Attributes
    ----------
    title, value, interval : str
    """

    title: str
    value: str
    interval: str


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A line of the comparison: title, one estimate a metric, mean predicted probability, whether best or baseline."""

    title: str
    estimates: Sequence[Estimate]
    mean_p: str
    best: bool
    baseline: bool = False


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """A resampled model against its plain twin: differences as estimates, and what they come to."""

    title: str
    estimates: Sequence[Estimate]
    verdict: str


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The cohort by one column: rows of (value, cases, positives, share of positives)."""

    title: str
    rows: Sequence[tuple[str, int, int, str]]


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One leading feature: name, mean absolute contribution, direction, meaning (empty if unknown)."""

    name: str
    size: str
    direction: str
    meaning: str


@dataclass(frozen=True, slots=True)
class CaseCard:
    """One mistake to look at.

    Attributes
    ----------
    case_id, patient_id, facts : str
        Names, and what the table says (side, view, density …).
    probability : str
        Mean over repeats of the out-of-fold probability.
    reasons : sequence of str
        The contributions that weighed most; may be empty.
    picture : str
        A data URI, or empty.
    alt : str
        What the picture shows.
    absent : str
        Why there is no picture.
    """

    case_id: str
    patient_id: str
    facts: str
    probability: str
    reasons: Sequence[str]
    picture: str
    alt: str
    absent: str


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """Mistakes of one kind: a heading, what they are, and the cards."""

    title: str
    text: str
    cards: Sequence[CaseCard]


@dataclass(frozen=True, slots=True)
class Opening:
    """The verdict and the figures behind it."""

    verdict: str
    headline: Sequence[Estimate]
    headline_title: str


@dataclass(frozen=True, slots=True)
class CohortPart:
    """Who was looked at: facts, counts by column, remarks, failures by cause."""

    facts: Sequence[tuple[str, str]]
    breakdowns: Sequence[Breakdown]
    remarks: Sequence[str]
    failures: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class ComparisonPart:
    """The models as table and figure, the resampled twins, and how to read it."""

    headings: Sequence[str]
    models: Sequence[ModelRow]
    differences: Sequence[DifferenceRow]
    calibration: str
    reading: Sequence[tuple[str, str]]
    roc: Markup
    drawn: str = ""
    better: str = ""
    better_by: str = ""
    as_trained: Sheet | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing and what to see in it."""

    svg: Markup
    caption: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of the page.

    Attributes
    ----------
    caption : str
    headings : sequence of str
        The first column names the row.
    rows : sequence of sequence of (str or Estimate)
    words : sequence of str
        Headings of columns that hold words, which are set to the left.
    stacked : bool
        Whether a narrow screen shows a row's cells one below the other; otherwise it scrolls.
    """

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str | Estimate]]
    words: Sequence[str] = ()
    stacked: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: a heading, sentences, figures, tables, and parts of its own below them."""

    slug: str
    title: str
    text: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    sheets: Sequence[Sheet] = ()
    parts: Sequence[Section] = ()


@dataclass(frozen=True, slots=True)
class WhyPart:
    """What the best tree model looks at; without ``features`` there is only the sentence."""

    text: str
    bar: str = ""
    beeswarm: str = ""
    features: Sequence[FeatureRow] = ()


@dataclass(frozen=True, slots=True)
class CasesPart:
    """The most confident mistakes."""

    text: str
    groups: Sequence[CaseGroup] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page, in the order in which it is read."""

    title: str
    phantom: bool
    opening: Opening
    cohort: CohortPart
    comparison: ComparisonPart
    why: WhyPart
    cases: CasesPart
    limits: Sequence[str]
    method: Sequence[tuple[str, str]]
    citation: str
    sections: Sequence[Section] = ()


def breakable(name: object) -> Markup:
    """Let a long name break after its underscores, and there before anywhere else."""
    return Markup("_<wbr>").join(escape(part) for part in str(name).split("_"))


def render(page: Page) -> str:
    """Fill the report's template; whatever comes from a table is shown as text."""
    return fill("report.html.j2", page=page)


def fill(template: str, **values: object) -> str:
    """Fill one of this folder's templates, with the style sheet as ``css``."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Autoescape is on for all: the page is HTML whatever its template is called.
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=PackageLoader("radiomics_mammo", "explain"),
    )
    environment.filters["breakable"] = breakable
    css = (files("radiomics_mammo.explain") / "report.css").read_text(encoding="utf-8")
    return environment.get_template(template).render(css=Markup(css), **values)
