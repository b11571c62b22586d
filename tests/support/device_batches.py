"""Recipes and small regions that exercise every kernel and both sides of its limits."""

from __future__ import annotations

import numpy as np

from radiomics_mammo.core.records import Sample

RECIPES = [
    {"setting": {"binWidth": 1}},
    {"setting": {"binCount": 64}},
    {"setting": {"binWidth": 25, "symmetricalGLCM": False, "distances": [1, 3]}},
    {"setting": {"binCount": 16, "weightingNorm": "euclidean", "gldm_a": 1, "voxelArrayShift": 100}},
    {"setting": {"binWidth": 5, "resegmentRange": [1, 40], "normalize": False}},
    {"setting": {"binWidth": 0.2, "normalize": True, "resampledPixelSpacing": [0.1, 0.1]}},
    {"setting": {"binCount": 8}, "featureClass": {"glcm": ["Contrast", "MCC"], "firstorder": ["Mean"], "ngtdm": []}},
]


def sample(seed: int, *, size: int = 22, top: int = 60, dtype: str = "u2") -> Sample:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, : size + seed % 5]
    image = rng.integers(0, top, y.shape).astype(dtype)
    mask = np.hypot(y - size / 2, x - size / 2) < size * (0.25 + 0.05 * (seed % 4))
    mask &= rng.random(y.shape) < 0.95
    return Sample(f"case-{seed}", f"P_{seed}", image, mask, (0.11, 0.07))


SAMPLES = [
    sample(k, size=12 + 6 * (k % 4), top=[3, 60, 250, 60][k % 4], dtype=["u1", "u2", "i2", "f4"][k % 4])
    for k in range(8)
]
