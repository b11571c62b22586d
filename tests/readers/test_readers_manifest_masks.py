"""The masks of a manifest: labels, floats, JPEG, palettes, sizes and frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from PIL import Image

from radiomics_mammo.core.records import Sample
from radiomics_mammo.errors import CaseError, MaskError, ReadError
from radiomics_mammo.readers.manifest.reader import ManifestReader

IMAGE = np.random.default_rng(0).integers(0, 60000, (40, 30)).astype(np.uint16)
MASK = np.zeros((40, 30), np.uint8)
MASK[5:12, 7:9] = 1
MASK[20:23, 3:25] = 4


def save(path: Path, pixels: np.ndarray) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, pixels)
    else:
        Image.fromarray(pixels).save(path)
    return path.name


def manifest(folder: Path, text: str, *, encoding: str = "utf-8", name: str = "cases.csv") -> Path:
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path / "a.png", IMAGE)
    save(tmp_path / "one.png", (MASK == 1).astype(np.uint8) * 255)
    save(tmp_path / "two.png", MASK)
    return tmp_path


def samples(folder: Path, text: str, **settings: str) -> list[Sample]:
    reader = ManifestReader(manifest(folder, text), **settings)
    return [sample for case in reader.cases() for sample in reader.load(case)]


def failure(folder: Path, text: str, **settings: str) -> CaseError:
    reader = ManifestReader(manifest(folder, text), **settings)
    (case,) = reader.cases()
    with pytest.raises(CaseError) as caught:
        reader.load(case)
    assert caught.value.path and caught.value.remedy
    return caught.value


def test_label_is_free_beside_mask_label(folder):
    (sample,) = samples(folder, "image,mask,mask_label,label\na.png,two.png,4.0,0\n")
    np.testing.assert_array_equal(sample.mask, MASK == 4)
    assert sample.columns == {"label": 0, "mask_label": 4}


@pytest.mark.parametrize("value", [1, 2, 255])
@pytest.mark.parametrize("suffix", [".png", ".npy"])
def test_any_single_value_counts(folder, value, suffix):
    save(folder / f"m{suffix}", (MASK == 1).astype(np.uint8) * np.uint8(value))
    (sample,) = samples(folder, f"image,mask\na.png,m{suffix}\n")
    np.testing.assert_array_equal(sample.mask, MASK == 1)
    assert sample.case_id == "a" and sample.columns["mask_label"] == value


def test_masks_of_floats(folder):
    floats = np.where(MASK == 1, 0.5, 0.0)
    floats[0, 0] = np.nan
    save(folder / "f.npy", floats)
    (sample,) = samples(folder, "image,mask\na.png,f.npy\n")
    np.testing.assert_array_equal(sample.mask, MASK == 1)
    assert sample.columns["mask_label"] is None
    save(folder / "g.npy", MASK.astype(float))
    assert [row.columns["mask_label"] for row in samples(folder, "image,mask\na.png,g.npy\n")] == [1, 4]
    save(folder / "p.npy", MASK / 5)
    assert "not whole numbers" in failure(folder, "image,mask\na.png,p.npy\n").cause
    save(folder / "n.npy", np.full(MASK.shape, np.nan))
    assert "nothing but NaN" in failure(folder, "image,mask\na.png,n.npy\n").cause


def test_masks_that_are_none(folder):
    save(folder / "e.png", MASK * 0)
    assert "the mask is empty" in failure(folder, "image,mask\na.png,e.png\n").cause
    save(folder / "g.png", (IMAGE >> 8).astype(np.uint8))
    error = failure(folder, "image,mask\na.png,g.png\n")
    assert isinstance(error, MaskError) and "grey image" in error.cause and "swapped" in error.remedy
    save(folder / "v.npy", np.zeros((3, 40, 30), np.uint8))
    assert isinstance(failure(folder, "image,mask\na.png,v.npy\n"), ReadError)


def test_named_label_in_a_mask_of_many(folder):
    many = np.arange(IMAGE.size).reshape(IMAGE.shape) // 20
    save(folder / "many.npy", many)
    (sample,) = samples(folder, "image,mask,label\na.png,many.npy,40\n")
    np.testing.assert_array_equal(sample.mask, many == 40)
    assert len(samples(folder, "image,mask,label\na.png,many.npy,each\n")) == many.max()


def test_jpeg_masks(folder):
    region = np.zeros((80, 60), np.uint8)
    region[20:50, 11:41] = 255
    Image.fromarray(region).save(folder / "m.jpg", quality=60)
    save(folder / "b.png", np.zeros((80, 60), np.uint8))
    with Image.open(folder / "m.jpg") as picture:
        assert len(np.unique(np.array(picture))) > 4
    for label in ("", "1", "255"):
        (sample,) = samples(folder, f"image,mask,label\nb.png,m.jpg,{label}\n")
        np.testing.assert_array_equal(sample.mask, region > 0)
        assert any(note.startswith("JPEG mask of ") for note in sample.notes) and sample.case_id == "b"
    assert "no label 4" in failure(folder, "image,mask,label\nb.png,m.jpg,4\n").cause
    Image.fromarray((IMAGE >> 8).astype(np.uint8)).save(folder / "g.jpg")
    assert "grey image" in failure(folder, "image,mask\na.png,g.jpg\n").cause
    Image.fromarray(region * 0).save(folder / "e.jpg")
    assert "empty" in failure(folder, "image,mask\nb.png,e.jpg\n").cause


def test_palette_masks_mean_their_numbers(folder):
    picture = Image.fromarray(MASK)
    picture.putpalette([0, 0, 0, 255, 0, 0, 9, 9, 9, 9, 9, 9, 0, 255, 0])
    picture.save(folder / "p.png")
    assert [row.columns["mask_label"] for row in samples(folder, "image,mask\na.png,p.png\n")] == [1, 4]


def test_masks_of_another_size(folder):
    save(folder / "half.png", MASK[::2, ::2])
    rows = samples(folder, "image,mask\na.png,half.png\n")
    for row in rows:
        expected = np.repeat(np.repeat(MASK[::2, ::2] == row.columns["mask_label"], 2, axis=0), 2, axis=1)
        np.testing.assert_array_equal(row.mask, expected)
        assert "scaled by 2 from 20 x 15 to the image's 40 x 30" in row.notes[0]
    save(folder / "other.png", MASK[:, :-1])
    error = failure(folder, "image,mask\na.png,other.png\n")
    assert isinstance(error, MaskError) and "another aspect" in error.cause and error.path.endswith("other.png")


def test_masks_drawn_in_another_frame(folder):
    def write(name: str, array: np.ndarray, origin: tuple[float, float]) -> None:
        image = SimpleITK.GetImageFromArray(array)
        image.SetOrigin(origin)
        SimpleITK.WriteImage(image, str(folder / name))

    write("i.nrrd", IMAGE, (0, 0))
    write("m.nrrd", MASK, (0, 0))
    write("far.nrrd", MASK, (0, 12))
    assert len(samples(folder, "image,mask\ni.nrrd,m.nrrd\n")) == 2
    assert "places it elsewhere" in failure(folder, "image,mask\ni.nrrd,far.nrrd\n").cause


def test_the_recipes_label_counts_where_the_manifest_names_none(folder):
    reader = ManifestReader(manifest(folder, "image,mask,case_id\na.png,two.png,x\n"), label=4)
    (sample,) = reader.load(reader.cases()[0])
    assert (sample.case_id, sample.columns["mask_label"]) == ("x", 4)
