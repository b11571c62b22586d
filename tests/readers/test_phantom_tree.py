"""The phantom as a CBIS-DDSM tree: what the real reader gets back is what the phantom made."""

from __future__ import annotations

import csv
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from radiomics_mammo.errors import OutputError
from radiomics_mammo.imaging.formats.dicom.read import PHANTOM_MANUFACTURER, read_dicom
from radiomics_mammo.readers.cbis_ddsm.reader import CbisDdsmReader
from radiomics_mammo.readers.phantom.output_folder import NOTE, is_phantom
from radiomics_mammo.readers.phantom.reader import PhantomReader
from radiomics_mammo.readers.phantom.write_cbis_ddsm import HEADER, TABLES, write_cbis_tree

PHANTOM = PhantomReader(patients=14, rows=350)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree") / "phantom"
    assert write_cbis_tree(PHANTOM, root) > 20
    return root


def rows(root: Path) -> list[dict[str, str]]:
    found = []
    for name in TABLES.values():
        with (root / name).open(newline="", encoding="utf-8") as file:
            found += list(csv.DictReader(file))
    return found


def digests(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_the_real_reader_gets_back_what_the_phantom_made(tree: Path) -> None:
    reader = CbisDdsmReader(tree)
    made = {case.case_id: case for case in PHANTOM.cases()}
    read = {case.case_id: case for case in reader.cases()}
    assert set(read) == set(made)
    for case_id, case in read.items():
        assert case.patient_id == made[case_id].patient_id
        for name, _ in PHANTOM.columns:
            assert case.columns[name] == made[case_id].columns[name], name
        for opinion in ("assessment", "subtlety"):
            assert case.columns[opinion] is None
        (sample,), (expected,) = reader.load(case), PHANTOM.load(made[case_id])
        assert sample.image.dtype == expected.image.dtype
        assert np.array_equal(sample.image, expected.image)
        assert np.array_equal(sample.mask, expected.mask)
        assert sample.spacing == expected.spacing
        assert sample.phantom
        assert sample.notes == expected.notes


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_splits_hold_different_patients(tree: Path, split: str) -> None:
    there = {case.patient_id for case in CbisDdsmReader(tree, split=split).cases()}
    expected = {case.patient_id for case in PHANTOM.cases() if case.columns["split"] == split}
    assert there == expected and there


def test_the_header_is_the_official_one(tree: Path, shared_data: Path) -> None:
    for name in TABLES.values():
        official = (shared_data / "cbis_ddsm_csv" / name).read_bytes().split(b"\r\n")[0]
        assert (tree / name).read_bytes().split(b"\r\n")[0] == official


def test_the_tables_have_the_official_quirks(tree: Path) -> None:
    for row in rows(tree):
        assert tuple(row) == HEADER
        assert row["ROI mask file path"].endswith("000001.dcm\n")
        assert row["image file path"].count("/") == 3


def test_every_file_says_that_it_is_a_phantom(tree: Path) -> None:
    files = list(tree.rglob("*.dcm"))
    assert len(files) > 60
    assert {read_dicom(path, header_only=True).manufacturer for path in files} == {PHANTOM_MANUFACTURER}
    assert (tree / NOTE).read_text().startswith("phantom")


def test_masks_are_full_frame_and_crops_their_box_and_20_pixels(tree: Path) -> None:
    for row in rows(tree):
        image, crop, mask = (
            read_dicom(tree / row[name].strip()).pixels
            for name in ("image file path", "cropped image file path", "ROI mask file path")
        )
        assert mask.dtype == np.uint8 and mask.shape == image.shape
        assert set(np.unique(mask)) == {0, 255}
        y, x = np.nonzero(mask)
        top, left = max(0, y.min() - 20), max(0, x.min() - 20)
        assert np.array_equal(crop, image[top : y.max() + 21, left : x.max() + 21])


def test_the_same_settings_give_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    write_cbis_tree(PHANTOM, tmp_path / "again")
    assert digests(tmp_path / "again") == digests(tree)


def test_a_whole_tree_is_left_alone_and_another_one_replaced(tmp_path: Path) -> None:
    root = tmp_path / "phantom"
    one, other = (PhantomReader(patients=2, rows=128, seed=seed) for seed in (1, 2))
    write_cbis_tree(one, root)
    assert write_cbis_tree(one, root) == 0
    assert write_cbis_tree(other, root) > 0
    write_cbis_tree(other, tmp_path / "fresh")
    assert digests(root) == digests(tmp_path / "fresh"), "nothing of the first tree is left"


@pytest.mark.parametrize("lost", ["*train_set.csv", "Mass-*_1/*/*/000001.dcm"])
def test_a_tree_cut_short_is_written_anew(tmp_path: Path, lost: str) -> None:
    root = tmp_path / "phantom"
    reader = PhantomReader(patients=2, rows=128)
    write_cbis_tree(reader, root)
    whole = digests(root)
    next(root.glob(lost)).unlink()
    assert write_cbis_tree(reader, root) > 0
    assert digests(root) == whole


def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "Mass-Training_P_00001_LEFT_CC").mkdir()
    with pytest.raises(OutputError, match="holds no phantom"):
        write_cbis_tree(PHANTOM, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["Mass-Training_P_00001_LEFT_CC"]


def test_an_unwritable_place_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="not a folder"):
        write_cbis_tree(PHANTOM, tmp_path / "file")
    with pytest.raises(OutputError, match=r"cannot be written \(Not a directory\)"):
        write_cbis_tree(PHANTOM, tmp_path / "file" / "below")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "x.dcm")

    monkeypatch.setattr("radiomics_mammo.readers.phantom.write_cbis_ddsm.write_dicom", full)
    with pytest.raises(OutputError, match="No space left"):
        write_cbis_tree(PHANTOM, tmp_path / "new")
    assert not list((tmp_path / "new").glob("*.csv")), "no table says that the tree is whole"


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    written = write_cbis_tree(
        PhantomReader(patients=1, rows=128), tmp_path / "p", on_picture=lambda *at: told.append(at)
    )
    assert told == [(n, written) for n in range(1, written + 1)]
    shutil.rmtree(tmp_path / "p")


def test_a_table_cut_short_is_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, reader = tmp_path / "phantom", PhantomReader(patients=2, rows=128)
    write_cbis_tree(reader, tmp_path / "whole")

    def killed(_: object, path: Path) -> None:
        path.write_text("patient_id,breast_density\n", encoding="utf-8")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("radiomics_mammo.readers.phantom.write_cbis_ddsm._write_table", killed)
        write_cbis_tree(reader, root)
    assert not list(root.glob("*.csv"))
    assert write_cbis_tree(reader, root) > 0
    assert digests(root) == digests(tmp_path / "whole")


def test_a_phantom_is_known_from_within(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_phantom(tree) and is_phantom(tree / "train.csv")
    monkeypatch.chdir(next(path for path in tree.iterdir() if path.is_dir()))
    assert is_phantom(".")
    assert not is_phantom(tmp_path) and not is_phantom(tree.parent)
