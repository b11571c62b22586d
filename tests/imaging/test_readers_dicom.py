"""DICOM: what is read, what is refused and how it is said, what is written."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.data import get_testdata_file

from radiomics_mammo.errors import ReadError
from radiomics_mammo.imaging.formats.dicom.read import PHANTOM_MANUFACTURER, read_dicom
from radiomics_mammo.imaging.formats.dicom.write import write_dicom


def picture(dtype: type = np.uint16, shape: tuple[int, int] = (31, 23)) -> np.ndarray:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)


def saved(path: Path, pixels: np.ndarray | None = None, **elements: object) -> Path:
    """A DICOM file with some elements set to something else, or removed (None)."""
    write_dicom(path, picture() if pixels is None else pixels, patient_id="P", series_description="s")
    dataset = pydicom.dcmread(path)
    for keyword, value in elements.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    dataset.save_as(path)
    return path


def refusal(path: Path) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read_dicom(path)
    assert caught.value.path == str(path)
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_round_trip_and_what_pydicom_sees(tmp_path, dtype):
    path, pixels = tmp_path / "a.dcm", picture(dtype)
    write_dicom(
        path,
        pixels,
        patient_id="Mass-Training_P_00001_LEFT_CC_1",
        series_description="ROI mask images",
        series_uid="1.2.3",
        study_uid="1.2.4",
        sop_uid="1.2.5",
        manufacturer=PHANTOM_MANUFACTURER,
        laterality="L",
        view="CC",
        spacing=(0.05, 0.042),
    )
    image = read_dicom(path)
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.pixels.dtype == dtype and image.pixels.flags.writeable and image.pixels.flags.c_contiguous
    assert (image.rows, image.columns) == pixels.shape
    assert image.spacing == (0.05, 0.042) and image.notes == ()
    assert (image.laterality, image.view, image.series_uid, image.study_uid) == ("L", "CC", "1.2.3", "1.2.4")
    assert image.patient_id == "Mass-Training_P_00001_LEFT_CC_1" and image.phantom
    header = read_dicom(path, header_only=True)
    assert header.pixels.shape == (0, 0) and (header.rows, header.series_description) == (
        31,
        "ROI mask images",
    )
    dataset = pydicom.dcmread(path)
    assert dataset.file_meta.TransferSyntaxUID.name == "Implicit VR Little Endian"
    assert dataset.SOPClassUID.name == "Secondary Capture Image Storage"
    assert dataset.BitsStored == 8 * np.dtype(dtype).itemsize
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0], pixels)


def test_no_spacing_unless_given_and_same_bytes_for_the_same_arguments(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_dicom(tmp_path / name / "a.dcm", picture(), patient_id="P", series_description="s")
    one, two = ((tmp_path / name / "a.dcm").read_bytes() for name in ("one", "two"))
    assert one == two
    assert "PixelSpacing" not in pydicom.dcmread(tmp_path / "one" / "a.dcm")
    assert read_dicom(tmp_path / "one" / "a.dcm").spacing is None
    with pytest.raises(ValueError, match="2-D uint8 or uint16"):
        write_dicom(tmp_path / "b.dcm", picture().astype(float), patient_id="P", series_description="s")


def test_real_cbis_files(shared_data):
    files = sorted((shared_data / "cbis_ddsm_real_cases" / "dicom").glob("*.dcm"))
    assert len(files) == 6
    for path in files:
        image = read_dicom(path)
        expected = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0]
        np.testing.assert_array_equal(image.pixels, expected)
        assert image.pixels.dtype == np.uint16
        assert image.spacing is None and not image.phantom
        assert image.patient_id.startswith(("Mass-", "Calc-"))


def test_real_monochrome1_lossless_is_inverted(shared_data):
    path = shared_data / "dicom_encodings" / "RG3_J2KR.dcm"
    inverted = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[0]  # GDCM inverts too
    image = read_dicom(path)
    assert image.photometric == "MONOCHROME1"
    np.testing.assert_array_equal(image.pixels, inverted)
    np.testing.assert_array_equal(image.pixels, 1023 - pydicom.dcmread(path).pixel_array)  # 10 bits stored


def test_real_files_with_other_encodings(shared_data):
    folder = shared_data / "dicom_encodings"
    lossy = read_dicom(folder / "RG1_J2KI.dcm")
    assert lossy.pixels.shape == (1955, 1841) and lossy.pixels.max() == 32767 - 803
    assert lossy.spacing is None  # its PixelSpacing is 0\0
    windowed = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(folder / "vlut_04.dcm")))[0]
    np.testing.assert_array_equal(read_dicom(folder / "vlut_04.dcm").pixels, windowed)  # no VOI LUT
    small = read_dicom(folder / "highdicom_dx_MONOCHROME1.dcm")
    assert small.spacing == (1.2, 1.201199999999)


def test_monochrome1_by_hand(tmp_path):
    pixels = np.array([[0, 1], [4095, 5000]], dtype=np.uint16)
    twelve = {"BitsStored": 12, "HighBit": 11, "PhotometricInterpretation": "MONOCHROME1"}
    image = read_dicom(saved(tmp_path / "a.dcm", pixels, **twelve))
    # 5000 exceeds 12 bits: it goes below zero rather than wrap round to the bright end.
    np.testing.assert_array_equal(image.pixels, [[4095, 4094], [0, -905]])
    image = read_dicom(saved(tmp_path / "b.dcm", pixels[:1], **twelve))
    np.testing.assert_array_equal(image.pixels, [[4095, 4094]])
    assert image.pixels.dtype == np.uint16
    signed = read_dicom(saved(tmp_path / "c.dcm", pixels[:1], **twelve, PixelRepresentation=1))
    np.testing.assert_array_equal(signed.pixels, [[-1, -2]])


def test_values_above_bits_stored_are_kept(tmp_path):
    pixels = np.array([[0, 5000]], dtype=np.uint16)
    image = read_dicom(saved(tmp_path / "a.dcm", pixels, BitsStored=12, HighBit=11))
    np.testing.assert_array_equal(image.pixels, pixels)


def test_overlays_and_signs_above_bits_stored_are_not_values(tmp_path):
    pixels = np.array([[5, 7 | 0x1000]], dtype=np.uint16)
    path = saved(tmp_path / "a.dcm", pixels, BitsStored=12, HighBit=11)
    dataset = pydicom.dcmread(path)
    dataset.add_new((0x6000, 0x0102), "US", 12)
    dataset.save_as(path)
    np.testing.assert_array_equal(read_dicom(path).pixels, [[5, 7]])
    path = saved(
        tmp_path / "b.dcm",
        np.array([[5, 0xFFF]], np.uint16),
        BitsStored=12,
        HighBit=11,
        PixelRepresentation=1,
    )
    np.testing.assert_array_equal(read_dicom(path).pixels, [[5, -1]])


@pytest.mark.parametrize(
    ("slope", "intercept", "expected", "kind"),
    [(1, 0, [3, 7], "u"), (2, -10, [-4, 4], "i"), (0.5, 0, [1.5, 3.5], "f"), (None, None, [3, 7], "u")],
)
def test_modality_rescale(tmp_path, slope, intercept, expected, kind):
    pixels = np.array([[3, 7]], dtype=np.uint16)
    elements = {} if slope is None else {"RescaleSlope": slope, "RescaleIntercept": intercept}
    image = read_dicom(saved(tmp_path / "a.dcm", pixels, **elements))
    assert image.pixels.dtype.kind == kind
    np.testing.assert_array_equal(image.pixels[0], expected)


def test_inversion_comes_before_the_rescale(tmp_path):
    pixels = np.array([[0, 255]], dtype=np.uint8)
    elements = {"RescaleSlope": 2, "RescaleIntercept": 100, "PhotometricInterpretation": "MONOCHROME1"}
    np.testing.assert_array_equal(read_dicom(saved(tmp_path / "a.dcm", pixels, **elements)).pixels, [[610, 100]])


def test_spacing_at_the_detector_is_noted(tmp_path):
    image = read_dicom(saved(tmp_path / "a.dcm", ImagerPixelSpacing=[0.07, 0.07]))
    assert image.spacing == (0.07, 0.07)
    assert image.notes == ("spacing at the detector, not corrected for magnification",)
    image = read_dicom(saved(tmp_path / "b.dcm", ImagerPixelSpacing=[0.07, 0.07], PixelSpacing=[0.05, 0.06]))
    assert image.spacing == (0.05, 0.06) and image.notes == ()


@pytest.mark.parametrize(
    "said", [b"0.07\\abc ", b"wide     ", b"0.07     ", b"0\\0      ", b"nan\\nan  ", b"1\\1\\1    "]
)
@pytest.mark.parametrize("detector", [None, [0.08, 0.08]])
def test_an_unusable_spacing_is_unknown_and_noted(tmp_path, said, detector):
    more = {} if detector is None else {"ImagerPixelSpacing": detector}
    path = saved(tmp_path / "a.dcm", PixelSpacing=["0.07", "0.07"], **more)
    data = path.read_bytes()
    assert data.count(b"0.07\\0.07 ") == 1
    path.write_bytes(data.replace(b"0.07\\0.07 ", said.ljust(10)))
    for image in (read_dicom(path), read_dicom(path, header_only=True), read_dicom(path, voi="first")):
        assert image.spacing == (None if detector is None else (0.08, 0.08))
        assert image.notes[0].startswith("PixelSpacing is not usable") and len(image.notes) == (2 if detector else 1)


def test_big_endian_becomes_native():
    path = get_testdata_file("MR_small_bigendian.dcm", download=False)
    image = read_dicom(path)
    assert image.pixels.dtype.isnative
    twin = read_dicom(get_testdata_file("MR_small.dcm", download=False))
    np.testing.assert_array_equal(image.pixels, twin.pixels)


def test_run_length_encoding_needs_nothing_more():
    image = read_dicom(get_testdata_file("MR_small_RLE.dcm", download=False))
    twin = read_dicom(get_testdata_file("MR_small.dcm", download=False))
    np.testing.assert_array_equal(image.pixels, twin.pixels)


# Refusals.


def test_missing_folder_empty_and_foreign_files(tmp_path):
    assert "does not exist" in refusal(tmp_path / "a.dcm").cause
    assert "is a folder" in refusal(tmp_path).cause
    (tmp_path / "b.dcm").touch()
    assert "0 bytes" in refusal(tmp_path / "b.dcm").cause
    (tmp_path / "c.dcm").write_bytes(b"\x89PNG" * 100)
    assert "not a DICOM file" in refusal(tmp_path / "c.dcm").cause


@pytest.mark.parametrize("left", [-1, -2, -700, 600, 400, 200, 140, 132, 60])
def test_truncated_uncompressed(tmp_path, left):
    path = saved(tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:left])
    cause = refusal(path).cause
    assert any(word in cause for word in ("truncated", "not a DICOM file", "transfer syntax"))
    if left < 0:
        assert "truncated" in cause


@pytest.mark.parametrize("share", [0.999, 0.5, 0.01])
def test_truncated_compressed(tmp_path, shared_data, share):
    data = (shared_data / "dicom_encodings" / "RG3_J2KR.dcm").read_bytes()
    path = tmp_path / "a.dcm"
    path.write_bytes(data[: int(len(data) * share)])
    assert "truncated" in refusal(path).cause


def test_truncated_run_length(tmp_path):
    data = Path(get_testdata_file("MR_small_RLE.dcm", download=False)).read_bytes()
    path = tmp_path / "a.dcm"
    for lost in (400, 1000, 2000):
        path.write_bytes(data[:-lost])
        assert "truncated" in refusal(path).cause


def test_broken_run_length_stream_inside_whole_dicom(tmp_path):
    from pydicom.encaps import encapsulate, generate_frames

    dataset = pydicom.dcmread(get_testdata_file("MR_small_RLE.dcm", download=False))
    (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = encapsulate([frame[:-1001]])
    dataset.save_as(tmp_path / "a.dcm")
    assert "truncated" in refusal(tmp_path / "a.dcm").cause
    # A stream that runs over: pylibjpeg-rle panics there, pydicom's own decoder leaves the rest away.
    dataset.PixelData = encapsulate([frame[:64] + b"\x81\x00" * 3000])
    dataset.save_as(tmp_path / "b.dcm")
    assert read_dicom(tmp_path / "b.dcm").pixels.shape == (64, 64)


def test_damaged_files_never_raise_anything_else(tmp_path, shared_data):
    rng = np.random.default_rng(1)
    source = shared_data / "dicom_encodings" / "highdicom_dx_MONOCHROME1.dcm"
    sources = [
        source,
        *(get_testdata_file(name, download=False) for name in ("MR_small_RLE.dcm", "JPEG2000.dcm")),
    ]
    refused = 0
    for data in (Path(name).read_bytes() for name in sources):
        for _ in range(60):
            damaged = bytearray(data[: rng.integers(200, len(data))] if rng.random() < 0.3 else data)
            for at in rng.integers(0, min(len(damaged), 3000), 12):
                damaged[at] = rng.integers(0, 256)
            path = tmp_path / "a.dcm"
            path.write_bytes(damaged)
            try:
                read_dicom(path)
            except ReadError:
                refused += 1
    assert refused > 60


def test_no_pixel_data(tmp_path):
    assert "no pixel data" in refusal(saved(tmp_path / "a.dcm", PixelData=None)).cause
    plan = get_testdata_file("rtplan.dcm", download=False)
    assert "no pixel data" in refusal(Path(plan)).cause or "colour" in refusal(Path(plan)).cause


def test_several_frames(tmp_path):
    pixels = picture(shape=(30, 20))
    assert "has 3 frames" in refusal(saved(tmp_path / "a.dcm", pixels, NumberOfFrames=3, Rows=10)).cause


def test_colour(tmp_path):
    path = Path(get_testdata_file("SC_rgb_rle.dcm", download=False))
    assert "colour" in refusal(path).cause
    pixels = picture(np.uint8, (30, 20))
    for name in ("RGB", "YBR_FULL_422", "PALETTE COLOR"):
        assert name in refusal(saved(tmp_path / "a.dcm", pixels, PhotometricInterpretation=name)).cause


def test_missing_decoder_names_the_extra(monkeypatch):
    class Absent:
        is_available = False

    monkeypatch.setattr("pydicom.pixels.get_decoder", lambda _: Absent())
    error = refusal(Path(get_testdata_file("MR_small_jpeg_ls_lossless.dcm", download=False)))
    assert "JPEG-LS" in error.cause
    assert 'pip install "radiomics-mammo[dicom]"' in error.remedy


def test_disorder_in_the_header_is_quiet(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = saved(tmp_path / "a.dcm", StudyInstanceUID="1.2.abc", StudyDate="yesterday")
    assert read_dicom(path).study_uid == "1.2.abc"
    path.write_bytes(path.read_bytes() + b"\0" * 7)
    assert read_dicom(path).rows == 31
