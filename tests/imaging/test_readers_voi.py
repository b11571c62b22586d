"""Values as displayed, against pydicom's own functions on whole images and against numbers made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi, apply_windowing

from radiomics_mammo.errors import ReadError
from radiomics_mammo.imaging.formats.dicom.display_window import displayed
from radiomics_mammo.imaging.formats.dicom.read import read_dicom
from radiomics_mammo.imaging.formats.dicom.write import write_dicom

RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)
HERE = Path("a.dcm")


def header(**elements: object) -> Dataset:
    dataset = Dataset()
    given = {
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 12,
        "PixelRepresentation": 0,
        **elements,
    }
    for keyword, value in given.items():
        setattr(dataset, keyword, value)
    return dataset


def table(data: list[int], *, first: int, bits: int) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(data), first, bits])
    item.add_new("LUTData", "US", data)
    return item


def shown(dataset: Dataset, stored: np.ndarray = RAMP, *, voi: str = "first"):
    return displayed(stored, dataset, voi=voi, path=HERE)


WINDOWS = [(2048, 4096), (1000.5, 700), (300, 2), (4000, 900), (3000, 1.5), (1000, 1)]


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID", None])
@pytest.mark.parametrize(("centre", "width"), WINDOWS)
@pytest.mark.parametrize("rescale", [None, (1, -1024), (0.5, 3)])
def test_windows_are_pydicoms(function, centre, width, rescale):
    elements = {} if rescale is None else {"RescaleSlope": rescale[0], "RescaleIntercept": rescale[1]}
    if function is not None:
        elements["VOILUTFunction"] = function
    dataset = header(WindowCenter=centre, WindowWidth=width, **elements)
    image = shown(dataset)
    with np.errstate(over="ignore"):
        expected = apply_windowing(apply_modality_lut(RAMP, dataset), dataset).astype(float)
    slope, intercept = rescale or (1, 0)
    if expected.min() == expected.max():
        assert image.voi == "none" and "constant" in image.notes[0]
        return
    # Whole numbers: off by a half at most (the two computations round halves their own way).
    np.testing.assert_allclose(image.pixels, (expected - intercept) / slope, rtol=0, atol=0.5 + 1e-6)
    assert image.pixels.dtype == np.uint16 and image.notes == ()
    assert image.voi == (function or "LINEAR").lower()


def test_signed_values_are_windowed_from_zero_up():
    stored = (RAMP.astype(np.int16) - 2048).copy()
    dataset = header(PixelRepresentation=1, WindowCenter=-100, WindowWidth=900)
    expected = apply_windowing(stored, dataset)
    np.testing.assert_array_equal(shown(dataset, stored).pixels, np.rint(expected + 2048))
    plain = shown(header(PixelRepresentation=1), stored).pixels
    np.testing.assert_array_equal(plain, stored)


def test_the_first_of_several_windows_counts():
    several = header(WindowCenter=[500, 3000], WindowWidth=[400, 100])
    np.testing.assert_array_equal(shown(several).pixels, shown(header(WindowCenter=500, WindowWidth=400)).pixels)


def test_monochrome1_is_turned_round_after_the_window():
    dataset = header(PhotometricInterpretation="MONOCHROME1", WindowCenter=1000, WindowWidth=500)
    np.testing.assert_array_equal(shown(dataset).pixels, np.rint(4095 - apply_windowing(RAMP, dataset)))
    # Without a window the ends of the rescaled range change places: 100 + 2 s becomes 8290 - 2 s.
    plain = header(PhotometricInterpretation="MONOCHROME1", RescaleSlope=2, RescaleIntercept=100)
    np.testing.assert_array_equal(shown(plain).pixels, 8290 - 2 * RAMP.astype(int))


@pytest.mark.parametrize("bits", [8, 10, 16])
def test_the_first_lut_goes_before_a_window(bits):
    rng = np.random.default_rng(4)
    data = np.sort(rng.integers(0, 1 << bits, 3000)).tolist()
    other = table([0, 1], first=0, bits=8)
    dataset = header(VOILUTSequence=[table(data, first=500, bits=bits), other], WindowCenter=5, WindowWidth=9)
    image = shown(dataset)
    expected = np.array([data[min(max(value - 500, 0), 2999)] for value in RAMP.ravel().tolist()]).reshape(RAMP.shape)
    np.testing.assert_array_equal(image.pixels, expected)
    if bits > 8:  # there pydicom counts entries in 8 bits
        np.testing.assert_array_equal(image.pixels, apply_voi(RAMP, dataset))
    assert image.voi == "lut"
    dataset.PhotometricInterpretation = "MONOCHROME1"
    np.testing.assert_array_equal(shown(dataset).pixels, (1 << bits) - 1 - expected)


def test_a_modality_lut_comes_first():
    curve = (np.arange(4096) ** 2 >> 8).tolist()
    dataset = header(ModalityLUTSequence=[table(curve, first=0, bits=16)], WindowCenter=30000, WindowWidth=20000)
    expected = apply_windowing(apply_modality_lut(RAMP, dataset), dataset)
    np.testing.assert_array_equal(shown(dataset).pixels, np.rint(expected))


def test_none_leaves_what_is_stored():
    window = header(WindowCenter=1000, WindowWidth=500)
    for image in (shown(window, voi="none"), shown(header())):
        np.testing.assert_array_equal(image.pixels, RAMP)
        assert (image.voi, image.notes, image.pixels.dtype) == ("none", (), np.uint16)
    halves = shown(header(RescaleSlope=0.5, RescaleIntercept=0))
    assert halves.pixels.dtype == np.float32
    np.testing.assert_array_equal(halves.pixels, RAMP / 2)
    below = shown(header(RescaleSlope=1, RescaleIntercept=-10))
    assert below.pixels.dtype == np.int32 and below.pixels[0, 0] == -10


@pytest.mark.parametrize(
    ("elements", "said"),
    [
        ({"WindowCenter": 1000, "WindowWidth": 0}, "width 0) is not usable"),
        ({"WindowCenter": 1000, "WindowWidth": -5}, "width -5) is not usable"),
        ({"WindowCenter": 1000}, "width none) is not usable"),
        ({"WindowCenter": 9000, "WindowWidth": 10}, "makes the picture constant"),
        ({"WindowCenter": -500, "WindowWidth": 10, "VOILUTFunction": "LINEAR_EXACT"}, "constant"),
        ({"WindowCenter": 900, "WindowWidth": 0, "VOILUTFunction": "SIGMOID"}, "is not usable"),
        ({"WindowCenter": 900, "WindowWidth": 10, "VOILUTFunction": "CUBIC"}, "unknown function 'cubic'"),
        ({"VOILUTSequence": [table([7] * 4096, first=0, bits=8)]}, "the VOI lut makes the picture constant"),
        ({"VOILUTSequence": [table([1, 2, 3], first=0, bits=24)]}, "24 bits) is not usable"),
        ({"VOILUTSequence": [Dataset()]}, "incomplete"),
    ],
)
def test_a_useless_transform_is_left_out_and_said(elements, said):
    image = shown(header(**elements))
    np.testing.assert_array_equal(image.pixels, RAMP)
    assert image.voi == "none"
    (note,) = image.notes
    assert said in note and note.endswith("shown without it")


def test_a_window_that_is_not_a_number(tmp_path):
    path = tmp_path / "a.dcm"
    write_dicom(path, RAMP, patient_id="P", series_description="s", bits_stored=12)
    dataset = pydicom.dcmread(path)
    dataset.WindowCenter, dataset.WindowWidth = "111111", "222222"
    dataset.save_as(path)
    data = path.read_bytes()
    for cells in (
        (b"nan   ", b"222222"),
        (b"111111", b"NaN   "),
        (b"1\\11  ", b"wide  "),
    ):
        path.write_bytes(data.replace(b"111111", cells[0]).replace(b"222222", cells[1]))
        image = read_dicom(path, voi="first")
        assert image.voi == "none" and "nan" in image.notes[0] and "not usable" in image.notes[0]
        np.testing.assert_array_equal(image.pixels, RAMP)


def test_values_above_bits_stored_saturate_with_a_note():
    stored = RAMP.copy()
    stored[:2, :3] = 20000
    image = shown(header(), stored)
    assert (image.pixels[:2, :3] == 4095).all() and (image.pixels[2:] == RAMP[2:]).all()
    assert "6 pixels above the highest value stored (4095), up to 20000" in image.notes[0]
    dark = shown(header(PhotometricInterpretation="MONOCHROME1"), stored)
    assert (dark.pixels[:2, :3] == 0).all() and dark.pixels[2, 0] == 4095 - 128
    window = shown(header(WindowCenter=2048, WindowWidth=4096), stored)
    assert (window.pixels[:2, :3] == 4095).all()
    with pytest.raises(ReadError, match="above the highest value of its 12 bits"):
        shown(header(), RAMP + np.uint16(4096))


@pytest.mark.parametrize("value", [0, 777, 4095])
@pytest.mark.parametrize("padding", [{}, {"PixelPaddingValue": 3}, {"PixelPaddingValue": 9000}])
def test_constant_pictures_are_refused(value, padding):
    stored = np.full((20, 10), value, dtype=np.uint16)
    if padding:
        stored[:3] = padding["PixelPaddingValue"]
    with pytest.raises(ReadError, match=f"every pixel is {value}") as caught:
        shown(header(**padding), stored)
    assert caught.value.path == str(HERE) and "Download" in caught.value.remedy


@pytest.mark.parametrize(
    ("photometric", "padding", "limit", "values", "noted"),
    [
        ("MONOCHROME2", 4095, None, [4095], True),  # would be the brightest
        ("MONOCHROME1", 0, None, [0], True),  # would be the brightest once inverted
        ("MONOCHROME1", 4095, None, [4095], True),  # darker than the darkest
        ("MONOCHROME1", 0, 9, [0, 4, 9], True),
        ("MONOCHROME1", 9, 0, [0, 4, 9], True),  # limits in either order
        ("MONOCHROME2", 5000, None, [5000], True),  # above BitsStored
    ],
)
@pytest.mark.parametrize("window", [{}, {"WindowCenter": 1000, "WindowWidth": 1500}])
def test_padding_is_air(photometric, padding, limit, values, noted, window):
    tissue = np.linspace(300, 1500, 400).astype(np.uint16).reshape(20, 20)
    stored = tissue.copy()
    stored[0, : len(values)] = values
    elements = {"PixelPaddingValue": padding, "PhotometricInterpretation": photometric, **window}
    if limit is not None:
        elements["PixelPaddingRangeLimit"] = limit
    image = shown(header(**elements), stored)
    rest = image.pixels[1:]
    np.testing.assert_array_equal(image.pixels[0, : len(values)], rest.min() if photometric == "MONOCHROME1" else
                                  image.pixels[0, len(values) :].min())  # fmt: skip
    assert image.notes == (("padding shown as background",) if noted else ())
    del elements["PixelPaddingValue"]
    np.testing.assert_array_equal(rest, shown(header(**elements), stored).pixels[1:])


def test_padding_that_is_dark_already_or_covers_everything_is_quiet():
    stored = RAMP.copy()
    stored[0, :3] = 2
    image = shown(header(PixelPaddingValue=2, WindowCenter=500, WindowWidth=800), stored)
    assert image.notes == () and (image.pixels[0, :3] == 0).all()
    everything = shown(header(PixelPaddingValue=0, PixelPaddingRangeLimit=4095))
    np.testing.assert_array_equal(everything.pixels, RAMP)


def test_wide_and_floating_values():
    wide = RAMP.astype(np.int32) * 40
    dataset = header(BitsAllocated=32, BitsStored=20, WindowCenter=60000, WindowWidth=50000)
    expected = apply_windowing(wide, dataset) / (2**20 - 1) * 65535
    np.testing.assert_allclose(shown(dataset, wide).pixels, expected, atol=0.51)
    widest = RAMP.astype(np.uint32) << 20  # up to 4,293,918,720: more than an int32 holds
    full = header(BitsAllocated=32, BitsStored=32)
    np.testing.assert_array_equal(shown(full, widest).pixels, widest.astype(np.float64))
    full.PhotometricInterpretation = "MONOCHROME1"
    np.testing.assert_array_equal(shown(full, widest).pixels, 2.0**32 - 1 - widest)
    real = RAMP.astype(np.float32) / 7
    np.testing.assert_array_equal(shown(header(), real).pixels, real)
    with pytest.raises(ReadError, match="not numbers"):
        shown(header(), np.where(RAMP == 5, np.nan, real))


def test_a_real_voi_lut_and_real_files(shared_data):
    folder = shared_data / "dicom_encodings"
    dataset = pydicom.dcmread(folder / "vlut_04.dcm")
    expected = apply_voi(apply_modality_lut(dataset.pixel_array, dataset), dataset)
    image = read_dicom(folder / "vlut_04.dcm", voi="first")
    np.testing.assert_array_equal(image.pixels, expected)
    assert image.voi == "lut"
    for name in ("RG1_J2KI.dcm", "RG3_J2KI.dcm", "RG3_J2KR.dcm", "highdicom_dx_MONOCHROME1.dcm"):
        dataset = pydicom.dcmread(folder / name)
        image = read_dicom(folder / name, voi="first")
        assert image.photometric == dataset.PhotometricInterpretation and image.bits_stored == dataset.BitsStored
        stored = dataset.pixel_array.astype(float)
        if "WindowCenter" in dataset:
            stored = apply_windowing(apply_modality_lut(stored, dataset), dataset)
        sign = -1 if image.photometric == "MONOCHROME1" else 1
        shift = np.unique(np.rint(image.pixels - sign * np.rint(stored)))
        assert np.ptp(shift) <= 1, name  # the same picture but for a constant (and rounding at the half)
    for path in sorted((shared_data / "cbis_ddsm_real_cases" / "dicom").glob("*.dcm")):
        image = read_dicom(path, voi="first")
        np.testing.assert_array_equal(image.pixels, pydicom.dcmread(path).pixel_array)
