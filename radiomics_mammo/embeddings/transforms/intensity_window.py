"""The window: which intensities the network sees as black and as white."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import RoiError

PERCENTILES = (0.5, 99.5)


def windowed(values: NDArray[Any], *, of: NDArray[Any] | None = None) -> NDArray[np.float32]:
    """Compute intensities from 0 to 1 between the percentiles 0.5 and 99.5.

    So it does not matter how many bits an image has. Where the two percentiles are equal (a few bright pixels
    on black), minimum and maximum take their place.

    ``of`` holds the pixels whose percentiles count, by default all.
    """
    bad = values.size - int(np.count_nonzero(np.isfinite(values)))
    if bad:
        raise RoiError(
            f"{bad} of the {values.size} pixels that the network would see are NaN or infinite",
            remedy="Fill them.",
        )
    pixels = values if of is None else of
    low, high = (float(limit) for limit in np.percentile(pixels, PERCENTILES))
    if not high > low:
        low, high = float(pixels.min()), float(pixels.max())
    if not high > low:
        raise RoiError(
            "all pixels that the network would see have the same value",
            remedy="Check the image, or let the network see the mask with --input mask.",
        )
    stretched = (values.astype(np.float64) - low) / (high - low)
    return np.clip(stretched, 0.0, 1.0).astype(np.float32)
