"""Small breasts for the tests of the lattice and of its engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from radiomics_mammo.core.records import BreastMarks, Sample


def half_ellipse(shape: tuple[int, int]) -> np.ndarray:
    """A breast's outline, chest wall at the left edge."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    inside: np.ndarray = ((y + 0.5 - shape[0] / 2) / (shape[0] / 2)) ** 2 + ((x + 0.5) / shape[1]) ** 2 < 1
    return inside


def texture(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Correlated noise of 12 bits."""
    rng = np.random.default_rng(seed)
    coarse = np.kron(rng.normal(size=(shape[0] // 4 + 1, shape[1] // 4 + 1)), np.ones((4, 4)))[: shape[0], : shape[1]]
    values = 2000 + 300 * coarse + 100 * rng.normal(size=shape)
    return np.clip(values, 0, 4095).astype(np.uint16)


def breast(
    mask: np.ndarray,
    *,
    image: np.ndarray | None = None,
    name: str = "breast",
    interior: Any = np.s_[:, :],
    nipple: tuple[float, float] | None = None,
    pectoral: np.ndarray | None = None,
    implant: np.ndarray | None = None,
    spacing: tuple[float, float] | None = None,
) -> Sample:
    """A whole breast; ``interior`` is where of the mask."""
    kept = np.zeros_like(mask)
    kept[interior] = mask[interior]
    marks = BreastMarks(kept, pectoral, implant, nipple)
    pixels = texture(mask.shape) if image is None else image
    return Sample(name, f"P_{name}", pixels, mask, spacing, marks=marks)
