"""Where a mask lies: its grid and its header, beside those of the image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tools.recombined_inputs.masks import Labels, Random


@dataclass(frozen=True)
class Header:
    """Geometry in the plane, as SimpleITK states it: x before y."""

    origin: tuple[float, float] = (0.0, 0.0)
    spacing: tuple[float, float] = (1.0, 1.0)
    direction: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Placed:
    """Labels in the mask's grid, its header, and the labels in the image's grid that are meant; None: no place."""

    labels: Labels
    header: Header
    meant: Labels | None


@dataclass(frozen=True)
class Frame:
    """One way in which a mask's grid differs from the image's.

    Attributes
    ----------
    place : callable
        From labels on the image's grid and its header.
    headers : bool or None
        Whether both files state a geometry; None: the mask's file states none.
    plain : bool
        Must be read right, without ``correctMask`` (with it, where ``correct`` is set).
    correct : bool or None
        Needs ``correctMask``; None: either.
    overlap : float
        Least Jaccard index of the region read and the region meant.
    """

    place: Callable[[Labels, Header, Random], Placed]
    headers: bool | None
    plain: bool = True
    correct: bool | None = None
    overlap: float = 1.0


def same(labels: Labels, image: Header, rng: Random) -> Placed:
    """Place the mask on the image's grid."""
    return Placed(labels, image, labels)


def part(labels: Labels, image: Header, rng: Random) -> Placed:
    """Place the mask on a part of the image's grid that holds the region."""
    rows, columns = (np.flatnonzero(labels.any(axis=axis)) for axis in (1, 0))
    top, left = int(rng.integers(0, rows[0] + 1)), int(rng.integers(0, columns[0] + 1))
    bottom = int(rng.integers(rows[-1] + 1, labels.shape[0] + 1))
    right = int(rng.integers(columns[-1] + 1, labels.shape[1] + 1))
    x, y = image.origin[0] + left * image.spacing[0], image.origin[1] + top * image.spacing[1]
    return Placed(labels[top:bottom, left:right], Header((x, y), image.spacing), labels)


def larger(labels: Labels, image: Header, rng: Random) -> Placed:
    """Place the mask on a grid that reaches beyond the image."""
    top, left, bottom, right = (int(n) for n in rng.integers(0, 6, 4))
    x, y = image.origin[0] - left * image.spacing[0], image.origin[1] - top * image.spacing[1]
    return Placed(np.pad(labels, ((top, bottom), (left, right))), Header((x, y), image.spacing), labels)


def upside_down(labels: Labels, image: Header, rng: Random) -> Placed:
    """Place the mask with its rows in reverse, as its header says."""
    y = image.origin[1] + (labels.shape[0] - 1) * image.spacing[1]
    return Placed(labels[::-1].copy(), Header((image.origin[0], y), image.spacing, (1, 0, 0, -1)), labels)


def half_resolution(labels: Labels, image: Header, rng: Random) -> Placed:
    """Place the mask on a grid of pixels twice as wide, over the same extent."""
    small = labels[::2, ::2]
    origin = tuple(o + s / 2 for o, s in zip(image.origin, image.spacing, strict=True))
    spacing = tuple(2 * s for s in image.spacing)
    meant = np.kron(small, np.ones((2, 2), np.uint8))[: labels.shape[0], : labels.shape[1]]
    return Placed(small, Header((origin[0], origin[1]), (spacing[0], spacing[1])), meant)


def elsewhere(labels: Labels, image: Header, rng: Random) -> Placed:
    """Place the mask far from the image."""
    far = tuple(o + rng.choice((-1, 1)) * 500.0 for o in image.origin)
    return Placed(labels, Header((far[0], far[1]), image.spacing), None)


def shifted(labels: Labels, image: Header, rng: Random) -> Placed:
    """Place the mask on an equal grid some pixels away; the region stays inside the image."""
    step = int(rng.integers(2, 5))
    meant = np.zeros_like(labels)
    meant[step:, step:] = labels[:-step, :-step]
    x, y = (o + step * s for o, s in zip(image.origin, image.spacing, strict=True))
    inside = np.array_equal(np.bincount(meant.ravel(), minlength=9), np.bincount(labels.ravel(), minlength=9))
    return Placed(labels, Header((x, y), image.spacing), meant if inside else None)


def lost(labels: Labels, image: Header, rng: Random) -> Placed:
    """Place the mask with a header that an export has lost: spacing 1, origin 0."""
    return Placed(labels, Header(), labels)


def enlarged(labels: Labels, image: Header, rng: Random) -> Placed:
    """Draw the mask three times as large, without a header."""
    return Placed(np.kron(labels, np.ones((3, 3), np.uint8)), Header(), labels)


def other_aspect(labels: Labels, image: Header, rng: Random) -> Placed:
    """Draw the mask on a grid of another aspect, without a header."""
    return Placed(np.pad(labels, ((0, 9), (0, 0))), Header(), None)


def turned(labels: Labels, image: Header, rng: Random) -> Placed:
    """Draw the mask with rows and columns swapped, without a header."""
    return Placed(np.ascontiguousarray(labels.T), Header(), None)


FRAMES: dict[str, Frame] = {
    "same grid, both with headers": Frame(same, True),
    "same grid, mask without header": Frame(same, None),
    "same grid, neither with a header": Frame(same, False),
    "part of the grid": Frame(part, True, correct=True),
    "part of the grid, correctMask not set": Frame(part, True, plain=False, correct=False),
    "larger grid": Frame(larger, True, correct=True),
    "larger grid, correctMask not set": Frame(larger, True, plain=False, correct=False),
    "rows reversed": Frame(upside_down, True, correct=True),
    "rows reversed, correctMask not set": Frame(upside_down, True, plain=False, correct=False),
    "half the resolution": Frame(half_resolution, True, correct=True, overlap=0.6),
    "half the resolution, correctMask not set": Frame(half_resolution, True, plain=False, correct=False, overlap=0.6),
    "500 mm away": Frame(elsewhere, True, plain=False),
    "some pixels away": Frame(shifted, True, plain=False),
    "header lost": Frame(lost, True, plain=False),
    "three times as large": Frame(enlarged, False),
    "another aspect": Frame(other_aspect, False, plain=False),
    "rows and columns swapped": Frame(turned, False, plain=False),
}
