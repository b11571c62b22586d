"""The image folder: names pair images and masks, and nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from radiomics_mammo.errors import InputError, MaskError, ReadError
from radiomics_mammo.extract import main as extract
from radiomics_mammo.readers.image_folder.reader import ImageFolderReader
from radiomics_mammo.tables.feature_table import read_table

IMAGE = np.random.default_rng(0).integers(0, 200, (24, 20)).astype(np.uint8)
MASK = np.zeros(IMAGE.shape, np.uint8)
MASK[4:9, 3:9], MASK[14:20, 5:16] = 1, 2


def write(root: Path, *names: str) -> Path:
    """Write an image, or the first region of the mask where the name has the word mask."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        region = ((MASK == 1) * 255).astype(np.uint8)
        Image.fromarray(region if "mask" in name else IMAGE).save(path)
    return root


def pairs(root: Path, **settings) -> dict[str, tuple[str, str]]:
    """Case to the names of its image and mask."""
    cases = ImageFolderReader(root, **settings).cases()
    return {case.case_id: (Path(case.source.image).name, Path(case.source.mask).name) for case in cases}


def refusal(root: Path, **settings) -> str:
    with pytest.raises(InputError) as caught:
        ImageFolderReader(root, **settings).cases()
    assert caught.value.remedy
    return str(caught.value)


def test_masks_lie_below_masks(tmp_path):
    write(tmp_path, "images/b/1.png", "images/a.tif", "masks/b/1.tif", "masks/a_mask.png", "other.png")
    assert pairs(tmp_path) == {"a": ("a.tif", "a_mask.png"), "b_1": ("1.png", "1.tif")}


def test_masks_lie_beside_their_images(tmp_path):
    write(tmp_path, "benign/1.png", "benign/1_mask.png", "malignant/1.png", "malignant/1_Mask.png")
    assert pairs(tmp_path) == {"benign_1": ("1.png", "1_mask.png"), "malignant_1": ("1.png", "1_Mask.png")}
    assert [case.columns["label"] for case in ImageFolderReader(tmp_path).cases()] == ["benign", "malignant"]


def test_each_numbered_mask_is_a_case(tmp_path):
    write(tmp_path, "1.png", "1_mask.png", "1_mask1.png", "1_mask_2.png")
    masks = {"1": "1_mask.png", "1_mask1": "1_mask1.png", "1_mask2": "1_mask_2.png"}
    assert pairs(tmp_path) == {name: ("1.png", mask) for name, mask in masks.items()}
    cases = ImageFolderReader(tmp_path).cases()
    assert {case.patient_id for case in cases} == {"1"}  # of one image


def test_a_case_is_read_with_its_region(tmp_path):
    (case,) = ImageFolderReader(write(tmp_path, "1.png", "1_mask.png")).cases()
    (sample,) = ImageFolderReader(tmp_path).load(case)
    np.testing.assert_array_equal(sample.image, IMAGE)
    np.testing.assert_array_equal(sample.mask, MASK == 1)
    assert (sample.case_id, sample.patient_id, sample.columns["mask_label"]) == ("1", "1", 255)
    assert "a patient of its own" in sample.notes[-1]


def test_several_labels_give_several_rows_unless_the_recipe_names_one(tmp_path):
    write(tmp_path, "1.png")
    Image.fromarray(MASK).save(tmp_path / "1_mask.png")
    reader = ImageFolderReader(tmp_path)
    assert [sample.case_id for sample in reader.load(reader.cases()[0])] == ["1_label1", "1_label2"]
    (sample,) = ImageFolderReader(tmp_path, label=2).load(reader.cases()[0])
    np.testing.assert_array_equal(sample.mask, MASK == 2)


def test_what_is_unpaired_fails_alone(tmp_path):
    write(tmp_path, "1.png", "1_mask.png", "2.png", "3_mask.png")
    reader = ImageFolderReader(tmp_path)
    cases = {case.case_id: case for case in reader.cases()}
    with pytest.raises(ReadError, match=r"2.png: has no mask.*--whole image"):
        reader.load(cases["2"])
    with pytest.raises(MaskError, match=r"3_mask.png: belongs to no image"):
        reader.load(cases["3"])
    assert "1 masks with their images, 1 images without a mask" in reader.remarks[0]
    assert "1 masks without an image" in reader.remarks[0]
    whole = ImageFolderReader(tmp_path, whole="image")
    (sample,) = whole.load(whole.cases()[1])
    assert sample.mask.all() and "whole image" in sample.notes[0]
    with pytest.raises(MaskError):
        whole.load(whole.cases()[2])


def test_ambiguous_names_are_all_listed(tmp_path):
    write(tmp_path, "1.png", "1.tif", "2.png", "2_mask1.png", "2_mask_1.png", "a/b.png", "a_b.png")
    message = refusal(tmp_path)
    for part in ("1.png, 1.tif have one name", "2_mask1.png, 2_mask_1.png", "a/b.png, a_b.png", "case a_b"):
        assert part in message


def test_labels_come_from_the_csv(tmp_path):
    write(tmp_path, "images/x/1.png", "images/x/2.png", "masks/x/1.png", "masks/x/2.png")
    (tmp_path / "labels.csv").write_text("Image;Label\nx/1.png;malignant\nx/2;benign\n")
    reader = ImageFolderReader(tmp_path)
    assert [case.columns["label"] for case in reader.cases()] == ["malignant", "benign"]
    assert "labels.csv: benign, malignant" in reader.remarks[1]
    (tmp_path / "labels.csv").write_text("image,label\nx/1.png,a\nx/1,b\ny,c\n")
    message = refusal(tmp_path)
    assert "line 3: x/1 has a label already" in message and "line 4: there is no image 'y'" in message
    (tmp_path / "labels.csv").write_text("picture,label\nx/1.png,a\n")
    assert "no column image" in refusal(tmp_path)


def test_patients_come_from_the_pattern(tmp_path):
    write(tmp_path, "P_01/cc.png", "P_01/cc_mask.png", "P_01/mlo.png", "P_01/mlo_mask.png", "P_02/cc.png")
    reader = ImageFolderReader(tmp_path, patient_pattern=r"(?P<patient>P_\d+)/")
    assert [case.patient_id for case in reader.cases()] == ["P_01", "P_01", "P_02"]
    assert not any("patient" in note for note in reader.load(reader.cases()[0])[0].notes)
    message = refusal(tmp_path, patient_pattern=r"(?P<patient>mlo)")
    assert "P_01/cc does not fit the patient pattern; P_02/cc does not fit" in message
    assert "no group called patient" in refusal(tmp_path, patient_pattern="P_")
    assert "no regular expression" in refusal(tmp_path, patient_pattern="(?P<patient>")


def test_other_files_are_counted(tmp_path):
    write(tmp_path, "1.png", "1_mask.png", ".hidden.png")
    (tmp_path / "notes.txt").write_text("x")
    reader = ImageFolderReader(tmp_path)
    assert len(reader.cases()) == 1
    assert reader.remarks[-1] == "1 files are no images and were not read, such as notes.txt"
    with pytest.raises(InputError, match="holds no image"):
        (tmp_path / "empty").mkdir()
        ImageFolderReader(tmp_path / "empty").cases()
    with pytest.raises(InputError, match="is not a folder"):
        ImageFolderReader(tmp_path / "notes.txt")


def test_the_command_extracts_it(tmp_path, capsys):
    write(tmp_path / "mine", "benign/1.png", "benign/1_mask.png", "malignant/2.png", "malignant/2_mask.png")
    (tmp_path / "few.yaml").write_text("featureClass:\n  firstorder: [Mean]\n")
    out = tmp_path / "t.parquet"
    options = ["--recipe", str(tmp_path / "few.yaml"), "--out", str(out), "--workers", "1"]
    assert extract(["image-folder", str(tmp_path / "mine"), *options]) == 0
    table = read_table(out)
    assert table.frame["label"].tolist() == ["benign", "malignant"]
    assert table.provenance["reader"]["root"] == str(tmp_path / "mine")
    assert "each image counts as a patient of its own" in capsys.readouterr().out
