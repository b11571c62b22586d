"""CBIS-DDSM: every quirk of the collection, from a small tree that has it."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from radiomics_mammo.errors import CaseError, InputError, MaskError, ReadError
from radiomics_mammo.imaging.formats.dicom.read import PHANTOM_MANUFACTURER, read_dicom
from radiomics_mammo.imaging.formats.dicom.write import write_dicom
from radiomics_mammo.imaging.formats.image_file import read_image
from radiomics_mammo.readers import find_samples, open_reader, remarks_of
from radiomics_mammo.readers.cbis_ddsm.mask_matching import locate
from radiomics_mammo.readers.cbis_ddsm.reader import CbisDdsmReader
from tests.support.cbis_ddsm_files import (
    FRAME,
    Lesion,
    crop_of,
    lesion_mask,
    mammogram,
    write_csvs,
    write_kaggle,
    write_tree,
)


def only(reader: CbisDdsmReader):
    (case,) = reader.cases()
    (sample,) = reader.load(case)
    return sample


def failure(reader: CbisDdsmReader) -> CaseError:
    (case,) = reader.cases()
    with pytest.raises(CaseError) as caught:
        reader.load(case)
    assert caught.value.remedy
    return caught.value


def roi_files(root: Path) -> list[Path]:
    return sorted(root.rglob("*_1/**/*.dcm"))


@pytest.mark.parametrize("layout", ["official", "nbia", "nbia-old"])
@pytest.mark.parametrize("order", [("mask", "crop"), ("crop", "mask")])
def test_mask_is_told_by_content_in_every_layout(tmp_path, layout, order):
    lesion = Lesion(order=order)
    sample = only(CbisDdsmReader(write_tree(tmp_path, [lesion], layout=layout)))
    np.testing.assert_array_equal(sample.image, lesion.image)
    np.testing.assert_array_equal(sample.mask, lesion.mask > 0)
    assert sample.case_id == "Mass-Training_P_00001_LEFT_CC_1"
    assert sample.patient_id == "P_00001"
    assert sample.notes == () and sample.spacing is None and not sample.phantom
    assert Path(sample.image_path).is_file() and Path(sample.mask_path).is_file()
    assert read_dicom(sample.mask_path).pixels.shape == FRAME


@pytest.mark.parametrize("layout", ["official", "nbia", "nbia-old"])
def test_mask_and_crop_in_two_folders_under_one_name(tmp_path, layout):
    lesion = Lesion(own_series=True)
    sample = only(CbisDdsmReader(write_tree(tmp_path, [lesion], layout=layout)))
    assert {path.name for path in roi_files(tmp_path)} in ({"000000.dcm"}, {"1-1.dcm"})
    np.testing.assert_array_equal(sample.mask, lesion.mask > 0)


@pytest.mark.parametrize("kaggle", [False, True])
def test_cells_of_mask_and_crop_swapped(tmp_path, kaggle):
    lesion = Lesion(own_series=True, cells_swapped=True)
    root = write_kaggle(tmp_path, [lesion], info=False) if kaggle else write_tree(tmp_path, [lesion])
    np.testing.assert_array_equal(only(CbisDdsmReader(root)).mask, lesion.mask > 0)


def test_line_break_in_the_middle_of_a_path(tmp_path):
    lesion = Lesion(break_after="Mass-Tra")
    sample = only(CbisDdsmReader(write_tree(tmp_path, [lesion])))
    assert sample.case_id == lesion.folder


@pytest.mark.parametrize("info", [False, True])
@pytest.mark.parametrize("own_series", [False, True])
def test_kaggle_jpeg(tmp_path, info, own_series):
    smooth = np.add.outer(np.arange(FRAME[0]) * 200, np.arange(FRAME[1]) * 150).astype(np.uint16)
    lesion = Lesion(image=smooth, own_series=own_series)
    sample = only(CbisDdsmReader(write_kaggle(tmp_path, [lesion], info=info)))
    assert sample.image.dtype == np.uint8
    assert np.abs(sample.image.astype(int) - (lesion.image >> 8)).max() < 12
    np.testing.assert_array_equal(sample.mask, lesion.mask > 0)
    assert "8-bit lossy JPEG" in sample.notes


def test_kaggle_noise_between_the_clusters_does_not_hide_the_mask(tmp_path):
    lesion = Lesion()
    write_kaggle(tmp_path, [lesion], info=False, quality=40)
    sample = only(CbisDdsmReader(tmp_path))
    mask = read_image(sample.mask_path).pixels
    assert len(np.unique(mask)) > 10  # the quirk is there
    assert np.count_nonzero(sample.mask != (lesion.mask > 0)) < 0.03 * (lesion.mask > 0).sum()


def test_roi_series_with_crops_only(tmp_path, shared_data):
    lesion = Lesion(
        patient="P_00038",
        kind="calcification",
        split="test",
        write_roi=False,
        image=mammogram(shape=(900, 700)),
    )
    write_tree(tmp_path, [lesion], layout="nbia")
    real = shared_data / "cbis_ddsm_real_cases" / "dicom" / "Calc-Test_P_00038_LEFT_CC_1__ROI-mask-series__1-1.dcm"
    folder = (
        tmp_path
        / "manifest-1617905855234/CBIS-DDSM"
        / lesion.folder
        / "08-29-2017-DDSM-94942/1.000000-ROI mask images-18515"
    )
    folder.mkdir(parents=True)
    shutil.copy(real, folder / "1-1.dcm")
    error = failure(CbisDdsmReader(tmp_path))
    assert isinstance(error, MaskError)
    assert "no mask among the files" in error.cause and "1-1.dcm" in error.cause and "is a crop" in error.cause


def test_mask_of_the_same_ratio_is_scaled_and_said(tmp_path):
    image, mask = mammogram(shape=(1149, 574)), lesion_mask((1000, 500), centre=(700, 300))
    lesion = Lesion(image=image, mask=mask, crop=mammogram(3, (80, 60)))
    assert abs(1149 / 1000 / (574 / 500) - 1) < 0.002
    sample = only(CbisDdsmReader(write_tree(tmp_path, [lesion])))
    expected = np.array(Image.fromarray(mask).resize((574, 1149), Image.Resampling.NEAREST)) > 0
    np.testing.assert_array_equal(sample.mask, expected)
    (note,) = sample.notes
    assert "scaled by 1.149" in note and "1000 x 500" in note and "1149 x 574" in note


def test_mask_of_another_aspect_is_placed_by_its_crop(tmp_path):
    image, mask = mammogram(shape=(160, 140)), lesion_mask((150, 110))
    # The mask's frame lacks 6 rows above and 21 columns to the left of the image's.
    crop = crop_of(image[6 : 6 + 150, 21 : 21 + 110], mask)
    sample = only(CbisDdsmReader(write_tree(tmp_path, [Lesion(image=image, mask=mask, crop=crop)])))
    expected = np.zeros(image.shape, dtype=bool)
    expected[6 : 6 + 150, 21 : 21 + 110] = mask > 0
    np.testing.assert_array_equal(sample.mask, expected)
    assert "placed by its crop" in sample.notes[0]


@pytest.mark.parametrize("doubt", ["nowhere", "more than one place", "no lossless crop", "no crop"])
def test_mask_of_another_aspect_is_refused_in_doubt(tmp_path, doubt):
    image, mask = mammogram(shape=(160, 140)), lesion_mask((150, 110))
    crop = crop_of(image[6 : 6 + 150, 21 : 21 + 110], mask)
    order = ("mask", "crop")
    if doubt == "nowhere":
        crop[30, 30] ^= 1
    elif doubt == "more than one place":
        image = np.zeros((160, 140), dtype=np.uint16)
        image[5 : 5 + crop.shape[0], : crop.shape[1]] = crop
        image[9 : 9 + crop.shape[0], -crop.shape[1] :] = crop
    elif doubt == "no lossless crop":
        crop = crop[:-1]
    else:
        order = ("mask",)
    lesion = Lesion(image=image, mask=mask, crop=crop, order=order)
    error = failure(CbisDdsmReader(write_tree(tmp_path, [lesion])))
    assert isinstance(error, MaskError) and "another aspect" in error.cause
    assert doubt.replace("no crop", "no lossless crop") in error.cause


def test_empty_mask(tmp_path):
    lesion = Lesion(mask=np.zeros(FRAME, np.uint8), crop=mammogram(1, (60, 50)))
    error = failure(CbisDdsmReader(write_tree(tmp_path, [lesion])))
    assert isinstance(error, MaskError) and "empty" in error.cause and "000000.dcm" in error.path


def test_two_masks(tmp_path):
    lesion = Lesion()
    write_tree(tmp_path, [lesion])
    mask_file = roi_files(tmp_path)[0]
    shutil.copy(mask_file, mask_file.with_name("000002.dcm"))
    sample = only(CbisDdsmReader(tmp_path))
    assert sample.notes == ("the mask lies there 2 times",)
    other = lesion_mask(centre=(40, 60))
    write_dicom(mask_file.with_name("000002.dcm"), other, patient_id="x", series_description="ROI mask images")
    error = failure(CbisDdsmReader(tmp_path))
    assert isinstance(error, MaskError) and "2 different masks" in error.cause
    assert "000000.dcm" in error.cause and "000002.dcm" in error.cause


def test_file_that_is_neither_is_said(tmp_path):
    write_tree(tmp_path, [Lesion()])
    extra = roi_files(tmp_path)[0].with_name("000007.dcm")
    write_dicom(extra, mammogram(9), patient_id="x", series_description="ROI mask images")
    (note,) = only(CbisDdsmReader(tmp_path)).notes
    assert note.startswith("neither mask nor crop: 000007.dcm (150 x 110")


def test_binary_crop_of_a_mask_is_no_mask(tmp_path):
    lesion = Lesion()
    write_tree(tmp_path, [lesion])
    extra = roi_files(tmp_path)[0].with_name("000007.dcm")
    write_dicom(extra, crop_of(lesion.mask, lesion.mask), patient_id="x", series_description="ROI mask images")
    np.testing.assert_array_equal(only(CbisDdsmReader(tmp_path)).mask, lesion.mask > 0)


def test_part_that_was_not_downloaded_is_left_out_and_said(tmp_path):
    there = Lesion()
    absent = [Lesion(patient=f"P_0001{i}", split="test", write_image=False, write_roi=False) for i in range(3)]
    single = Lesion(patient="P_00002", write_image=False, write_roi=False)
    reader = CbisDdsmReader(write_tree(tmp_path, [there, single, *absent]))
    assert remarks_of(reader) == ()
    assert [case.case_id for case in reader.cases()] == [there.folder, single.folder]
    assert remarks_of(reader) == ("mass test: none of its 3 rows has a folder here; left out",)
    with pytest.raises(ReadError, match=f"mammogram, {single.image_folder}, is not there") as caught:
        reader.load(reader.cases()[1])
    assert "Download" in caught.value.remedy


def test_missing_roi_folder(tmp_path):
    error = failure(CbisDdsmReader(write_tree(tmp_path, [Lesion(write_roi=False)])))
    assert isinstance(error, ReadError) and "mask, Mass-Training_P_00001_LEFT_CC_1, is not there" in error.cause


def test_nothing_downloaded(tmp_path):
    write_csvs(tmp_path, [Lesion()])
    with pytest.raises(InputError, match="none of the 1 selected rows has a folder"):
        CbisDdsmReader(tmp_path).cases()


def test_listing_opens_no_picture(tmp_path):
    write_tree(tmp_path, [Lesion()])
    for path in tmp_path.rglob("*.dcm"):
        path.write_bytes(b"no DICOM")
    (case,) = CbisDdsmReader(tmp_path).cases()
    with pytest.raises(ReadError, match="not a DICOM file"):
        CbisDdsmReader(tmp_path).load(case)


def test_truncated_crop_does_not_cost_the_case_but_a_truncated_mask_does(tmp_path):
    lesion = Lesion()
    write_tree(tmp_path, [lesion])
    mask_file, crop_file = roi_files(tmp_path)
    crop_file.write_bytes(crop_file.read_bytes()[:-500])
    sample = only(CbisDdsmReader(tmp_path))
    np.testing.assert_array_equal(sample.mask, lesion.mask > 0)
    assert sample.notes[0].startswith("not read: 000001.dcm is truncated")
    mask_file.write_bytes(mask_file.read_bytes()[:-500])
    error = failure(CbisDdsmReader(tmp_path))
    assert isinstance(error, ReadError) and error.path == str(mask_file)


def test_mammogram_downloaded_twice(tmp_path):
    lesion = Lesion()
    write_tree(tmp_path, [lesion], layout="nbia")
    shutil.copytree(tmp_path / "manifest-1617905855234", tmp_path / "manifest-2")
    sample = only(CbisDdsmReader(tmp_path))
    np.testing.assert_array_equal(sample.image, lesion.image)
    np.testing.assert_array_equal(sample.mask, lesion.mask > 0)
    assert sample.notes[0].startswith("2 files in the mammogram's folder") and "2 times" in sample.notes[1]


def test_another_series_in_the_mammograms_folder(tmp_path):
    lesion = Lesion()
    write_tree(tmp_path, [lesion], layout="nbia")
    (image_file,) = tmp_path.rglob("*full mammogram*/*.dcm")
    other = image_file.parent.parent / "0.000000-aaa-00000" / "1-1.dcm"
    other.parent.mkdir()
    write_dicom(other, mammogram(5), patient_id="P", series_description="full mammogram images")
    np.testing.assert_array_equal(only(CbisDdsmReader(tmp_path)).image, lesion.image)


def test_phantom_mark(tmp_path):
    lesion = Lesion(patient="PHANTOM_00001", manufacturer=PHANTOM_MANUFACTURER)
    sample = only(CbisDdsmReader(write_tree(tmp_path, [lesion])))
    assert sample.phantom and sample.patient_id == "PHANTOM_00001"


def test_reader_travels(tmp_path):
    reader = CbisDdsmReader(write_tree(tmp_path, [Lesion(), Lesion(number=2)]), abnormality="mass")
    cases = reader.cases()
    again, one = pickle.loads(pickle.dumps((reader, cases[1])))
    np.testing.assert_array_equal(again.load(one)[0].mask, reader.load(cases[1])[0].mask)
    described = json.loads(json.dumps(reader.describe()))
    assert open_reader(described) == reader
    assert Path(described["root"]).is_absolute()
    wanted = ["Mass-Training_P_00001_LEFT_CC_2", "unknown", "Mass-Training_P_00001_LEFT_CC_1"]
    samples = dict(find_samples(reader, {case.case_id: case for case in cases}, wanted))
    assert [name for name, sample in samples.items() if sample is not None] == [wanted[0], wanted[2]]


def test_locate_agrees_with_brute_force():
    rng = np.random.default_rng(5)
    for high in (2, 3, 60000):
        for _ in range(20):
            image = rng.integers(0, high, (40, 30)).astype(np.uint16)
            row, column, height, width = rng.integers((0, 0, 3, 3), (30, 20, 10, 10))
            crop = image[row : row + height, column : column + width]
            windows = sliding_window_view(image, crop.shape)
            expected = np.argwhere((windows == crop).all(axis=(2, 3)))
            assert locate(image, crop) == [tuple(map(int, at)) for at in expected]
    assert locate(crop, image) == []
