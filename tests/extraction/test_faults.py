"""Cases that once ended a run, at every start: each costs its row, and the table can be finished and asked again."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from radiomics_mammo.core.console import run_command
from radiomics_mammo.core.records import Sample
from radiomics_mammo.engines.base import Limits
from radiomics_mammo.engines.registry import open_engine
from radiomics_mammo.extraction.error_log import log_path
from radiomics_mammo.extraction.run import Options, Setup, extract_table
from radiomics_mammo.readers.manifest.reader import ManifestReader
from radiomics_mammo.recipes.recipe import recipe_from
from radiomics_mammo.tables.failures import failures_path, read_failures
from radiomics_mammo.tables.feature_table import read_table
from tests.support.reader_and_engine import FEATURES, ToyEngine, ToyReader, toy_setup

PIXELS = np.random.default_rng(1).integers(0, 4000, (24, 20)).astype(np.uint16)
MASK = np.zeros(PIXELS.shape, dtype=np.uint8)
MASK[5:15, 5:15] = 1


def nifti_without_offset(path: Path) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(PIXELS), str(path))
    head = bytearray(gzip.decompress(path.read_bytes()))
    head[108:112] = struct.pack("<f", np.nan)
    path.write_bytes(gzip.compress(bytes(head)))


def npy_with_open_bracket(path: Path) -> None:
    np.save(path, PIXELS)
    path.write_bytes(path.read_bytes().replace(b"}", b"(", 1))


def tiff_without_width(path: Path) -> None:
    Image.fromarray(PIXELS).save(path)
    path.write_bytes(path.read_bytes().replace(struct.pack("<H", 256), struct.pack("<H", 60_000), 1))


def deflated_dicom(path: Path) -> None:
    meta = b"\x02\x00\x10\x00UI" + struct.pack("<H", 22) + b"1.2.840.10008.1.2.1.99"
    length = b"\x02\x00\x00\x00UL" + struct.pack("<HI", 4, len(meta))
    stream = zlib.compress(b"\x08\x00\x60\x00CS\x02\x00MG" * 40)[2:-4]
    path.write_bytes(bytes(128) + b"DICM" + length + meta + stream[:5] + b"\xff\xff\xff" + stream[8:])


FILES = {
    "offset.nii.gz": nifti_without_offset,
    "token.npy": npy_with_open_bracket,
    "width.tif": tiff_without_width,
    "deflated.dcm": deflated_dicom,
    "header.nrrd": lambda path: path.write_bytes(b"NRRD0004\n# \x7f\xd7\ntype: LIST\xd3\x00p99999999\n"),
    "stream.mha": lambda path: path.write_bytes(b"ObjectType\n = Image\nNDims = 3\nElementDataFile = LOCAL\n"),
    "empty.png": Path.touch,
}
CELLS = {"~nobody/x.png": "does not exist", "a\0b.png": "NUL character", "x" * 300 + ".png": "too long"}


def manifest(folder: Path, lines: list[str]) -> ManifestReader:
    folder.mkdir(exist_ok=True)
    np.save(folder / "good.npy", PIXELS)
    np.save(folder / "mask.npy", MASK)
    (folder / "cases.csv").write_text("\n".join(["case_id,image,mask,cohort", *lines]) + "\n")
    return ManifestReader(folder / "cases.csv")


def extract(reader: ManifestReader, out: Path, *, rows: int) -> dict[str, str]:
    """Make the table, ask for it again, and return the causes of its failures by case."""
    for _ in range(2):
        assert extract_table(reader, setup=toy_setup(), options=Options(out)).merged.rows == rows
    return {failure.case_id: failure.cause for failure in read_failures(failures_path(out))}


@pytest.mark.reported(
    "Faults", "damaged NIfTI, npy, TIFF, DICOM, NRRD, MetaImage among good images", "one failure each"
)
def test_a_damaged_file_costs_its_row_as_image_and_as_mask(tmp_path: Path) -> None:
    lines = ["good1,good.npy,mask.npy,E1"]
    for name in FILES:
        lines += [f"image_{name},{name},mask.npy,E1", f"mask_{name},good.npy,{name},E2"]
    reader = manifest(tmp_path / "in", [*lines, "good2,good.npy,mask.npy,E3"])
    for name, write in FILES.items():
        write(tmp_path / "in" / name)
    causes = extract(reader, tmp_path / "t.parquet", rows=2)
    assert set(causes) == {f"{role}_{name}" for role in ("image", "mask") for name in FILES}
    assert not any("unexpected" in cause for cause in causes.values())
    assert not log_path(tmp_path / "t.parquet").exists()


@pytest.mark.reported("Faults", "~nobody/x.png, NUL, a name over 255 bytes in a manifest", "one failure each")
def test_a_cell_that_names_no_file_costs_its_row(tmp_path: Path) -> None:
    lines = [f"c{number},{cell},mask.npy,x" for number, cell in enumerate(CELLS)]
    lines += [f"m{number},good.npy,{cell},x" for number, cell in enumerate(CELLS)]
    causes = extract(manifest(tmp_path / "in", ["good,good.npy,mask.npy,x", *lines]), tmp_path / "t.parquet", rows=1)
    for number, cause in enumerate(CELLS.values()):
        assert cause in causes[f"c{number}"]
        assert cause in causes[f"m{number}"]


@pytest.mark.reported("Faults", "a text column of E1, E2 in a manifest", "read as text")
@pytest.mark.parametrize(("cells", "kind"), [("E1 E2", str), ("1e5 .5", float), ("1e999 2", str), (". 1", str)])
def test_cells_that_look_like_exponents_are_text(tmp_path: Path, cells: str, kind: type) -> None:
    lines = [f"c{number},good.npy,mask.npy,{cell}" for number, cell in enumerate(cells.split())]
    assert dict(manifest(tmp_path / "in", lines).columns)["cohort"] is kind


@pytest.mark.reported("Faults", "mask value 2^64 - 1, identity value beyond 64 bits", "one failure, named")
def test_a_value_beyond_64_bits_costs_its_row(tmp_path: Path) -> None:
    reader = manifest(tmp_path / "in", ["big,good.npy,big.npy,x", "good,good.npy,mask.npy,x"])
    np.save(tmp_path / "in/big.npy", MASK.astype(np.uint64) * np.uint64(2**64 - 1))
    causes = extract(reader, tmp_path / "t.parquet", rows=1)
    assert "mask_label" in causes["big"]
    assert "64-bit" in causes["big"]


@pytest.mark.reported("Faults", "a folder name that is not UTF-8", "measured; escapes in table and messages")
def test_a_folder_that_is_not_utf8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / os.fsdecode(b"in\xff")
    try:
        reader = manifest(folder, ["good,good.npy,mask.npy,x", "bad,absent.npy,mask.npy,x"])
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    assert "does not exist" in extract(reader, folder / "t.parquet", rows=1)["bad"]
    assert read_table(folder / "t.parquet").frame["image_path"][0].endswith("in\\udcff/good.npy")
    options = Options(folder / "t.parquet")
    assert run_command(lambda: extract_table(reader, setup=toy_setup(engine="broken"), options=options).cases) == 2
    assert "\\udcff" in capsys.readouterr().err


@pytest.mark.reported("Faults", "float images around 1e300", "a row or a failure; the run goes on")
@pytest.mark.parametrize("scale", [1e-310, 1e38, 1e300, 1.7e308])
def test_float_images_of_any_size(tmp_path: Path, scale: float) -> None:
    reader = manifest(tmp_path / "in", ["huge,huge.npy,mask.npy,x", "good,good.npy,mask.npy,x"])
    with np.errstate(over="ignore"):
        np.save(tmp_path / "in/huge.npy", (PIXELS / 4000 - 0.5) * scale * 2)
    recipe = recipe_from({"featureClass": {"firstorder": [], "shape2D": []}})
    with np.errstate(all="ignore"):
        merged = extract_table(
            reader, setup=Setup(recipe, "cpu", {"numpy": "2"}, open_engine), options=Options(tmp_path / "t.parquet")
        ).merged
    assert merged.rows + len(merged.failures) == 2
    assert "good" in read_table(tmp_path / "t.parquet").frame["case_id"].tolist()


class Faulty(ToyEngine):
    """Raises for one image, whatever else is in its batch."""

    limits = Limits(cases=5)

    def _one(self, sample: Sample) -> np.ndarray:  # type: ignore[override]
        if sample.case_id == "case3":
            raise OverflowError("cannot convert float infinity to integer")
        return super()._one(sample)  # type: ignore[return-value]


def open_faulty(engine: str, recipe: object) -> Faulty:
    return Faulty()


def test_an_error_while_measuring_costs_one_row_of_its_batch(tmp_path: Path) -> None:
    setup = Setup(toy_setup().recipe, "toy", {"numpy": "2"}, open_faulty)
    merged = extract_table(ToyReader(size=12), setup=setup, options=Options(tmp_path / "t.parquet")).merged
    assert merged.rows == 11
    assert [(failure.case_id, failure.stage) for failure in merged.failures] == [("case3", "extract")]
    assert "in _one" in log_path(tmp_path / "t.parquet").read_text()
    assert read_table(tmp_path / "t.parquet").features == FEATURES
