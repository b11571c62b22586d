"""From a whole mammogram to the breast that is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import MaskError
from radiomics_mammo.preprocess.breast.outline import breast_mask
from radiomics_mammo.preprocess.breast.records import BreastSettings, PreparedBreast
from radiomics_mammo.preprocess.crop import bounding_box
from radiomics_mammo.types import BreastMarks


def prepare_breast(
    image: NDArray[Any],
    *,
    laterality: str = "",
    view: str = "",
    spacing: tuple[float, float] | None = None,
    implant: bool | None = None,
    settings: BreastSettings | None = None,
) -> PreparedBreast:
    """Find the breast, cut it out and orient it.

    Parameters
    ----------
    image : ndarray, shape (rows, columns)
        A whole mammogram with bright tissue.
    laterality : {'LEFT', 'RIGHT', ''}
        What the collection says; a hint where the picture is not plain.
    view : str
        ``CC``, ``MLO``, ``AT``, ``LM``, ``ML``, ``LMO``, … or empty.
    spacing : tuple of float, optional
        Millimetres (row, column).
    implant : bool, optional
        What the collection says.
    settings : BreastSettings, optional

    Returns
    -------
    PreparedBreast

    Raises
    ------
    MaskError
        No breast can be told from air, or it has an implant and ``implants`` is ``skip``.
    """
    del view, implant
    settings = settings or BreastSettings()
    mask = breast_mask(image)
    box = bounding_box(mask)
    if box is None:
        raise MaskError("no breast was found in the image", remedy="Look at it with --preview.")
    cut = np.s_[box[0] : box[1], box[2] : box[3]]
    flipped = laterality == "RIGHT"
    step = -1 if flipped else 1
    inside = np.ascontiguousarray(mask[cut][:, ::step])
    pixels = np.where(inside, image[cut][:, ::step], image.min())
    return PreparedBreast(pixels, inside, BreastMarks(inside, None, None, None), spacing, box, flipped)
