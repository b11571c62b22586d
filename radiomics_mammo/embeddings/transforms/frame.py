"""The square that the network sees: around a box, padded where the image ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Box = tuple[int, int, int, int]
"""First and past-the-last row, first and past-the-last column."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A square on an image.

    Attributes
    ----------
    top, left : int
        Its first row and column in the image; negative where it begins before the image does.
    side : int
        Rows and columns.
    box : tuple of int
        The part of the image that it shows; the rest of the square is padding.
    """

    top: int
    left: int
    side: int
    box: Box


def frame_around(box: Box, shape: tuple[int, int], *, context: float) -> Frame:
    """Return a square around a box, with context.

    ``context`` is added on each side, as a proportion of the longer side. The frame is shifted to lie inside the image;
    where the image is smaller, it lies in the middle and the frame is padded. Never more than twice as wide as the
    image.
    """
    wanted = round(max(box[1] - box[0], box[3] - box[2]) * (1.0 + 2.0 * context))
    side = min(max(1, wanted), 2 * max(shape))
    top, left = (
        _start(first, past, side, length)
        for first, past, length in ((box[0], box[1], shape[0]), (box[2], box[3], shape[1]))
    )
    shown = (max(top, 0), min(top + side, shape[0]), max(left, 0), min(left + side, shape[1]))
    return Frame(top, left, side, shown)


def frame_of(box: Box) -> Frame:
    """Return the square with a box in its middle, and nothing around the box."""
    height, width = box[1] - box[0], box[3] - box[2]
    side = max(height, width)
    return Frame(box[0] - (side - height) // 2, box[2] - (side - width) // 2, side, box)


def shown(image: NDArray[Any], frame: Frame) -> NDArray[Any]:
    """Return the image's pixels in a frame, without padding."""
    top, bottom, left, right = frame.box
    return image[top:bottom, left:right]


def laid(values: NDArray[Any], frame: Frame) -> NDArray[Any]:
    """Return the square of a frame: values from :func:`shown`, zeros around them."""
    square = np.zeros((frame.side, frame.side), dtype=values.dtype)
    row, column = frame.box[0] - frame.top, frame.box[2] - frame.left
    square[row : row + values.shape[0], column : column + values.shape[1]] = values
    return square


def _start(first: int, past: int, side: int, length: int) -> int:
    if side >= length:
        return -((side - length) // 2)
    return min(max(first - (side - (past - first)) // 2, 0), length - side)


def resized(picture: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Compute a square image, 0 to 1, by antialiased bicubic interpolation."""
    scaled = Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(scaled, dtype=np.float32), 0.0, 1.0)
