"""The breast's region: exact on toys, and where eyes put it on real mammograms."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.breast.outline import breast_mask


def half_disk(shape: tuple[int, int] = (300, 200), radius: float = 110) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - shape[0] // 2) ** 2 + columns**2 < radius**2


def test_toy_with_noise_a_name_plate_and_a_dark_hole():
    rng = np.random.default_rng(0)
    breast = half_disk()
    image = np.where(breast, 20000.0, 500.0) + rng.normal(0, 100, breast.shape)
    image[10:24, 150:190] = 60000  # the plate is brighter than the breast
    image[140:150, 30:40] = 400  # inside the breast
    np.testing.assert_array_equal(breast_mask(image.astype(np.uint16)), breast)


def test_thin_strip_at_the_edge_is_cut_off():
    breast = half_disk((600, 400), 180)
    image = np.where(breast, 20000, 500)
    image[:, :6] = 30000
    found = breast_mask(image)
    assert (found | breast == found).all()
    assert np.count_nonzero(found & ~breast) < 0.02 * breast.sum()


def test_large_images_agree_with_small_ones_within_a_block():
    breast = half_disk((2500, 1600), 900)
    found = breast_mask(np.where(breast, 20000, 500).astype(np.uint16))
    assert found.shape == breast.shape and found.dtype == bool
    assert found[half_disk(breast.shape, 900 - 8)].all()  # a block is 5 pixels
    assert not found[~half_disk(breast.shape, 900 + 8)].any()


def test_mirror_image_gives_the_mirror_mask():
    rng = np.random.default_rng(2)
    image = np.where(half_disk(), 20000.0, 500.0) + rng.normal(0, 100, (300, 200))
    np.testing.assert_array_equal(breast_mask(image[:, ::-1])[:, ::-1], breast_mask(image))


def test_nan_counts_as_air():
    breast = half_disk()
    image = np.where(breast, 20000.0, np.nan)
    image[0, 199] = 500
    np.testing.assert_array_equal(breast_mask(image), breast)


def test_constant_image():
    for image in (np.full((50, 40), 7), np.full((50, 40), np.nan)):
        with pytest.raises(MaskError, match="constant"):
            breast_mask(image)


# Share of the frame, and points (in fractions of rows and columns) inside and outside, read off the pictures.
REAL = {
    "00694_RIGHT_CC": (0.31, [(0.5, 0.8), (0.5, 0.45)], [(0.1, 0.1), (0.9, 0.5), (0.5, 0.3)]),
    "00694_RIGHT_MLO": (0.45, [(0.5, 0.7), (0.2, 0.9)], [(0.2, 0.3), (0.9, 0.5), (0.5, 0.15)]),
    "00695_RIGHT_CC": (0.21, [(0.4, 0.8), (0.4, 0.6)], [(0.13, 0.15), (0.9, 0.5), (0.95, 0.99)]),
}


@pytest.mark.parametrize("name", REAL)
def test_real_mammograms(shared_data, name):
    folder = shared_data / "cbis_ddsm_real_cases" / "mass_full_mask_crop"
    with Image.open(folder / f"CBIS-JPG__TRAIN__IMAGES__{name}.jpg") as picture:
        image = np.array(picture.convert("L"))
    with Image.open(folder / f"CBIS-JPG__TRAIN__MASKS__{name}_1.jpg") as picture:
        lesion = np.array(picture.convert("L").resize(image.shape[::-1], Image.Resampling.NEAREST)) > 127
    breast = breast_mask(image)
    share, inside, outside = REAL[name]
    assert breast.mean() == pytest.approx(share, abs=0.03)
    rows, columns = image.shape
    assert all(breast[int(r * rows), int(c * columns)] for r, c in inside)
    assert not any(breast[int(r * rows), int(c * columns)] for r, c in outside)
    assert breast[lesion].all()
