"""Restrict the region to a range of intensities: pyradiomics' ``resegmentMask``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import RoiError
from radiomics_mammo.imaging.preprocessing.check import check_region
from radiomics_mammo.imaging.preprocessing.plane import Plane


def resegment(plane: Plane, settings: Settings) -> Plane:
    """Apply ``resegmentRange`` in its ``resegmentMode``; shape follows only with ``resegmentShape``.

    Parameters
    ----------
    plane : Plane
    settings : Settings

    Raises
    ------
    RoiError
        At most one pixel is left, or too small a region.
    """
    if settings.resegmentRange is None:
        return plane
    inside = plane.values[plane.mask]
    limits = list(settings.resegmentRange)
    if settings.resegmentMode == "relative":
        limits = [float(inside.max()) * t for t in limits]
    elif settings.resegmentMode == "sigma":
        mean, sd = np.mean(inside), np.std(inside)
        limits = [float(mean + sd * t) for t in limits]
    in_range = inside >= limits[0]
    if len(limits) == 2:
        in_range &= inside <= limits[1]
    left = int(in_range.sum())
    if left <= 1:
        raise RoiError(
            f"resegmentRange {limits} leaves {left} of the region's {len(inside)} pixels",
            remedy="Widen resegmentRange, or check the image's units.",
        )
    mask = plane.mask.copy()
    mask[plane.mask] = in_range
    shape_mask = mask if settings.resegmentShape else plane.shape_mask
    return check_region(replace(plane, mask=mask, shape_mask=shape_mask), settings)
