"""Distance from the skin in an image that is cropped to the breast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.imaging.breast.skin_depth import skin_depth

Edges = tuple[bool, bool, bool]
"""Top, bottom and right of an image."""


def film_edges(deep: NDArray[np.bool_]) -> Edges:
    """Find the edges at which the film ends the breast: the interior reaches them."""
    return bool(deep[0].any()), bool(deep[-1].any()), bool(deep[:, -1].any())


def depth_in(
    tissue: NDArray[np.bool_], *, film: Edges, spacing: tuple[float, float] | None = None
) -> NDArray[np.float32]:
    """Compute the distance from the skin by ``skin_depth``, with background outside all edges but the film's.

    Pixels, or millimetres where the spacing is given; the chest wall is at the left.
    """
    top, bottom, right = (int(not edge) for edge in film)
    framed = np.pad(tissue, ((top, bottom), (0, right)))
    return skin_depth(framed, spacing=spacing)[top : top + tissue.shape[0], : tissue.shape[1]]
