"""Phantoms in the shape of digitised film: grey uneven background, borders, white edge, labels, scratches."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from tests.support.breasts import Truth, phantom

KINDS = ("grey", "gradient", "black border", "white edge", "label and tape")


@dataclass(frozen=True)
class Film:
    """A digitised film and its truth."""

    truth: Truth
    kind: str


def film(kind: str, seed: int, *, view: str = "MLO", size: int = 384) -> Film:
    """Draw a phantom's breast on film of a kind."""
    rng = np.random.default_rng(seed)
    truth = phantom(seed, view, size=size)
    tissue = truth.image.astype(np.float64)
    tissue = (tissue - tissue.min()) / (np.percentile(tissue, 99.8) - tissue.min())
    rows, columns = tissue.shape
    y, x = np.mgrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j]
    tilt = {"grey": 0.02, "gradient": 0.12}.get(kind, 0.05)
    angle = rng.uniform(0, 2 * np.pi)
    base = rng.uniform(0.1, 0.22) + tilt * (np.cos(angle) * (x - 0.5) + np.sin(angle) * (y - 0.5))
    base += 0.3 * tilt * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    grain = ndimage.gaussian_filter(rng.normal(size=tissue.shape), 1.0) * 0.02
    picture = base + 0.75 * np.clip(tissue, 0, 1.1) + grain
    away = slice(None, columns // 4) if truth.side == "RIGHT" else slice(-(columns // 4), None)
    if kind == "label and tape":
        part = picture[:, away]
        top = int(rng.uniform(0.04, 0.15) * rows)
        part[top : top + rows // 14, 6 : part.shape[1] - 10] = 1.0
        part[-rows // 5 :, part.shape[1] // 2 : part.shape[1] // 2 + 4] = 0.9
        for _ in range(3):
            picture[int(rng.uniform(0, rows)), :] += 0.2
    breast, muscle, (row, column) = truth.breast, truth.muscle, truth.nipple
    if kind == "white edge":
        for cut in (np.s_[:5], np.s_[-5:], np.s_[:, :5], np.s_[:, -5:]):
            picture[cut] = 1.05
    if kind in ("black border", "white edge"):
        wide = int(rng.uniform(0.05, 0.2) * columns)
        frame = ((6, 6), (wide, wide))
        picture = np.pad(picture, frame, constant_values=0.0)
        picture += rng.normal(size=picture.shape) * 0.004
        breast, muscle = np.pad(breast, frame), np.pad(muscle, frame)
        row, column = row + 6, column + wide
    image = np.clip(picture * 200, 0, 255).astype(np.uint8)
    return Film(replace(truth, image=image, breast=breast, muscle=muscle, nipple=(row, column)), kind)
