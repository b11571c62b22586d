"""Everything that is looked for on the small picture, in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.imaging.breast.implant import find_implant
from radiomics_mammo.imaging.breast.nipple import find_nipple
from radiomics_mammo.imaging.breast.orient import is_flipped
from radiomics_mammo.imaging.breast.outline import Outline, find_outline
from radiomics_mammo.imaging.breast.pectoral import SURE_VIEWS, VIEWS, find_pectoral, muscle_field
from radiomics_mammo.imaging.breast.skin_band import band_width, skin_depth

Field = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of an image beside its pixels.

    Attributes
    ----------
    laterality : {'LEFT', 'RIGHT', ''}
    view : str
        Upper case, or empty.
    implant : bool
        What the collection says.
    pixel_mm : float or None
        Size of the small picture's pixels.
    """

    laterality: str
    view: str
    implant: bool
    pixel_mm: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What was found on the small picture, chest wall at the left; fields are above zero inside.

    Attributes
    ----------
    tissue : ndarray of float32, shape (rows, columns)
        Breast, muscle and implant.
    pectoral, implant : ndarray of float32 or None
    interior : ndarray of float32
        What lies deeper than the band under the skin.
    nipple : tuple of float or None
        (row, column) from the picture's corner, in its pixels.
    flipped : bool
        Whether the picture was mirrored.
    notes : tuple of str
    """

    tissue: Field
    pectoral: Field | None
    implant: Field | None
    interior: Field
    nipple: tuple[float, float] | None
    flipped: bool
    notes: tuple[str, ...]


def find_everything(small: Field, *, smooth: bool, hints: Hints, band_mm: float) -> Found:
    """Find outline, side, muscle, implant, nipple and band.

    Parameters
    ----------
    small : ndarray of float32, shape (rows, columns)
        As :func:`~radiomics_mammo.imaging.breast.pyramid.shrink` gives it.
    smooth : bool
        As in :func:`~radiomics_mammo.imaging.breast.outline.find_outline`.
    hints : Hints
    band_mm : float
        Width of the band under the skin.

    Raises
    ------
    MaskError
        No breast can be told from air.
    """
    outline = find_outline(small, smooth=smooth)
    flipped, notes = is_flipped(outline.mask, laterality=hints.laterality, air=outline.air)
    if not outline.air:
        notes = (*notes, "no air around the breast: all of the image is taken for it")
    step = -1 if flipped else 1
    tissue = outline.mask[:, ::step]
    edge, body, more = _muscle_and_implant(_seen(small, outline)[:, ::step], tissue, hints)
    width = band_width(tissue, band_mm=band_mm, pixel_mm=hints.pixel_mm)
    return Found(
        tissue=_without_white(outline)[:, ::step],
        pectoral=None if edge is None else muscle_field(edge, small.shape[1]),
        implant=None if body is None else _smooth(body),
        interior=skin_depth(tissue, air=outline.air) - np.float32(width),
        nipple=find_nipple(tissue, air=outline.air),
        flipped=flipped,
        notes=(*notes, *more),
    )


def _muscle_and_implant(
    values: Field, tissue: NDArray[np.bool_], hints: Hints
) -> tuple[Field | None, NDArray[np.bool_] | None, tuple[str, ...]]:
    """Muscle first, since it is the brighter body in most; where an implant hides it, once more without that."""
    edge = find_pectoral(values, tissue) if hints.view in VIEWS else None
    body = None
    notes: tuple[str, ...] = ()
    if hints.implant:
        muscle = np.zeros_like(tissue) if edge is None else muscle_field(edge, values.shape[1]) > 0
        body = find_implant(values, tissue & ~muscle)
        if body is None:
            notes = ("implant not found: it is measured with the breast, if it is in the picture",)
        elif edge is None and hints.view in VIEWS:
            edge = find_pectoral(values, tissue & ~body)
    if edge is None and hints.view in SURE_VIEWS:
        notes = (*notes, "no pectoral muscle was found")
    return edge, body, notes


def _seen(small: Field, outline: Outline) -> Field:
    """Let the picture go on under a white frame as it is beside it."""
    return np.pad(small[_inner(outline)], outline.white, mode="edge")


def _without_white(outline: Outline) -> Field:
    """Cut off the lines where a white frame hides the breast."""
    return np.pad(outline.field[_inner(outline)], outline.white, constant_values=-1)


def _inner(outline: Outline) -> tuple[slice, slice]:
    (top, bottom), (left, right) = outline.white
    rows, columns = outline.mask.shape
    return slice(top, rows - bottom), slice(left, columns - right)


def _smooth(mask: NDArray[np.bool_]) -> Field:
    from scipy import ndimage

    field: Field = ndimage.gaussian_filter(mask.astype(np.float32), 1.0) - np.float32(0.5)
    return field
