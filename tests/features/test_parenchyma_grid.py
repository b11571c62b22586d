"""The one grid that breasts are brought to, against plain means, and what its size must not depend on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from radiomics_mammo.features.parenchyma.base import Breast
from radiomics_mammo.features.parenchyma.grid import LONGEST, block_sums, coarse, resampled
from radiomics_mammo.imaging.breast.skin_depth import skin_depth
from tests.support.parenchyma_breasts import measured, phantom_breast


@pytest.mark.parametrize("shape", [(4, 3), (6, 4), (1, 1), (12, 9)])
def test_smaller_is_the_mean_over_areas(shape):
    values = np.random.default_rng(0).integers(0, 60_000, (12, 9)).astype(np.uint16)
    rows, columns = shape  # every pixel cut into so many that the new ones' borders lie between them
    fine = values.astype(float).repeat(rows, 0).repeat(columns, 1)
    expected = fine.reshape(rows, 12, columns, 9).mean(axis=(1, 3))
    np.testing.assert_allclose(resampled(values, shape), expected, rtol=1e-12)


def test_larger_is_linear_between_the_centres():
    values = np.random.default_rng(1).random((5, 8))
    rows, columns = np.meshgrid(
        (np.arange(13) + 0.5) * 5 / 13 - 0.5, (np.arange(20) + 0.5) * 8 / 20 - 0.5, indexing="ij"
    )
    expected = ndimage.map_coordinates(values, [rows, columns], order=1, mode="nearest")
    np.testing.assert_allclose(resampled(values, (13, 20)), expected, rtol=1e-12)


def test_the_same_size_changes_nothing():
    values = np.random.default_rng(2).integers(0, 255, (256, 100)).astype(np.uint8)
    np.testing.assert_array_equal(resampled(values, (256, 100)), values)


def test_pixels_that_do_not_count_are_nothing_whatever_they_hold():
    values, where = np.array([[1.0, np.nan], [3.0, 5.0]]), np.array([[True, False], [True, True]])
    np.testing.assert_allclose(resampled(values, (1, 1), where=where), [[9 / 4]])


def test_a_pixel_counts_with_half_of_its_area_and_has_the_mean_of_the_breast_in_it():
    mask = np.zeros((2 * LONGEST, 8), dtype=bool)  # two pixels to one
    mask[:, [0, 1, 2, 6, 7]] = True
    mask[::2, 4] = True
    interior = mask.copy()
    interior[:, 1:3] = False
    values = np.where(mask, [[4.0, 8, 2, 99, 7, 99, 1, 3]], 99.0)
    grid = coarse(Breast(values, mask, interior, None))
    np.testing.assert_array_equal(grid.mask[0], [True, True, False, True])
    np.testing.assert_array_equal(grid.interior[0], [True, False, False, True])
    np.testing.assert_allclose(grid.values[0], [6.0, 2.0, 0.0, 2.0], rtol=1e-12)
    assert (grid.pixels, grid.longest) == (np.count_nonzero(interior), 2 * LONGEST)


def test_depth_on_the_grid_is_that_in_the_image_with_air_beyond_its_box():
    breast, _ = phantom_breast(2, size=700)
    grid = coarse(breast)
    rows, columns = np.flatnonzero(breast.mask.any(axis=1)), np.flatnonzero(breast.mask.any(axis=0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = grid.longest / LONGEST
    expected = resampled(np.maximum(skin_depth(breast.mask)[box], 0), grid.mask.shape) / scale
    assert np.abs(grid.depth - expected)[grid.interior].max() < 1.0


def test_block_sums_are_those_of_plain_loops():
    values = np.random.default_rng(3).integers(0, 60_000, (12, 9)).astype(np.uint16)
    by_hand = [[int(values[r : r + 3, c : c + 3].sum()) for c in (0, 3, 6)] for r in (0, 3, 6, 9)]
    np.testing.assert_array_equal(block_sums(values, 3), by_hand)
    np.testing.assert_array_equal(block_sums(values, 1), values)


@pytest.fixture(scope="module")
def exports() -> dict[int, dict[str, float]]:
    """One breast without spacing, exported at several heights."""
    breast, _ = phantom_breast(3, size=640)
    found = {}
    for rows in (210, 256, 257, 511, 512, 513, 521, 640):
        smooth = ndimage.gaussian_filter(breast.values.astype(float), max(0.0, 0.3 * (640 / rows - 1)))
        values, *regions = (
            ndimage.zoom(part.astype(float), rows / 640, order=1) for part in (smooth, breast.mask, breast.interior)
        )
        export = Breast(values, regions[0] > 0.5, regions[1] > 0.5, None)
        found[rows] = {
            k: v for family in ("density", "spectrum", "fractal") for k, v in measured(export, family).items()
        }
    return found


TOLERANCE = {"PercentDensity": 1.0, "Separability": 0.03, "Skewness": 0.06, "Beta": 0.12, "Residual": 0.02,
             "DenseDimension": 0.05, "EdgeDimension": 0.05, "SurfaceDimension": 0.05}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [(256, 257), (511, 512), (512, 513), (513, 521)])
@pytest.mark.parametrize("name", TOLERANCE)
def test_a_few_pixels_more_change_little(exports, name, one, other):
    assert exports[one][name] == pytest.approx(exports[other][name], abs=TOLERANCE[name])


@pytest.mark.parametrize("name", TOLERANCE)
def test_a_small_export_has_every_measure_and_agrees_with_a_large_one(exports, name):
    assert exports[210][name] == pytest.approx(exports[640][name], abs=4 * TOLERANCE[name])
