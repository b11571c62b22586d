"""Headers of NRRD and MetaImage files: sound ones pass with ITK's pixels, forged and damaged ones never reach ITK."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from radiomics_mammo.errors import ReadError
from radiomics_mammo.imaging.formats.image_file import read_image
from radiomics_mammo.imaging.formats.itk_header import data_files

RAMP = (np.arange(40 * 48).reshape(40, 48) % 251).astype(np.uint16)
NRRD = "NRRD0004\ntype: uint16\ndimension: 2\nsizes: 48 40\nendian: little\nencoding: raw\n"
META = "ObjectType = Image\nNDims = 2\nDimSize = 48 40\nElementType = MET_USHORT\n"


def written(path: Path, pixels: np.ndarray, *, compressed: bool) -> Path:
    sitk.WriteImage(sitk.GetImageFromArray(pixels), str(path), useCompression=compressed)
    return path


@pytest.mark.parametrize("name", ["a.nrrd", "a.nhdr", "a.mha", "a.mhd"])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "i8", "f4", "f8"])
def test_what_itk_writes_is_read(tmp_path: Path, name: str, compressed: bool, dtype: str) -> None:
    for pixels in (RAMP.astype(dtype), RAMP.astype(dtype)[None]):
        path = written(tmp_path / name, pixels, compressed=compressed)
        np.testing.assert_array_equal(read_image(path).pixels, RAMP.astype(dtype))


@pytest.mark.reported(
    "Faults", "one flipped bit in a compressed .mha, gzipped NRRD or NIfTI, PNG, deflated TIFF", "refused"
)
@pytest.mark.parametrize("name", ["a.mha", "a.mhd", "a.nrrd", "a.nhdr", "a.nii.gz", "a.png", "a.tif"])
def test_one_flipped_bit_of_compressed_pixels_is_noticed(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith((".png", ".tif")):
        Image.fromarray(RAMP).save(path, **({"compression": "tiff_adobe_deflate"} if name == "a.tif" else {}))
    else:
        written(path, RAMP, compressed=True)
    file = Path((*data_files(str(path)), path)[0])
    whole = file.read_bytes()
    np.testing.assert_array_equal(read_image(path).pixels, RAMP)
    # From the last checksum backwards; the TIFF's directory behind its pixels has none.
    end = len(whole) - 1
    if name == "a.tif":
        with Image.open(path) as picture:
            end = picture.tag_v2[273][0] + picture.tag_v2[279][0] - 1
    places = range(end, end - min(300, len(whole) // 3), -7)
    flipped = [bytes([*whole[:place], whole[place] ^ 4, *whole[place + 1 :]]) for place in places]
    refused = 0
    for damaged in (*flipped, whole[: end - 3], whole[: len(whole) // 2]):
        file.write_bytes(damaged)
        try:
            np.testing.assert_array_equal(read_image(path).pixels, RAMP)  # a bit of a trailer may mean nothing
        except ReadError:
            refused += 1
    assert refused >= len(places) - 2


FORGED = {
    "control characters": ("x.nrrd", NRRD.replace("type", "ty\x01pe").encode()),
    "unknown field": ("x.nrrd", (NRRD + "spce: left\n\n").encode()),
    "a field twice": ("x.nrrd", (NRRD + "encoding: raw\n\n").encode()),
    "more sizes than dimensions": ("x.nrrd", (NRRD.replace("48 40", "48 40 1") + "\n").encode()),
    "terabytes": ("x.nrrd", (NRRD.replace("48 40", "999999 999999") + "\n").encode()),
    "negative": ("x.nrrd", (NRRD.replace("48 40", "-48 -40") + "\n").encode()),
    "no end": ("x.nrrd", NRRD.encode()),
    "/etc/passwd": ("x.nhdr", (NRRD + "data file: /etc/passwd\n").encode()),
    "list of elsewhere": ("x.nhdr", (NRRD + "data file: LIST\n../../etc/passwd\n").encode()),
    "many files": ("x.nhdr", (NRRD + "data file: s%03d.raw 1 999999 1\n").encode()),
    "text for binary": ("x.mha", (META + "ElementDataFile = LOCAL\n").encode() + RAMP.tobytes()),
    "misspelled key": ("x.mha", (META + "BinaryData True\nElementDataFile = LOCAL\n").encode() + RAMP.tobytes()),
    "terabytes in mha": ("x.mha", (META.replace("48 40", "999999 999999") + "ElementDataFile = LOCAL\n").encode()),
    "too few offsets": ("x.mha", (META + "BinaryData = True\nOffset = 0\nElementDataFile = LOCAL\n").encode()),
    "unknown type": ("x.mha", (META.replace("USHORT", "UCHORT") + "ElementDataFile = LOCAL\n").encode()),
    "no length": ("x.mha", (META + "BinaryData = True\nCompressedData = True\nElementDataFile = LOCAL\n").encode()),
    "/etc/passwd in mhd": ("x.mhd", (META + "BinaryData = True\nElementDataFile = /etc/passwd\n").encode()),
    "cut": ("x.mha", (META + "BinaryData = True\nElementDataFile = LOCAL\n").encode() + RAMP.tobytes()[:-1]),
}  # fmt: skip


@pytest.mark.reported("Faults", "NRRD, MetaImage that crash ITK or name /etc/passwd", "refused before ITK")
@pytest.mark.parametrize("what", FORGED)
def test_forged_headers_are_refused(tmp_path: Path, what: str) -> None:
    name, content = FORGED[what]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReadError, match="truncated or broken"):
        read_image(tmp_path / name)


def test_a_pipe_as_detached_data_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.raw")
    (tmp_path / "x.nhdr").write_text(NRRD + "data file: pipe.raw\n")
    with pytest.raises(ReadError, match=r"pipe\.raw is not there"):
        read_image(tmp_path / "x.nhdr")


def test_headers_by_hand_are_read(tmp_path: Path) -> None:
    """What other programs write: comments, keys, gzip by name, slices in a list, text."""
    (tmp_path / "a.nrrd").write_bytes((NRRD + "# Köln\nkey:=a value\n\n").encode("latin-1") + RAMP.tobytes())
    text = NRRD.replace("raw", "ascii").replace("endian: little\n", "")
    (tmp_path / "b.nrrd").write_text(text + "\n" + " ".join(map(str, RAMP.ravel())))
    (tmp_path / "c.nhdr").write_text(NRRD.replace("raw", "gzip") + "data file: c.gz\n")
    (tmp_path / "c.gz").write_bytes(gzip.compress(RAMP.tobytes()))
    (tmp_path / "d.mha").write_bytes((META + "BinaryData = True\nElementDataFile = LOCAL\n").encode() + RAMP.tobytes())
    (tmp_path / "e.mhd").write_text(META + "BinaryData = True\nElementDataFile = e.raw\n")
    (tmp_path / "e.raw").write_bytes(RAMP.tobytes())
    for name in ("a.nrrd", "b.nrrd", "c.nhdr", "d.mha", "e.mhd"):
        np.testing.assert_array_equal(read_image(tmp_path / name).pixels, RAMP, err_msg=name)
    assert data_files(str(tmp_path / "c.nhdr")) == (str(tmp_path / "c.gz"),)


@pytest.mark.reported("Faults", "NIfTI of vectors with a rescale (ITK aborts)", "refused before ITK")
@pytest.mark.parametrize(("place", "content"), [(112, b"\x00\x00\x00\x40"), (116, b"\x00\x00\x80\x3f")])
def test_vectors_that_are_rescaled_are_refused(tmp_path: Path, place: int, content: bytes) -> None:
    path = tmp_path / "v.nii"
    colours = np.stack([RAMP.astype(np.uint8)] * 3, axis=-1)
    sitk.WriteImage(sitk.GetImageFromArray(colours, isVector=True), str(path))
    np.testing.assert_array_equal(read_image(path).pixels, RAMP)
    data = bytearray(path.read_bytes())
    data[place : place + 4] = content
    path.write_bytes(data)
    with pytest.raises(ReadError, match="damaged NIfTI header"):
        read_image(path)
