"""Which side the chest wall is on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PLAIN = 0.12
_TIP = 0.12


def is_flipped(breast: NDArray[np.bool_], *, laterality: str, air: bool) -> tuple[bool, tuple[str, ...]]:
    """Say whether the image must be mirrored for the chest wall to be at the left.

    A breast is cut off at full height by the chest wall and ends in a tip on the other side. Where the two ends of
    its outline are about as high as each other, the laterality decides: a left breast hangs with its chest wall at
    the left.

    Parameters
    ----------
    breast : ndarray of bool, shape (rows, columns)
    laterality : {'LEFT', 'RIGHT', ''}
        What the collection says.
    air : bool
        Whether the outline is one; otherwise it tells nothing.

    Returns
    -------
    flipped : bool
    notes : tuple of str
    """
    heights = np.trim_zeros(np.count_nonzero(breast, axis=0))
    end = max(1, round(_TIP * len(heights)))
    left, right = float(heights[:end].mean()), float(heights[-end:].mean())
    lean = (right - left) / (right + left)
    if air and abs(lean) >= _PLAIN:
        flipped = lean > 0
        side = "right" if flipped else "left"
        contradicts = laterality == ("LEFT" if flipped else "RIGHT")
        return flipped, (f"chest wall at the {side} edge though the breast is {laterality}",) if contradicts else ()
    if laterality:
        return laterality == "RIGHT", ()
    return False, ("which edge is the chest wall cannot be told: taken as the left",)
