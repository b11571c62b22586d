"""Every kind of picture file gives the array that went in, or says what is wrong."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from radiomics_mammo.errors import MaskError, ReadError
from radiomics_mammo.imaging.formats.dicom.read import PHANTOM_MANUFACTURER
from radiomics_mammo.imaging.formats.dicom.write import write_dicom
from radiomics_mammo.imaging.formats.image_file import read_image, read_mask
from radiomics_mammo.imaging.masks.placement import place, scaled_to

RNG = np.random.default_rng(0)
GREY8 = RNG.integers(0, 256, (21, 34)).astype(np.uint8)
GREY16 = RNG.integers(0, 65536, (21, 34)).astype(np.uint16)


def refusal(path: Path) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read_image(path)
    assert caught.value.path == str(path)
    assert caught.value.remedy
    return caught.value


def write_itk(path: Path, array: np.ndarray, spacing: tuple[float, ...] | None = None, **options: object) -> Path:
    image = SimpleITK.GetImageFromArray(array, **options)
    if spacing:
        image.SetSpacing(spacing)
    SimpleITK.WriteImage(image, str(path))
    return path


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff", ".TIF", ".npy"])
@pytest.mark.parametrize("pixels", [GREY8, GREY16])
def test_lossless_pictures(tmp_path, suffix, pixels):
    path = tmp_path / f"a{suffix}"
    if suffix == ".npy":
        np.save(path, pixels)
    else:
        Image.fromarray(pixels).save(path)
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.pixels.dtype == pixels.dtype and image.pixels.dtype.isnative
    assert image.pixels.flags.c_contiguous and image.pixels.flags.writeable
    assert image.spacing is None and image.notes == () and not image.lossy


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha", ".mhd"])
@pytest.mark.parametrize("slices", [False, True])
def test_medical_formats_with_spacing(tmp_path, suffix, slices):
    array = GREY16[None] if slices else GREY16
    spacing = (0.042, 0.05, 3.0) if slices else (0.042, 0.05)  # x, y, z
    image = read_image(write_itk(tmp_path / f"a{suffix}", array, spacing))
    np.testing.assert_array_equal(image.pixels, GREY16)
    assert image.spacing == pytest.approx((0.05, 0.042), rel=1e-6)  # row, column


def test_slices_along_another_axis_keep_their_own_spacing(tmp_path):
    array = GREY16[:, None, :]  # z, y, x
    image = read_image(write_itk(tmp_path / "a.nrrd", array, (0.1, 9.0, 0.3)))
    np.testing.assert_array_equal(image.pixels, GREY16)
    assert image.spacing == pytest.approx((0.3, 0.1))


def test_pixels_are_no_view_of_freed_memory(tmp_path):
    image = read_image(write_itk(tmp_path / "a.nrrd", GREY16))
    for _ in range(20):
        read_image(write_itk(tmp_path / "b.nrrd", GREY16 * 0))
    np.testing.assert_array_equal(image.pixels, GREY16)
    assert image.pixels.base is None or isinstance(image.pixels.base, np.ndarray)


def test_dicom_told_by_content(tmp_path):
    path = tmp_path / "000000"
    write_dicom(path, GREY16, patient_id="P", series_description="s", manufacturer=PHANTOM_MANUFACTURER)
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, GREY16)
    assert image.phantom


def test_content_beats_the_name(tmp_path):
    Image.fromarray(GREY16).save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    image = read_image(tmp_path / "a.jpg")
    np.testing.assert_array_equal(image.pixels, GREY16)
    assert not image.lossy


def test_jpeg_is_said_to_be_lossy(tmp_path):
    Image.fromarray(GREY8).save(tmp_path / "a.jpg", quality=95)
    image = read_image(tmp_path / "a.jpg")
    assert image.lossy and image.notes == ("8-bit lossy JPEG",) and image.pixels.shape == GREY8.shape


def test_grey_saved_in_colour(tmp_path):
    rgb = np.repeat(GREY8[..., None], 3, axis=2)
    Image.fromarray(rgb).save(tmp_path / "a.png")
    image = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(image.pixels, GREY8)
    assert "equal channels" in image.notes[0]
    opaque = np.concatenate([rgb, np.full_like(rgb[..., :1], 255)], axis=2)
    Image.fromarray(opaque).save(tmp_path / "b.png")
    assert read_image(tmp_path / "b.png").notes == image.notes
    opaque[0, 0, 3] = 7
    Image.fromarray(opaque).save(tmp_path / "c.png")
    assert "transparency ignored" in read_image(tmp_path / "c.png").notes
    Image.fromarray(np.dstack([GREY8, opaque[..., 3]])).save(tmp_path / "d.png")
    np.testing.assert_array_equal(read_image(tmp_path / "d.png").pixels, GREY8)
    np.save(tmp_path / "e.npy", rgb)
    np.testing.assert_array_equal(read_image(tmp_path / "e.npy").pixels, GREY8)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".npy", ".nrrd"])
def test_colour_is_refused(tmp_path, suffix):
    rgb = RNG.integers(0, 256, (21, 34, 3)).astype(np.uint8)
    path = tmp_path / f"a{suffix}"
    if suffix == ".npy":
        np.save(path, rgb)
    elif suffix == ".nrrd":
        write_itk(path, rgb, isVector=True)
    else:
        Image.fromarray(rgb).save(path)
    assert "colour" in refusal(path).cause
    if suffix == ".jpg":
        Image.fromarray(rgb).convert("CMYK").save(path)
        assert "colour" in refusal(path).cause


def test_sixteen_bit_colour_keeps_its_bits(tmp_path):
    path = write_itk(tmp_path / "a.png", np.repeat(GREY16[..., None], 3, axis=2), isVector=True)
    np.testing.assert_array_equal(read_image(path).pixels, GREY16)


def test_palette(tmp_path):
    labels = RNG.integers(0, 3, (21, 34)).astype(np.uint8)
    picture = Image.fromarray(labels)
    picture.putpalette([0, 0, 0, 200, 200, 200, 90, 90, 90])
    picture.save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_image(tmp_path / "grey.png").pixels, np.array([0, 200, 90])[labels])
    np.testing.assert_array_equal(read_mask(tmp_path / "grey.png").pixels, labels)
    picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    picture.save(tmp_path / "coloured.png")
    assert "colour" in refusal(tmp_path / "coloured.png").cause
    np.testing.assert_array_equal(read_mask(tmp_path / "coloured.png").pixels, labels)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_mean_the_stored_numbers(tmp_path, bits):
    labels = RNG.integers(0, 1 << bits, (16, 24)).astype(np.uint8)
    path = tmp_path / "a.png"
    path.write_bytes(_png_of_few_bits(labels, bits))
    np.testing.assert_array_equal(read_image(path).pixels, labels)


def _png_of_few_bits(labels: np.ndarray, bits: int) -> bytes:
    """A grey PNG of 1, 2 or 4 bits, by hand: Pillow writes none."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    per_byte = 8 // bits
    weights = 1 << (bits * np.arange(per_byte - 1, -1, -1))
    packed = (labels.reshape(labels.shape[0], -1, per_byte) * weights).sum(axis=2).astype(np.uint8)
    lines = b"".join(b"\0" + row.tobytes() for row in packed)
    header = struct.pack(">IIBBBBB", labels.shape[1], labels.shape[0], bits, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def test_tiff_of_sixteen_bits_with_white_as_zero(tmp_path):
    path = tmp_path / "a.tif"
    Image.fromarray(GREY16).save(path, tiffinfo={262: 0})
    with Image.open(path) as opened:
        if opened.tag_v2[262] != 0:
            data = path.read_bytes()
            at = data.index((262).to_bytes(2, "little") + (3).to_bytes(2, "little"))
            path.write_bytes(data[: at + 8] + b"\0\0" + data[at + 10 :])
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, 65535 - GREY16)
    assert "white is zero" in image.notes[0]


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_tiff_of_other_types(tmp_path, dtype):
    pixels = (GREY16.astype(dtype) - 30000) / 2 if dtype == np.float32 else GREY16.astype(dtype) - 30000
    pixels = pixels.astype(dtype)
    Image.fromarray(pixels).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels, pixels)


@pytest.mark.parametrize("shape", [(21, 34), (1, 21, 34), (21, 34, 1), (21, 1, 34)])
def test_arrays_with_an_axis_of_one(tmp_path, shape):
    np.save(tmp_path / "a.npy", GREY16.reshape(shape).astype(">u2"))
    image = read_image(tmp_path / "a.npy")
    np.testing.assert_array_equal(image.pixels, GREY16)
    assert image.pixels.dtype.isnative


def test_arrays_of_other_types(tmp_path):
    for dtype, kept in (
        (np.bool_, np.bool_),
        (np.float16, np.float32),
        (np.float64, np.float64),
        (np.int64, np.int64),
    ):
        np.save(tmp_path / "a.npy", (GREY8 > 9).astype(dtype))
        assert read_image(tmp_path / "a.npy").pixels.dtype == kept
    np.save(tmp_path / "b.npy", GREY8.astype(complex))
    assert "complex128" in refusal(tmp_path / "b.npy").cause
    np.save(tmp_path / "c.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    assert "not a readable array" in refusal(tmp_path / "c.npy").cause


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".npy"])
def test_volumes_are_refused(tmp_path, suffix):
    volume, path = np.zeros((5, 21, 34), np.uint8), tmp_path / f"a{suffix}"
    if suffix == ".npy":
        np.save(path, volume)
    else:
        write_itk(path, volume)
    error = refusal(path)
    assert "(5, 21, 34)" in error.cause and "3-D: export single slices" in error.remedy


def test_pages_are_refused(tmp_path):
    Image.fromarray(GREY8).save(tmp_path / "a.tif", save_all=True, append_images=[Image.fromarray(GREY8)])
    assert "2 pages" in refusal(tmp_path / "a.tif").cause


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".npy", ".nii", ".nii.gz", ".nrrd", ".mha"])
def test_truncated(tmp_path, suffix):
    pixels, path = np.tile(GREY16, (8, 8)), tmp_path / f"a{suffix}"
    if suffix == ".npy":
        np.save(path, pixels)
    elif suffix in (".png", ".tif", ".jpg"):
        Image.fromarray(pixels if suffix != ".jpg" else (pixels >> 8).astype(np.uint8)).save(path)
    else:
        write_itk(path, pixels)
    data = path.read_bytes()
    for share in (0.9, 0.5, 0.02):
        path.write_bytes(data[: int(len(data) * share)])
        refusal(path)


def test_missing_empty_unknown_and_addresses(tmp_path):
    assert "does not exist" in refusal(tmp_path / "a.png").cause
    assert "is a folder" in refusal(tmp_path).cause
    (tmp_path / "b.png").touch()
    assert "0 bytes" in refusal(tmp_path / "b.png").cause
    (tmp_path / "c.png").write_text("hello")
    assert "not a PNG file inside" in refusal(tmp_path / "c.png").cause
    (tmp_path / "d.bmpx").write_text("hello")
    assert "unknown kind" in refusal(tmp_path / "d.bmpx").cause
    (tmp_path / "e.nii.gz").write_bytes(gzip.compress(b"hello"))
    refusal(tmp_path / "e.nii.gz")
    (tmp_path / "f.dcm").write_text("hello")
    assert "not a DICOM file" in refusal(tmp_path / "f.dcm").cause
    with pytest.raises(ReadError, match="is an address"):
        read_image("https://example.org/a.png")


def test_large_pictures_pass_and_absurd_ones_do_not(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)  # 714 pixels: Pillow warns above 500, refuses above 1000
    Image.fromarray(GREY8).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels, GREY8)
    Image.fromarray(np.tile(GREY8, (2, 1))).save(tmp_path / "b.png")
    assert "megapixels" in refusal(tmp_path / "b.png").cause


# Masks of another size or frame.


@pytest.mark.parametrize("size", [(500, 1000), (574, 1149), (1000, 2000), (287, 573), (333, 667)])
def test_scaling_agrees_with_pillow(size):
    mask = RNG.random((1000, 500)) < 0.5
    expected = np.array(Image.fromarray(mask.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)) > 0
    # Where a centre falls on the line between two mask pixels, Pillow's floats may land on either side.
    rows, columns = (
        np.array([(2 * i + 1) * old % (2 * new) != 0 for i in range(new)])
        for new, old in zip(size[::-1], mask.shape, strict=True)
    )
    assert rows.mean() > 0.99 and columns.mean() > 0.99
    same = scaled_to(mask, (size[1], size[0])) == expected
    assert same[rows][:, columns].all()


def test_scaling_is_refused_above_two_permille():
    mask = np.ones((1000, 1000), dtype=bool)
    assert scaled_to(mask, (2000, 1997)) is not None
    assert scaled_to(mask, (2000, 1995)) is None
    with pytest.raises(MaskError, match="another aspect"):
        place(mask, (2000, 1995), mask=None, image=None)


def test_mask_that_vanishes():
    mask = np.zeros((1000, 1000), dtype=bool)
    mask[0, 0] = True
    with pytest.raises(MaskError, match="vanishes"):
        place(mask, (100, 100), mask=None, image=None)
