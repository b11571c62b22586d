"""The three channels that a network for colour pictures is given: ``CHANNELS`` is the list."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.embeddings.inputs import View
from radiomics_mammo.embeddings.resize import resized

ALPHA, BETA = 0.3, 0.3
_NEIGHBOURHOOD = 16
"""The adaptive equalisation looks at 1/16 of the picture's side in each direction."""


def masked_third(view: View, size: int) -> NDArray[np.float32]:
    """The image, the image, and the image with black outside the lesion (or breast)."""
    image = resized(view.values, size)
    inside = resized(np.where(view.inside, view.values, np.float32(0.0)), size)
    return np.stack([image, image, inside])


def repeated(view: View, size: int) -> NDArray[np.float32]:
    """The image, three times."""
    image = resized(view.values, size)
    return np.stack([image, image, image])


def equalised_third(view: View, size: int) -> NDArray[np.float32]:
    """The image, the image, and the image after adaptive histogram equalisation with limited contrast.

    References
    ----------
    Stark, J. A. (2000). IEEE Trans. Image Process. 9(5), 889-896: alpha and beta of 0.3, by SimpleITK.
    """
    image = resized(view.values, size)
    return np.stack([image, image, _equalised(image)])


def _equalised(image: NDArray[np.float32]) -> NDArray[np.float32]:
    import SimpleITK as sitk

    equalise = sitk.AdaptiveHistogramEqualizationImageFilter()
    equalise.SetAlpha(ALPHA)
    equalise.SetBeta(BETA)
    equalise.SetRadius([max(1, image.shape[0] // _NEIGHBOURHOOD)] * 2)
    equalise.SetNumberOfThreads(1)
    out: NDArray[np.float32] = sitk.GetArrayFromImage(equalise.Execute(sitk.GetImageFromArray(image)))
    return np.clip(out, 0.0, 1.0)


CHANNELS: dict[str, Callable[[View, int], NDArray[np.float32]]] = {
    "masked": masked_third,
    "repeat": repeated,
    "clahe": equalised_third,
}
