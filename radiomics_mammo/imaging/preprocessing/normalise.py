"""Normalise the image by the mean and standard deviation of all its pixels: pyradiomics' ``normalizeImage``."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from radiomics_mammo.core.settings import Settings
from radiomics_mammo.errors import RoiError
from radiomics_mammo.imaging.preprocessing.plane import Plane


def normalise(plane: Plane, settings: Settings) -> Plane:
    """Apply ``normalize``, ``removeOutliers`` and ``normalizeScale``.

    Parameters
    ----------
    plane : Plane
    settings : Settings

    Raises
    ------
    RoiError
        The image is constant, or holds NaN or infinity.
    """
    if not settings.normalize:
        return plane
    import SimpleITK as sitk

    values = plane.values
    low, high = values.min(), values.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RoiError(
            "the image holds NaN or infinity, so that it has no mean and cannot be normalised",
            remedy="Fill them (outside the mask, too), or leave normalize out.",
        )
    if low == high:
        raise RoiError("the image is constant and cannot be normalised", remedy="Leave the case or normalize out.")
    scaled = sitk.GetArrayFromImage(sitk.Normalize(sitk.GetImageFromArray(values)))
    if settings.removeOutliers is not None:
        scaled = np.clip(scaled, -settings.removeOutliers, settings.removeOutliers)
    return replace(plane, values=scaled * scaled.dtype.type(settings.normalizeScale))
