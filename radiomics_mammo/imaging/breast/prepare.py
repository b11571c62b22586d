"""Preparation of a whole mammogram: the breast, oriented, cut out and resampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.compute.bounding_box import bounding_box
from radiomics_mammo.core.records import BreastMarks
from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.breast.background_threshold import CHECK_IMAGE
from radiomics_mammo.imaging.breast.landmarks import Hints, Landmarks, find_landmarks
from radiomics_mammo.imaging.breast.pyramid import centres, enlarge, shrink
from radiomics_mammo.imaging.breast.rescale import new_length, rescale
from radiomics_mammo.imaging.breast.settings import BreastSettings

_SAME = 1e-3


Box = tuple[int, int, int, int]
Mask = NDArray[np.bool_]


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


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """The pixels that are handed on: where they lie on the small picture, and their size in the image's own."""

    rows: NDArray[np.float64]
    columns: NDArray[np.float64]
    steps: tuple[float, float]
    spacing: tuple[float, float] | None

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.columns)


def prepare_breast(
    image: NDArray[Any],
    *,
    laterality: str = "",
    view: str = "",
    spacing: tuple[float, float] | None = None,
    implant: bool | None = None,
    settings: BreastSettings | None = None,
) -> PreparedBreast:
    """Find the breast, cut it out and orient it.

    Landmarks are found on an image of about 512 pixels; outlines are brought back to full size by
    interpolation, and the image is resampled once.

    Parameters
    ----------
    image : ndarray, shape (rows, columns)
        A whole mammogram with bright tissue.
    laterality : {'LEFT', 'RIGHT', ''}
        From the collection; a hint where the image is ambiguous.
    view : str
        ``CC``, ``MLO``, ``AT``, ``LM``, ``ML``, ``LMO``, … or empty.
    spacing : tuple of float, optional
        Millimetres (row, column).
    implant : bool, optional
        From the collection.
    settings : BreastSettings, optional

    Returns
    -------
    PreparedBreast

    Raises
    ------
    MaskError
        No breast can be told from the background, or it has an implant and ``implants`` is ``skip``.
    """
    settings = settings or BreastSettings()
    if implant and settings.implants == "skip":
        raise MaskError("the breast has an implant", remedy="Measure it with implants=measure, or leave it out.")
    small, block = shrink(image)
    pixel = None if spacing is None else block * float(np.sqrt(spacing[0] * spacing[1]))
    hints = Hints(laterality, view.upper(), bool(implant), pixel)
    landmarks = find_landmarks(small, smooth=block > 1, hints=hints, band_mm=settings.band_mm)

    # Blocks were cut from the left: in the mirrored picture an incomplete one comes first.
    shift = landmarks.tissue.shape[1] - image.shape[1] / block if landmarks.flipped else 0.0
    rows, columns = (centres(length, block=block) for length in image.shape)
    columns += shift
    tissue = enlarge(landmarks.tissue, rows_at=rows, columns_at=columns)
    box = bounding_box(tissue)
    if box is None:
        raise MaskError("no breast was found in the image", remedy=CHECK_IMAGE)
    cut = np.s_[box[0] : box[1], box[2] : box[3]]
    pixels, tissue = _mirrored(image, landmarks.flipped)[cut], tissue[cut]
    grid, notes = _Grid(rows[cut[0]], columns[cut[1]], (1.0, 1.0), spacing), landmarks.notes
    if settings.pixel_mm is not None and spacing is None:
        notes = (*notes, f"pixel size unknown: not resampled to {settings.pixel_mm:g} mm")
    elif settings.pixel_mm is not None and spacing is not None:
        grid = _resampled(grid, box, settings.pixel_mm, spacing, block, shift)
        if grid.steps != (1.0, 1.0):
            pixels = rescale(pixels, steps=grid.steps, shape=grid.shape)
            tissue = enlarge(landmarks.tissue, rows_at=grid.rows, columns_at=grid.columns)
    mask, marks = _regions(landmarks, grid, tissue, remove_muscle=settings.pectoral == "remove")
    pixels = np.where(tissue, pixels, pixels.dtype.type(_darkest(image)))
    original = (*box[:2], image.shape[1] - box[3], image.shape[1] - box[2]) if landmarks.flipped else box
    return PreparedBreast(pixels, mask, marks, grid.spacing, original, landmarks.flipped, notes)


def _mirrored(image: NDArray[Any], flipped: bool) -> NDArray[Any]:
    return image[:, ::-1] if flipped else image


def _resampled(grid: _Grid, box: Box, pixel_mm: float, spacing: tuple[float, float], block: int, shift: float) -> _Grid:
    steps = (pixel_mm / spacing[0], pixel_mm / spacing[1])
    if all(abs(step - 1) < _SAME for step in steps):
        return grid
    counts = [new_length(length, step) for length, step in zip(grid.shape, steps, strict=True)]
    rows = centres(counts[0], first=box[0], step=steps[0], block=block)
    columns = centres(counts[1], first=box[2], step=steps[1], block=block) + shift
    return _Grid(rows, columns, steps, (pixel_mm, pixel_mm))


def _regions(landmarks: Landmarks, grid: _Grid, tissue: Mask, *, remove_muscle: bool) -> tuple[Mask, BreastMarks]:
    """Compute the regions at full size, each within the one before it."""

    def enlarged(field: NDArray[np.float32] | None) -> Mask | None:
        return None if field is None else enlarge(field, rows_at=grid.rows, columns_at=grid.columns)

    mask = tissue.copy()
    pectoral, implant, interior = (
        enlarged(field) for field in (landmarks.pectoral, landmarks.implant, landmarks.interior)
    )
    if implant is not None:
        implant &= tissue
        mask &= ~implant
    if pectoral is not None:
        pectoral &= mask
        if remove_muscle:
            mask &= ~pectoral
    if not mask.any():
        raise MaskError("nothing is left of the breast without muscle and implant", remedy=CHECK_IMAGE)
    assert interior is not None
    nipple = None
    if landmarks.nipple is not None:
        places = zip(landmarks.nipple, (grid.rows, grid.columns), strict=True)
        row, column = (float(np.interp(at - 0.5, along, np.arange(len(along)))) for at, along in places)
        nipple = (row, column)
    return mask, BreastMarks(interior & mask, pectoral, implant, nipple)


def _darkest(image: NDArray[Any]) -> Any:
    return np.nanmin(image) if image.dtype.kind == "f" else image.min()
