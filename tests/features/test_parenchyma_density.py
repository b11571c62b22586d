"""Percent density against what is known of toys and phantoms, and what it must not depend on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from radiomics_mammo.compute.otsu import otsu_threshold
from radiomics_mammo.core.records import BreastMarks, Sample
from radiomics_mammo.features.parenchyma import PARENCHYMA
from radiomics_mammo.features.parenchyma.base import Breast
from radiomics_mammo.features.parenchyma.dense_tissue import dense_tissue, equalise_thickness, separability
from radiomics_mammo.features.parenchyma.grid import Coarse, coarse, resampled
from radiomics_mammo.imaging.breast.outline import breast_mask
from radiomics_mammo.imaging.breast.skin_depth import skin_depth
from tests.support.parenchyma_breasts import half_disc, measured, phantom_breast, whole

PARTS = ("values", "mask", "interior", "tissue")


def two_tissues(rng: np.random.Generator, *, shape=(400, 240)) -> np.ndarray:
    """Fat with a white square in the middle of the breast."""
    picture = rng.normal(300.0, 10.0, shape)
    picture[150:250, 40:140] += 200.0
    return picture


def test_a_white_square_in_fat_is_the_dense_area():
    breast = half_disc(two_tissues(np.random.default_rng(0)), spacing=(0.5, 0.4))
    found = measured(breast, "density")
    pixels = np.count_nonzero(breast.mask)
    assert found["BreastArea"] == pytest.approx(0.2 * pixels, rel=1e-12)
    assert found["DenseArea"] == pytest.approx(0.2 * 100 * 100, rel=0.01)
    assert found["PercentDensity"] == pytest.approx(100.0 * 10_000 / pixels, rel=0.01)
    assert found["Separability"] > 0.95


def test_a_bright_skin_line_is_not_dense():
    breast = half_disc(two_tissues(np.random.default_rng(0)))
    skin = replace(breast, values=np.where(breast.mask & ~breast.interior, 600.0, breast.values))
    assert not (dense_tissue(skin).region & ~coarse(skin).interior).any()
    assert measured(skin, "density")["PercentDensity"] == pytest.approx(100.0 * 1e4 / breast.mask.sum(), rel=0.01)


def test_thinning_towards_the_skin_is_evened_out():
    picture = two_tissues(np.random.default_rng(1))
    breast = half_disc(picture)
    depth = skin_depth(breast.mask)
    thin = replace(breast, values=picture - 150.0 * np.clip(1.0 - depth / 60.0, 0.0, 1.0))
    truth = measured(breast, "density")["PercentDensity"]
    assert measured(thin, "density")["PercentDensity"] == pytest.approx(truth, rel=0.02)
    grid = coarse(thin)
    even = equalise_thickness(grid)
    fat = even[grid.interior & (even < 400)]
    assert fat.std() < 15.0


def test_equalisation_by_hand():
    depth = np.arange(9.5, 0.0, -1.0, dtype=np.float32)[None, :].repeat(
        20, 0
    )  # skin at the right; 4 of it are followed
    mask = np.ones((20, 10), dtype=bool)
    values = np.array([90.0, 70, 80, 60, 50, 40, 20, 30, 10, 5])[None, :].repeat(20, 0)  # darker at depth 4 than at 3
    even = equalise_thickness(Coarse(values, mask, mask, depth, 200, 20))
    np.testing.assert_array_equal(even[0], [90, 70, 80, 60, 50, 40, 30, 40, 40, 40])


def test_fat_alone_is_not_halved():
    rng = np.random.default_rng(2)
    breast = half_disc(rng.normal(300.0, 10.0, (400, 240)))
    assert np.mean(breast.values[breast.interior] > otsu_threshold(breast.values[breast.interior])) > 0.45
    assert measured(breast, "density")["PercentDensity"] < 2.0


@pytest.fixture(scope="module")
def phantoms() -> list[tuple[int, float, float]]:
    """Grade, true percentage, measured percentage."""
    found = []
    for grade in (1, 2, 3, 4):
        for seed in range(8):
            breast, gland = phantom_breast(grade, view="CC" if seed % 2 else "MLO", seed=seed, size=300)
            truth = 100.0 * np.mean(gland[breast.mask] > 0.5)
            found.append((grade, truth, measured(breast, "density")["PercentDensity"]))
    return found


def test_phantoms_rank_by_their_true_gland(phantoms):
    grades, truth, found = np.array(phantoms).T
    assert stats.spearmanr(truth, found).statistic > 0.88
    assert stats.spearmanr(grades, found).statistic > 0.88
    assert np.mean(np.abs(truth - found)) < 6.0
    means = [found[grades == grade].mean() for grade in (1, 2, 3, 4)]
    assert means == sorted(means)
    assert means[0] < 12.0 and means[3] > 30.0


def test_the_dense_region_is_the_gland():
    breast, gland = phantom_breast(3, seed=0)
    region = dense_tissue(breast).region
    rows, columns = np.flatnonzero(breast.mask.any(axis=1)), np.flatnonzero(breast.mask.any(axis=0))
    truth = resampled(gland[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], region.shape) > 0.5
    overlap = 2.0 * np.count_nonzero(region & truth) / (np.count_nonzero(region) + np.count_nonzero(truth))
    assert overlap > 0.85


@pytest.mark.parametrize(
    "change",
    [
        lambda b: replace(b, values=2 * b.values),
        lambda b: replace(b, values=b.values.astype(np.float32) + 1000),
        lambda b: replace(b, values=np.where(b.mask, b.values.astype(float), np.nan)),
        lambda b: replace(b, **{k: getattr(b, k)[::-1] for k in PARTS}),
        lambda b: replace(b, **{k: np.pad(getattr(b, k), ((9, 4), (0, 7))) for k in PARTS}),
    ],
    ids=["doubled", "shifted", "NaN in the air", "upside down", "padded"],
)
@pytest.mark.parametrize("family", ["density", "fractal"])
def test_what_does_not_matter(change, family):
    breast, _ = phantom_breast(2, size=256)
    changed = measured(change(breast), family)
    # Boxes and cells are laid from the top: upside down they are others.
    tolerance = {"rel": 0.0, "abs": 0.06} if family == "fractal" else {"rel": 1e-9}
    assert changed == pytest.approx(measured(breast, family), **tolerance)


def test_what_the_reader_calls_muscle_or_implant_is_not_dense():
    breast, _ = phantom_breast(2, view="MLO", seed=0, size=300)
    tissue = breast.tissue
    muscle = tissue & ~breast.mask
    assert np.count_nonzero(muscle) > 1000
    found = []
    for mask in (breast.mask, tissue):
        marks = BreastMarks(breast.interior | (mask & muscle), muscle, None, None)
        sample = Sample("x", "P", breast.values, mask, breast.spacing, marks=marks)
        found.append({k: v for family in PARENCHYMA for k, v in measured(Breast.of(sample), family).items()})
    assert found[0] == found[1]


def test_large_breasts_are_reduced_and_agree_with_small_ones():
    breast, _ = phantom_breast(3, size=300)
    large = replace(breast, **{k: getattr(breast, k).repeat(4, 0).repeat(4, 1) for k in PARTS})
    large = replace(large, spacing=tuple(s / 4 for s in breast.spacing))
    assert max(coarse(large).mask.shape) == max(coarse(breast).mask.shape) == 256
    small = measured(breast, "density")
    for name, value in measured(large, "density").items():
        assert value == pytest.approx(small[name], rel=0.05), name


def test_separability_is_the_share_of_variance_between_classes():
    values = np.concatenate([np.random.default_rng(4).normal(0, 1, 300), np.random.default_rng(5).normal(7, 2, 100)])
    threshold = otsu_threshold(values)
    low, high = values[values <= threshold], values[values > threshold]
    within = (low.var() * low.size + high.var() * high.size) / values.size
    assert separability(values, threshold) == pytest.approx(1.0 - within / values.var(), rel=1e-9)
    assert separability(values, values.max()) == 0.0


def test_skewness_is_scipys_where_nothing_is_evened_out():
    picture = np.random.default_rng(6).gamma(2.0, 50.0, (256, 50))  # the grid's own size
    assert measured(whole(picture), "density")["Skewness"] == pytest.approx(stats.skew(picture, axis=None), rel=1e-9)


@pytest.mark.parametrize("family", ["density", "fractal", "spectrum"])
@pytest.mark.parametrize(
    "picture", [np.full((40, 30), 7), np.zeros((300, 200)), np.arange(36).reshape(6, 6)], ids=["flat", "zero", "small"]
)
def test_where_nothing_can_be_told_all_but_the_area_is_nan(picture, family):
    for breast in (whole(picture), half_disc(picture, band=1.0)):
        found = measured(breast, family)
        assert found.pop("BreastArea", 1.0) > 0
        assert all(np.isnan(value) for value in found.values()), found


def test_an_interior_without_pixels_tells_nothing():
    breast = half_disc(two_tissues(np.random.default_rng(7)))
    for spacing in (None, (0.1, 0.1)):
        without = replace(breast, interior=np.zeros_like(breast.mask), spacing=spacing)
        found = {name: value for family in PARENCHYMA for name, value in measured(without, family).items()}
        assert found.pop("BreastArea") > 0
        assert all(np.isnan(value) for value in found.values())


REAL = {"00694_RIGHT_CC": (8, 35), "00694_RIGHT_MLO": (5, 30), "00695_RIGHT_CC": (30, 55)}
"""Percent dense between which a look at the picture puts it."""


@pytest.mark.parametrize("name", REAL)
def test_real_mammograms_lie_where_eyes_put_them(shared_data, name):
    path = shared_data / "cbis_ddsm_real_cases" / "mass_full_mask_crop" / f"CBIS-JPG__TRAIN__IMAGES__{name}.jpg"
    with Image.open(path) as picture:
        image = np.array(picture.convert("L"))[::4, ::-4]
    mask = breast_mask(image)
    breast = Breast(image, mask, mask & (skin_depth(mask) > 25), None)
    low, high = REAL[name]
    assert low < measured(breast, "density")["PercentDensity"] < high
