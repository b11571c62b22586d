"""From a whole mammogram to the breast that is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import MaskError
from radiomics_mammo.preprocess.breast.band import band_width, skin_depth
from radiomics_mammo.preprocess.breast.implant import find_implant
from radiomics_mammo.preprocess.breast.nipple import find_nipple
from radiomics_mammo.preprocess.breast.orient import is_flipped
from radiomics_mammo.preprocess.breast.outline import find_outline
from radiomics_mammo.preprocess.breast.pectoral import SURE_VIEWS, VIEWS, find_pectoral, muscle_field
from radiomics_mammo.preprocess.breast.records import BreastSettings, PreparedBreast
from radiomics_mammo.preprocess.breast.rescale import new_length, rescale
from radiomics_mammo.preprocess.breast.shrink import centres, enlarge, shrink
from radiomics_mammo.preprocess.crop import bounding_box
from radiomics_mammo.types import BreastMarks

_SAME = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What was found on the small picture, chest wall at the left; fields are above zero inside."""

    tissue: NDArray[np.float32]
    pectoral: NDArray[np.float32] | None
    implant: NDArray[np.float32] | None
    band: NDArray[np.float32]
    nipple: tuple[float, float] | None
    flipped: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where the pixels that are handed on lie: box and steps in pixels of the mirrored image."""

    box: tuple[int, int, int, int]
    steps: tuple[float, float]
    shape: tuple[int, int]
    spacing: tuple[float, float] | None


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

    Everything is looked for on a picture of about 512 pixels; outlines are brought back to full size by
    interpolation, and the image is resampled once.

    Parameters
    ----------
    image : ndarray, shape (rows, columns)
        A whole mammogram with bright tissue.
    laterality : {'LEFT', 'RIGHT', ''}
        What the collection says; a hint where the picture is not plain.
    view : str
        ``CC``, ``MLO``, ``AT``, ``LM``, ``ML``, ``LMO``, … or empty.
    spacing : tuple of float, optional
        Millimetres (row, column).
    implant : bool, optional
        What the collection says.
    settings : BreastSettings, optional

    Returns
    -------
    PreparedBreast

    Raises
    ------
    MaskError
        No breast can be told from air, or it has an implant and ``implants`` is ``skip``.
    """
    settings = settings or BreastSettings()
    if implant and settings.implants == "skip":
        raise MaskError("the breast has an implant", remedy="Measure it with implants=measure, or leave it out.")
    small, block = shrink(image)
    pixel = None if spacing is None else block * float(np.sqrt(spacing[0] * spacing[1]))
    found = _find(small, block, laterality, view.upper(), pixel, bool(implant), settings)
    grid, notes = _grid(found, image.shape, block, spacing, settings)
    return _handed_on(image, found, grid, block, settings, notes=(*found.notes, *notes))


def _find(
    small: NDArray[np.float32],
    block: int,
    laterality: str,
    view: str,
    pixel_mm: float | None,
    implant: bool,
    settings: BreastSettings,
) -> _Found:
    outline = find_outline(small, smooth=block > 1)
    flipped, notes = is_flipped(outline.mask, laterality=laterality, air=outline.air)
    if not outline.air:
        notes = (*notes, "no air around the breast: all of the image is taken for it")
    step = -1 if flipped else 1
    values, tissue, field = small[:, ::step], outline.mask[:, ::step], outline.field[:, ::step]
    body = find_implant(values, tissue) if implant else None
    if implant and body is None:
        notes = (*notes, "no implant was found although the collection says so: measured with it")
    edge = find_pectoral(values, tissue if body is None else tissue & ~body) if view in VIEWS else None
    if edge is None and view in SURE_VIEWS:
        notes = (*notes, "no pectoral muscle was found")
    depth = skin_depth(tissue, chest_wall=int(np.flatnonzero(tissue.any(axis=0))[0]))
    width = band_width(tissue, band_mm=settings.band_mm, pixel_mm=pixel_mm)
    return _Found(
        tissue=field,
        pectoral=None if edge is None else muscle_field(edge, small.shape[1]),
        implant=None if body is None else _smooth(body),
        band=depth - np.float32(width),
        nipple=find_nipple(tissue, air=outline.air),
        flipped=flipped,
        notes=notes,
    )


def _smooth(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    from scipy import ndimage

    field: NDArray[np.float32] = ndimage.gaussian_filter(mask.astype(np.float32), 1.0) - np.float32(0.5)
    return field


def _grid(
    found: _Found,
    shape: tuple[int, ...],
    block: int,
    spacing: tuple[float, float] | None,
    settings: BreastSettings,
) -> tuple[_Grid, tuple[str, ...]]:
    box = _full_box(found, shape, block)
    size = (box[1] - box[0], box[3] - box[2])
    kept = _Grid(box, (1.0, 1.0), size, spacing)
    if settings.pixel_mm is None:
        return kept, ()
    if spacing is None:
        return kept, (f"pixel size unknown: not resampled to {settings.pixel_mm:g} mm",)
    steps = (settings.pixel_mm / spacing[0], settings.pixel_mm / spacing[1])
    if all(abs(step - 1) < _SAME for step in steps):
        return kept, ()
    new = (new_length(size[0], steps[0]), new_length(size[1], steps[1]))
    return _Grid(box, steps, new, (settings.pixel_mm, settings.pixel_mm)), ()


def _full_box(found: _Found, shape: tuple[int, ...], block: int) -> tuple[int, int, int, int]:
    """Box of the breast in pixels of the mirrored image."""
    rows, columns = _places(found, shape, block, (0, shape[0], 0, shape[1]), (1.0, 1.0), (shape[0], shape[1]))
    near = bounding_box(found.tissue > -1)
    assert near is not None
    rows_in = (rows >= near[0] - 1) & (rows <= near[1])
    columns_in = (columns >= near[2] - 1) & (columns <= near[3])
    top, left = int(np.argmax(rows_in)), int(np.argmax(columns_in))
    box = bounding_box(enlarge(found.tissue, rows_at=rows[rows_in], columns_at=columns[columns_in]))
    if box is None:
        raise MaskError("no breast was found in the image", remedy="Look at it with --preview.")
    return box[0] + top, box[1] + top, box[2] + left, box[3] + left


def _places(
    found: _Found,
    full: tuple[int, ...],
    block: int,
    box: tuple[int, int, int, int],
    steps: tuple[float, float],
    shape: tuple[int, int],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the pixels of a grid lie on the mirrored small picture."""
    rows = centres(shape[0], first=box[0], step=steps[0], block=block)
    columns = centres(shape[1], first=box[2], step=steps[1], block=block)
    if found.flipped:  # blocks were cut from the other end
        columns += found.tissue.shape[1] - full[1] / block
    return rows, columns


def _handed_on(
    image: NDArray[Any], found: _Found, grid: _Grid, block: int, settings: BreastSettings, notes: tuple[str, ...]
) -> PreparedBreast:
    top, bottom, left, right = grid.box
    original = (top, bottom, image.shape[1] - right, image.shape[1] - left) if found.flipped else grid.box
    step = -1 if found.flipped else 1
    pixels = image[top:bottom, original[2] : original[3]][:, ::step]
    rows, columns = _places(found, image.shape, block, grid.box, grid.steps, grid.shape)

    def full(field: NDArray[np.float32] | None) -> NDArray[np.bool_] | None:
        return None if field is None else enlarge(field, rows_at=rows, columns_at=columns)

    tissue = enlarge(found.tissue, rows_at=rows, columns_at=columns)
    pectoral, implant = full(found.pectoral), full(found.implant)
    mask = tissue.copy()
    if implant is not None:
        implant &= tissue
        mask &= ~implant
    if pectoral is not None:
        pectoral &= mask
        if settings.pectoral == "remove":
            mask &= ~pectoral
    if not mask.any():
        raise MaskError("nothing is left of the breast without muscle and implant", remedy="Look at it with --preview.")
    interior = enlarge(found.band, rows_at=rows, columns_at=columns)
    interior &= mask
    if grid.steps != (1.0, 1.0):
        pixels = rescale(pixels, steps=grid.steps, shape=grid.shape)
    pixels = np.where(tissue, pixels, pixels.dtype.type(_darkest(image)))
    nipple = None if found.nipple is None else _on_grid(found.nipple, rows, columns)
    marks = BreastMarks(interior, pectoral, implant, nipple)
    return PreparedBreast(pixels, mask, marks, grid.spacing, original, found.flipped, notes)


def _darkest(image: NDArray[Any]) -> Any:
    return np.nanmin(image) if image.dtype.kind == "f" else image.min()


def _on_grid(
    point: tuple[float, float], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> tuple[float, float]:
    row, column = (
        float(np.interp(at - 0.5, places, np.arange(len(places))))
        for at, places in zip(point, (rows, columns), strict=True)
    )
    return row, column
