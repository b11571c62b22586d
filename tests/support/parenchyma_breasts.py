"""Breasts for the tests of parenchymal measures: a half disc on any picture, and phantoms whose gland is known."""

from __future__ import annotations

import numpy as np

from radiomics_mammo.features.parenchyma import PARENCHYMA
from radiomics_mammo.features.parenchyma.base import Breast
from radiomics_mammo.readers.phantom import breast as phantom


def measured(breast: Breast, family: str) -> dict[str, float]:
    """Every measure of a family."""
    terms = PARENCHYMA[family].derive(breast)
    return {measure.name: measure.formula(terms) for measure in PARENCHYMA[family].measures}


def whole(picture: np.ndarray, spacing: tuple[float, float] | None = None) -> Breast:
    """A region that is all of a picture."""
    everything = np.ones(picture.shape, dtype=bool)
    return Breast(picture, everything, everything, spacing)


def half_disc(picture: np.ndarray, *, band: float = 12.0, spacing: tuple[float, float] | None = None) -> Breast:
    """A breast of the picture's height, chest wall at the left; the band under the skin in pixels."""
    rows, columns = picture.shape
    radius = rows / 2
    y, x = np.ogrid[:rows, :columns]
    distance = np.hypot(y + 0.5 - radius, x)
    return Breast(picture, distance < radius, distance < radius - band, spacing)


def phantom_breast(density: int, *, view: str = "CC", seed: int = 0, size: int = 400) -> tuple[Breast, np.ndarray]:
    """A phantom's breast of a density grade, and its gland from 0 to 1: the truth."""
    rng = np.random.default_rng([seed, density])
    anatomy = phantom.draw_anatomy(view, scale=float(rng.uniform(0.85, 1.1)), rng=rng)
    shape = (size, round(size * phantom.CANVAS_MM / phantom.FIELD_MM[0]))
    pixel = phantom.FIELD_MM[0] / size
    before = rng.bit_generator.state
    scene = phantom.draw_scene(anatomy, density=density, shape=shape, rng=rng)
    noise = rng.standard_normal(shape) * 9.0
    rng.bit_generator.state = before
    coarse = phantom.power_law(
        shape, beta=3.6, pixel_mm=pixel, coarsest_mm=60.0, finest_mm=0.3, stretch=1.5, rng=rng
    )  # as draw_scene draws it
    y = (np.arange(size, dtype=np.float32) + 0.5)[:, None] * np.float32(pixel)
    x = (np.arange(shape[1], dtype=np.float32) + 0.5)[None, :] * np.float32(pixel)
    depth = phantom._enlarge(scene.depth_grid, y[:, 0], x[0])
    gland = phantom._gland(anatomy, coarse, y, x, phantom.GLAND_THRESHOLD[density - 1])
    gland = gland * np.clip((depth - 5.0) / 9.0, 0.0, 1.0)
    mask = (depth > 0) & (anatomy.pectoral_edge(y) < x)
    values = np.clip(np.rint(scene.image + noise + phantom.BACKGROUND), 0, 4095).astype(np.uint16)
    return Breast(values, mask, mask & (depth > 5.0), (pixel, pixel), depth > 0), gland
