"""What colours, palettes and transparency of a mask mean."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from radiomics_mammo.errors import MaskError
from radiomics_mammo.imaging.formats.image_file import read_mask
from radiomics_mammo.imaging.masks.channels import mask_plane, segments_plane

ROI = np.zeros((24, 30), np.bool_)
ROI[6:15, 9:21] = True


def painted(inside, outside=0, *, channels: int) -> np.ndarray:
    """Paint the region in one colour."""
    return np.where(ROI[..., None], inside, outside).astype(np.uint8)[..., :channels] + np.zeros(channels, np.uint8)


@pytest.mark.reported("Regions", "region in the transparency only (RGBA, LA)", "the transparency is the mask")
@pytest.mark.parametrize("base", [0, 255])
@pytest.mark.parametrize("channels", [2, 4])
def test_transparency_that_varies_is_the_mask(base, channels):
    pixels = np.full((*ROI.shape, channels), base, np.uint8)
    pixels[..., -1] = 255 * ROI
    plane, notes = mask_plane(pixels)
    np.testing.assert_array_equal(plane > 0, ROI)
    assert "transparency" in notes[0]


def test_transparency_beside_colours_hides_what_is_under_it():
    pixels = painted((255, 255, 255, 255), channels=4)
    np.testing.assert_array_equal(mask_plane(pixels)[0] > 0, ROI)
    pixels[..., 3] = 255
    np.testing.assert_array_equal(mask_plane(pixels)[0] > 0, ROI)
    assert mask_plane(pixels)[1] == ()


@pytest.mark.reported("Regions", "red on black RGB mask", "read")
@pytest.mark.parametrize("colour", [(255, 0, 0), (128, 0, 0), (255, 255, 0), (255, 255, 255)])
def test_one_colour_on_black_is_one_region(colour):
    plane, notes = mask_plane(painted(colour, channels=3))
    np.testing.assert_array_equal(plane > 0, ROI)
    assert np.unique(plane).size == 2
    assert notes == ()


def test_several_colours_are_labels_and_a_picture_is_refused():
    pixels = painted((255, 0, 0), channels=3)
    pixels[20:22, 2:5] = (0, 255, 0)
    plane, notes = mask_plane(pixels)
    assert np.unique(plane).tolist() == [0, 1, 2]
    assert (plane[20:22, 2:5] == plane[20, 2]).all()
    assert "labels: 1 (0, 255, 0), 2 (255, 0, 0)" in notes[0]
    with pytest.raises(MaskError, match="colour picture"):
        mask_plane(np.random.default_rng(0).integers(0, 255, (24, 30, 3)).astype(np.uint8))


def test_without_black_the_colour_of_the_border_is_the_background():
    plane, notes = mask_plane(painted((255, 0, 0), 255, channels=3))
    np.testing.assert_array_equal(plane > 0, ROI)
    assert "no black" in notes[0]


@pytest.mark.reported("Regions", "palette with index 0 shown white", "the region is what is not black")
def test_a_palette_means_its_colours(tmp_path):
    for name, indices, colours in (
        ("voc", ROI, [0, 0, 0, 128, 0, 0]),
        ("reversed", ~ROI, [255, 255, 255, 0, 0, 0]),
        ("labels", ROI * 7, [0, 0, 0] * 7 + [9, 9, 9]),
    ):
        picture = Image.fromarray(indices.astype(np.uint8), "P")
        picture.putpalette(colours)
        picture.save(tmp_path / f"{name}.png")
        mask = read_mask(tmp_path / f"{name}.png")
        plane, notes = mask_plane(mask.pixels, mask.palette)
        np.testing.assert_array_equal(plane > 0, ROI, err_msg=name)
        assert bool(notes) == (name == "reversed")
    assert plane.max() == 7


def test_segments_in_channels_are_labels():
    two = np.stack([ROI, ~ROI & (np.indices(ROI.shape)[0] > 20)], axis=-1).astype(np.uint8)
    plane, notes = segments_plane(two)
    np.testing.assert_array_equal(plane == 1, ROI)
    assert notes == ("2 channels read as labels 1 to 2",)
    with pytest.raises(MaskError, match="overlap"):
        segments_plane(np.ones((3, 3, 2), np.uint8))


@pytest.mark.parametrize("suffix", [".bmp", ".gif", ".pgm", ".webp", ".png", ".tif"])
def test_every_raster_format_gives_the_region(tmp_path, suffix):
    options = {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(np.uint8(255) * ROI).save(tmp_path / f"m{suffix}", **options)
    mask = read_mask(tmp_path / f"m{suffix}")
    np.testing.assert_array_equal(mask_plane(mask.pixels, mask.palette)[0] > 0, ROI)
    assert not mask.lossy


def test_a_bitmap_of_eight_bits_and_two_colours_is_not_read_as_bits(tmp_path):
    picture = Image.fromarray(ROI.astype(np.uint8), "P")
    picture.putpalette([0, 0, 0, 255, 255, 255])
    picture.save(tmp_path / "m.bmp")
    mask = read_mask(tmp_path / "m.bmp")
    np.testing.assert_array_equal(mask_plane(mask.pixels, mask.palette)[0] > 0, ROI)


def test_a_lossy_webp_is_known_as_such(tmp_path):
    Image.fromarray(np.uint8(255) * ROI).save(tmp_path / "m.webp", quality=80)
    assert read_mask(tmp_path / "m.webp").lossy
