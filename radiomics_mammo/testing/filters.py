"""Conformance of a filter (:class:`radiomics_mammo.imaging.filters.base.Filter`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.imaging.filters.base import Box, Filter, FilterInput
from radiomics_mammo.tables.feature_table import feature_parts

SPACING = (0.7, 1.3)
_BOX: Box = (20, 44, 24, 50)


def check_filter(tested: Filter, options: object) -> None:
    """Check that a filter gives what the engines rely on.

    Names of image types begin feature names and are different; images have the shape of the box, are float32 or float64
    and finite; the same input gives the same bits and stays as it was; a constant image stays constant; the part of
    the image that is returned does not depend on which box is asked for, beyond the last bits of float32.

    With ``options`` an image of 64 x 72 pixels at a pixel size of 0.7 x 1.3 mm must be large enough.

    Examples
    --------
    >>> from radiomics_mammo.imaging.filters.base import Filter
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> @dataclass(frozen=True)
    ... class NoOptions:
    ...     pass
    >>> def negative(source, options):
    ...     top, bottom, left, right = source.box
    ...     return [-source.values[top:bottom, left:right].astype(np.float64)]
    >>> describe = {"negative": "the negative"}.get
    >>> check_filter(Filter("Negative", NoOptions, lambda options: ("negative",), negative, describe), NoOptions())
    """
    assert isinstance(options, tested.options), f"the options are not {tested.options.__name__}"
    names = tested.image_types(options)
    assert names and len(set(names)) == len(names), f"image types are not different names: {names}"
    for name in names:
        assert feature_parts(f"{name}_glcm_Contrast")[0] == name, f"{name!r} cannot begin the name of a column"
        assert tested.describe(name), f"describe({name!r}) says nothing"
    assert tested.describe("original") is None, "describe('original') describes the unfiltered image"
    for dtype in (np.uint8, np.uint16, np.float32, np.float64):
        _check_images(tested, options, _image(dtype), len(names))


def _check_images(tested: Filter, options: object, image: NDArray[np.generic], count: int) -> None:
    before = image.copy()
    whole = tested.apply(FilterInput(image, (0, image.shape[0], 0, image.shape[1]), SPACING), options)
    part = tested.apply(FilterInput(image, _BOX, SPACING), options)
    again = tested.apply(FilterInput(image, _BOX, SPACING), options)
    assert np.array_equal(image, before), "the filter changes its input"
    assert len(part) == count, f"{len(part)} images for {count} names"
    top, bottom, left, right = _BOX
    for of_whole, of_part, repeated in zip(whole, part, again, strict=True):
        assert of_part.shape == (bottom - top, right - left), f"an image has shape {of_part.shape}, not the box's"
        assert of_part.dtype in (np.float32, np.float64), f"an image is {of_part.dtype}"
        assert np.isfinite(of_part).all(), "a finite image becomes NaN or infinite"
        assert np.array_equal(of_part, repeated), "the same input gives other values"
        difference = np.abs(of_whole[top:bottom, left:right] - of_part).max()
        assert difference <= 1e-6 * np.abs(of_whole).max(), f"values depend on the box: by {difference}"
    constant = np.full_like(image, 7)
    for flat in tested.apply(FilterInput(constant, _BOX, SPACING), options):
        assert np.ptp(flat) <= 1e-4, "a constant image does not stay constant"


def _image(dtype: type[np.generic]) -> NDArray[np.generic]:
    y, x = np.mgrid[:64, :72]
    image: NDArray[np.generic] = ((y * 37 + x * 61 + y * x) % 97 + np.hypot(y - 30, x - 40)).astype(dtype)
    return image
