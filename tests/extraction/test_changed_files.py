"""A file that changed is noticed whatever its size and kind; one that was only touched or copied is the same."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from radiomics_mammo.errors import OutputError
from radiomics_mammo.extraction import fingerprint, run
from radiomics_mammo.extraction.run import Options, Summary, extract_table
from radiomics_mammo.extraction.stamps import stamps_path
from radiomics_mammo.readers.manifest.reader import ManifestReader
from tests.support.reader_and_engine import toy_setup

PIXELS = np.random.default_rng(1).integers(0, 4000, (16, 12)).astype(np.uint16)


def write_itk(path: Path) -> Path:
    sitk.WriteImage(sitk.GetImageFromArray(PIXELS), str(path), useCompression=False)
    return path


def write_npy(path: Path) -> Path:
    np.save(path, PIXELS)
    return path


def detached(path: Path) -> Path:
    write_itk(path)
    return path.with_suffix(".raw")


KINDS: dict[str, Callable[[Path], Path]] = {
    "image.npy": write_npy,
    "image.nii": write_itk,
    "image.dcm": write_itk,
    "image.mha": write_itk,
    "image.nrrd": write_itk,
    "image.mhd": detached,
    "image.nhdr": detached,
}


def manifest(folder: Path, name: str) -> tuple[ManifestReader, Path]:
    """Three cases of one image; return the reader and the file that holds the pixels."""
    folder.mkdir()
    file = KINDS[name](folder / name)
    mask = np.zeros(PIXELS.shape, dtype=np.uint8)
    mask[3:9, 2:9] = 1
    np.save(folder / "mask.npy", mask)
    (folder / "cases.csv").write_text("image,mask,case_id\n" + "".join(f"{name},mask.npy,c{k}\n" for k in range(3)))
    return ManifestReader(folder / "cases.csv"), file


def extract(reader: ManifestReader, out: Path, **options: object) -> Summary:
    return extract_table(reader, setup=toy_setup(), options=Options(out, **options))  # type: ignore[arg-type]


def change(file: Path) -> None:
    """Change one byte in place, and set the time of modification back as some copiers do."""
    before = file.stat()
    with file.open("r+b") as handle:
        handle.seek(-1, os.SEEK_END)
        last = handle.read(1)[0]
        handle.seek(-1, os.SEEK_END)
        handle.write(bytes([last ^ 1]))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.reported(
    "Faults", "image changed, same size in bytes", "refused until --overwrite, gone on with or finished"
)
@pytest.mark.parametrize("limit", [1, None])
@pytest.mark.parametrize("name", KINDS)
def test_one_other_byte_is_noticed(tmp_path: Path, name: str, limit: int | None) -> None:
    reader, file = manifest(tmp_path / "in", name)
    out = tmp_path / "t.parquet"
    extract(reader, out, limit=limit)
    change(file)
    with pytest.raises(OutputError, match=r"have changed.*c0.*--overwrite"):
        extract(reader, out)
    assert extract(reader, out, overwrite=True).merged.rows == 3


@pytest.mark.reported("Faults", "mask changed, same size in bytes", "refused until --overwrite")
def test_one_other_byte_of_a_mask_is_noticed(tmp_path: Path) -> None:
    reader, _ = manifest(tmp_path / "in", "image.npy")
    extract(reader, tmp_path / "t.parquet")
    change(tmp_path / "in/mask.npy")
    with pytest.raises(OutputError, match="3 of its cases have changed"):
        extract(reader, tmp_path / "t.parquet")


def test_a_change_is_noticed_while_a_run_is_unfinished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, file = manifest(tmp_path / "in", "image.nii")
    with monkeypatch.context() as patch:
        patch.setattr(run, "merge_parts", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            extract(reader, tmp_path / "t.parquet")
    change(file)
    with pytest.raises(OutputError, match="have changed"):
        extract(reader, tmp_path / "t.parquet")


def test_files_are_read_again_only_where_their_stamps_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, file = manifest(tmp_path / "in", "image.npy")
    out = tmp_path / "t.parquet"
    extract(reader, out)
    read: list[str] = []
    content = fingerprint._content

    def counted(path: str) -> str | None:
        read.append(Path(path).name)
        return content(path)

    monkeypatch.setattr(fingerprint, "_content", counted)
    assert extract(reader, out).skipped == 3
    assert read == []
    os.utime(file)
    assert extract(reader, out).skipped == 3
    assert "image.npy" in read
    read.clear()
    assert extract(reader, out).skipped == 3  # the new stamp is known now
    assert read == []
    stamps_path(out).write_bytes(b"{damaged")
    assert extract(reader, out).skipped == 3
    assert len(read) == 6


def test_a_copied_tree_is_the_same_and_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    reader, _ = manifest(tmp_path / "in", "image.mhd")
    extract(reader, tmp_path / "whole.parquet")
    extract(reader, tmp_path / "t.parquet", limit=1)
    shutil.copytree(tmp_path / "in", tmp_path / "copy")
    shutil.rmtree(tmp_path / "in")
    (tmp_path / "copy").rename(tmp_path / "in")
    assert extract(reader, tmp_path / "t.parquet").skipped == 1
    assert (tmp_path / "t.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
