"""Pictures that hold no breast, or none with bright tissue: each gets its message, and none ends a run."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.breast.outline import breast_mask
from radiomics_mammo.imaging.breast.prepare import prepare_breast
from radiomics_mammo.imaging.breast.settings import BreastSettings
from tests.support.breasts import half_disk, phantom


def framed(shape: tuple[int, int], sides: str, *, value: int = 100, width: int = 1) -> np.ndarray:
    """A uniform plate with white bars along some of its edges."""
    image = np.full(shape, value, np.uint16)
    for side, where in {"l": np.s_[:, :width], "r": np.s_[:, -width:], "t": np.s_[:width], "b": np.s_[-width:]}.items():
        if side in sides:
            image[where] = 4095
    return image


@pytest.mark.parametrize("sides", ["l", "r", "t", "lr", "lt", "lrtb"])
@pytest.mark.parametrize("shape", [(600, 400), (2294, 1914)])
def test_a_blank_plate_with_a_bright_border(shape, sides):
    with pytest.raises(MaskError, match="nothing but a bright border") as raised:
        prepare_breast(framed(shape, sides, width=shape[0] // 60), laterality="LEFT", view="MLO")
    assert raised.value.remedy


def test_a_noisy_plate_with_a_bright_border():
    image = framed((600, 400), "lrtb", width=10)
    image += np.random.default_rng(0).integers(0, 5, image.shape).astype(np.uint16)
    with pytest.raises(MaskError, match="nothing but noise"):
        prepare_breast(image, laterality="LEFT", view="CC")


def drawn(rng: np.random.Generator) -> np.ndarray:
    """Rectangles, ellipses, frames and grain at random, in any proportions."""
    shape = (int(rng.integers(1, 160)), int(rng.integers(1, 160)))
    rows, columns = np.indices(shape)
    image = np.full(shape, rng.integers(0, 60), np.float64)
    for _ in range(rng.integers(0, 5)):
        row, column = rng.integers(0, shape[0]), rng.integers(0, shape[1])
        height, width = rng.integers(1, 1 + shape[0]), rng.integers(1, 1 + shape[1])
        y, x = (rows - row) / height, (columns - column) / width
        inside = (y**2 + x**2 < 0.5) if rng.random() < 0.5 else (y >= 0) & (y < 1) & (x >= 0) & (x < 1)
        image[inside] = rng.integers(0, 256)
    frame = int(rng.integers(1, 6))
    for where in (np.s_[:frame], np.s_[-frame:], np.s_[:, :frame], np.s_[:, -frame:]):
        if rng.random() < 0.4:
            image[where] = 255
    if rng.random() < 0.3:
        image += rng.normal(0, 4, shape)
    if rng.random() < 0.1:
        image[rng.random(shape) < 0.02] = np.nan
        return image.astype(np.float32)
    return image.clip(0, 255).astype(np.uint8)


def test_any_picture_gives_a_breast_or_a_message():
    rng = np.random.default_rng(5)
    refused = 0
    for number in range(120):
        settings = BreastSettings(pixel_mm=(None, 0.05, 0.2)[number % 3])
        view, side = ("MLO", "CC", "ML", "AT")[number % 4], ("LEFT", "RIGHT", "")[number % 3]
        image = drawn(rng)
        try:
            found = prepare_breast(
                image, laterality=side, view=view, spacing=(0.1, 0.07), implant=number % 5 == 0, settings=settings
            )
        except MaskError as error:
            assert error.remedy
            refused += 1
        else:
            assert found.mask.any() and found.mask.shape == found.image.shape
    assert 10 < refused < 100


@pytest.mark.parametrize("view", ["CC", "MLO"])
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_inverted_phantoms(number, view):
    truth = phantom(number, view)
    with pytest.raises(MaskError, match="looks inverted: a bright background") as raised:
        prepare_breast(truth.image.max() - truth.image, laterality=truth.side, view=view)
    assert "Invert" in raised.value.remedy


@pytest.mark.parametrize("name", ["00694_RIGHT_CC", "00694_RIGHT_MLO", "00695_RIGHT_CC"])
def test_inverted_films(shared_data, name):
    folder = shared_data / "cbis_ddsm_real_cases" / "mass_full_mask_crop"
    with Image.open(folder / f"CBIS-JPG__TRAIN__IMAGES__{name}.jpg") as picture:
        image = np.array(picture.convert("L").reduce(4))
    with pytest.raises(MaskError, match="looks inverted"):
        breast_mask(255 - image)


@pytest.mark.parametrize("noise", [0, 10])
def test_flat_shapes_are_told_from_their_negatives(noise):
    """Where both sides of an outline are as even as background, the one that surrounds the other is."""
    breast = half_disk((600, 400), 180)
    image = np.where(breast, 2000, 100) + np.random.default_rng(0).normal(0, noise, breast.shape)
    assert np.count_nonzero(breast_mask(image) ^ breast) < 0.01 * breast.sum()
    with pytest.raises(MaskError, match="looks inverted"):
        breast_mask(2200 - image)
    tight = image[120:-120, :180]  # cut to the breast: most of the picture is bright
    assert np.count_nonzero(breast_mask(tight) ^ breast[120:-120, :180]) < 0.01 * breast.sum()


def test_bright_muscle_in_a_picture_without_air_is_no_air():
    truth = phantom(4, "CC", size=640)
    turn = 1 if truth.side == "LEFT" else -1
    inner = np.ascontiguousarray(truth.image[:, ::turn][220:420, :150])
    rows, columns = np.indices(inner.shape)
    inner[rows / 140 + columns / 110 < 1] = inner.max()  # saturated
    assert prepare_breast(inner, laterality="LEFT").mask.mean() > 0.9
