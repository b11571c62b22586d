"""What the network sees of a case: ``INPUTS`` is the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.bounding_box import bounding_box
from radiomics_mammo.embeddings.transforms.frame import Box, frame_around, frame_of, laid, shown
from radiomics_mammo.embeddings.transforms.intensity_window import windowed
from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.breast.outline import breast_mask
from radiomics_mammo.imaging.preprocessing.plane import Plane

CONTEXT = 0.3
"""Default context around a lesion, as a proportion of its longer side."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A square picture.

    Values are from 0 (the background) to 1; ``inside`` is the lesion, or the breast. Both have shape (side, side).
    """

    values: NDArray[np.float32]
    inside: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Input:
    """One way to look at a case.

    Attributes
    ----------
    look : callable
        ``view(plane, context)`` gives the view.
    channels : tuple of str
        What its three channels can be (:data:`radiomics_mammo.embeddings.channels.CHANNELS`); the first is the
        default.
    has_context : bool
        Whether something around the lesion is shown.
    """

    view: Callable[[Plane, float], View]
    channels: tuple[str, ...]
    has_context: bool
    meaning: str


def see_crop(plane: Plane, context: float) -> View:
    """Return the lesion with its surroundings, windowed."""
    frame = frame_around(_lesion(plane), plane.mask.shape, context=context)
    return View(laid(windowed(shown(plane.values, frame)), frame), laid(shown(plane.mask, frame), frame))


def see_masked(plane: Plane, context: float) -> View:
    """Return the view of :func:`see_crop` with black outside the mask."""
    view = see_crop(plane, context)
    return View(np.where(view.inside, view.values, np.float32(0.0)), view.inside)


def see_mask(plane: Plane, context: float) -> View:
    """Return the mask, 1 inside and 0 outside, in the frame of :func:`see_crop`."""
    frame = frame_around(_lesion(plane), plane.mask.shape, context=context)
    inside = laid(shown(plane.mask, frame), frame)
    return View(inside.astype(np.float32), inside)


def see_breast(plane: Plane, context: float) -> View:
    """Return the whole breast, windowed and padded to a square."""
    del context
    breast = breast_mask(plane.values)
    box = bounding_box(breast)
    if box is None:
        raise MaskError("no breast was found in the image", remedy="Check the image, or use another --input.")
    frame = frame_of(box)
    values, inside = shown(plane.values, frame), shown(breast, frame)
    return View(laid(windowed(values, of=values[inside]), frame), laid(inside, frame))


def _lesion(plane: Plane) -> Box:
    box = bounding_box(plane.mask)
    if box is None:
        raise MaskError("the mask is empty", remedy="Draw the region, or name the mask's label.")
    return box


INPUTS: dict[str, Input] = {
    "crop": Input(see_crop, ("masked", "repeat", "clahe"), True, "the lesion with context"),
    "masked": Input(see_masked, ("repeat", "clahe"), True, "the same, black outside the mask"),
    "mask": Input(see_mask, ("repeat",), True, "the binary mask in that frame"),
    "breast": Input(see_breast, ("masked", "repeat", "clahe"), False, "the whole breast, found in the image"),
}
