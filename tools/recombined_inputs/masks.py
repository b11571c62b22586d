"""How people draw a mask: from labels (0 outside, 1, 2, … inside) to the pixels of a picture."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Labels = NDArray[np.uint8]
Random = np.random.Generator


@dataclass(frozen=True)
class Style:
    """One way of drawing a mask.

    Attributes
    ----------
    draw : callable
        From labels to the array, or the PIL image, of the mask file.
    plain : bool
        Must be read right: a refusal is a fault too.
    overlap : float
        Least Jaccard index of the region read and the region drawn; 1 is equality.
    label : int or None
        The label that the list of cases names.
    labels : int
        Number of labels drawn.
    note : bool
        A region that was read right must come with a note.
    lossy : bool
        Only a JPEG file holds it.
    """

    draw: Callable[[Labels, Random], Any]
    plain: bool = True
    overlap: float = 1.0
    label: int | None = None
    labels: int = 1
    note: bool = False
    lossy: bool = False


def scaled(value: float, dtype: Any) -> Callable[[Labels, Random], NDArray[Any]]:
    """Draw the region with one value."""
    return lambda labels, _: (labels > 0).astype(dtype) * np.asarray(value, dtype)


def any_value(labels: Labels, rng: Random) -> NDArray[Any]:
    """Draw the region with a random value."""
    return (labels > 0).astype(np.uint8) * np.uint8(rng.integers(1, 256))


def jpeg(labels: Labels, rng: Random, *, value: int = 255, colour: bool = False) -> NDArray[Any]:
    """Draw the region as it looks after JPEG."""
    plane = (labels > 0).astype(np.uint8) * np.uint8(value)
    picture = Image.fromarray(np.dstack([plane, plane * 0, plane * 0]) if colour else plane)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=int(rng.choice((75, 85, 90, 95, 98))))
    return np.asarray(Image.open(stream))


def resized(labels: Labels, rng: Random) -> NDArray[Any]:
    """Draw the region with grey edges, as bilinear resizing leaves them."""
    plane = Image.fromarray((labels > 0).astype(np.uint8) * np.uint8(255))
    half = plane.resize((plane.width // 2, plane.height // 2), Image.Resampling.BILINEAR)
    return np.asarray(half.resize(plane.size, Image.Resampling.BILINEAR))


def coloured(labels: Labels, rng: Random) -> NDArray[Any]:
    """Draw the region in one colour on black."""
    colour = np.array(((255, 0, 0), (0, 255, 0), (255, 255, 0), (255, 255, 255), (128, 0, 0)), np.uint8)
    return colour[rng.integers(5)] * (labels > 0)[..., None].astype(np.uint8)


def in_alpha(labels: Labels, rng: Random) -> NDArray[Any]:
    """Draw the region in the alpha channel only."""
    base = np.full((*labels.shape, 4), rng.choice((0, 255)), np.uint8)
    base[..., 3] = (labels > 0) * np.uint8(255)
    return base


def grey_alpha(labels: Labels, rng: Random) -> Any:
    """Draw the region in the alpha channel of a grey picture."""
    return Image.fromarray(in_alpha(labels, rng)[..., 2:].copy(), "LA")


def opaque(labels: Labels, rng: Random) -> NDArray[Any]:
    """Draw the region white with an alpha channel that says nothing."""
    base = np.full((*labels.shape, 4), 255, np.uint8)
    base[..., :3] = (labels > 0)[..., None] * np.uint8(255)
    return base


def palette(labels: Labels, rng: Random, *, reverse: bool = False) -> Any:
    """Draw the region by index with a palette; ``reverse`` gives the region index 0, shown white."""
    inside = labels > 0
    picture = Image.fromarray((inside != reverse).astype(np.uint8), "P")
    black, colour = [0, 0, 0], [[255, 255, 255], [128, 0, 0], [255, 0, 0]][rng.integers(3)]
    picture.putpalette(([255, 255, 255], black)[0] + black if reverse else black + colour)
    return picture


def inverted(labels: Labels, rng: Random) -> NDArray[Any]:
    """Draw the region black on white."""
    return (labels == 0).astype(np.uint8) * np.uint8(255)


def label_map(labels: Labels, rng: Random) -> NDArray[Any]:
    """Draw each label with its number."""
    return labels.astype(rng.choice([np.uint8, np.uint16]))


def crowded(labels: Labels, rng: Random) -> NDArray[Any]:
    """Draw label 1 among more than a thousand other values."""
    others = np.arange(2, 2 + labels.size, dtype=np.uint16).reshape(labels.shape)
    return np.where(labels == 1, np.uint16(1), others)


def grey_picture(labels: Labels, rng: Random) -> NDArray[Any]:
    """Draw no mask but a grey picture, as when image and mask are swapped."""
    return rng.integers(0, 256, labels.shape).astype(np.uint8)


def empty(labels: Labels, rng: Random) -> NDArray[Any]:
    """Draw nothing."""
    return np.zeros(labels.shape, np.uint8)


def not_a_number(labels: Labels, rng: Random) -> NDArray[Any]:
    """Draw the region as ones among NaN."""
    return np.where(labels > 0, np.float32(1), np.float32(np.nan))


STYLES: dict[str, Style] = {
    "0 and 1": Style(scaled(1, np.uint8)),
    "0 and 255": Style(scaled(255, np.uint8)),
    "0 and any value": Style(any_value),
    "16 bit": Style(scaled(65535, np.uint16)),
    "boolean": Style(lambda labels, _: labels > 0),
    "float": Style(scaled(1.0, np.float32)),
    "NaN outside": Style(not_a_number, plain=False),
    "JPEG": Style(jpeg, overlap=0.85, note=True, lossy=True),
    "JPEG in colour": Style(lambda a, r: jpeg(a, r, colour=True), plain=False, overlap=0.75, note=True, lossy=True),
    "JPEG saved again": Style(jpeg, overlap=0.85, note=True),
    "edges of bilinear resizing": Style(resized, overlap=0.75, note=True),
    "one colour on black": Style(coloured),
    "alpha only": Style(in_alpha),
    "alpha of grey": Style(grey_alpha),
    "opaque alpha": Style(opaque),
    "palette": Style(palette),
    "palette, index 0 white": Style(lambda labels, rng: palette(labels, rng, reverse=True)),
    "inverted": Style(inverted, plain=False),
    "labels, all": Style(label_map, labels=3),
    "labels, one named": Style(label_map, labels=3, label=2),
    "label among a thousand": Style(crowded, label=1),
    "label 1 named, drawn 255": Style(scaled(255, np.uint8), plain=False, label=1),
    "grey picture": Style(grey_picture, plain=False, overlap=2.0),
    "empty": Style(empty, plain=False, overlap=2.0),
}
