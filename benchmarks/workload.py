"""Simulated regions of three sizes: correlated noise of 12 bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from radiomics_mammo.core.records import Sample


@dataclass(frozen=True, slots=True)
class Size:
    """Size of regions: name, mask pixels of each region, and regions in a round."""

    name: str
    pixels: int
    count: int


SIZES = (Size("small", 5_000, 32), Size("medium", 60_000, 8), Size("large", 800_000, 2))
SETTINGS: dict[str, dict[str, float]] = {"64 bins": {"binCount": 64}, "bin width 25": {"binWidth": 25.0}}
MARGIN = 20
"""Pixels around the region, as in CBIS-DDSM's crops."""
TOP = 4000


def region(pixels: int, *, seed: int) -> Sample:
    """Build a circular region of the given size in simulated parenchyma.

    Parameters
    ----------
    pixels : int
        Pixels in the mask.
    seed : int

    Returns
    -------
    Sample
        uint16 values from 0 to 4000 within the mask: 160 levels of width 25.
    """
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng([pixels, seed])
    radius = np.sqrt(pixels / np.pi)
    side = int(2 * radius) + 2 * MARGIN
    y, x = np.mgrid[:side, :side] - side / 2
    fine = gaussian_filter(rng.normal(size=(side, side)), 1.0)
    coarse = gaussian_filter(rng.normal(size=(side, side)), 12.0)
    image = fine / fine.std() * 0.5 + coarse / coarse.std()
    mask = y * y + x * x < radius * radius
    inside = image[mask]
    image = np.clip((image - inside.min()) / np.ptp(inside), 0.0, 1.0) * TOP
    return Sample(f"{pixels}-{seed}", "", image.astype(np.uint16), mask)


def regions(size: Size) -> list[Sample]:
    """Build all regions of one size."""
    return [region(size.pixels, seed=seed) for seed in range(size.count)]
