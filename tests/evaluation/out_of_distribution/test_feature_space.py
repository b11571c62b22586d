"""The space in which cases are compared with training cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ellipe
from sklearn.covariance import LedoitWolf

from radiomics_mammo import FeatureExtractor
from radiomics_mammo.evaluation.out_of_distribution.feature_space import Distance, FeatureSpace

NAMES = ("PixelSurface", "Perimeter", "MajorAxisLength", "MinorAxisLength")
SHAPE = tuple(f"original_shape2D_{name}" for name in NAMES)


def measured(mask: np.ndarray) -> np.ndarray:
    """Measure area, perimeter and axes of a mask."""
    recipe = {"featureClass": {"shape2D": list(NAMES)}}
    row = FeatureExtractor(recipe, engine="cpu").execute(mask.astype(float), mask)
    return np.array([[row[name] for name in SHAPE]])


def test_the_mask_style_of_an_exact_ellipse_is_one():
    major, minor = 40.0, 24.0
    perimeter = 2 * major * ellipe(1 - (minor / major) ** 2)  # half axes of 20 and 12
    x = np.array([[np.pi / 4 * major * minor, perimeter, major, minor]])
    np.testing.assert_allclose(FeatureSpace.fit(x, SHAPE).values(x)[0, 4:], 1.0, rtol=1e-6)


def test_the_mask_style_tells_ellipse_box_and_star():
    rows, columns = np.indices((121, 121)) - 60.0
    angle = np.arctan2(rows, columns)
    ellipse = (rows / 30) ** 2 + (columns / 45) ** 2 <= 1
    box = (np.abs(rows) <= 30) & (np.abs(columns) <= 45)
    star = np.hypot(rows, columns) <= 35 * (1 + 0.3 * np.cos(7 * angle))
    styles = [FeatureSpace.fit(x, SHAPE).values(x)[0, 4:] for x in map(measured, (ellipse, box, star))]
    np.testing.assert_allclose(styles[0], 1.0, atol=0.07)
    assert styles[1][0] == pytest.approx(3 / np.pi, abs=0.01)  # a rectangle: area over that of its ellipse
    assert styles[2][0] < 0.97
    assert styles[2][1] > 1.2


def test_without_shape_there_is_no_mask_style_and_a_degenerate_mask_has_a_null():
    x = np.array([[1.0, 2.0]])
    assert FeatureSpace.fit(x, ("original_firstorder_Mean", "original_glcm_Contrast")).values(x).shape == (1, 2)
    point = np.array([[1.0, 4.0, 0.0, 0.0]])
    assert np.isnan(FeatureSpace.fit(point, SHAPE).values(point)[0, 4:]).all()


def test_the_distance_is_scikit_learns():
    rng = np.random.default_rng(0)
    x = np.exp(rng.normal(size=(80, 5)) @ rng.normal(size=(5, 5)) / 3)
    names = tuple(f"original_glcm_F{i}" for i in range(5))
    distance, new = Distance.fit(x, names), np.exp(rng.normal(size=(7, 5)))
    oracle = LedoitWolf(assume_centered=True).fit(distance.space.coordinates(x))
    np.testing.assert_allclose(distance.of(new) ** 2, oracle.mahalanobis(distance.space.coordinates(new)), rtol=1e-9)
    alone = np.concatenate([distance.of(row[None]) for row in new])
    np.testing.assert_array_equal(distance.of(new), alone)


def test_a_null_lies_at_the_mean_and_embeddings_become_components():
    rng = np.random.default_rng(1)
    names = ("original_glcm_A", *(f"crop_embNet_E{i:04d}" for i in range(40)))
    x = rng.normal(size=(60, 41))
    space = FeatureSpace.fit(x, names)
    assert space.coordinates(x).shape == (60, 1 + 32)
    empty = x[:1].copy()
    empty[0, 0] = np.nan
    assert space.coordinates(empty)[0, 0] == 0.0
    np.testing.assert_allclose(space.coordinates(x).std(axis=0), 1.0)


def test_the_exceedance_counts_interquartile_ranges():
    x = np.array([[0.0, 5.0, np.nan], [1.0, 5.0, np.nan], [2.0, 5.0, np.nan], [3.0, 5.0, np.nan], [4.0, 5.0, np.nan]])
    distance = Distance.fit(x, ("original_glcm_A", "original_glcm_B", "original_glcm_C"))
    new = np.array([[8.0, 5.0, np.nan], [-1.0, 5.1, 0.0], [np.nan, np.nan, np.nan]])
    np.testing.assert_array_equal(distance.exceedance(new), [[2, 0, 0], [0.5, np.inf, np.inf], [0, 0, 0]])
