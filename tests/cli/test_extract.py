"""The command, as a user types it: readers, options, what it says, exit codes. Values are pyradiomics'."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from radiomics_mammo.cli.arguments import settings_from
from radiomics_mammo.cli.extract_options import ExtractOptions, FileOptions
from radiomics_mammo.extract import build_parser, main
from radiomics_mammo.readers import READERS
from radiomics_mammo.tables.failures import failures_path, read_failures
from radiomics_mammo.tables.feature_table import read_table

ROOT = Path(__file__).resolve().parents[2]


def write_pair(folder: Path, name: str, *, seed: int = 0, values: tuple[int, ...] = (255,)) -> None:
    rng = np.random.default_rng(seed)
    Image.fromarray(rng.integers(0, 4096, (40, 30)).astype(np.uint16)).save(folder / f"{name}.png")
    mask = np.zeros((40, 30), dtype=np.uint8)
    for position, value in enumerate(values):
        mask[5 + 15 * position : 15 + 15 * position, 6:25] = value
    Image.fromarray(mask).save(folder / f"{name}_mask.png")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Six cases, half of them wrong in a way of their own."""
    for seed, name in enumerate(["good", "fine"]):
        write_pair(tmp_path, name, seed=seed)
    write_pair(tmp_path, "several", values=(1, 2))
    write_pair(tmp_path, "empty", values=())
    Image.new("L", (30, 40), 7).save(tmp_path / "flat.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:300])
    path = tmp_path / "cases.csv"
    path.write_text(
        "case_id,patient_id,image,mask,malignant,site\n"
        "a,P1,good.png,good_mask.png,1,north\n"
        "b,P1,cut.png,good_mask.png,0,north\n"
        "c,P2,fine.png,fine_mask.png,0,\n"
        "d,P3,good.png,empty_mask.png,0,south\n"
        "e,P4,several.png,several_mask.png,1,south\n"
        "f,P5,absent.png,good_mask.png,1,south\n",
        encoding="utf-8",
    )
    return path


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_a_manifest_becomes_a_table(manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "t.parquet"
    assert run("manifest", manifest, "--out", out, "--workers", 1) == 0
    rows = pq.read_table(out).to_pylist()
    assert [row["case_id"] for row in rows] == ["a", "c", "e_label1", "e_label2"]
    assert [row["patient_id"] for row in rows] == ["P1", "P2", "P4", "P4"]
    assert [row["malignant"] for row in rows] == [1, 0, 1, 1]
    assert [row["site"] for row in rows] == ["north", None, "south", "south"]
    assert [row["mask_pixels"] for row in rows] == [190, 190, 190, 190]
    assert not any(row["phantom"] for row in rows)
    failures = {failure.case_id: failure for failure in read_failures(failures_path(out))}
    assert set(failures) == {"b", "d", "f"}
    assert {failure.stage for failure in failures.values()} == {"read"}
    assert failures["d"].error == "MaskError"
    said = capsys.readouterr().out
    for part in (
        "engine cpu",
        "Done: 6 cases",
        "4 rows, 3 failures",
        "read ",
        "prepare ",
        "extract ",
        "write ",
        str(out),
        "2 x ReadError, such as b: ",
        "1 x MaskError, such as d: ",
    ):
        assert part in said


def test_the_label_of_a_parameter_file_counts(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "two.yaml"
    recipe.write_text("setting:\n  label: 2\n", encoding="utf-8")
    out = tmp_path / "t.parquet"
    assert run("manifest", manifest, "--recipe", recipe, "--out", out, "--workers", 1) == 0
    (row,) = pq.read_table(out).to_pylist()
    assert (row["case_id"], row["mask_label"], row["mask_pixels"]) == ("e", 2, 190)
    failures = {failure.case_id: failure for failure in read_failures(failures_path(out))}
    assert "no label 2; it has 255" in failures["a"].cause
    assert "the recipe's label" in failures["a"].remedy
    assert run("phantom", "--limit", 1, "--recipe", recipe, "--out", tmp_path / "p.parquet", "--workers", 1) == 0
    assert "label 2 is not used" in capsys.readouterr().out


def write_apart(folder: Path) -> Path:
    """An image, and a mask whose header places it 1.6 pixels to the right; 26 mask pixels a row."""
    sitk = pytest.importorskip("SimpleITK")
    rng = np.random.default_rng(3)
    image = sitk.GetImageFromArray(rng.integers(0, 900, (40, 40)).astype(np.uint16))
    pixels = np.zeros((40, 40), dtype=np.uint8)
    pixels[10:20, 8:34] = 1
    mask = sitk.GetImageFromArray(pixels)
    mask.SetOrigin((1.6, 0.0))
    sitk.WriteImage(image, str(folder / "image.nrrd"))
    sitk.WriteImage(mask, str(folder / "mask.nrrd"))
    path = folder / "apart.csv"
    path.write_text("image,mask\nimage.nrrd,mask.nrrd\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("setting", "code", "note"),
    [
        ("geometryTolerance: 0.7", 1, None),
        ("geometryTolerance: 2", 0, ""),
        ("correctMask: true", 0, "mask resampled onto the image's grid (correctMask)"),
    ],
)
def test_the_geometry_settings_of_a_parameter_file_count(
    tmp_path: Path, setting: str, code: int, note: str | None
) -> None:
    recipe, out = tmp_path / "r.yaml", tmp_path / "t.parquet"
    recipe.write_text(f"setting:\n  {setting}\n", encoding="utf-8")
    assert run("manifest", write_apart(tmp_path), "--recipe", recipe, "--out", out, "--workers", 1) == code
    rows = pq.read_table(out).to_pylist()
    assert [row["notes"] or "" for row in rows] == ([] if note is None else [note])
    assert [row["mask_pixels"] for row in rows] == [260] * len(rows)


def test_values_are_pyradiomics(manifest: Path, tmp_path: Path) -> None:
    pytest.importorskip("radiomics")
    for engine in ("cpu", "pyradiomics"):
        assert run("manifest", manifest, "--engine", engine, "--out", tmp_path / f"{engine}.parquet") == 0
    ours, theirs = (read_table(tmp_path / f"{engine}.parquet") for engine in ("cpu", "pyradiomics"))
    assert ours.features == theirs.features
    assert len(ours.features) == 102
    assert (ours.provenance["engine"], theirs.provenance["engine"]) == ("cpu", "pyradiomics")
    np.testing.assert_allclose(ours.frame[list(ours.features)], theirs.frame[list(ours.features)], rtol=1e-9)


@pytest.mark.parametrize("engine", ["cpu", "pyradiomics"])
def test_the_table_does_not_depend_on_workers(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    if engine == "pyradiomics":
        pytest.importorskip("radiomics")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    found = []
    for workers in (1, 2):
        out = tmp_path / f"{workers}.parquet"
        assert run("manifest", manifest, "--engine", engine, "--workers", workers, "--out", out) == 0
        found.append((out.read_bytes(), failures_path(out).read_bytes()))
    assert found[0] == found[1]


def test_phantoms_are_called_phantoms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "t.parquet"
    assert run("phantom", "--patients", 3, "--limit", 2, "--workers", 1, "--out", out) == 0
    table = read_table(out)
    assert table.provenance["phantom"] is True
    assert table.frame["phantom"].all()
    assert len(table.frame) == 2
    said = capsys.readouterr().out
    assert "PHANTOM: simulated images, no clinical performance." in said
    assert "PHANTOM images" in said
    assert run("phantom", "--patients", 3, "--limit", 2, "--workers", 1, "--out", out) == 0
    assert "Already complete: 2 rows, 0 failures" in capsys.readouterr().out
    assert run("phantom", "--patients", 3, "--limit", 3, "--workers", 1, "--out", out) == 0
    assert "(2 skipped: already there)" in capsys.readouterr().out


def test_a_phantom_tree_is_written_and_read_by_the_real_reader(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = tmp_path / "tree"
    assert run("phantom", "--patients", 2, "--write-tree", tree) == 0
    assert f"extract cbis-ddsm {tree}" in capsys.readouterr().out
    out = tmp_path / "t.parquet"
    assert run("cbis-ddsm", tree, "--abnormality", "mass", "--out", out, "--workers", 1) == 0
    table = read_table(out)
    assert table.provenance["phantom"] is True
    assert table.provenance["reader"]["root"] == str(tree)
    assert len(table.frame) > 0


def test_all_failed_is_told_by_the_exit_code(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text("image,mask\nabsent.png,absent_mask.png\n", encoding="utf-8")
    out = tmp_path / "t.parquet"
    assert run("manifest", path, "--out", out, "--workers", 1) == 1
    assert pq.read_table(out).num_rows == 0
    assert len(read_table(out).features) == 102


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("manifest", "absent.csv"), "absent.csv"),
        (("cbis-ddsm", "absent_folder"), "absent_folder"),
        (("phantom", "--recipe", "no-such-recipe"), "no-such-recipe"),
        (("phantom", "--engine", "cuda"), "cuda"),
        (("phantom", "--out", "table.xlsx"), "Let --out end in .parquet or .csv"),
        (("phantom", "--limit", "1", "--out", "file/t.parquet"), "cannot be written"),
    ],
)
def test_errors_are_one_line_and_exit_two(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert run(*arguments, "--workers", 1) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("error: ")
    assert message in complaint
    assert complaint.count("\n") == 1


def test_a_wrong_recipe_is_said_before_any_image_is_read(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("setting:\n  binWith: 25\n", encoding="utf-8")
    assert run("manifest", manifest, "--recipe", recipe, "--out", tmp_path / "t.parquet") == 2
    complaint = capsys.readouterr().err
    assert "binWith" in complaint
    assert "binWidth" in complaint  # the valid ones are listed
    assert not (tmp_path / "t.parquet").exists()


def test_the_default_place_is_named_after_the_input(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("manifest", manifest, "--limit", 1, "--workers", 1) == 0
    assert (tmp_path / "features" / "tables" / "cases.parquet").is_file()


@pytest.mark.parametrize("arguments", [("phantom", "--workers", "0"), ("phantom", "--limit", "-1"), ("dicom", "x"), ()])
def test_nonsense_options_are_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code == 2


@pytest.mark.parametrize("reader", [None, "cbis-ddsm", "manifest", "phantom"])
def test_help_is_worth_reading(reader: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args([*([reader] if reader else []), "--help"])
    said = capsys.readouterr().out
    wanted = ("--recipe", "--engine", "--workers", "--limit", "--overwrite", "--retry-failed", "--out")
    for part in wanted if reader else ("examples:", "exit codes:", "resuming:", "failures.csv"):
        assert part in said


def test_what_is_not_needed_is_not_imported(tmp_path: Path) -> None:
    program = (
        "import sys; from radiomics_mammo.extract import main; "
        f"code = main(['phantom', '--limit', '1', '--workers', '1', '--out', {str(tmp_path / 't.parquet')!r}]); "
        "heavy = {'pandas', 'sklearn', 'matplotlib', 'shap', 'xgboost', 'jinja2', 'imblearn'} & set(sys.modules); "
        "sys.exit(code or ', '.join(sorted(heavy)) or None)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("after_s", [0.4, 0.8, 1.6, 2.4])
def test_ctrl_c_in_the_first_moments_is_one_line(tmp_path: Path, after_s: float) -> None:
    command = [sys.executable, "-m", "radiomics_mammo.extract", "phantom", "--workers", "2"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "t.parquet")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers get it too
    said, complaint = process.communicate(timeout=30)
    assert complaint == ""
    # Interrupted inside a library's exec(), Python ends by the signal itself; a shell calls both 130.
    assert process.returncode in {130, -signal.SIGINT}
    assert not (tmp_path / "t.parquet").exists()
    assert "Traceback" not in said


def test_real_lesions_through_a_manifest(shared_data: Path, tmp_path: Path) -> None:
    crops = shared_data / "cbis_ddsm_mass_train"
    names = sorted(path.stem for path in (crops / "roi_crops").glob("*.png"))[:40]
    path = tmp_path / "real.csv"
    rows = [f"{name},{crops}/roi_crops/{name}.png,{crops}/roi_box_masks/{name}.png" for name in names]
    path.write_text("case_id,image,mask\n" + "\n".join(rows) + "\n", encoding="utf-8")
    out = tmp_path / "t.parquet"
    assert run("manifest", path, "--out", out, "--workers", 2) == 0
    table = read_table(out)
    assert list(table.frame["case_id"]) == names
    assert table.provenance["phantom"] is False
    assert np.isfinite(table.frame[list(table.features)]).all().all()
    for row in table.frame.head(5).itertuples():  # the mean of the pixels, straight from the files
        image = np.asarray(Image.open(row.image_path).convert("L"), dtype=float)
        inside = np.asarray(Image.open(row.mask_path).convert("L")) > 0
        assert row.original_firstorder_Mean == pytest.approx(image[inside].mean(), rel=1e-12)
        assert row.mask_pixels == inside.sum()


@pytest.mark.parametrize(
    ("text", "size"), [("6G", 6 * 10**9), ("800M", 8 * 10**8), ("1.5g", 15 * 10**8), ("2000000", 2 * 10**6)]
)
def test_the_gpu_s_memory_is_given_in_bytes_or_units(text: str, size: int) -> None:
    arguments = build_parser().parse_args(["phantom", "--gpu-memory", text])
    assert settings_from(arguments, ExtractOptions).gpu_memory == size


def test_layouts_are_those_of_the_phantom() -> None:
    assert get_args(get_type_hints(FileOptions)["layout"]) == tuple(READERS["phantom"].writers)


@pytest.mark.parametrize("text", ["foo", "", "G", "12 apples", "nan", "inf", "-3G", "100"])
def test_a_size_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        build_parser().parse_args(["phantom", f"--gpu-memory={text}"])
    assert "write 6G" in capsys.readouterr().err


def test_the_gpu_s_memory_means_nothing_to_the_cpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--engine", "cpu", "--gpu-memory", "6G", "--workers", 1, "--limit", 1)
    assert run("phantom", "--patients", 2, *arguments, "--out", tmp_path / "t.parquet") == 0
    assert "--gpu-memory is for the cuda engine" in capsys.readouterr().out


@pytest.mark.reported("Geometry", "rows in millimetres and rows in pixels in one table", "a note; --require-spacing")
def test_pixels_beside_millimetres_are_noted_and_can_be_refused(tmp_path, capsys):
    rng = np.random.default_rng(0)
    mask = np.zeros((24, 24), np.uint8)
    mask[5:18, 6:19] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    for name in ("a", "b"):
        Image.fromarray(rng.integers(0, 255, mask.shape).astype(np.uint8)).save(tmp_path / f"{name}.png")
    (tmp_path / "c.csv").write_text("case_id,image,mask,spacing_mm\na,a.png,m.png,0.07\nb,b.png,m.png,\n")
    out = tmp_path / "t.parquet"
    command = ["manifest", str(tmp_path / "c.csv"), "--out", str(out), "--workers", "1", "--engine", "cpu"]
    assert main(command) == 0
    assert "unknown in 1 of 2 rows" in capsys.readouterr().out
    assert read_table(out).frame["spacing_unit"].tolist() == ["mm", "pixel"]
    assert main([*command, "--overwrite", "--require-spacing"]) == 0
    assert read_table(out).frame["case_id"].tolist() == ["a"]
    assert "the pixel size is unknown" in capsys.readouterr().out
