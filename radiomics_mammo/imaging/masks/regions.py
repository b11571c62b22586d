"""The regions that a mask file marks on an image: the one place where that is decided."""

from __future__ import annotations

from collections.abc import Sequence

from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.formats.image_file import ImageFile
from radiomics_mammo.imaging.masks.channels import mask_plane, segments_plane
from radiomics_mammo.imaging.masks.labels import Labelled, Notes, drawn_notes, regions_of
from radiomics_mammo.imaging.masks.placement import place, size


def labelled_regions(
    mask: ImageFile,
    image: ImageFile,
    *,
    labels: Sequence[int] | None,
    correct: bool = False,
    tolerance: float | None = None,
    path: str = "",
) -> tuple[Labelled, Notes]:
    """Return the regions that a mask marks on an image, one for each label.

    Parameters
    ----------
    mask : ImageFile
        As :func:`radiomics_mammo.imaging.formats.image_file.read_mask` gives it.
    image : ImageFile
    labels : sequence of int, or None
        Values of the mask that are regions; empty for each value that it has. None takes the one value that it has,
        whatever it is, or each of several.
    correct : bool
        Resample a mask that its header places elsewhere onto the image's grid (``correctMask``).
    tolerance : float or None
        Pixels by which headers may place image and mask apart; None is half a pixel.
    path : str
        The mask's file, for messages.

    Returns
    -------
    regions : list of (int or None, ndarray of bool of the image's shape)
        Label (None where it is not a whole number) and region.
    notes : tuple of str
        What was decided, and what should be looked at.

    Raises
    ------
    MaskError
        The mask is empty, no mask, lacks a label, or is of another aspect or frame than the image.
    """
    if mask.frames not in (1, image.frames):
        raise MaskError(
            f"has {mask.frames} frames, and the image has {image.frames}",
            path=path,
            remedy="Give a mask of one frame, or of as many as the image.",
        )
    try:
        if mask.segments:
            plane, read = segments_plane(mask.pixels)
        else:
            plane, read = mask_plane(mask.pixels, mask.palette)
        regions, decided = regions_of(plane, labels, lossy=mask.lossy)
        shape = (image.pixels.shape[0], image.pixels.shape[1])
        notes: Notes = ()
        placed: Labelled = []
        for label, region in regions:
            on_image, notes = place(
                region, shape, mask=mask.geometry, image=image.geometry, correct=correct, tolerance=tolerance
            )
            if not on_image.any():
                raise MaskError(f"nothing of the mask's {size(plane.shape)} pixels lies on the image")
            placed.append((label, on_image))
    except MaskError as error:
        raise MaskError(error.cause, path=path or error.path, remedy=error.remedy) from error
    drawn = drawn_notes(placed[0][1]) if len(placed) == 1 else ()
    return placed, (*read, *decided, *notes, *drawn)
