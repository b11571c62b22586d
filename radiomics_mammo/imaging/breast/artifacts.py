"""Bright artifacts outside the breast: scanner borders, collimation frames, plates and labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Frame = tuple[tuple[int, int], tuple[int, int]]
"""Number of lines at the first and the last edge: of the rows, of the columns."""

DEEPEST = 0.06
"""Proportion of a side that a frame may take."""


def bright_frame(above: NDArray[np.bool_], glaring: NDArray[np.bool_]) -> Frame:
    """Find bright borders along the edges of an image.

    A border is a few lines along an edge that are bright from end to end (or glaring), beside lines that are not:
    no breast ends like that.

    Parameters
    ----------
    above : ndarray of bool, shape (rows, columns)
        What is brighter than the background.
    glaring : ndarray of bool, shape (rows, columns)
        What is nearly as bright as anything.

    Returns
    -------
    Frame
    """
    lines = [(above.mean(axis=axis), glaring.mean(axis=axis)) for axis in (1, 0)]
    top, bottom = (_border(*(proportion[::step] for proportion in lines[0])) for step in (1, -1))
    left, right = (_border(*(proportion[::step] for proportion in lines[1])) for step in (1, -1))
    return (top, bottom), (left, right)


def _border(above: NDArray[np.float64], glaring: NDArray[np.float64]) -> int:
    depth = max(2, round(DEEPEST * len(above)))
    for proportion, full, rest in ((above, 0.98, 0.9), (glaring, 0.9, 0.5)):
        for line in range(min(depth, len(proportion) - 2)):
            if proportion[line] < full:
                break
            if proportion[line + 2] <= rest:
                return line + (1 if proportion[line + 1] <= rest else 2)
    return 0


def plates(glaring: NDArray[np.bool_], above: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find glaring components mostly in the background: name plates, letters, markers.

    Parameters
    ----------
    glaring, above : ndarray of bool, shape (rows, columns)
        As in :func:`bright_frame`.

    Returns
    -------
    ndarray of bool, shape (rows, columns)
    """
    from scipy import ndimage

    labels, _ = ndimage.label(glaring, structure=np.ones((3, 3)))
    plate = np.zeros(glaring.shape, np.bool_)
    largest = np.count_nonzero(above)
    for number, piece in enumerate(ndimage.find_objects(labels), start=1):
        window = tuple(
            slice(max(0, side.start - 3), min(length, side.stop + 3))
            for side, length in zip(piece, glaring.shape, strict=True)
        )
        component = labels[window] == number
        near = ndimage.binary_dilation(component, iterations=2)
        around = ndimage.binary_dilation(near) & ~near
        if around.any() and np.count_nonzero(component) < 0.3 * largest and above[window][around].mean() < 0.4:
            plate[window] |= near
        if number > 400:  # so many glaring specks are noise or calcium, not plates
            break
    return plate
