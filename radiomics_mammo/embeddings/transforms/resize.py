"""Bring a picture to the size that the network takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def resized(picture: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Compute a square image, 0 to 1, by antialiased bicubic interpolation."""
    scaled = Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(scaled, dtype=np.float32), 0.0, 1.0)
