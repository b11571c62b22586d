"""Shape against contourpy's outlines, SciPy's distances and NumPy's covariances."""

from __future__ import annotations

import contourpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import pdist

from radiomics_mammo.core.settings import Settings
from radiomics_mammo.features import shape2d
from tests.support.reference_counts import batch_of


def vertices(mask: np.ndarray) -> np.ndarray:
    """Midpoints between a pixel inside and one outside: where marching squares puts the outline."""
    framed = np.pad(mask, 1)
    down, across = np.argwhere(framed[1:] != framed[:-1]), np.argwhere(framed[:, 1:] != framed[:, :-1])
    return np.concatenate([down + np.array([0.5, 0.0]), across + np.array([0.0, 0.5])])


def contours(mask: np.ndarray, spacing: tuple[float, float]) -> list[np.ndarray]:
    framed = np.pad(mask, 1).astype(np.float64)
    lines = contourpy.contour_generator(z=framed).lines(0.5)
    return [line * spacing[::-1] for line in lines]


def shoelace(line: np.ndarray) -> float:
    """Area of a closed line, signed by its direction, so that holes count against it."""
    (x, y), (x_next, y_next) = line[:-1].T, line[1:].T
    return 0.5 * float((x * y_next - x_next * y).sum())


def assert_shape(mask: np.ndarray, spacing: tuple[float, float] = (0.7, 1.3)) -> None:
    terms = shape2d.FAMILY.derive(shape2d.FAMILY.cpu(batch_of(mask.astype(int), spacing=spacing), Settings()), np)
    lines = contours(mask, spacing)
    length = sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lines)
    assert terms.perimeter[0] == pytest.approx(length, rel=1e-12)
    corner = mask[1:, 1:].astype(int) - mask[:-1, 1:] - mask[1:, :-1] + mask[:-1, :-1]
    if not (np.abs(corner) == 2).any():  # no two pixels that touch at a corner only: the outline is beyond doubt
        area = abs(sum(shoelace(line) for line in lines))
        assert terms.area[0] == pytest.approx(area, rel=1e-12)
    at = vertices(mask) * spacing
    assert terms.stats.diameter[0] == pytest.approx(pdist(at).max(), rel=1e-12)
    pixels = np.argwhere(mask) * spacing
    covariance = np.cov(pixels.T, bias=True) if len(pixels) > 1 else np.zeros((2, 2))
    minor, major = np.linalg.eigvalsh(covariance)
    assert terms.major[0] == pytest.approx(major, rel=1e-9, abs=1e-12)
    assert terms.minor[0] == pytest.approx(max(minor, 0.0), rel=1e-9, abs=1e-9)
    assert terms.stats.n[0] == len(pixels)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)).filter(lambda m: bool(m.any())))
def test_outline_area_diameter_and_axes(mask):
    assert_shape(mask)


@pytest.mark.parametrize("seed", range(6))
def test_blobs(seed):
    y, x = np.mgrid[:70, :90]
    rng = np.random.default_rng(seed)
    angle = np.arctan2(y - 35, x - 45)
    radius = 22 + 6 * np.sin(int(rng.integers(2, 9)) * angle + seed)
    mask = np.hypot(y - 35, x - 45) < radius
    mask &= np.hypot(y - 30, x - 50) > 4
    assert_shape(mask, (0.05, 0.05 + 0.01 * seed))


@pytest.mark.parametrize(
    ("mask", "area", "perimeter"),
    [
        (np.ones((1, 1)), 0.5, 4 * np.sqrt(0.5)),
        (np.ones((3, 3)), 9 - 4 * 0.125, 8 + 4 * np.sqrt(0.5)),
        (np.ones((1, 4)), 4 - 0.5, 6 + 4 * np.sqrt(0.5)),
        (np.eye(2), 1.0, 8 * np.sqrt(0.5)),
        (np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]]), 8.5 - 0.5, 8 + 8 * np.sqrt(0.5)),
    ],
    ids=["pixel", "square", "line", "corner to corner", "ring"],
)
def test_outlines_by_hand(mask, area, perimeter):
    terms = shape2d.FAMILY.derive(shape2d.FAMILY.cpu(batch_of(mask.astype(int)), Settings()), np)
    assert terms.area[0] == pytest.approx(area, rel=1e-15)
    assert terms.perimeter[0] == pytest.approx(perimeter, rel=1e-15)
