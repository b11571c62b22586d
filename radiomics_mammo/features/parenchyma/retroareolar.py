"""The window behind the nipple, where risk has been read from texture most often.

Huo, Z. et al. (2002). Computerized analysis of digitized mammograms of BRCA1 and BRCA2 gene mutation carriers.
Radiology 225(2), 519-526. Li, H. et al. (2004). Computerized analysis of mammographic parenchymal patterns for
assessing breast cancer risk: effect of ROI size and location. Med Phys 31(3), 549-555. Theirs is 25.6 mm wide.
"""

from __future__ import annotations

import numpy as np

from radiomics_mammo.features.parenchyma.base import Breast
from radiomics_mammo.features.parenchyma.lattice import Box, LatticeSettings, window_sides

WINDOWS_WIDE = 2.5
"""Its side in sides of a window of the lattice: 25 mm of 10."""
LEAST_SHARE = 0.5
"""Of its square that must lie in the interior."""


def retroareolar_window(breast: Breast, settings: LatticeSettings, *, nipple: tuple[float, float] | None) -> Box | None:
    """Lay one square window behind the nipple: towards the chest wall, centred on the nipple's row.

    Its edge lies where the interior of the breast begins on that row, so that skin and nipple stay out.

    Parameters
    ----------
    breast : Breast
    settings : LatticeSettings
    nipple : tuple of float or None
        (row, column).

    Returns
    -------
    (top, bottom, left, right) or None
        None where the nipple is not known, no interior lies on its row, or less than half of the square is interior.

    Raises
    ------
    RoiError
        A window has too few pixels.
    """
    if nipple is None:
        return None
    rows = len(breast.interior)
    height, width = (round(WINDOWS_WIDE * side) for side in window_sides(breast.spacing, settings))
    row, column = (round(place) for place in nipple)
    row = min(max(row, 0), rows - 1)
    behind = np.flatnonzero(breast.interior[row, : max(column + 1, 0)])
    if not len(behind):
        return None
    right, top = int(behind[-1]) + 1, row - height // 2
    box = (max(top, 0), min(top + height, rows), max(right - width, 0), right)
    inside = np.count_nonzero(breast.interior[box[0] : box[1], box[2] : box[3]])
    return box if inside >= LEAST_SHARE * height * width else None
