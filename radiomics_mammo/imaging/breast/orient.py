"""Orientation of a mammogram: the side of the chest wall."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MIN_LEAN = 0.12
_TIP = 0.12


def is_flipped(breast: NDArray[np.bool_], *, laterality: str, has_background: bool) -> tuple[bool, tuple[str, ...]]:
    """Return whether the image must be mirrored for the chest wall to be at the left.

    A breast is cut off at full height by the chest wall and ends in a tip on the other side. Where the two ends of
    its outline have about the same height, the laterality decides: a left breast has its chest wall at the left.

    Parameters
    ----------
    breast : ndarray of bool, shape (rows, columns)
    laterality : {'LEFT', 'RIGHT', ''}
        From the collection.
    has_background : bool
        Whether there is any; otherwise the outline shows nothing.

    Returns
    -------
    flipped : bool
    notes : tuple of str
    """
    heights = np.trim_zeros(np.count_nonzero(breast, axis=0))
    end = max(1, round(_TIP * len(heights)))
    left, right = float(heights[:end].mean()), float(heights[-end:].mean())
    lean = (right - left) / (right + left)
    if has_background and abs(lean) >= _MIN_LEAN:
        flipped = lean > 0
        side = "right" if flipped else "left"
        contradicts = laterality == ("LEFT" if flipped else "RIGHT")
        return flipped, (f"chest wall at the {side} edge though the breast is {laterality}",) if contradicts else ()
    if laterality:
        return laterality == "RIGHT", ()
    return False, ("the side of the chest wall is unknown: assumed to be the left",)
