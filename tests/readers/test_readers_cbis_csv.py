"""The description CSVs of CBIS-DDSM: their quirks, what is selected, and the counts of the real ones."""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from radiomics_mammo.errors import InputError
from radiomics_mammo.imaging.formats.image_file import read_image
from radiomics_mammo.readers import remarks_of
from radiomics_mammo.readers.cbis_ddsm.mask_matching import Candidate, crop_window, kind_of
from radiomics_mammo.readers.cbis_ddsm.reader import CbisDdsmReader
from tests.support.cbis_ddsm_files import Lesion, write_tree


def only(reader: CbisDdsmReader):
    (case,) = reader.cases()
    (sample,) = reader.load(case)
    return sample


def test_columns_and_coded_missing(tmp_path):
    lesions = [
        Lesion(density="0", assessment="0", subtlety="0", shape_or_type="N/A", margins_or_distribution="N/A"),
        Lesion(patient="P_00002", kind="calcification", split="test", pathology="BENIGN_WITHOUT_CALLBACK"),
        Lesion(patient="P_00003", pathology="BENIGN", density="2", number=2, laterality="RIGHT", view="MLO"),
    ]
    reader = CbisDdsmReader(write_tree(tmp_path, lesions))
    second, first, third = sorted(reader.cases(), key=lambda case: case.case_id)
    assert list(first.columns) == [name for name, _ in reader.columns]
    missing = ("breast_density", "assessment", "subtlety", "mass_shape", "mass_margins", "calc_type")
    assert all(first.columns[name] is None for name in missing)
    assert first.columns["malignant"] == 1 and first.columns["split"] == "train"
    assert second.columns["calc_type"] == "OVAL" and second.columns["calc_distribution"] == "SPICULATED"
    assert second.columns["mass_shape"] is None and second.columns["breast_density"] == 3
    assert second.columns["malignant"] == 0 and second.columns["pathology"] == "BENIGN_WITHOUT_CALLBACK"
    assert (second.columns["abnormality_type"], second.columns["split"]) == ("calcification", "test")
    assert (third.columns["laterality"], third.columns["view"], third.columns["abnormality_id"]) == (
        "RIGHT",
        "MLO",
        2,
    )
    for name, kind in reader.columns:
        assert all(isinstance(case.columns[name], kind) or case.columns[name] is None for case in reader.cases())


def test_names_of_the_csvs_do_not_matter(tmp_path):
    lesions = [Lesion(), Lesion(kind="calcification", split="test")]
    write_tree(tmp_path, lesions, names="renamed-{kind}-{split}.CSV", bom=True)
    (tmp_path / "other.csv").write_text("patient_id,age\n1,2\n")
    (tmp_path / "noise.csv").write_bytes(b"\xff\xfe\xfa\x00\xd8")
    assert len(CbisDdsmReader(tmp_path).cases()) == 2


@pytest.mark.parametrize("place", ["csv", "../", "../csv"])
def test_csvs_in_csv_or_beside(tmp_path, place):
    root = tmp_path / "CBIS-DDSM-all"
    root.mkdir()
    write_tree(root, [Lesion()])
    for path in root.glob("*.csv"):
        (root / place).mkdir(exist_ok=True)
        shutil.move(path, root / place / path.name)
    assert only(CbisDdsmReader(root)).case_id == "Mass-Training_P_00001_LEFT_CC_1"


def test_csv_saved_again_by_a_spreadsheet(tmp_path):
    write_tree(tmp_path, [Lesion(subtlety="4.0")])
    (path,) = tmp_path.glob("*.csv")
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=";").writerows([[cell.replace("/", "\\") for cell in row] for row in rows])
    assert only(CbisDdsmReader(tmp_path)).columns["subtlety"] == 4


def test_selection(tmp_path):
    lesions = [
        Lesion(),
        Lesion(patient="P_00002", split="test"),
        Lesion(kind="calcification"),
        Lesion(patient="P_00003", kind="calcification", split="test"),
    ]
    write_tree(tmp_path, lesions)

    def ids(**settings):
        return {case.case_id for case in CbisDdsmReader(tmp_path, **settings).cases()}

    assert len(ids()) == 4
    assert ids(abnormality="mass") == {lesions[0].folder, lesions[1].folder}
    assert ids(abnormality="calc", split="test") == {lesions[3].folder}
    assert ids(split="train") == {lesions[0].folder, lesions[2].folder}
    for wrong in ({"abnormality": "masses"}, {"split": "validation"}):
        with pytest.raises(InputError, match="must be one of"):
            CbisDdsmReader(tmp_path, **wrong)


def test_no_csv_and_no_folder(tmp_path):
    root = tmp_path / "deep" / "er"
    root.mkdir(parents=True)
    with pytest.raises(InputError, match="no description CSV"):
        CbisDdsmReader(root).cases()
    with pytest.raises(InputError, match="is not a folder"):
        CbisDdsmReader(tmp_path / "nowhere")


def test_csv_without_a_column(tmp_path):
    write_tree(tmp_path, [Lesion()])
    (path,) = tmp_path.glob("*.csv")
    path.write_text(path.read_text().replace("pathology", "diagnosis"))
    with pytest.raises(InputError, match="lacks the columns pathology"):
        CbisDdsmReader(tmp_path).cases()


def test_rows_that_stand_twice(tmp_path):
    lesions = [Lesion(), Lesion(number=2)]
    write_tree(tmp_path, lesions)
    (path,) = tmp_path.glob("*.csv")
    shutil.copy(path, path.with_name("copy of mass_train.csv"))
    reader = CbisDdsmReader(tmp_path)
    assert len(reader.cases()) == 2
    assert remarks_of(reader) == ("2 rows stand twice in the description CSVs and count once",)
    text = path.read_text()
    path.write_text(text.replace("MALIGNANT", "BENIGN", 1))
    with pytest.raises(InputError, match=r"described twice and differently: .* line 2 and .* line 2"):
        reader.cases()


def test_contradicting_pathologies_are_said(tmp_path):
    lesions = [
        Lesion(),
        Lesion(view="MLO", pathology="BENIGN"),
        Lesion(patient="P_00002"),
        Lesion(patient="P_00002", view="MLO"),
    ]
    reader = CbisDdsmReader(write_tree(tmp_path, lesions))
    assert len(reader.cases()) == 4
    (remark,) = remarks_of(reader)
    assert remark.startswith("1 abnormalities") and lesions[0].folder in remark


# The real collection.


def test_counts_of_the_real_csvs(tmp_path, shared_data):
    for path in (shared_data / "cbis_ddsm_csv").glob("*_case_description_*.csv"):
        shutil.copy(path, tmp_path)
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                for cell in (row["image file path"], row["ROI mask file path"]):
                    (tmp_path / "CBIS-DDSM" / cell.split("/")[0]).mkdir(parents=True, exist_ok=True)
    cases = CbisDdsmReader(tmp_path).cases()
    assert len(cases) == len({case.case_id for case in cases}) == 3568
    parts = defaultdict(list)
    for case in cases:
        parts[case.columns["abnormality_type"], case.columns["split"]].append(case)
    counts = {
        part: (
            len(rows),
            len({case.patient_id for case in rows}),
            len({case.source.image_name for case in rows}),
            sum(case.columns["pathology"] == "BENIGN_WITHOUT_CALLBACK" for case in rows),
        )
        for part, rows in parts.items()
    }
    assert counts == {
        ("calcification", "train"): (1546, 602, 1227, 474),
        ("calcification", "test"): (326, 151, 284, 67),
        ("mass", "train"): (1318, 691, 1231, 104),
        ("mass", "test"): (378, 201, 361, 37),
    }
    assert sum(case.columns["malignant"] for case in parts["mass", "train"]) == 637
    assert sum(case.columns["malignant"] for case in parts["mass", "test"]) == 147
    assert sum(case.columns["assessment"] is None for case in cases) == 238


def real_masses(root: Path, shared_data: Path) -> CbisDdsmReader:
    """Kaggle's layout around the three real masses, under their real rows."""
    source = shared_data / "cbis_ddsm_real_cases" / "mass_full_mask_crop"
    (root / "csv").mkdir()
    shutil.copy(shared_data / "cbis_ddsm_csv" / "mass_case_description_train_set.csv", root / "csv")
    with (root / "csv" / "mass_case_description_train_set.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for name in ("00694_RIGHT_CC", "00694_RIGHT_MLO", "00695_RIGHT_CC"):
        (row,) = [row for row in rows if f"P_{name}_1/" in row["ROI mask file path"]]
        for cell, file in (
            ("image", f"IMAGES__{name}"),
            ("ROI mask", f"MASKS__{name}_1"),
            ("cropped image", f"CROPS__{name}_1"),
        ):
            folder = root / "jpeg" / row[f"{cell} file path"].strip().split("/")[-2]
            folder.mkdir(parents=True, exist_ok=True)
            (path,) = source.glob(f"*{file}.jpg")
            shutil.copy(path, folder)
    return CbisDdsmReader(root)


def test_real_masses(tmp_path, shared_data):
    reader = real_masses(tmp_path, shared_data)
    with (shared_data / "cbis_ddsm_csv" / "lesion_boxes_mask_pixels.csv").open(newline="") as file:
        boxes = {row["id"]: [int(row[key]) for key in ("miny", "maxy", "minx", "maxx")] for row in csv.DictReader(file)}
    wanted = [case for case in reader.cases() if case.source.images]
    assert len(wanted) == 3
    for case in wanted:
        (sample,) = reader.load(case)
        (image_file,) = case.source.images
        with Image.open(image_file) as opened:
            width, height = opened.size
        assert sample.image.shape == sample.mask.shape == (height, width)
        rows, columns = np.nonzero(sample.mask)
        box = np.array([rows.min(), rows.max(), columns.min(), columns.max()])
        factor = {"Mass-Training_P_00695_RIGHT_CC_1": 1.0}.get(case.case_id, 1.1493)
        name = case.case_id.removeprefix("Mass-Training_").removesuffix("_1")
        assert np.abs(box - np.array(boxes[name]) * factor).max() < 3
        assert any("scaled by 1.149" in note for note in sample.notes) == (factor > 1)
        assert "8-bit lossy JPEG" in sample.notes


def test_real_calcifications_pair_by_box_and_twenty_pixels(shared_data):
    folder = shared_data / "cbis_ddsm_real_cases" / "calc_16bit_crop_mask"
    crops = sorted(folder.glob("*_1-1.png"))
    assert len(crops) == 3
    for path in crops:
        crop, mask = (read_image(path.with_name(path.name.replace("1-1", which))).pixels for which in ("1-1", "1-2"))
        assert kind_of(Candidate("mask", mask, lossy=False), mask.shape) == "mask"
        assert kind_of(Candidate("crop", crop, lossy=False), mask.shape) == "crop"
        window = crop_window(mask == mask.max())
        assert mask[window].shape == crop.shape
