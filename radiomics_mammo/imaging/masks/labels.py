"""From label values to regions: labels, lossy and soft masks, masks drawn the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import MaskError

Region = NDArray[np.bool_]
Labelled = list[tuple[int | None, Region]]
Notes = tuple[str, ...]

MOST_LABELS = 32
"""A file with more distinct values, and no label named, is no label map."""
_BINARY = (255, 65535)
"""How programs write 1."""
_NEAR = 0.2
"""Share of the mask's value by which lossy compression changes it."""
_EDGE = 4
"""Pixels from the half-way contour within which values lie between, after resizing."""
_FEW = 5
"""Fewer values, some of them between the clusters, are labels."""
_EXPORT = "Draw or export the mask again."


def regions_of(plane: NDArray[Any], labels: Sequence[int] | None, *, lossy: bool = False) -> tuple[Labelled, Notes]:
    """Return the regions that label values mark.

    A label that is named is that value. With none named, one value besides 0 is the region, and several whole numbers
    up to ``MOST_LABELS`` are each one. Values that cluster at 0 and at one other value, with those between only along
    the contour, come from lossy compression or resizing: the contour half-way is the region's.

    Parameters
    ----------
    plane : ndarray, shape (rows, columns)
        NaN is outside.
    labels : sequence of int, or None
        Values that count; empty for each there is.
    lossy : bool
        Whether the file is a JPEG: its values are not labels.

    Raises
    ------
    MaskError
        Nothing is marked, a label is missing, or the values are those of a grey picture.
    """
    inside = plane != 0
    if plane.dtype.kind == "f":
        inside &= np.isfinite(plane)
    if not inside.any():
        empty = "holds nothing but NaN" if plane.dtype.kind == "f" and np.isnan(plane).all() else "is empty"
        raise MaskError(f"the mask {empty}", remedy=_EXPORT)
    if plane.dtype == np.bool_:
        return _whole_mask(inside, labels)
    if lossy:
        return _of_lossy(plane, inside, labels)
    values, counts = _histogram(plane[inside])
    if values.size == 1:
        return _single_value(inside, float(values[0]), labels)
    # Before a label that is named: the noise of lossy compression may have its value.
    contour = _contour(plane, inside, values, counts)
    if contour is not None:
        return _whole_mask(contour[0], labels, contour[1])
    if labels:
        absent = [label for label in labels if label not in values]
        if absent:
            raise _no_label(absent, values)
        return [(label, np.asarray(plane == label)) for label in labels], ()
    if (
        (labels is None and values.size > MOST_LABELS)
        or values.size > 1000
        or any(not float(value).is_integer() for value in values)
    ):
        raise _grey(values.size)
    return [(int(value), np.asarray(plane == value)) for value in values], ()


def drawn_notes(region: Region) -> Notes:
    """Return remarks on a region that may be the outside of what was meant, or no drawing at all."""
    proportion = region.mean()
    if proportion == 1:
        return ("the mask covers the whole image",)
    borders = all(side.any() for side in (region[0], region[-1], region[:, 0], region[:, -1]))
    if borders and proportion > 0.5 and _has_hole(region):
        return ("the region touches all four borders and has a hole: the mask may be inverted",)
    return (f"the mask covers {proportion:.1%} of the image",) if proportion > 0.95 else ()


def _has_hole(region: Region) -> bool:
    from scipy.ndimage import binary_fill_holes

    return bool((binary_fill_holes(region) & ~region).any())


def _whole_mask(region: Region, labels: Sequence[int] | None, notes: Notes = ()) -> tuple[Labelled, Notes]:
    wrong = [label for label in labels or () if label not in (1, *_BINARY)]
    if wrong:
        raise MaskError(
            f"the mask has no label {_listed(wrong)}: it tells inside and outside only",
            remedy="Correct the label: the manifest's column, the recipe's label, or label=.",
        )
    return [(labels[0] if labels else None if notes else 1, region)], notes


def _single_value(inside: Region, value: float, labels: Sequence[int] | None) -> tuple[Labelled, Notes]:
    number = int(value) if value.is_integer() else None
    if not labels or list(labels) == [number]:
        return [(number, inside)], ()
    if list(labels) == [1] and number in _BINARY:
        return [(1, inside)], (f"label 1 is named, and the mask's one value, {number}, is taken for it",)
    raise _no_label(list(labels), np.array([value]))


def _of_lossy(plane: NDArray[Any], inside: Region, labels: Sequence[int] | None) -> tuple[Labelled, Notes]:
    low, high = float(plane.min()), float(plane.max())
    if low > high / 2:  # no background: white throughout
        return _whole_mask(np.ones(plane.shape, np.bool_), labels, ("JPEG mask without background",))
    if high <= 3:  # 0 and 1, black to the eye: too little for clusters
        return _whole_mask(inside, labels, (f"JPEG mask of values 0 to {high:g}: all but 0 is the region",))
    values, counts = _histogram(plane[inside])
    if values.size == 1:
        return _whole_mask(inside, labels, ("JPEG mask of one value",))
    contour = _contour(plane, inside, values, counts)
    if contour is None:
        raise MaskError(
            "the JPEG mask is not black and white: it is a grey image",
            remedy="Save masks as PNG with 0 outside; check that image and mask are not swapped.",
        )
    return _whole_mask(contour[0], labels, (f"JPEG {contour[1][0]}",))


def _contour(
    plane: NDArray[Any], inside: Region, values: NDArray[Any], counts: NDArray[np.intp]
) -> tuple[Region, Notes] | None:
    """Return the region of a mask of two clusters, with a note; None where it is none."""
    from scipy.ndimage import binary_dilation

    main = float(_main_value(values, counts))
    if plane.dtype.kind != "f" and main <= MOST_LABELS:
        return None
    threshold = main / 2
    region = np.asarray(np.where(inside, plane, 0) >= threshold)
    near = values.astype(np.float64)
    between = (near > _NEAR * main) & (np.abs(near - main) > _NEAR * main)
    square = np.ones((3, 3), np.bool_)
    if between.any() and values.size < _FEW:
        return None
    if _has_flat_part(plane, inside & (plane != main)):
        return None
    away = np.abs(plane.astype(np.float64) - main) > _NEAR * main
    grey = inside & (plane > _NEAR * main) & away
    core = _eroded(region, square, 2)
    if core.sum() < 0.05 * region.sum() or (core & away).sum() > 0.05 * core.sum():
        return None  # a mask is even inside
    edge = region & ~_eroded(region, square)
    if (grey & ~binary_dilation(edge, square, iterations=_EDGE)).sum() > 0.02 * grey.sum():
        return None
    faint = inside & (plane <= _NEAR * main)
    if (faint & ~binary_dilation(edge, square, iterations=5 * _EDGE)).sum() > 0.02 * max(faint.sum(), 1):
        return None
    return region, (f"mask of {values.size} values clustered at 0 and {main:g}, thresholded at {threshold:g}",)


def _has_flat_part(plane: NDArray[Any], others: Region) -> bool:
    """Return whether other values lie in patches, as labels do, and not scattered, as noise does."""
    from scipy.ndimage import maximum_filter, minimum_filter

    flat = others & (maximum_filter(plane, 3) == minimum_filter(plane, 3))
    return bool(flat.sum() > 0.3 * others.sum())


def _eroded(region: Region, square: Region, pixels: int = 1) -> Region:
    from scipy.ndimage import binary_erosion

    return np.asarray(binary_erosion(region, square, iterations=pixels, border_value=True))


def _main_value(values: NDArray[Any], counts: NDArray[np.intp]) -> Any:
    """Return the commonest value of the upper half."""
    upper = values >= values.max() / 2
    return values[upper][counts[upper].argmax()]


def _histogram(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return distinct values and their counts; of small whole numbers without sorting."""
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        counts = np.bincount(values)
        present = np.flatnonzero(counts)
        return present, counts[present]
    return np.unique(values, return_counts=True)


def _no_label(absent: Sequence[int], values: NDArray[Any]) -> MaskError:
    return MaskError(
        f"the mask has no label {_listed(absent)}; it has {_listed(values.tolist())}",
        remedy="Correct the label: the manifest's column, the recipe's label, or label=.",
    )


def _grey(count: int) -> MaskError:
    what = "it is a grey image, not a mask" if count > MOST_LABELS else "several of them are not whole numbers"
    return MaskError(
        f"the mask has {count} distinct values: {what}",
        remedy="Threshold it, or name the label with a mask_label column; check that image and mask are not swapped.",
    )


def _listed(labels: Sequence[float]) -> str:
    return ", ".join(f"{label:g}" for label in labels[:12]) + (", …" if len(labels) > 12 else "")
