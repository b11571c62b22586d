"""Manifests: what each column means, what goes through, what is refused, and which pixels come out."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from radiomics_mammo.core.records import Sample
from radiomics_mammo.errors import CaseError, InputError, MaskError, ReadError
from radiomics_mammo.imaging.formats.dicom.read import PHANTOM_MANUFACTURER
from radiomics_mammo.imaging.formats.dicom.write import write_dicom
from radiomics_mammo.readers import find_samples, open_reader, remarks_of
from radiomics_mammo.readers.manifest.reader import ManifestReader

IMAGE = np.random.default_rng(0).integers(0, 60000, (40, 30)).astype(np.uint16)
MASK = np.zeros((40, 30), np.uint8)
MASK[5:12, 7:9] = 1
MASK[20:23, 3:25] = 4


def save(path: Path, pixels: np.ndarray) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, pixels)
    else:
        Image.fromarray(pixels).save(path)
    return path.name


def manifest(folder: Path, text: str, *, encoding: str = "utf-8", name: str = "cases.csv") -> Path:
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path / "a.png", IMAGE)
    save(tmp_path / "one.png", (MASK == 1).astype(np.uint8) * 255)
    save(tmp_path / "two.png", MASK)
    return tmp_path


def opened(folder: Path, text: str, **settings: object) -> ManifestReader:
    """Open a list; without a column of masks the whole image is measured."""
    if "mask" not in text.partition("\n")[0].casefold():
        settings.setdefault("whole", "image")
    return ManifestReader(manifest(folder, text), **settings)


def samples(folder: Path, text: str, **settings: str) -> list[Sample]:
    reader = opened(folder, text, **settings)
    return [sample for case in reader.cases() for sample in reader.load(case)]


def failure(folder: Path, text: str, **settings: str) -> CaseError:
    reader = opened(folder, text, **settings)
    (case,) = reader.cases()
    with pytest.raises(CaseError) as caught:
        reader.load(case)
    assert caught.value.path and caught.value.remedy
    return caught.value


def refusal(folder: Path, text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        opened(folder, text)
    assert caught.value.path == str(folder / "cases.csv") and caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    "text", ["image,mask\na.png,one.png\n", "Image;Mask\r\na.png;one.png\r\n", "IMAGE\tmask\na.png\tone.png"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_and_encodings(folder, text, encoding):
    reader = ManifestReader(manifest(folder, text, encoding=encoding))
    (case,) = reader.cases()
    (sample,) = reader.load(case)
    np.testing.assert_array_equal(sample.image, IMAGE)
    np.testing.assert_array_equal(sample.mask, MASK == 1)
    assert (sample.case_id, sample.patient_id, sample.spacing) == ("a", "a", None)
    assert sample.columns == {"mask_label": 255} and sample.notes == () and not sample.phantom
    assert (sample.image_path, sample.mask_path) == (str(folder / "a.png"), str(folder / "one.png"))
    assert reader.columns == (("mask_label", int),)


def test_paths_are_relative_to_the_csv_and_may_come_from_windows(folder, monkeypatch):
    monkeypatch.chdir("/")
    save(folder / "sub" / "b.png", IMAGE)
    text = f"image,mask,case_id\nsub\\b.png,{folder / 'one.png'},x\nsub/b.png,sub/../one.png,y\n"
    first, second = samples(folder, text)
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.mask, second.mask)


def test_pyradiomics_batch_headers(folder):
    (sample,) = samples(folder, "Patient,Image,Mask,Label\n007,a.png,two.png,4\n")
    np.testing.assert_array_equal(sample.mask, MASK == 4)
    assert sample.case_id == "a"
    assert (sample.patient_id, dict(sample.columns)) == ("007", {"mask_label": 4})
    assert "not supported" in refusal(folder, "Image,Mask,Label_channel\na.png,two.png,1\n").cause


def test_several_labels_give_several_rows(folder):
    for label in ("", "each", "1;4", '"4,1"'):
        rows = samples(folder, f"image,mask,label,age\na.png,two.png,{label},61\n")
        assert sorted(row.case_id for row in rows) == ["a_label1", "a_label4"]
        for row in rows:
            np.testing.assert_array_equal(row.mask, row.columns["mask_label"] == MASK)
            assert row.case_id == f"a_label{row.columns['mask_label']}" and row.columns["age"] == 61
    reader = opened(folder, "image,mask\na.png,two.png\n")
    found = dict(find_samples(reader, {"a": reader.cases()[0]}, ["a_label4", "a_label9", "b"]))
    assert [found["a_label9"], found["b"]] == [None, None]
    np.testing.assert_array_equal(found["a_label4"].mask, MASK == 4)


def test_one_label_keeps_the_name_unless_each_was_asked_for(folder):
    assert [row.case_id for row in samples(folder, "image,mask,label\na.png,two.png,4\n")] == ["a"]
    assert [row.case_id for row in samples(folder, "image,mask,label\na.png,one.png,each\n")] == ["a_label255"]


@pytest.mark.parametrize("label", ["0", "malignant", "1.5", "1;0"])
def test_label_that_is_no_label(folder, label):
    error = refusal(folder, f"image,mask,label\na.png,two.png,1\na.png,one.png,{label}\n")
    assert "line 3" in error.cause and "rename it" in error.remedy


def test_label_that_is_absent(folder):
    error = failure(folder, "image,mask,label\na.png,two.png,3\n")
    assert isinstance(error, MaskError) and error.cause == "the mask has no label 3; it has 1, 4"


def test_columns_go_through_with_one_type_each(folder):
    text = (
        "image,mask,case_id,patient_id,age,size_mm,code,malignant,birads,empty,mixed,dates\n"
        "a.png,one.png,1,p1,61,1.5,007,1,4A,,3,2020-01-01\n"
        "a.png,one.png,2,p1,,2,008,0,,,x,2020-01-02\n"
    )
    reader = opened(folder, text)
    assert reader.columns == (
        ("age", int),
        ("size_mm", float),
        ("code", str),
        ("malignant", int),
        ("birads", str),
        ("empty", str),
        ("mixed", str),
        ("dates", str),
        ("mask_label", int),
    )
    first, second = (reader.load(case)[0].columns for case in reader.cases())
    assert dict(first) == {
        "age": 61, "size_mm": 1.5, "code": "007", "malignant": 1, "birads": "4A", "empty": None,
        "mixed": "3", "dates": "2020-01-01", "mask_label": 255,
    }  # fmt: skip
    assert second["age"] is None and second["size_mm"] == 2.0 and second["birads"] is None
    assert [case.patient_id for case in reader.cases()] == ["p1", "p1"]
    assert [case.case_id for case in reader.cases()] == ["1", "2"]
    assert remarks_of(reader) == ()


@pytest.mark.parametrize("cells", [("1e3", "-2.5", ".5"), ("NA", "n/a", "NaN", "null", "4.")])
def test_numbers_and_missing(folder, cells):
    text = "image,x\n" + "".join(f"a{i}.png,{cell}\n" for i, cell in enumerate(cells))
    reader = opened(folder, text)
    assert reader.columns[0] == ("x", float)
    values = [case.columns["x"] for case in reader.cases()]
    assert values == [None if cell.lower() in ("na", "n/a", "nan", "null") else float(cell) for cell in cells]


@pytest.mark.parametrize("cells", [("1", "e5"), ("1", "."), ("inf",), ("1", "-"), ("True", "False"), ("1_000",)])
def test_what_is_no_number(folder, cells):
    text = "image,x\n" + "".join(f"a{i}.png,{cell}\n" for i, cell in enumerate(cells))
    assert opened(folder, text).columns[0] == ("x", str)


def test_ids_are_made_as_long_as_needed(folder):
    def ids(text: str) -> list[str]:
        return [case.case_id for case in opened(folder, text).cases()]

    assert ids("image,mask\nx/a.nii.gz,m.png\nx/b.dcm,m.png\n") == ["a", "b"]
    assert ids("image,mask\na.png,m1.png\na.png,m2.png\n") == ["a_m1", "a_m2"]
    assert ids("image,mask,label\na.png,m.png,1\na.png,m.png,2\n") == ["a_m_label1", "a_m_label2"]
    assert ids("image,mask\np1/image.png,p1/mask.png\np2/image.png,p2/mask.png\n") == ["p1_image", "p2_image"]
    assert len(set(ids("image,mask\np1/i.png,m.png\np2/i.png,m.png\np2/i.png,q/m.png\n"))) == 3
    assert ids("image,case_id\na.png,\nb.png,k\n") == ["a", "k"]


def test_cases_that_stand_twice(folder):
    assert refusal(folder, "image,case_id\na.png,x\nb.png,y\nc.png,x\n").cause == "lines 2 and 4 are both case 'x'"
    assert "lines 2 and 3" in refusal(folder, "image,mask\na.png,m.png\na.png,m.png\n").cause


def test_patients(folder):
    (remark,) = remarks_of(opened(folder, "image\na.png\nb.png\n"))
    assert "no patient_id column" in remark
    reader = opened(folder, "image,patient_id\na.png,p\nb.png,\n")
    assert [case.patient_id for case in reader.cases()] == ["p", "b"]
    assert remarks_of(reader) == ("1 lines have no patient_id: each counts as a patient of its own",)


def test_columns_that_are_missing_twice_or_taken(folder):
    error = refusal(folder, "picture,mask\na.png,m.png\n")
    assert error.cause == "has no image column (it has picture, mask)"
    assert "'mask' and 'Mask' could both be the mask" in refusal(folder, "image,mask,Mask\na,b,c\n").cause
    for name in (
        "notes",
        "Image_Path",
        "spacing_row_mm",
        "original_glcm_Contrast",
        "wavelet-LH_firstorder_Mean",
    ):
        assert name in refusal(folder, f"image,{name}\na.png,1\n").cause
    # Descriptors that only look like features go through.
    assert opened(folder, "image,mass_shape\na.png,OVAL\n").columns[0] == (
        "mass_shape",
        str,
    )


def test_files_that_are_no_manifest(folder):
    assert "no rows" in refusal(folder, "image,mask\n\n").cause
    assert "no header" in refusal(folder, "").cause
    assert "line 2 has 3 cells" in refusal(folder, "image,mask\na.png,b.png,c\n").cause
    (folder / "cases.csv").write_bytes("image\nmäuse.png\n".encode("latin-1"))
    assert (
        remarks_of(ManifestReader(folder / "cases.csv", whole="image"))[0] == "it is not UTF-8 and was read as cp1252"
    )
    (folder / "cases.csv").write_bytes(b"PK\x03\x04...")
    with pytest.raises(InputError, match="workbook"):
        ManifestReader(folder / "cases.csv")
    with pytest.raises(InputError, match="cannot be read"):
        ManifestReader(folder / "nowhere.csv")
    with pytest.raises(InputError, match="is a folder"):
        ManifestReader(folder)


@pytest.mark.parametrize(
    ("cell", "expected"), [("0.05", (0.05, 0.05)), ("0.05;0.07", (0.05, 0.07)), ("", None), ("NA", None)]
)
def test_spacing(folder, cell, expected):
    (sample,) = samples(folder, f"image,mask,spacing_mm\na.png,one.png,{cell}\n")
    assert sample.spacing == expected


@pytest.mark.parametrize("cell", ["0", "-1", "x", "1;2;3", "nan;1", "inf"])
def test_spacing_that_is_none(folder, cell):
    assert "line 2: spacing_mm" in refusal(folder, f"image,spacing_mm\na.png,{cell}\n").cause


def test_spacing_of_the_manifest_beats_the_header_and_says_so(folder):
    image = SimpleITK.GetImageFromArray(IMAGE)
    image.SetSpacing((0.1, 0.2))
    SimpleITK.WriteImage(image, str(folder / "h.nrrd"))
    (plain,) = samples(folder, "image\nh.nrrd\n")
    assert plain.spacing == pytest.approx((0.2, 0.1))
    (other,) = samples(folder, "image,spacing_mm\nh.nrrd,0.05\n")
    assert other.spacing == (0.05, 0.05) and any("header has 0.2 x 0.1 mm" in note for note in other.notes)


def test_phantom(folder):
    write_dicom(folder / "p.dcm", IMAGE, patient_id="P", series_description="s", manufacturer=PHANTOM_MANUFACTURER)
    assert [
        s.phantom
        for s in samples(folder, "image,phantom\na.png,True\np.dcm,\na.png,no\n".replace("a.png,no", "two.png,no"))
    ] == [True, True, False]
    assert "phantom is 'perhaps'" in refusal(folder, "image,phantom\na.png,perhaps\n").cause


NO_VIEW = "no column states the view: no pectoral muscle was searched"


def test_whole_image_or_breast(folder):
    for text in ("image\na.png\n", "image,mask\na.png,\n"):
        (sample,) = samples(folder, text, whole="image")
        assert sample.mask.all() and sample.mask.shape == IMAGE.shape and "whole image" in sample.notes[0]
        assert sample.columns["mask_label"] is None and sample.mask_path == ""
    disk = np.hypot(*np.ogrid[-60:60, 0:90]) < 50
    save(folder / "breast.png", np.where(disk, 40000, 900).astype(np.uint16))
    (sample,) = samples(folder, "image\nbreast.png\n", whole="breast")
    assert sample.mask.shape == (99, 50) and (sample.mask != disk[11:110, :50]).mean() < 0.01  # in its box
    assert sample.marks is not None and sample.marks.nipple is not None
    assert sample.notes == ("no mask: the breast is the region", NO_VIEW)
    save(folder / "right.png", np.where(disk[:, ::-1], 40000, 900).astype(np.uint16))
    (right,) = samples(folder, "image,Laterality,VIEW,implant\nright.png,R,cc,0\n", whole="breast")
    np.testing.assert_array_equal(right.mask, sample.mask)  # chest wall at the left edge
    assert NO_VIEW not in right.notes
    save(folder / "flat.png", np.full((50, 40), 7, np.uint8))
    error = failure(folder, "image\nflat.png\n", whole="breast")
    assert "constant" in error.cause and error.path.endswith("flat.png")
    with pytest.raises(InputError, match="must be one of image, breast"):
        ManifestReader(folder / "cases.csv", whole="lesion")


def test_missing_and_unreadable_files(folder):
    error = failure(folder, "image,mask\nnowhere.png,one.png\n")
    assert isinstance(error, ReadError) and error.path.endswith("nowhere.png") and "does not exist" in error.cause
    assert failure(folder, "image,mask\na.png,nowhere.png\n").path.endswith("nowhere.png")
    assert "names no image" in failure(folder, "image,mask\n,one.png\n").cause
    assert "is an address" in failure(folder, "image\nhttps://example.org/a.png\n").cause
    save(folder / "rgb.png", np.random.default_rng(0).integers(0, 255, (40, 30, 3)).astype(np.uint8))
    assert "colour" in failure(folder, "image\nrgb.png\n").cause
    save(folder / "slices.npy", np.zeros((4, 40, 30)))
    assert "3-D" in failure(folder, "image\nslices.npy\n").remedy


def test_one_slice_with_an_axis_of_one(folder):
    save(folder / "s.npy", IMAGE[None])
    save(folder / "t.npy", (MASK == 1)[None])
    (sample,) = samples(folder, "image,mask\ns.npy,t.npy\n")
    np.testing.assert_array_equal(sample.image, IMAGE)
    np.testing.assert_array_equal(sample.mask, MASK == 1)


def test_reader_travels(folder):
    path = manifest(folder, "image,mask,case_id\na.png,two.png,x\n")
    reader = ManifestReader(path, whole="breast", correct_mask=True)
    described = json.loads(json.dumps(reader.describe()))
    assert described["reader"] == "manifest"
    assert described["path"] == str(path)
    assert open_reader(described) == reader
    again, case = pickle.loads(pickle.dumps((reader, reader.cases()[0])))
    assert [row.case_id for row in again.load(case)] == ["x_label1", "x_label4"]
    with pytest.raises(InputError, match="no reader is called"):
        open_reader({"reader": "manifesto"})


def test_rows_that_can_no_longer_be_read_are_left_out(folder):
    reader = opened(folder, "image,mask,case_id\na.png,one.png,x\ngone.png,one.png,y\n")
    found = dict(find_samples(reader, {case.case_id: case for case in reader.cases()}, ["y", "x"]))
    assert found["y"] is None and found["x"] is not None


def test_real_lesions(shared_data, tmp_path):
    source = shared_data / "cbis_ddsm_mass_train"
    names = sorted(path.name for path in (source / "roi_crops").iterdir())[:5]
    masks = {path.stem: path for path in (source / "roi_box_masks").iterdir()}
    lines = [f"{source / 'roi_crops' / name},{masks[Path(name).stem]}" for name in names]
    rows = samples(tmp_path, "image,mask\n" + "\n".join(lines) + "\n")
    assert len(rows) == 5
    assert all(row.mask.any() and row.mask.shape == row.image.shape for row in rows)
