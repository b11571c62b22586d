"""DICOM files of the RSNA collection: every encoding from real encoders, and every oddity that is known of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.encaps import encapsulate, get_frame

from radiomics_mammo.errors import ReadError
from radiomics_mammo.imaging.formats.dicom import decode
from radiomics_mammo.imaging.formats.dicom.encode import SYNTAXES, encode_dicom
from radiomics_mammo.imaging.formats.dicom.read import read_dicom
from radiomics_mammo.readers.rsna.reader import RsnaReader
from tests.support.breasts import phantom
from tests.support.rsna_files import breast, row, write_dcm, write_table

EXACT = [name for name in SYNTAXES if name != "jpeg2000"]
WORDS = {
    "raw": "raw", "rle": "RLE", "jpeg-lossless": "JPEG lossless", "jpeg-ls": "JPEG-LS lossless",
    "jpeg2000-lossless": "JPEG 2000 lossless", "jpeg2000": "JPEG 2000",
}  # fmt: skip


def one_image(root: Path, pixels: np.ndarray, *, syntax: str = "", side: str = "L", **elements: object) -> RsnaReader:
    """A collection of one image."""
    write_table(root / "train.csv", [row("1", "2", side)])
    path = write_dcm(root / "train_images/1/2.dcm", pixels, **elements)
    if syntax:
        encode_dicom(path, syntax=syntax)
    return RsnaReader(root)


def loaded(reader: RsnaReader):
    (sample,) = reader.load(reader.cases()[0])
    return sample


def itk(path: Path) -> np.ndarray:
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0]


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_every_encoding_gives_the_same_breast(tmp_path, syntax, photometric):
    pixels = breast()
    stored = 4095 - pixels if photometric == "MONOCHROME1" else pixels
    plain = loaded(one_image(tmp_path / "plain", pixels))
    reader = one_image(tmp_path / "tree", stored, syntax=syntax, PhotometricInterpretation=photometric)
    sample = loaded(reader)
    assert sample.columns["encoding"] == WORDS[syntax]
    assert (sample.columns["photometric"], sample.columns["bits_stored"]) == (photometric, 12)
    if syntax in EXACT:
        np.testing.assert_array_equal(sample.image, plain.image)
        np.testing.assert_array_equal(sample.mask, plain.mask)
        assert sample.notes == plain.notes
    else:
        assert 0.95 < sample.mask.sum() / plain.mask.sum() < 1.05


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_the_window_is_applied_and_said(tmp_path, function):
    window = {"WindowCenter": [1800, 500], "WindowWidth": [1400, 10], "VOILUTFunction": function}
    reader = one_image(tmp_path, breast(), **window)
    sample = loaded(reader)
    assert sample.columns["voi"] == function.lower()
    plain = loaded(RsnaReader(tmp_path, voi="none"))
    assert plain.columns["voi"] == "none" and plain.image.max() + 500 < sample.image.max() <= 4095


@pytest.mark.parametrize("plugin", ["pyjpegls", "gdcm"])
def test_values_beyond_bits_stored_in_a_code_stream_do_not_wrap(tmp_path, monkeypatch, plugin):
    """As for the woman 27770: the stream holds more bits than the header says."""
    monkeypatch.setitem(decode._PREFERRED, SYNTAXES["jpeg-ls"], plugin)
    pixels = breast()
    pixels[55:60, :8] = 5000
    for syntax in EXACT:
        reader = one_image(tmp_path / syntax, pixels, bits=16)
        path = tmp_path / syntax / "train_images/1/2.dcm"
        encode_dicom(path, syntax=syntax)
        dataset = pydicom.dcmread(path)
        dataset.BitsStored, dataset.HighBit = 12, 11
        dataset.save_as(path)
        sample = loaded(reader)
        assert sample.image.max() == 4095 and (sample.image == 4095).sum() == 40, syntax
        assert any("40 pixels above" in note for note in sample.notes)


@pytest.mark.parametrize("value", [0, 4095])
def test_an_image_without_a_picture_is_refused(tmp_path, value):
    """As the image 1942326353."""
    reader = one_image(tmp_path, np.full((64, 48), value, dtype=np.uint16), syntax="jpeg2000-lossless")
    with pytest.raises(ReadError, match=f"every pixel is {value}") as caught:
        loaded(reader)
    assert caught.value.path.endswith("2.dcm")


def test_padding_is_no_tissue(tmp_path):
    pixels = breast()
    pixels[:, 70:] = 4095  # a bright bar beside the breast, unless the header is heeded
    sample = loaded(one_image(tmp_path, pixels, PixelPaddingValue=4095))
    clean = loaded(one_image(tmp_path / "clean", breast()))
    assert abs(int(sample.mask.sum()) - int(clean.mask.sum())) < 0.05 * clean.mask.sum()
    assert "padding shown as background" in sample.notes


def test_header_and_table_may_disagree(tmp_path):
    sample = loaded(one_image(tmp_path, breast("R"), side="R", ImageLaterality="L", ViewPosition="MLO"))
    assert "the header has LEFT, the table RIGHT: the table is used" in sample.notes
    assert "the header has MLO, the table CC: the table is used" in sample.notes
    assert sample.columns["laterality"] == "RIGHT" and sample.columns["flipped"]
    agreed = loaded(one_image(tmp_path / "agreed", breast(), ImageLaterality="L", ViewPosition="CC"))
    assert not any("header has" in note for note in agreed.notes)
    film = loaded(one_image(tmp_path / "film", breast(), PatientOrientation=["P", "L"]))
    assert not any("header has" in note for note in film.notes)


def test_without_a_view_in_the_table_the_header_s_counts(tmp_path):
    truth = phantom(2, "MLO", size=360)
    found = {}
    for said in ("MLO", "XYZ", None):
        elements = {} if said is None else {"ViewPosition": said}
        reader = one_image(tmp_path / str(said), truth.image, side=truth.side[0], **elements)
        rows = [row("1", "2", truth.side[0], "")]
        write_table(tmp_path / str(said) / "train.csv", rows)
        found[said] = loaded(reader)
        assert found[said].columns["view"] is None
    assert found["MLO"].marks.pectoral is not None
    assert "the view is from the header (MLO), not the table" in found["MLO"].notes
    for said in ("XYZ", None):
        assert found[said].marks.pectoral is None
        assert "the view is unknown: no pectoral muscle was searched" in found[said].notes


def test_spacing(tmp_path):
    assert loaded(one_image(tmp_path / "a", breast())).spacing == (0.5, 0.5)
    detector = {"PixelSpacing": None, "ImagerPixelSpacing": [0.4, 0.4]}
    sample = loaded(one_image(tmp_path / "b", breast(), **detector))
    assert sample.spacing == (0.4, 0.4) and "at the detector" in sample.notes[0]
    assert loaded(one_image(tmp_path / "c", breast(), PixelSpacing=None)).spacing is None


# Files that lack something.


def test_missing_bits_stored_and_polarity(tmp_path):
    sample = loaded(one_image(tmp_path, breast(), BitsStored=None, HighBit=None, PixelRepresentation=None))
    assert "no BitsStored in the header: taken as 16" in sample.notes and sample.columns["bits_stored"] == 16
    sample = loaded(one_image(tmp_path, breast(), BitsStored=None, PhotometricInterpretation=None))
    assert sample.columns["bits_stored"] == 12 and sample.columns["photometric"] == "MONOCHROME2"
    np.testing.assert_array_equal(sample.image, loaded(one_image(tmp_path, breast())).image)


@pytest.mark.parametrize("syntax", ["", "raw", "jpeg2000-lossless", "jpeg-lossless", "jpeg-ls"])
@pytest.mark.parametrize("preamble", [True, False])
def test_missing_file_meta_and_odd_tails(tmp_path, syntax, preamble):
    reader = one_image(tmp_path, breast(), syntax=syntax)
    expected = loaded(reader).image
    path = tmp_path / "train_images/1/2.dcm"
    dataset = pydicom.dcmread(path)
    whole = path.read_bytes()
    # The dataset begins after preamble, prefix, the length element and as many bytes as that says.
    start = 132 + 12 + int(dataset.file_meta.FileMetaInformationGroupLength)
    path.write_bytes((whole[:132] if preamble else b"") + whole[start:] + b"\0" * 5)
    sample = loaded(reader)
    np.testing.assert_array_equal(sample.image, expected)
    assert "no transfer syntax in the header: taken from the pixel data" in sample.notes
    path.write_bytes(whole[start : len(whole) // 2])
    with pytest.raises(ReadError):
        loaded(reader)


# Damaged streams: GDCM would abort the process on some of them, and fill up others.


def damage(path: Path, change) -> None:
    dataset = pydicom.dcmread(path)
    stream = bytearray(get_frame(dataset.PixelData, 0, number_of_frames=1).rstrip(b"\0"))
    dataset.PixelData = encapsulate([bytes(change(stream))])
    dataset.save_as(path)


def lie(stream: bytearray, marker: bytes, offset: int, value: int) -> bytearray:
    stream[stream.index(marker) + offset] = value
    return stream


@pytest.mark.parametrize(("syntax", "marker"), [("jpeg-lossless", b"\xff\xc3"), ("jpeg-ls", b"\xff\xf7")])
def test_streams_that_are_not_what_the_header_says(tmp_path, syntax, marker):
    path = tmp_path / "train_images/1/2.dcm"
    for said, change in (
        ("has no end", lambda stream: stream[: len(stream) * 2 // 3]),
        ("has no end", lambda stream: stream[:-2]),
        ("not what its header says", lambda stream: lie(stream, marker, 4, 236)),  # precision
        ("not what its header says", lambda stream: lie(stream, marker, 6, 99)),  # rows
        ("not what its header says", lambda stream: lie(stream, marker, 8, 99)),  # columns
        ("not what its header says", lambda stream: lie(stream, marker, 9, 3)),  # components
        ("not what its header says", lambda _: b"\xff\xd8\xff"),
        ("not what its header says", lambda _: b"no picture at all"),
    ):
        reader = one_image(tmp_path, breast(), syntax=syntax)
        damage(path, change)
        with pytest.raises(ReadError, match=said):
            loaded(reader)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_cut_wavelet_streams(tmp_path, share):
    reader = one_image(tmp_path, breast(), syntax="jpeg2000-lossless")
    damage(tmp_path / "train_images/1/2.dcm", lambda stream: stream[: int(len(stream) * share)])
    with pytest.raises(ReadError, match="truncated"):
        loaded(reader)


# Decoders.


def all_files(folder: Path, shared: Path) -> list[Path]:
    files = sorted(set((shared / "dicom_encodings").glob("*.dcm")) - {shared / "dicom_encodings/RG3_J2KI.dcm"})
    for bits in (10, 12, 16):
        pixels = breast(top=(1 << bits) - 1)
        for syntax in SYNTAXES:
            path = write_dcm(folder / f"{syntax}{bits}.dcm", pixels, bits=bits)
            encode_dicom(path, syntax=syntax)
            files.append(path)
    small = write_dcm(folder / "small.dcm", breast(top=255).astype(np.uint8), bits=8)
    for syntax in SYNTAXES:
        path = folder / f"small_{syntax}.dcm"
        path.write_bytes(small.read_bytes())
        encode_dicom(path, syntax=syntax)
        files.append(path)
    return files


def test_preferred_decoders_agree_with_all_others(tmp_path, shared_data):
    compared = 0
    for path in all_files(tmp_path, shared_data):
        dataset = pydicom.dcmread(path)
        ours, _ = decode.stored_pixels(pydicom.dcmread(path), path)
        for plugin in decode._decoder(dataset.file_meta.TransferSyntaxUID).available_plugins:
            other = pydicom.dcmread(path)
            other.pixel_array_options(decoding_plugin=plugin, correct_unused_bits=False)
            theirs = other.pixel_array
            np.testing.assert_array_equal(ours, theirs, err_msg=f"{path.name} {plugin}")
            assert ours.dtype == theirs.dtype, (path.name, plugin)
            compared += 1
        if dataset.PhotometricInterpretation == "MONOCHROME2" and "RescaleSlope" not in dataset:
            np.testing.assert_array_equal(ours, itk(path))
    assert compared > 40


def test_lossless_jpeg_needs_no_further_library(tmp_path, monkeypatch):
    class Absent:
        is_available = False
        available_plugins = ()

    pixels = breast()
    path = write_dcm(tmp_path / "a.dcm", pixels)
    encode_dicom(path, syntax="jpeg-lossless")
    monkeypatch.setattr("pydicom.pixels.get_decoder", lambda _: Absent())
    np.testing.assert_array_equal(read_dicom(path).pixels, pixels)
