"""Landmarks of a mammogram, found on the small image one after the other: outline, side, muscle, implant, nipple."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.imaging.breast.abdominal_fold import may_have_fold
from radiomics_mammo.imaging.breast.implant import find_implant
from radiomics_mammo.imaging.breast.nipple import find_nipple
from radiomics_mammo.imaging.breast.orient import is_flipped
from radiomics_mammo.imaging.breast.outline import find_outline
from radiomics_mammo.imaging.breast.pectoral import SURE_VIEWS, VIEWS, find_pectoral, muscle_field
from radiomics_mammo.imaging.breast.skin_depth import HEIGHT_MM, skin_depth

Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Hints:
    """Information on an image besides its pixels.

    Attributes
    ----------
    laterality : {'LEFT', 'RIGHT', ''}
    view : str
        Upper case, or empty.
    implant : bool
        From the collection.
    pixel_mm : float or None
        Pixel size of the small image, in millimetres.
    """

    laterality: str
    view: str
    implant: bool
    pixel_mm: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """Landmarks on the small image, chest wall at the left; fields are above zero inside.

    Attributes
    ----------
    tissue : ndarray of float32, shape (rows, columns)
        Breast, muscle and implant.
    pectoral, implant : ndarray of float32 or None
    interior : ndarray of float32
        Deeper than the band under the skin.
    nipple : tuple of float or None
        (row, column) from the image's corner, in its pixels.
    flipped : bool
        Whether the image was mirrored.
    notes : tuple of str
    """

    tissue: Field
    pectoral: Field | None
    implant: Field | None
    interior: Field
    nipple: tuple[float, float] | None
    flipped: bool
    notes: tuple[str, ...]


def find_landmarks(small: Field, *, smooth: bool, hints: Hints, band_mm: float) -> Landmarks:
    """Find outline, side, muscle, implant, nipple and band.

    Parameters
    ----------
    small : ndarray of float32, shape (rows, columns)
        From :func:`~radiomics_mammo.imaging.breast.pyramid.shrink`.
    smooth : bool
        As in :func:`~radiomics_mammo.imaging.breast.outline.find_outline`.
    hints : Hints
    band_mm : float
        Width of the band under the skin.

    Raises
    ------
    MaskError
        No breast can be told from the background.
    """
    outline = find_outline(small, smooth=smooth)
    has_background = outline.has_background
    flipped, notes = is_flipped(outline.mask, laterality=hints.laterality, has_background=has_background)
    if not has_background:
        notes = (*notes, "no background around the breast: the whole image is taken for it")
    if outline.note:
        notes = (*notes, outline.note)
    step = -1 if flipped else 1
    (top, bottom), (left, right) = outline.hidden
    cut = np.s_[top : small.shape[0] - bottom, left : small.shape[1] - right]
    tissue = outline.mask[:, ::step]
    # Under a white frame the image is continued as it is beside it, and the breast is not measured.
    values = np.pad(small[cut], outline.hidden, mode="edge")[:, ::step]
    edge, implant, more = _muscle_and_implant(values, tissue, hints)
    nipple, in_profile = find_nipple(tissue, has_background=has_background)
    if nipple is None:
        more = (*more, "nipple not found")
    elif not in_profile:
        more = (*more, "nipple not in profile: taken at the deepest place of the outline")
    if has_background and hints.view in VIEWS and may_have_fold(tissue):
        more = (*more, "the outline widens again below the breast: an abdominal fold may be measured with it")
    width = band_width(tissue, band_mm=band_mm, pixel_mm=hints.pixel_mm)
    return Landmarks(
        tissue=np.pad(outline.field[cut], outline.hidden, constant_values=-1)[:, ::step],
        pectoral=None if edge is None else muscle_field(edge, small.shape[1]),
        implant=None if implant is None else _smooth(implant),
        interior=skin_depth(tissue, has_background=has_background) - np.float32(width),
        nipple=nipple,
        flipped=flipped,
        notes=(*notes, *more),
    )


def band_width(tissue: NDArray[np.bool_], *, band_mm: float, pixel_mm: float | None) -> float:
    """Return the width of the band under the skin in pixels.

    Parameters
    ----------
    tissue : ndarray of bool, shape (rows, columns)
    band_mm : float
        Width, millimetres.
    pixel_mm : float or None
        Size of these pixels.
    """
    if pixel_mm is not None:
        return band_mm / pixel_mm
    return band_mm / HEIGHT_MM * float(np.count_nonzero(tissue.any(axis=1)))


def _muscle_and_implant(
    values: Field, tissue: NDArray[np.bool_], hints: Hints
) -> tuple[Field | None, NDArray[np.bool_] | None, tuple[str, ...]]:
    """Find the muscle first, since it is the brighter body in most; where an implant hides it, once more without."""
    edge = find_pectoral(values, tissue) if hints.view in VIEWS else None
    implant = None
    notes: tuple[str, ...] = ()
    if hints.implant:
        muscle = np.zeros_like(tissue) if edge is None else muscle_field(edge, values.shape[1]) > 0
        implant = find_implant(values, tissue & ~muscle)
        if implant is None:
            notes = ("implant not found: it is measured with the breast, if it is in the picture",)
        elif edge is None and hints.view in VIEWS:
            edge = find_pectoral(values, tissue & ~implant)
    if edge is None and hints.view in SURE_VIEWS:
        notes = (*notes, "no pectoral muscle was found")
    return edge, implant, notes


def _smooth(mask: NDArray[np.bool_]) -> Field:
    from scipy import ndimage

    field: Field = ndimage.gaussian_filter(mask.astype(np.float32), 1.0) - np.float32(0.5)
    return field
