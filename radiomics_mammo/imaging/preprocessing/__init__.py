"""From a sample to a region that can be counted; ``STEPS`` is the order, one step a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from radiomics_mammo.core.records import Roi, Sample
from radiomics_mammo.core.settings import Settings
from radiomics_mammo.imaging.preprocessing.check import check_region
from radiomics_mammo.imaging.preprocessing.crop import crop_to_region, precrop
from radiomics_mammo.imaging.preprocessing.discretise import bin_edges
from radiomics_mammo.imaging.preprocessing.normalise import normalise
from radiomics_mammo.imaging.preprocessing.plane import Plane
from radiomics_mammo.imaging.preprocessing.resample import resample
from radiomics_mammo.imaging.preprocessing.resegment import resegment


class Step(Protocol):
    """One step: takes the plane as it is, gives it as it should be."""

    def __call__(self, plane: Plane, settings: Settings) -> Plane:
        """Apply the step, or give the plane back where the settings do not ask for it."""
        ...


@dataclass(frozen=True, slots=True)
class NamedStep:
    """A step and its name, for messages and documentation."""

    name: str
    apply: Step


STEPS: tuple[NamedStep, ...] = (
    NamedStep("normalise", normalise),
    NamedStep("resample", resample),
    NamedStep("precrop", precrop),
    NamedStep("check", check_region),
    NamedStep("resegment", resegment),
)
"""What comes before filters; then the image is cropped to the region."""


def prepare_plane(sample: Sample, settings: Settings) -> Plane:
    """Return the image and the region that filters see; errors as those of :func:`prepare`."""
    plane = Plane.of(sample)
    for step in STEPS:
        plane = step.apply(plane, settings)
    return plane


def prepare(sample: Sample, settings: Settings) -> Roi:
    """Run every step, crop to the region and choose the bin edges.

    Parameters
    ----------
    sample : Sample
    settings : Settings

    Raises
    ------
    MaskError
        The mask is empty or of another size.
    RoiError
        The region is too small, holds NaN, or would have too many grey levels.
    """
    plane = crop_to_region(prepare_plane(sample, settings), settings)
    return Roi(plane.values, plane.mask, plane.shape_mask, bin_edges(plane, settings), plane.spacing or (1.0, 1.0))
