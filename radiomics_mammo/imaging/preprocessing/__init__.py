"""From a sample to a region that can be counted: pyradiomics' steps, one a module, in the order of ``STEPS``."""

from __future__ import annotations

from collections.abc import Callable

from radiomics_mammo.core.records import Roi, Sample
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.imaging.preprocessing.check import check_region
from radiomics_mammo.imaging.preprocessing.crop import crop_to_region, precrop
from radiomics_mammo.imaging.preprocessing.discretise import bin_edges
from radiomics_mammo.imaging.preprocessing.normalise import normalise
from radiomics_mammo.imaging.preprocessing.plane import Plane
from radiomics_mammo.imaging.preprocessing.resample import resample
from radiomics_mammo.imaging.preprocessing.resegment import resegment

Step = Callable[[Plane, Settings], Plane]
"""Returns the plane as it is where the settings do not ask for the step."""
STEPS: tuple[Step, ...] = (normalise, resample, precrop, check_region, resegment)
"""The steps before a filter; after it, the image is cropped to the region and binned."""


def prepare_plane(sample: Sample, settings: Settings) -> Plane:
    """Return the image and the region that filters see; raises what :func:`prepare` raises."""
    plane = Plane.of(sample)
    for step in STEPS:
        plane = step(plane, settings)
    return plane


def prepare(sample: Sample, settings: Settings) -> Roi:
    """Run every step, crop to the region and choose the bin edges.

    Raises
    ------
    MaskError
        The mask is empty or of another size.
    RoiError
        The region is too small, holds NaN, or would have too many grey levels.
    """
    plane = crop_to_region(prepare_plane(sample, settings))
    return Roi(plane.values, plane.mask, plane.shape_mask, bin_edges(plane, settings), plane.spacing or (1.0, 1.0))
