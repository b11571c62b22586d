"""Encoded DICOM files: what independent decoders make of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK

from radiomics_mammo.errors import InputError
from radiomics_mammo.imaging.formats.dicom.encode import SYNTAXES, encode_dicom
from radiomics_mammo.imaging.formats.dicom.write import write_dicom


def smooth(shape: tuple[int, int] = (96, 80), *, top: int = 4095) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    noise = np.random.default_rng(3).integers(0, 40, shape)
    return np.clip((rows * columns) % top + noise, 0, top).astype(np.uint16)


def written(path: Path, pixels: np.ndarray) -> Path:
    write_dicom(path, pixels, patient_id="P", series_description="s", spacing=(0.07, 0.07), bits_stored=12)
    return path


def decoded(path: Path) -> np.ndarray:
    """As ITK's own copy of GDCM has it."""
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_another_decoder_finds_the_same_pixels(tmp_path, syntax):
    pixels = smooth()
    path = written(tmp_path / "a.dcm", pixels)
    encode_dicom(path, syntax=syntax)
    dataset = pydicom.dcmread(path)
    assert dataset.file_meta.TransferSyntaxUID == SYNTAXES[syntax]
    assert (dataset.PatientID, list(dataset.PixelSpacing), dataset.BitsStored) == ("P", [0.07, 0.07], 12)
    if syntax == "jpeg2000":
        assert 0 < np.abs(decoded(path).astype(int) - pixels).mean() < 200
        assert path.stat().st_size < pixels.nbytes / 5
    else:
        np.testing.assert_array_equal(decoded(path), pixels)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_same_file_gives_the_same_bytes(tmp_path, syntax):
    one, two = (written(tmp_path / name, smooth()) for name in ("a.dcm", "b.dcm"))
    two.write_bytes(one.read_bytes())
    for path in (one, two):
        encode_dicom(path, syntax=syntax)
    assert one.read_bytes() == two.read_bytes()


def test_refusals(tmp_path):
    path = written(tmp_path / "a.dcm", smooth())
    with pytest.raises(InputError, match="no encoding is called 'jpg'"):
        encode_dicom(path, syntax="jpg")
    encode_dicom(path, syntax="rle")
    with pytest.raises(InputError, match="compressed already"):
        encode_dicom(path, syntax="raw")


def test_a_missing_encoder_names_the_extra(tmp_path, monkeypatch):
    class Absent:
        is_available = False

    path = written(tmp_path / "a.dcm", smooth())
    monkeypatch.setattr("pydicom.pixels.get_encoder", lambda _: Absent())
    monkeypatch.setattr("radiomics_mammo.imaging.formats.dicom.encode.find_spec", lambda _: None)
    for syntax in SYNTAXES:
        if syntax == "raw":
            continue
        with pytest.raises(InputError, match="encoder is not installed") as caught:
            encode_dicom(path, syntax=syntax)
        assert "[dicom]" in caught.value.remedy
