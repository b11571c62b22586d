"""The records that the cases of a page are made of: plain values, and drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a page holds it.

    Attributes
    ----------
    uri : str
        A data URI.
    width, height : int
        Pixels.
    """

    uri: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures of cases, by case_id.

    Attributes
    ----------
    lesions : mapping of str to Picture
        The region with its surroundings and its outline.
    wholes : mapping of str to Picture
        The whole image with the region's box; only where it shows more than the region's picture does.
    thumbnails : mapping of str to Picture
        The region, small.
    problem : str
        Why some or all are missing; empty if none is.
    """

    lesions: Mapping[str, Picture] = field(default_factory=dict)
    wholes: Mapping[str, Picture] = field(default_factory=dict)
    thumbnails: Mapping[str, Picture] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Cases whose pictures a page wants, each named once over the three.

    Attributes
    ----------
    cards : tuple of str
        Drawn in full: region and whole image.
    views : tuple of str
        Other views of the same breasts: the whole image, or the region where that is all there is.
    neighbours : tuple of str
        Thumbnails.
    """

    cards: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownImage:
    """A picture where it is shown: the key under which the page stores it, its size, its words and its caption.

    ``absent`` says why there is none, and then ``key`` is empty.
    """

    key: str
    width: int
    height: int
    alt: str
    caption: str
    absent: str = ""


@dataclass(frozen=True, slots=True)
class CaseAttributes:
    """What a case is filtered by, as the page shows it; empty where the table does not say."""

    outcome: str
    truth: str
    view: str
    density: str
    kind: str
    beyond: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training case like this one: its name, its truth, how far it is, and its picture."""

    case_id: str
    truth: str
    distance: str
    picture: ShownImage | None


@dataclass(frozen=True, slots=True)
class Card:
    """One case to look at.

    Attributes
    ----------
    anchor, case_id, patient_id : str
    tags : Tags
    outcome : str
        In words.
    probability : str
        A sentence: truth, probability, how often it was called positive.
    facts : str
        What the table says of it (side, density …).
    pictures : sequence of Shown
    waterfall : Markup
        Empty without one.
    explained : str
        Whose waterfall it is; empty where that goes without saying.
    leading : str
        What the strongest feature means; may be empty.
    beyond : sequence of str
        Values outside the training cases' range, in words.
    neighbours : sequence of Neighbour
    """

    anchor: str
    case_id: str
    patient_id: str
    attributes: CaseAttributes
    outcome: str
    probability: str
    facts: str
    pictures: Sequence[ShownImage]
    waterfall: Markup
    explained: str
    leading: str
    beyond: Sequence[str]
    neighbours: Sequence[Neighbour]


@dataclass(frozen=True, slots=True)
class Group:
    """Cases of one kind: the heading, what they are, and their cards."""

    slug: str
    title: str
    text: str
    cards: Sequence[Card]


@dataclass(frozen=True, slots=True)
class Line:
    """One case in the list of all: ``anchor`` is its card's, empty where it has none."""

    anchor: str
    case_id: str
    patient_id: str
    side: str
    attributes: CaseAttributes
    probability: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice by which cards and lines are shown: the attribute it looks at, its label, and its options."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class CasesPart:
    """The cases of a page.

    Attributes
    ----------
    text : sequence of str
        Whose predictions these are, and what to know; a paragraph each.
    groups : sequence of Group
    lines : sequence of Line
        All cases, or as many as the caption says.
    caption : str
        Of the list.
    filters : sequence of Filter
    store : mapping of str to Picture
        Every picture once, by the key that :class:`ShownImage` names.
    """

    text: Sequence[str]
    groups: Sequence[Group] = ()
    lines: Sequence[Line] = ()
    caption: str = ""
    filters: Sequence[Filter] = ()
    store: Mapping[str, Picture] = field(default_factory=dict)
