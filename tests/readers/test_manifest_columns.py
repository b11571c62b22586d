"""Lists of cases as they are brought along: names of columns, boxes, missing masks, patients, odd names of files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from radiomics_mammo.errors import CaseError, InputError
from radiomics_mammo.readers import present_cases, remarks_of
from radiomics_mammo.readers.manifest.reader import ManifestReader

IMAGE = np.arange(120.0).reshape(10, 12)
MASK = np.zeros((10, 12), np.uint8)
MASK[2:5, 3:9] = 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "a.npy", IMAGE)
    np.save(tmp_path / "m.npy", MASK)
    return tmp_path


def opened(folder: Path, text: str, **settings: object) -> ManifestReader:
    (folder / "c.csv").write_text(text, encoding="utf-8")
    return ManifestReader(folder / "c.csv", **settings)


def pixels(reader: ManifestReader) -> list[int]:
    return [int(sample.mask.sum()) for case in reader.cases() for sample in reader.load(case)]


@pytest.mark.reported("Tables", "a mask column called masks, roi, segmentation, mask_path", "its mask is the region")
@pytest.mark.parametrize("mask", ["masks", "roi", "segmentation", "mask_path", "Mask", "ROI mask file path"])
@pytest.mark.parametrize("image", ["image", "Image", "image_path", "filename", "image file path"])
def test_names_of_columns(folder, image, mask):
    reader = opened(folder, f"PatientID,{image},{mask}\n7,a.npy,m.npy\n")
    assert pixels(reader) == [18] and reader.cases()[0].patient_id == "7"
    assert "patient_id from 'PatientID'" in remarks_of(reader)[0]
    assert reader.regions == "1 with mask, 0 whole image"


@pytest.mark.reported("Tables", "a list without a column of masks", "refused, unless --whole says what is measured")
def test_without_masks(folder):
    with pytest.raises(InputError, match="has no mask column") as caught:
        opened(folder, "image,outline\na.npy,m.npy\n")
    assert "--whole image" in caught.value.remedy and "'outline' holds paths" in caught.value.remedy
    reader = opened(folder, "image,outline\na.npy,m.npy\n", whole="image")
    assert pixels(reader) == [120] and reader.regions == "0 with mask, 1 whole image"
    assert any("'outline' holds paths of images and is not used" in remark for remark in remarks_of(reader))
    with pytest.raises(InputError, match="no image and no mask column"):
        opened(folder, "picture,x\na.npy,1\n")


@pytest.mark.reported("Tables", "pyradiomics' batch CSV (ID, Image, Mask)", "read as it is")
def test_batch_files_of_pyradiomics(folder):
    (case,) = opened(folder, "ID,Image,Mask\nx1,a.npy,m.npy\n").cases()
    assert case.case_id == "x1"


@pytest.mark.reported(
    "Regions", "CSV with xmin, ymin, xmax, ymax (VinDr layout)", "the box is the region, one row a box"
)
@pytest.mark.parametrize(
    "box", ["xmin,ymin,xmax,ymax|3,2,9,5", "x,y,width,height|3,2,6,3", "x1,y1,x2,y2|3.2,1.9,9,5.1"]
)
def test_boxes(folder, box):
    names, cells = box.split("|")
    reader = opened(folder, f"image_id,image,{names}\ni,a.npy,{cells}\ni,a.npy,{cells}\n")
    samples = [sample for case in reader.cases() for sample in reader.load(case)]
    assert [sample.case_id for sample in samples] == ["i_box1", "i_box2"]
    for sample in samples:
        np.testing.assert_array_equal(sample.mask, MASK == 1)


@pytest.mark.parametrize(("cells", "cause"), [("3,2,13,5", "outside"), ("-1,2,9,5", "outside"), ("3,2,3,5", "empty")])
def test_boxes_that_fail(folder, cells, cause):
    reader = opened(folder, f"image,xmin,ymin,xmax,ymax\na.npy,{cells}\n")
    with pytest.raises(CaseError, match=cause):
        reader.load(reader.cases()[0])


@pytest.mark.reported(
    "Faults", "text cells E1, E2; ~nobody/x.png; NUL; a name over 255 bytes", "read, or one failed row"
)
def test_odd_cells(folder):
    odd = ["~nobody/x.png", "a\0b.png", "x" * 300 + ".png"]
    text = "image,mask,stage\n" + "".join(f"{name},m.npy,E{n}\n" for n, name in enumerate([*odd, "a.npy"]))
    reader = opened(folder, text)
    assert reader.columns[0] == ("stage", str)
    assert [case.case_id for case in present_cases(reader.cases())] == ["a"]
    for case in reader.cases()[:3]:
        with pytest.raises((CaseError, OSError)):
            reader.load(case)


@pytest.mark.reported("Tables", "label that is 1 everywhere as a diagnosis", "kept in the table, and said")
def test_a_label_that_is_the_same_everywhere(folder):
    reader = opened(folder, "case_id,image,mask,label\na,a.npy,m.npy,1\nb,a.npy,m.npy,1\n")
    assert [case.columns["label"] for case in reader.cases()] == [1, 1]
    assert any("label is the same in every line" in remark for remark in remarks_of(reader))


def test_faults_are_named_at_once(folder):
    with pytest.raises(InputError) as caught:
        opened(folder, "image,mask,label,spacing_mm\na.npy,m.npy,0,1\nb.npy,m.npy,1,x\n")
    assert "line 2: '0' is no label" in caught.value.cause and "line 3: spacing_mm is 'x'" in caught.value.cause


@pytest.mark.reported("Tables", "an unread column of patients that repeats", "stopped")
def test_patients_that_repeat(folder):
    text = "image,mask,PatNr\n" + "".join(f"{n}.npy,m.npy,p{n // 2}\n" for n in range(8))
    with pytest.raises(InputError, match="'PatNr' repeats"):
        opened(folder, text)
    names = "image,mask\n" + "".join(f"P{n // 2}_L_{('CC', 'MLO')[n % 2]}.npy,m.npy\n" for n in range(8))
    assert any("repeats but for side, view and number" in remark for remark in remarks_of(opened(folder, names)))
