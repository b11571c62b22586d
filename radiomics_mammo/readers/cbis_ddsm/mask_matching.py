"""Tells mask and crop apart by their content, and places the mask on its image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.masks.placement import other_aspect, scaled_to, scaling_note, size

JPEG_THRESHOLD = 127
CROP_MARGIN = 20
"""Pixels that CBIS-DDSM leaves around the mask's box on each side of a crop."""

# A mask has about its image's size (P_00694: 1 / 1.149); whatever is smaller is a crop of something.
_FULL_FRAME = (0.5, 2.0)
_ANCHORS = 48
_MOST_POSITIONS = 64
_DOWNLOAD = "Download this case's ROI series again."

Kind = Literal["mask", "empty mask", "crop", "other"]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A file of the mask's or the crop's folder."""

    path: str
    pixels: NDArray[Any]
    lossy: bool

    @property
    def says(self) -> str:
        """Return name, size and range, for messages."""
        low, high = self.pixels.min(), self.pixels.max()
        return f"{Path(self.path).name} ({size(self.pixels.shape)}, values {low} to {high})"


def kind_of(candidate: Candidate, frame: tuple[int, int]) -> Kind:
    """Return the kind of a file from its pixels.

    A mask has two values (after JPEG: two clusters) and about the image's frame. A crop has many values and
    is smaller than the image.
    """
    pixels = candidate.pixels
    full = all(
        _FULL_FRAME[0] <= length / image <= _FULL_FRAME[1] for length, image in zip(pixels.shape, frame, strict=True)
    )
    low, high = pixels.min(), pixels.max()
    if low == high:
        return "empty mask" if full else "other"
    if candidate.lossy:
        binary = two_clusters(pixels)
    else:
        binary = np.count_nonzero(pixels == low) + np.count_nonzero(pixels == high) == pixels.size
    if binary:
        return "mask" if full else "other"
    smaller = pixels.shape[0] < frame[0] or pixels.shape[1] < frame[1]
    return "crop" if smaller else "other"


def two_clusters(pixels: NDArray[Any]) -> bool:
    """Return whether an image was black and white before JPEG."""
    low, high = pixels < 48, pixels > 207
    return bool(low.any() and high.any() and pixels.size - low.sum() - high.sum() <= 0.05 * pixels.size)


def pair(
    candidates: Sequence[Candidate], image: NDArray[Any], *, folder: str
) -> tuple[NDArray[np.bool_], str, tuple[str, ...]]:
    """Find the mask among the files of an abnormality and lay it over its image.

    Parameters
    ----------
    candidates : sequence of Candidate
        All files of the mask's and the crop's folders.
    image : ndarray, shape (rows, columns)
        The full mammogram.
    folder : str
        For messages.

    Returns
    -------
    mask : ndarray of bool, shape (rows, columns)
    path : str
        The mask's file.
    notes : tuple of str

    Raises
    ------
    MaskError
        No mask, an empty one, several different ones, or one that does not fit the image.
    """
    frame = (image.shape[0], image.shape[1])
    kinds = [(kind_of(candidate, frame), candidate) for candidate in candidates]
    masks = [candidate for kind, candidate in kinds if kind == "mask"]
    crops = [candidate for kind, candidate in kinds if kind == "crop"]
    notes: tuple[str, ...] = ()
    if not masks:
        raise _no_mask(kinds, folder)
    regions = [_region(candidate) for candidate in masks]
    if len(masks) > 1:
        if any(not np.array_equal(regions[0], other) for other in regions[1:]):
            raise MaskError(
                f"{len(masks)} different masks: {', '.join(mask.says for mask in masks)}",
                path=folder,
                remedy="Leave only this abnormality's mask in the folder.",
            )
        notes = (f"the mask lies there {len(masks)} times",)
    notes += tuple(f"neither mask nor crop: {each.says}" for kind, each in kinds if kind not in ("mask", "crop"))
    region = regions[0]
    if region.shape == frame:
        return region, masks[0].path, notes
    scaled = scaled_to(region, frame)
    if scaled is not None and scaled.any():
        return scaled, masks[0].path, (*notes, scaling_note(region.shape, frame))
    placed, note = _by_crop(region, crops, image, path=masks[0].path)
    return placed, masks[0].path, (*notes, note)


def _region(candidate: Candidate) -> NDArray[np.bool_]:
    if candidate.lossy:
        return candidate.pixels > JPEG_THRESHOLD
    return np.asarray(candidate.pixels == candidate.pixels.max())


def _no_mask(kinds: Sequence[tuple[Kind, Candidate]], folder: str) -> MaskError:
    if not kinds:
        return MaskError("no file of a mask or crop is here", path=folder, remedy=_DOWNLOAD)
    empty = [candidate for kind, candidate in kinds if kind == "empty mask"]
    if empty:
        return MaskError(f"the mask is empty: {empty[0].says}", path=empty[0].path, remedy=_DOWNLOAD)
    listing = "; ".join(f"{candidate.says} is {_is_a(kind)}" for kind, candidate in kinds)
    return MaskError(f"no mask among the files: {listing}", path=folder, remedy=_DOWNLOAD)


def _is_a(kind: Kind) -> str:
    return "a crop" if kind == "crop" else "neither mask nor crop"


def crop_window(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the window that CBIS-DDSM crops: the mask's box and 20 pixels.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
        Not empty.

    Returns
    -------
    tuple of slice
        Rows, columns.
    """
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return (
        slice(max(int(rows[0]) - CROP_MARGIN, 0), min(int(rows[-1]) + 1 + CROP_MARGIN, mask.shape[0])),
        slice(max(int(columns[0]) - CROP_MARGIN, 0), min(int(columns[-1]) + 1 + CROP_MARGIN, mask.shape[1])),
    )


def _by_crop(
    region: NDArray[np.bool_], crops: Sequence[Candidate], image: NDArray[Any], *, path: str
) -> tuple[NDArray[np.bool_], str]:
    """Find where a mask of another aspect lies by its crop, whose pixels are the image's."""
    cause = other_aspect(region.shape, image.shape)
    remedy = "This case cannot be used; CBIS-DDSM's mask is of another frame."
    window = region[crop_window(region)]
    fitting = [crop for crop in crops if crop.pixels.shape == window.shape and not crop.lossy]
    if not fitting:
        raise MaskError(
            f"{cause}, and no lossless crop of the mask's box and {CROP_MARGIN} pixels "
            f"({size(window.shape)}) is there to settle it",
            path=path,
            remedy=remedy,
        )
    positions = locate(image, fitting[0].pixels)
    if len(positions) != 1:
        where = "nowhere" if not positions else "in more than one place"
        raise MaskError(f"{cause}, and the crop is found {where} in the image", path=path, remedy=remedy)
    row, column = positions[0]
    placed = np.zeros(image.shape, dtype=np.bool_)
    placed[row : row + window.shape[0], column : column + window.shape[1]] = window
    return placed, (
        f"mask ({size(region.shape)}, image {size(image.shape)}) placed by its crop, "
        f"found at row {row}, column {column}"
    )


def locate(image: NDArray[Any], crop: NDArray[Any]) -> list[tuple[int, int]]:
    """Find where a crop's pixels stand in an image, to the last bit.

    Positions are narrowed down by single pixels of the crop, the rarest value first, and the few that are
    left are compared whole: exact, and far cheaper than a correlation over 12 million pixels.

    Parameters
    ----------
    image : ndarray, shape (rows, columns)
        Integers or floats.
    crop : ndarray, shape (crop_rows, crop_columns)
        Not larger than the image.

    Returns
    -------
    list of (int, int)
        Row and column of the crop's first pixel. More positions than 64 are not told apart and all returned.
    """
    rows, columns = image.shape[0] - crop.shape[0] + 1, image.shape[1] - crop.shape[1] + 1
    if rows < 1 or columns < 1:
        return []
    anchors = [
        (int(r), int(c))
        for r in np.linspace(0, crop.shape[0] - 1, 6)
        for c in np.linspace(0, crop.shape[1] - 1, _ANCHORS // 6)
    ]
    hits = {at: np.flatnonzero(_shifted(image, at, (rows, columns)) == crop[at]) for at in anchors[:: _ANCHORS // 8]}
    first = min(hits, key=lambda at: hits[at].size)
    row_index, column_index = np.divmod(hits[first], columns)
    for row, column in anchors:
        same = image[row_index + row, column_index + column] == crop[row, column]
        row_index, column_index = row_index[same], column_index[same]
    positions = [(int(r), int(c)) for r, c in zip(row_index, column_index, strict=True)]
    if len(positions) > _MOST_POSITIONS:
        return positions
    height, width = crop.shape
    return [(r, c) for r, c in positions if np.array_equal(image[r : r + height, c : c + width], crop)]


def _shifted(image: NDArray[Any], at: tuple[int, int], shape: tuple[int, int]) -> NDArray[Any]:
    return image[at[0] : at[0] + shape[0], at[1] : at[1] + shape[1]]
