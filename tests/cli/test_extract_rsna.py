"""The command on screening mammograms, as a user types it: tree, table, other settings, cache, looks."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from radiomics_mammo.extract import build_parser, main
from radiomics_mammo.tables.failures import failures_path, read_failures
from radiomics_mammo.tables.feature_table import read_provenance, read_table

FEW = """\
featureClass: {firstorder: [Mean, Entropy], density: []}
lattice: {windowPx: 24, featureClass: {glcm: [Contrast]}}
"""


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two women, PNG of 256 rows, written by the command itself."""
    root = tmp_path_factory.mktemp("rsna") / "tree"
    assert run("phantom", "--patients", 2, "--rows", 256, "--write-tree", root, "--layout", "rsna-png") == 0
    return root


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small recipe, for speed."""
    path = tmp_path_factory.mktemp("recipe") / "few.yaml"
    path.write_text(FEW)
    return path


@pytest.fixture
def extracted(tree: Path, recipe: Path, tmp_path: Path) -> Path:
    out = tmp_path / "rsna.parquet"
    assert run("rsna", tree, "--recipe", recipe, "--out", out, "--workers", 1) == 0
    return out


def test_a_tree_becomes_a_table_of_images(tree: Path, extracted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = read_table(extracted)
    rows = (tree / "train.csv").read_text().splitlines()
    assert len(table.frame) == len(rows) - 1
    assert list(table.features[:3]) == [
        "original_firstorder_Entropy",
        "original_firstorder_Mean",
        "original_density_BreastArea",
    ]
    assert {"latticeMean_glcm_Contrast", "lattice_windows_Count", "retroareolar_glcm_Contrast"} <= set(table.features)
    assert set(table.frame["laterality"]) == {"LEFT", "RIGHT"}
    assert table.frame["phantom"].all()
    assert table.frame["cancer"].isin([0, 1]).all()
    assert (table.frame["mask_pixels"] > 2000).all()
    assert read_provenance(extracted)["reader"]["voi"] == "first"
    assert read_failures(failures_path(extracted)) == []


def test_a_finished_table_is_left_alone_and_other_preparation_is_refused(
    tree: Path, recipe: Path, extracted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = extracted.read_bytes()
    same = ("rsna", tree, "--recipe", recipe, "--out", extracted, "--workers", 1)
    assert run(*same) == 0
    assert "Already complete" in capsys.readouterr().out
    assert run(*same, "--pectoral", "keep") == 2
    assert "have changed in the input now" in capsys.readouterr().err
    assert extracted.read_bytes() == before


def test_a_cache_and_workers_change_nothing_but_the_time(
    tree: Path, recipe: Path, extracted: Path, tmp_path: Path
) -> None:
    plain = pq.read_table(extracted)
    for number in (1, 2):  # the second finds everything in the cache
        out = tmp_path / f"cached{number}.parquet"
        options = ("--cache", tmp_path / "cache", "--out", out, "--workers", 2)
        assert run("rsna", tree, "--recipe", recipe, *options) == 0
        assert pq.read_table(out).equals(plain)
    assert list((tmp_path / "cache").rglob("*"))


def test_a_missing_image_costs_its_row(tree: Path, recipe: Path, tmp_path: Path) -> None:
    root = tmp_path / "tree"
    shutil.copytree(tree, root)
    images = sorted(root.rglob("*.png"))
    images[0].unlink()
    images[1].write_bytes(images[1].read_bytes()[:500])
    Image.fromarray(np.zeros((256, 200), dtype=np.uint8)).save(images[2])
    out = tmp_path / "t.parquet"
    assert run("rsna", root, "--recipe", recipe, "--out", out, "--workers", 1) == 0
    failures = read_failures(failures_path(out))
    assert len(failures) == 3
    assert len(read_table(out).frame) == len(images) - 3
    assert all(failure.remedy and failure.path for failure in failures)


def test_the_looks_measure_nothing(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet, summary = tmp_path / "sheet.png", tmp_path / "summary"
    assert run("rsna", tree, "--preview", sheet, "--preview-images", 4, "--summary", summary) == 0
    said = capsys.readouterr().out
    assert f"Summary: {summary / 'index.html'}" in said
    assert "Contact sheet of 4 of 9 images: " in said
    with Image.open(sheet) as picture:
        assert min(picture.size) > 300
    assert "phantom" in (summary / "index.html").read_text(encoding="utf-8").lower()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sheet.png", "summary"]


def test_a_contact_sheet_never_costs_a_mammogram(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = sorted(tree.rglob("*.png"))[0]
    before = victim.read_bytes()
    for options in ((), ("--overwrite",)):
        assert run("rsna", tree, "--preview", victim, "--preview-images", 1, *options) == 2
        assert "exists" in capsys.readouterr().err
        assert victim.read_bytes() == before
    sheet = tmp_path / "sheet.png"
    assert run("rsna", tree, "--preview", sheet, "--preview-images", 1, "--limit", 3) == 0
    assert "--limit is not used" in capsys.readouterr().out
    assert run("rsna", tree, "--preview", sheet, "--preview-images", 2) == 2
    assert run("rsna", tree, "--preview", sheet, "--preview-images", 2, "--overwrite") == 0
    assert run("rsna", tree, "--preview", tmp_path / "no" / "sheet.png") == 2
    assert "no such folder" in capsys.readouterr().err


def test_the_summary_needs_the_tables_alone(tree: Path, shared_data: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(tree / "train.csv", alone)
    assert run("rsna", alone, "--out", tmp_path / "t.parquet") == 2
    assert run("rsna", alone, "--summary", tmp_path / "rsna") == 0
    assert (tmp_path / "rsna" / "findings.csv").is_file()
    official = shared_data / "cbis_ddsm_csv"
    assert run("cbis-ddsm", official, "--abnormality", "mass", "--split", "test", "--summary", tmp_path / "cbis") == 0
    assert "378" in (tmp_path / "cbis" / "index.html").read_text(encoding="utf-8")


def test_a_folder_that_is_no_collection_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rsna", tmp_path, "--out", tmp_path / "t.parquet") == 2
    said = capsys.readouterr().err
    assert str(tmp_path) in said and "train.csv" in said


@pytest.mark.parametrize(
    "option", [("--pixel-mm", "0"), ("--pixel-mm", "nan"), ("--cache-gb", "-1"), ("--voi", "second")]
)
def test_values_that_mean_nothing_are_refused(option: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(["rsna", "ROOT", *option])
    assert ended.value.code == 2
    assert option[0] in capsys.readouterr().err


def test_what_cannot_be_drawn_is_said_before_the_summary_is_written(tree: Path, tmp_path: Path) -> None:
    for wrong in (("--preview", tmp_path / "sheet.txt"), ("--preview", tmp_path / "s.png", "--preview-images", 61)):
        assert run("rsna", tree, "--summary", tmp_path / "summary", *wrong) == 2
    assert run("phantom", "--write-tree", tmp_path / "tree", "--summary", tmp_path / "summary") == 2
    assert not list(tmp_path.iterdir())


def test_the_timeline_must_be_a_picture(tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "t.parquet"
    assert run("rsna", tree, "--out", out, "--timeline", tmp_path / "when.txt") == 2
    assert "Let --timeline end in" in capsys.readouterr().err
    assert not out.exists()
