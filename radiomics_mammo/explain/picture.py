"""A lesion as a picture: its surroundings with a box, and the lesion with its outline."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

OUTLINE = (255, 200, 0)
_SIDE = 340  # pixels of each panel's longer side
_CONTEXT = 0.5  # of the region's larger side, on each side of it


def lesion_picture(image: NDArray[np.generic], mask: NDArray[np.bool_]) -> str:
    """Draw a region as a data URI (JPEG).

    Two panels: the whole image with the region's box, and the region with half its size around it and its
    outline; the first is left out where the image is hardly more than the second. Grey values are spread
    between the 1st and 99th percentile of what a panel shows.

    Parameters
    ----------
    image : ndarray, shape (rows, columns)
    mask : ndarray of bool, shape (rows, columns)
        Not empty.
    """
    from PIL import Image

    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)
    margin = int(np.ceil(_CONTEXT * max(box[1] - box[0], box[3] - box[2]))) + 2
    top, left = max(box[0] - margin, 0), max(box[2] - margin, 0)
    bottom, right = min(box[1] + margin, image.shape[0]), min(box[3] + margin, image.shape[1])
    panels = [_outlined(image[top:bottom, left:right], mask[top:bottom, left:right])]
    if (bottom - top) * (right - left) < 0.5 * image.size:
        panels.insert(0, _boxed(image, (top, bottom, left, right)))
    height = max(panel.shape[0] for panel in panels)
    padded = [_pad(panel, height) for panel in panels]
    gap = np.zeros((height, 6, 3), dtype=np.uint8)
    whole = np.hstack(padded if len(padded) == 1 else [padded[0], gap, padded[1]])
    text = io.BytesIO()
    Image.fromarray(whole).save(text, format="JPEG", quality=90, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(text.getvalue()).decode("ascii")


def _grey(image: NDArray[np.generic]) -> NDArray[np.uint8]:
    values = image.astype(np.float32)
    defined = values[np.isfinite(values)]
    if defined.size == 0:
        return np.zeros(image.shape, dtype=np.uint8)
    low, high = np.percentile(defined, [1, 99])
    scaled = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) / max(float(high - low), 1e-6)
    return np.asarray(np.clip(scaled, 0, 1) * 255, dtype=np.uint8)


def _resized(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from PIL import Image

    scale = _SIDE / max(image.shape)
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(image).resize(size, how), dtype=np.uint8)


def _outlined(image: NDArray[np.generic], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    grey = _resized(_grey(image))
    inside = _resized(mask.astype(np.uint8) * 255) > 127
    core = binary_erosion(inside, iterations=2)
    coloured = np.repeat(grey[..., None], 3, axis=2)
    coloured[inside & ~core] = OUTLINE
    return coloured


def _boxed(image: NDArray[np.generic], box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    grey = _resized(_grey(image))
    coloured = np.repeat(grey[..., None], 3, axis=2)
    scale = grey.shape[0] / image.shape[0]
    top, bottom, left, right = (round(edge * scale) for edge in box)
    bottom, right = min(bottom, grey.shape[0]) - 1, min(right, grey.shape[1]) - 1
    coloured[[top, top + 1, bottom - 1, bottom], left : right + 1] = OUTLINE
    coloured[top : bottom + 1, [left, left + 1, right - 1, right]] = OUTLINE
    return coloured


def _pad(panel: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    short = height - panel.shape[0]
    return np.pad(panel, ((short // 2, short - short // 2), (0, 0), (0, 0)))
