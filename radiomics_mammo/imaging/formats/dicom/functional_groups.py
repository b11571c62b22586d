"""Enhanced DICOM: what its functional groups say of a frame, as attributes of the data set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MACROS = {
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices"),
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PixelValueTransformationSequence": ("RescaleIntercept", "RescaleSlope", "RescaleType"),
    "FrameVOILUTSequence": ("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"),
    "FrameAnatomySequence": ("FrameLaterality",),
    "FramePixelDataPropertiesSequence": ("ImagerPixelSpacing",),
}
"""Functional group macros (PS3.3 C.7.6.16.2, C.8.11) and their attributes that change values, geometry or side."""
_SIDES = {"L": "L", "R": "R"}


def apply_functional_groups(dataset: Any, *, frame: int) -> None:
    """Write what the functional groups say of a frame into the data set itself.

    A frame's group goes before the shared one, and both before an attribute that the data set has, as the
    standard says of enhanced images.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Changed in place where it has functional groups.
    frame : int
        From 0.
    """
    for group in _groups(dataset, frame):
        for macro, keywords in MACROS.items():
            items = group.get(macro)
            for keyword in keywords if items else ():
                value = items[0].get(keyword)
                if value is not None and value != "":
                    setattr(dataset, keyword, value)
    side = _SIDES.get(str(dataset.get("FrameLaterality") or ""))
    if side and not dataset.get("ImageLaterality"):
        dataset.ImageLaterality = side


def _groups(dataset: Any, frame: int) -> Iterator[Any]:
    shared = dataset.get("SharedFunctionalGroupsSequence")
    if shared:
        yield shared[0]
    frames = dataset.get("PerFrameFunctionalGroupsSequence")
    if frames and frame < len(frames):
        yield frames[frame]
