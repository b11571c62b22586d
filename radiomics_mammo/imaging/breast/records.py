"""What breast preparation is asked for, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.core.records import BreastMarks
from radiomics_mammo.errors import InputError

PECTORAL = ("remove", "keep")
IMPLANTS = ("measure", "skip")


@dataclass(frozen=True, slots=True)
class BreastSettings:
    """How a whole breast is prepared.

    Attributes
    ----------
    pixel_mm : float or None
        Common pixel size to bring the image to, where its own is known; None leaves it as it is.
    pectoral : {'remove', 'keep'}
        Whether the pectoral muscle of oblique views is part of the region that is measured.
    implants : {'measure', 'skip'}
        Whether breasts flagged as having an implant are measured, without the implant, or fail with a message.
    band_mm : float
        Width of the band under the skin where the breast thins out.

    Raises
    ------
    InputError
        A setting is not one of these, or out of range.
    """

    pixel_mm: float | None = None
    pectoral: str = "remove"
    implants: str = "measure"
    band_mm: float = 5.0

    def __post_init__(self) -> None:
        if self.pectoral not in PECTORAL:
            raise InputError(f"pectoral is {self.pectoral!r}", remedy=f"Use {' or '.join(PECTORAL)}.")
        if self.implants not in IMPLANTS:
            raise InputError(f"implants is {self.implants!r}", remedy=f"Use {' or '.join(IMPLANTS)}.")
        if self.pixel_mm is not None and not 0.01 <= self.pixel_mm <= 5:
            raise InputError(f"pixel_mm is {self.pixel_mm:g}", remedy="Use 0.01 to 5 millimetres.")
        if not 0 <= self.band_mm <= 50:
            raise InputError(f"band_mm is {self.band_mm:g}", remedy="Use 0 to 50 millimetres; 0 is no band.")


@dataclass(frozen=True, slots=True, eq=False)
class PreparedBreast:
    """A breast cut out of its image, chest wall at the left edge.

    Attributes
    ----------
    image : ndarray, shape (rows, columns)
        The image in the box of breast and muscle, in its own dtype (float32 where it was resampled); outside breast
        and muscle it is the darkest value.
    mask : ndarray of bool, shape (rows, columns)
        What is measured: the breast, without pectoral muscle and implant where they are removed.
    marks : BreastMarks
        What else was found, in the pixels of ``image``.
    spacing : tuple of float or None
        Millimetres (row, column) of ``image``.
    box : tuple of int
        First and past-the-last row, first and past-the-last column, in the original image.
    flipped : bool
        Whether the image was mirrored to bring the chest wall to the left.
    notes : tuple of str
        What a user should know, for the row's ``notes``.
    """

    image: NDArray[Any]
    mask: NDArray[np.bool_]
    marks: BreastMarks
    spacing: tuple[float, float] | None
    box: tuple[int, int, int, int]
    flipped: bool
    notes: tuple[str, ...] = ()
