"""A case as pictures: the lesion with its outline, the whole image with its box, a thumbnail."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

from radiomics_mammo.reports.cases.records import Picture

OUTLINE = (255, 200, 0)
_CONTEXT = 0.5  # of the region's larger side, on each side of it
_SAMPLED = 250_000  # pixels that a picture's range of grey is taken from


@dataclass(frozen=True, slots=True)
class Size:
    """Size of images: pixels of the longer side, and JPEG quality."""

    side: int
    quality: int


LARGE, THUMBNAIL, LARGE_THUMBNAIL = Size(720, 88), Size(72, 70), Size(240, 78)


def size_for(n_cards: int) -> Size:
    """Return the size of images at which a page of so many cards can be sent by mail."""
    if n_cards <= 60:
        return Size(320, 84)
    return Size(240, 78) if n_cards <= 160 else Size(200, 74)


def draw_lesion(image: NDArray[np.generic], mask: NDArray[np.bool_], size: Size) -> Picture:
    """Draw the region with half its size around it and its outline.

    Grey values are spread between the 1st and 99th percentile of what the picture shows.
    """
    top, bottom, left, right = _surroundings(mask)
    grey = _resized(_grey(image[top:bottom, left:right]), size.side)
    inside = _resized(mask[top:bottom, left:right].astype(np.uint8) * 255, size.side) > 127
    core = binary_erosion(inside, iterations=1 if size.side <= 240 else 2)
    return _encoded(grey, inside & ~core, size)


def draw_whole(image: NDArray[np.generic], mask: NDArray[np.bool_], size: Size) -> Picture | None:
    """Draw the whole image with a box around the region, unless that is half of it."""
    top, bottom, left, right = _surroundings(mask)
    if (bottom - top) * (right - left) >= 0.5 * image.size:
        return None
    grey = _resized(_grey(image), size.side)
    scale = grey.shape[0] / image.shape[0]
    first, last, west, east = (round(edge * scale) for edge in (top, bottom, left, right))
    last, east = min(last, grey.shape[0]) - 1, min(east, grey.shape[1]) - 1
    box = np.zeros(grey.shape, dtype=np.bool_)
    box[first : last + 1, west : east + 1] = True
    return _encoded(grey, box & ~binary_erosion(box, iterations=1 if size.side <= 240 else 2), size)


def _surroundings(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    margin = int(np.ceil(_CONTEXT * max(bottom - top, right - left))) + 2
    shape = mask.shape
    return max(top - margin, 0), min(bottom + margin, shape[0]), max(left - margin, 0), min(right + margin, shape[1])


def _grey(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    step = max(1, int(np.sqrt(image.size / _SAMPLED)))
    some = image[::step, ::step].astype(np.float64)
    defined = some[np.isfinite(some)]
    if defined.size == 0:
        return np.zeros(image.shape, dtype=np.uint8)
    low, high = np.percentile(defined, [1, 99])
    if image.dtype in (np.uint8, np.uint16):
        # Through a table: a mammogram in floating point takes a tenth of a gigabyte and a second.
        return np.asarray(_spread(np.arange(2 ** (8 * image.itemsize)), low, high)[image])
    return _spread(image, low, high)


def _spread(values: NDArray[np.generic], low: float, high: float) -> NDArray[np.uint8]:
    finite = np.nan_to_num(values.astype(np.float32), nan=low, posinf=high, neginf=low)
    return np.asarray(np.clip((finite - low) / max(float(high - low), 1e-6), 0, 1) * 255, dtype=np.uint8)


def _resized(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    from PIL import Image

    scale = side / max(image.shape)
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(image).resize(size, how), dtype=np.uint8)


def _encoded(grey: NDArray[np.uint8], marked: NDArray[np.bool_], size: Size) -> Picture:
    from PIL import Image

    coloured = np.repeat(grey[..., None], 3, axis=2)
    coloured[marked] = OUTLINE
    text = io.BytesIO()
    # Full colour resolution: the outline is a pixel or two wide.
    Image.fromarray(coloured).save(text, format="JPEG", quality=size.quality, subsampling=0, optimize=True)
    uri = "data:image/jpeg;base64," + base64.b64encode(text.getvalue()).decode("ascii")
    return Picture(uri, grey.shape[1], grey.shape[0])
