"""Records of the cases of a page: plain values and drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of a page, as a data URI with its size in pixels."""

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
    """

    lesion_images: Mapping[str, Picture] = field(default_factory=dict)
    full_images: Mapping[str, Picture] = field(default_factory=dict)
    thumbnails: Mapping[str, Picture] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class WantedPictures:
    """Cases whose images a page shows, each in one of the three.

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
    """An image where it is shown: key in the store, size, alternative text, caption.

    ``absent`` is the reason where there is none; then ``key`` is empty.
    """

    key: str
    width: int
    height: int
    alt: str
    caption: str
    absent: str = ""


@dataclass(frozen=True, slots=True)
class CaseAttributes:
    """Values by which cases are filtered; empty where the table has none."""

    outcome: str
    truth: str
    view: str
    density: str
    kind: str
    out_of_range: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A similar training case: its id, its class, its distance, and its image."""

    case_id: str
    truth: str
    distance: str
    picture: ShownImage | None


@dataclass(frozen=True, slots=True)
class Card:
    """One case in full.

    Attributes
    ----------
    probability : str
        A sentence: class, probability, proportion of repeats that classified it as positive.
    explained : str
        The title of the waterfall; empty where it is of the best model.
    leading : str
        A sentence on the feature with the largest contribution; may be empty.
    beyond : sequence of str
        Values outside the range of the training cases, as text.
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
    out_of_range: Sequence[str]
    neighbours: Sequence[Neighbour]


@dataclass(frozen=True, slots=True)
class Group:
    """Cases of one kind: heading, text, and cards."""

    slug: str
    title: str
    text: str
    cards: Sequence[Card]


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list of all cases: ``anchor`` is its card's, empty where it has none."""

    anchor: str
    case_id: str
    patient_id: str
    side: str
    attributes: CaseAttributes
    probability: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of cards and rows: the attribute, its label, and its options."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class CasesPart:
    """The cases of the report.

    Attributes
    ----------
    lines : sequence of Line
        All cases, or as many as the caption states.
    store : mapping of str to Picture
        Every image once, by the key that :class:`ShownImage` names.
    """

    groups: Sequence[Group] = ()
    lines: Sequence[Line] = ()
    caption: str = ""
    filters: Sequence[Filter] = ()
    store: Mapping[str, Picture] = field(default_factory=dict)
