"""The three channels that a network for colour pictures is given: ``CHANNELS`` is the list."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.embeddings.inputs import View
from radiomics_mammo.embeddings.transforms.clahe import equalised
from radiomics_mammo.embeddings.transforms.frame import resized


def masked_third(view: View, size: int) -> NDArray[np.float32]:
    """Return the image twice, and the image with black outside the mask."""
    image = resized(view.values, size)
    inside = resized(np.where(view.inside, view.values, np.float32(0.0)), size)
    return np.stack([image, image, inside])


def repeated(view: View, size: int) -> NDArray[np.float32]:
    """Return the image three times."""
    image = resized(view.values, size)
    return np.stack([image, image, image])


def equalised_third(view: View, size: int) -> NDArray[np.float32]:
    """Return the image twice, and the image after CLAHE."""
    image = resized(view.values, size)
    return np.stack([image, image, equalised(image)])


CHANNELS: dict[str, Callable[[View, int], NDArray[np.float32]]] = {
    "masked": masked_third,
    "repeat": repeated,
    "clahe": equalised_third,
}
