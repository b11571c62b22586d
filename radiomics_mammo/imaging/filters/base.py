"""What a filter is: its settings, the names of the images it gives, and the function that computes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Box: TypeAlias = tuple[int, int, int, int]
"""First row, row past the last, first column, column past the last."""


@dataclass(frozen=True, slots=True)
class FilterInput:
    """An image to be filtered, and the part of the result that is wanted.

    Attributes
    ----------
    values : ndarray, shape (rows, columns)
        Intensities of everything that there is round the region, after normalisation and resampling; not to be changed.
    box : box
        The region's bounding box: filtered images have its shape.
    spacing : tuple of float
        (row, column) in millimetres; (1.0, 1.0) where it is unknown, so that lengths are in pixels.
    """

    values: NDArray[Any]
    box: Box
    spacing: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Filter:
    """A line of ``FILTERS``.

    Attributes
    ----------
    name : str
        The image type as pyradiomics' parameter files call it, such as ``LoG``.
    options : type
        A frozen dataclass with the filter's settings; raises ValueError with the reason when one is not valid.
    image_types : callable (options) -> tuple of str
        The beginnings of the columns, one for each filtered image, in pyradiomics' order and spelling.
    apply : callable (FilterInput, options) -> list of ndarray
        The filtered images in the order of ``image_types``, each of the shape of ``box``, float32 or float64 as
        pyradiomics has them. Raises :class:`radiomics_mammo.errors.RoiError` where the image is too small.
    describe : callable (image type) -> str or None
        What the filter shows, to follow "Of the image filtered by"; None for an image type of another filter.
    """

    name: str
    options: type[Any]
    image_types: Callable[[Any], tuple[str, ...]]
    apply: Callable[[FilterInput, Any], list[NDArray[np.floating[Any]]]]
    describe: Callable[[str], str | None]
