"""Filters of an image before it is measured. A new one is one file and one line in ``FILTERS``."""

from __future__ import annotations

from radiomics_mammo.imaging.filters.base import Filter
from radiomics_mammo.imaging.filters.laplacian_of_gaussian import LOG

ORIGINAL = "Original"
"""The image type without a filter; its columns begin with ``original``."""
_FILTERS: tuple[Filter, ...] = (LOG,)
FILTERS = {each.name: each for each in _FILTERS}


def describe_image_type(image_type: str) -> str | None:
    """Describe the filter whose images have this name; None if there is none.

    Parameters
    ----------
    image_type : str
        The beginning of a column's name.
    """
    return next((text for each in FILTERS.values() if (text := each.describe(image_type)) is not None), None)
