"""The steps of breast preparation one by one, against NumPy, SciPy and shapes drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from radiomics_mammo.errors import InputError
from radiomics_mammo.imaging.breast.abdominal_fold import may_have_fold
from radiomics_mammo.imaging.breast.artifacts import bright_frame, plates
from radiomics_mammo.imaging.breast.landmarks import band_width
from radiomics_mammo.imaging.breast.nipple import find_nipple
from radiomics_mammo.imaging.breast.orient import is_flipped
from radiomics_mammo.imaging.breast.pyramid import centres, enlarge, shrink
from radiomics_mammo.imaging.breast.rescale import new_length, rescale
from radiomics_mammo.imaging.breast.settings import BreastSettings
from radiomics_mammo.imaging.breast.skin_depth import skin_depth
from tests.support.breasts import ellipse, half_disk, phantom


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int32, np.float32])
def test_shrink_averages_blocks_and_what_is_left_at_the_ends(dtype):
    image = np.random.default_rng(0).integers(0, 120, (1030, 701)).astype(dtype)
    small, block = shrink(image)
    assert block == 3 and small.shape == (344, 234)
    for row, column in ((0, 0), (100, 50), (343, 10), (5, 233), (343, 233)):
        part = image[3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
        assert small[row, column] == pytest.approx(part.astype(float).mean(), rel=1e-6)


def test_shrink_leaves_small_pictures_and_takes_nan_for_dark():
    image = np.random.default_rng(0).random((40, 30))
    image[3, 4] = np.nan
    small, block = shrink(image)
    assert block == 1
    assert small[3, 4] == np.float32(np.nanmin(image))
    np.testing.assert_array_equal(np.delete(small, 94), np.delete(image.astype(np.float32), 94))


def test_enlarge_is_linear_interpolation():
    rng = np.random.default_rng(1)
    field = ndimage.gaussian_filter(rng.standard_normal((40, 30)), 2).astype(np.float32)
    rows, columns = np.sort(rng.uniform(-2, 42, 300)), np.sort(rng.uniform(-2, 32, 200))
    at = np.meshgrid(rows, columns, indexing="ij")
    expected = ndimage.map_coordinates(field.astype(float), at, order=1, mode="nearest")
    clear = np.abs(expected) > 1e-6
    inside = enlarge(field, rows_at=rows, columns_at=columns)
    assert inside.dtype == bool and clear.mean() > 0.99
    np.testing.assert_array_equal(inside[clear], (expected > 0)[clear])


def test_centres_of_pixels_on_the_small_picture():
    # Pixels 0 to 3 are block 0: their middle is its centre.
    assert centres(4, block=4).mean() == 0
    assert centres(8, block=4)[4:].mean() == 1
    np.testing.assert_allclose(centres(2, first=10, step=4, block=4), [2.5, 3.5])


def test_rescale_by_whole_numbers_is_the_mean_of_blocks():
    image = np.random.default_rng(2).integers(0, 4096, (120, 90)).astype(np.uint16)
    found = rescale(image, steps=(3.0, 2.0), shape=(40, 45))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, image.reshape(40, 3, 45, 2).mean(axis=(1, 3)), rtol=1e-5)


def test_rescale_by_a_fraction_weighs_by_area():
    image = np.random.default_rng(3).random((60, 1))
    # Five fifths of a pixel each: eight of them are one new pixel of 1.6.
    expected = np.repeat(image, 5, axis=0)[: 37 * 8].reshape(37, 8).mean(axis=1)
    found = rescale(image, steps=(1.6, 1.0), shape=(37, 1))
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-5)


def test_rescale_does_not_alias():
    stripes = np.tile([0.0, 1.0], 200)[None, :]
    assert np.ptp(rescale(stripes, steps=(1.0, 4.2), shape=(1, 95))) < 0.3
    assert np.ptp(stripes[:, ::4]) == 0  # what picking pixels would make of it


def test_rescale_to_finer_pixels_interpolates():
    image = np.random.default_rng(4).random((20, 15))
    found = rescale(image, steps=(0.4, 0.5), shape=(50, 30))
    rows, columns = (np.arange(50) + 0.5) * 0.4 - 0.5, (np.arange(30) + 0.5) * 0.5 - 0.5
    at = np.meshgrid(rows, columns, indexing="ij")
    np.testing.assert_allclose(found, ndimage.map_coordinates(image, at, order=1, mode="nearest"), rtol=1e-5)


def test_rescale_keeps_a_constant_and_covers_the_image():
    assert new_length(101, 2.5) == 40
    assert new_length(1, 9.0) == 1
    found = rescale(np.full((101, 7), 7.0), steps=(2.5, 9.0), shape=(40, 1))
    np.testing.assert_allclose(found, 7.0, rtol=1e-6)


def test_the_chest_wall_is_where_the_breast_is_cut_off():
    breast = half_disk()
    assert is_flipped(breast, laterality="LEFT", has_background=True) == (False, ())
    assert is_flipped(breast[:, ::-1], laterality="RIGHT", has_background=True) == (True, ())
    assert is_flipped(breast[:, ::-1], laterality="", has_background=True) == (True, ())
    flipped, notes = is_flipped(breast[:, ::-1], laterality="LEFT", has_background=True)
    assert flipped and "chest wall at the right" in notes[0]


def test_the_laterality_decides_where_the_picture_does_not():
    for breast, has_background in ((np.ones((50, 40), bool), False), (half_disk()[100:200, :90], True)):
        assert is_flipped(breast, laterality="RIGHT", has_background=has_background) == (True, ())
        assert is_flipped(breast, laterality="LEFT", has_background=has_background) == (False, ())
        flipped, notes = is_flipped(breast, laterality="", has_background=has_background)
        assert not flipped and "is unknown" in notes[0]


def test_frames_are_lines_that_are_bright_from_end_to_end():
    breast = half_disk()
    above = breast.copy()
    above[:4] = above[-2:] = True
    above[:, -7:] = True
    assert bright_frame(above, np.zeros_like(above)) == ((4, 2), (0, 7))
    assert bright_frame(breast, np.zeros_like(above)) == ((0, 0), (0, 0))
    assert bright_frame(np.ones_like(breast), np.zeros_like(above)) == ((0, 0), (0, 0))
    frame = np.zeros_like(breast)
    frame[:, :5] = True
    # A breast that fills the picture's height beside a white strip: only its glare tells.
    assert bright_frame(np.ones_like(breast), frame) == ((0, 0), (5, 0))


def test_plates_stand_in_air():
    breast = half_disk()
    glaring = np.zeros_like(breast)
    glaring[20:40, 150:190] = True  # in the background
    glaring[150:170, 20:60] = True  # inside the breast
    glaring[:20, :20] = True
    corner = breast | (np.add.outer(np.arange(300), np.arange(200)) < 80)
    found = plates(glaring, corner | glaring)
    assert found[22:38, 152:188].all()
    assert not found[150:170, 20:60].any()
    assert not found[:18, :18].any()  # bright muscle in the corner, with tissue around


def test_depth_below_the_skin():
    tissue = half_disk((80, 60), 30)
    depth = skin_depth(tissue, has_background=True)
    air = np.argwhere(~tissue)
    for row, column in ((40, 0), (40, 28), (25, 10), (55, 3)):
        nearest = np.hypot(*(air - [row, column]).T).min()
        assert depth[row, column] == pytest.approx(nearest - 0.5)
    assert depth[40, 0] > 29  # the chest wall is no skin
    assert (skin_depth(tissue, has_background=False) > 100).all()


def test_what_lies_left_of_the_chest_wall_is_no_skin():
    tissue = np.pad(half_disk((80, 60), 30), ((0, 0), (7, 0)))
    assert skin_depth(tissue, has_background=True)[40, 7] > 29


def test_width_of_the_band():
    tissue = half_disk((300, 200), 110)
    assert band_width(tissue, band_mm=5, pixel_mm=0.5) == 10
    assert band_width(tissue, band_mm=5, pixel_mm=None) == pytest.approx(219 / 40)


@pytest.mark.reported("Breasts", "nipple off a visible bump", "found at the bump; said where there is none")
def test_the_nipple_juts_out():
    breast = ellipse((400, 300), (200, 0), (180, 150))
    nipple, in_profile = find_nipple(breast, has_background=True)
    assert nipple[0] == pytest.approx(200.5, abs=6)  # the deepest place
    assert not in_profile
    for row in (180, 215, 228):
        edge = int(np.flatnonzero(breast[row])[-1])
        bump = breast | ellipse(breast.shape, (row, edge), (6, 7))
        nipple, in_profile = find_nipple(bump, has_background=True)
        assert nipple == pytest.approx((row + 0.5, edge + 7), abs=3)
        assert in_profile


def test_no_nipple_where_the_tip_is_cut_off():
    breast = ellipse((400, 300), (200, 0), (180, 150))
    assert find_nipple(breast[:, :120], has_background=True) == (None, False)
    assert find_nipple(breast, has_background=False) == (None, False)


@pytest.mark.reported("Breasts", "abdominal fold measured with the breast", "said in a note")
def test_a_fold_below_the_breast_is_told_from_a_breast():
    """Simulated mediolateral breasts, which have a little of the abdomen, and the same with a fold."""
    normal, folded = 0, 0
    for number in range(1, 13):
        truth = phantom(number, "MLO", size=256)
        breast = truth.breast if truth.side != "RIGHT" else truth.breast[:, ::-1]
        normal += may_have_fold(breast)
        rows, columns = np.indices(breast.shape)
        last, depth = np.flatnonzero(breast.any(axis=1))[-1], breast.any(axis=0).sum()
        top, height = last - 0.1 * breast.shape[0], breast.shape[0]
        fold = ((rows - height) / (height - top)) ** 2 + (columns / (0.5 * depth)) ** 2 < 1
        folded += may_have_fold(breast | fold)
    assert normal == 0
    assert folded >= 9


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"pectoral": "cut"}, "pectoral is 'cut'.*remove, keep"),
        ({"implants": "drop"}, "implants is 'drop'.*measure, skip"),
        ({"pixel_mm": 0.0}, "pixel_mm is 0"),
        ({"pixel_mm": 7.0}, "pixel_mm is 7"),
        ({"band_mm": -1.0}, "band_mm is -1"),
        ({"band_mm": float("nan")}, "band_mm is nan"),
    ],
)
def test_settings_are_checked(settings, said):
    with pytest.raises(InputError, match=said):
        BreastSettings(**settings)
