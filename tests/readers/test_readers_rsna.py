"""The RSNA reader: tables, layouts, what is said and what is refused."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from radiomics_mammo.errors import InputError, ReadError
from radiomics_mammo.readers import open_reader, remarks_of
from radiomics_mammo.readers.rsna.reader import RsnaReader
from tests.support.rsna_files import (
    HEADER,
    breast,
    dicom_tree,
    png_tree,
    row,
    two_women,
    write_dcm,
    write_png,
    write_table,
)

LAYOUTS = (
    "train_images_processed_512/{patient}/{image}.png",
    "{patient}_{image}.png",
    "images/{patient}@{image}.png",
    "some/where/deep/{patient}_{image}.PNG",
    "jpg/{patient}/{image}.jpg",
)


def only(reader: RsnaReader, number: int = 0):
    (sample,) = reader.load(reader.cases()[number])
    return sample


def refusal(root: Path, **settings: object) -> InputError:
    with pytest.raises(InputError) as caught:
        RsnaReader(root, **settings).cases()
    assert caught.value.remedy
    return caught.value


def test_the_collection_as_released(tmp_path):
    reader = RsnaReader(dicom_tree(tmp_path, two_women()))
    cases = reader.cases()
    assert [case.case_id for case in cases][:2] == ["10006_462822612", "10006_1459541791"]
    assert {case.patient_id for case in cases} == {"10006", "10011"}
    assert cases[1].columns == {
        "split": "train", "site_id": 2, "laterality": "LEFT", "view": "MLO", "image_id": "1459541791",
        "prediction_id": "10006_L", "age": 61.0, "cancer": 1, "biopsy": 1, "invasive": 1, "BIRADS": 0, "implant": 0,
        "density": "B", "machine_id": 49, "difficult_negative_case": 0,
    }  # fmt: skip
    assert cases[0].columns["BIRADS"] is None and cases[0].columns["density"] is None
    assert cases[3].columns["age"] is None and cases[2].columns["difficult_negative_case"] == 1
    assert cases[2].columns["prediction_id"] == "10006_R"
    sample = only(reader, 2)
    assert tuple(sample.columns) == tuple(name for name, _ in reader.columns)
    for name, kind in reader.columns:
        assert sample.columns[name] is None or type(sample.columns[name]) is kind, name
    assert sample.columns["flipped"] is True and sample.columns["encoding"] == "raw"
    assert (sample.columns["photometric"], sample.columns["bits_stored"], sample.columns["voi"]) == (
        "MONOCHROME2", 12, "none",
    )  # fmt: skip
    assert sample.spacing == (0.5, 0.5) and sample.marks is not None and not sample.phantom
    # The chest wall is at the left: the half-disc is widest there.
    assert sample.mask.shape == sample.image.shape == sample.marks.interior.shape
    assert sample.mask[:, 0].sum() > 2 * sample.mask[:, -1].sum() > 0
    assert reader.remarks == ("1 of 2 patients have images of one breast only",)
    assert Path(sample.image_path).name == "1864590858.dcm"


@pytest.mark.parametrize("name", LAYOUTS)
def test_re_releases(tmp_path, name):
    rows = two_women()
    reader = RsnaReader(png_tree(tmp_path, rows, name=name))
    cases = reader.cases()
    assert len(cases) == len(rows)
    for case, cells in zip(cases, rows, strict=True):
        path = tmp_path / name.format(patient=cells["patient_id"], image=cells["image_id"])
        assert case.source.image == str(path)
    sample = only(reader)
    assert sample.columns["encoding"] == ("jpeg" if "jpg" in name else "png")
    assert (sample.columns["bits_stored"], sample.columns["voi"], sample.spacing) == (8, None, None)
    assert sample.image.dtype == np.uint8


def test_the_root_may_be_the_folder_of_images(tmp_path):
    png_tree(tmp_path, two_women(), name="size_256/{patient}_{image}.png")
    png_tree(tmp_path, two_women(), name="size_512/{patient}/{image}.png")
    error = refusal(tmp_path)
    assert "more than once" in error.cause
    assert "size_256 (6 .png)" in error.cause and "size_512 (6 .png)" in error.cause
    assert "Name the one folder" in error.remedy
    for folder in ("size_256", "size_512"):
        (case, *_) = RsnaReader(tmp_path / folder).cases()
        assert folder in case.source.image
    # DICOM goes before every re-release.
    dicom_tree(tmp_path, two_women())
    reader = RsnaReader(tmp_path)
    assert all(case.source.image.endswith(".dcm") for case in reader.cases())
    assert "left aside" in reader.remarks[0] and "size_512" in reader.remarks[0]


def test_two_kinds_of_file_for_one_image(tmp_path):
    png_tree(tmp_path, two_women(), name="a/{patient}_{image}.png")
    png_tree(tmp_path, two_women()[:1], name="a/{patient}_{image}.jpg", table="other.csv")
    assert "(6 .png)" in refusal(tmp_path).cause
    (tmp_path / "a/10006_462822612.jpg").rename(tmp_path / "a/10006@462822612.png")
    assert "more than once" in refusal(tmp_path).cause


def test_the_kind_that_holds_most_is_taken(tmp_path):
    """One DICOM file does not turn a whole set of pictures off."""
    png_tree(tmp_path, two_women(), name="png/{patient}_{image}.png")
    write_dcm(tmp_path / "train_images/10006/462822612.dcm", breast())
    reader = RsnaReader(tmp_path)
    assert all(case.source.image.endswith(".png") for case in reader.cases())
    assert reader.remarks[0].startswith("pictures are taken, being more than DICOM files; left aside: ")
    assert "train_images (1 .dcm)" in reader.remarks[0]


def test_links_count_as_what_they_lead_to(tmp_path):
    dicom_tree(tmp_path / "real", two_women())
    (tmp_path / "linked").mkdir()
    write_table(tmp_path / "linked/train.csv", two_women())
    (tmp_path / "linked/train_images").symlink_to(tmp_path / "real/train_images")
    assert only(RsnaReader(tmp_path / "linked")).mask.any()


def test_splits_and_a_table_without_labels(tmp_path):
    dicom_tree(tmp_path, two_women()[:4])
    unlabelled = [name for name in HEADER if name not in ("cancer", "biopsy", "invasive", "BIRADS", "density")]
    rows = [row("10008", "736471439", prediction_id="10008_L"), row("10008", "1591370361", "R", "MLO")]
    write_table(tmp_path / "test.csv", rows, header=[*unlabelled, "prediction_id"])
    reader = RsnaReader(tmp_path)
    assert len(reader.cases()) == 4
    assert reader.remarks[0] == "test: none of its 2 images is here; left out"
    assert "none of the 2 images of test.csv" in refusal(tmp_path, split="test").cause
    for cells in rows:
        write_dcm(tmp_path / f"test_images/10008/{cells['image_id']}.dcm", breast(str(cells["laterality"])))
    assert [case.columns["split"] for case in RsnaReader(tmp_path).cases()] == ["train"] * 4 + ["test"] * 2
    (case, _) = RsnaReader(tmp_path, split="test").cases()
    assert case.columns["prediction_id"] == "10008_L" and case.columns["cancer"] is None
    assert len(RsnaReader(tmp_path, split="train").cases()) == 4
    (tmp_path / "train.csv").unlink()
    assert len(RsnaReader(tmp_path).cases()) == 2
    assert "has no train.csv" in refusal(tmp_path, split="train").cause


def test_missing_and_foreign_files(tmp_path):
    dicom_tree(tmp_path, two_women())
    gone = tmp_path / "train_images/10006/1864590858.dcm"
    gone.rename(gone.with_name("999.dcm"))
    reader = RsnaReader(tmp_path)
    cases = reader.cases()
    assert reader.remarks[0] == "1 files beside the images are in no line of the tables"
    assert reader.remarks[1] == "1 of 6 images are not here (1864590858); they will fail"
    with pytest.raises(ReadError, match="does not exist") as caught:
        reader.load(cases[2])
    assert caught.value.path == str(gone)
    reader.prefetch(cases[2])  # says nothing
    reader.prefetch(cases[0])


@pytest.mark.parametrize("name", [LAYOUTS[0], LAYOUTS[1], LAYOUTS[2]])
def test_a_missing_picture_is_named_as_its_neighbours_are(tmp_path, name):
    png_tree(tmp_path, two_women(), name=name)
    gone = tmp_path / name.format(patient="10011", image="541722628")
    gone.unlink()
    assert RsnaReader(tmp_path).cases()[-1].source.image == str(gone)


@pytest.mark.parametrize(
    "name", ["train_images/{patient}/{image}.png", "{patient}_{image}.png", "{patient}/{patient}_{image}.png"]
)
def test_a_patient_whose_name_is_part_of_an_image_s(tmp_path, name):
    rows = [row("5", "1545"), row("10", "5222"), row("7", "77")]
    png_tree(tmp_path, rows, name=name)
    gone = tmp_path / name.format(patient="10", image="5222")
    gone.unlink()
    assert RsnaReader(tmp_path).cases()[1].source.image == str(gone)


def test_tables_as_patients_save_them(tmp_path):
    dicom_tree(tmp_path, two_women())
    text = (tmp_path / "train.csv").read_text()
    lines = text.replace("patient_id", "Patient_ID").replace(",L,", ",left,").replace("\r\n", "\n")
    (tmp_path / "train.csv").write_text("\ufeff" + lines.replace(",", ";"), encoding="utf-8")
    (case, *_) = RsnaReader(tmp_path).cases()
    assert (case.columns["laterality"], case.columns["age"]) == ("LEFT", 61.0)
    # Few columns are enough.
    write_table(tmp_path / "train.csv", two_women(), header=["patient_id", "image_id", "laterality"])
    reader = RsnaReader(tmp_path)
    assert reader.cases()[0].columns["cancer"] is None
    sample = only(reader)
    assert sample.columns["view"] is None and sample.mask.any()


@pytest.mark.parametrize("view", ["CC", "MLO", "AT", "LM", "ML", "LMO"])
def test_every_view_is_read(tmp_path, view):
    reader = RsnaReader(dicom_tree(tmp_path, [row("1", "2", "L", view.lower()), row("1", "3", "R", view)]))
    assert only(reader).columns["view"] == view and only(reader, 1).mask.any()
    assert reader.remarks == ()


def test_other_views_are_remarked_on(tmp_path):
    reader = RsnaReader(dicom_tree(tmp_path, [row("1", "2", "L", "XCCL"), row("1", "3", "R", "")]))
    reader.cases()
    unsaid, unknown = remarks_of(reader)
    assert unsaid.startswith("1 of 2 images have no view in the tables: that of the header is used")
    assert unknown == "unknown views: 1 of XCCL; measured like any other"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"laterality": "B"}, "line 3: laterality is 'B', not L or R"),
        ({"image_id": "462822612"}, "line 3 names the image 462822612, which train.csv line 2 has named"),
        ({"patient_id": "../up"}, "line 3: patient_id is '../up', not an identifier"),
        ({"image_id": ""}, "line 3: image_id is '', not an identifier"),
        ({"age": "old"}, "line 3: age is 'old', not a number"),
        ({"age": "1e400"}, "line 3: age is '1e400', not a number"),
        ({"cancer": 0.5}, "line 3: cancer is '0.5', not 0 or 1"),
        ({"cancer": 2}, "line 3: cancer is '2', not 0 or 1"),
        ({"implant": "-1"}, "line 3: implant is '-1', not 0 or 1"),
        ({"difficult_negative_case": "maybe"}, "line 3: difficult_negative_case is 'maybe', not 0 or 1"),
        ({"BIRADS": 0.5}, "line 3: BIRADS is '0.5', not a whole number"),
        ({"machine_id": "GE"}, "line 3: machine_id is 'GE', not a whole number"),
        ({"site_id": "inf"}, "line 3: site_id is 'inf', not a whole number"),
    ],
)
def test_bad_cells_are_named(tmp_path, cells, said):
    rows = two_women()
    dicom_tree(tmp_path, rows)
    rows[1] = {**rows[1], **cells}
    write_table(tmp_path / "train.csv", rows)
    error = refusal(tmp_path)
    assert said in error.cause and error.path == str(tmp_path / "train.csv")


def test_what_is_no_collection(tmp_path):
    assert "no train.csv or test.csv" in refusal(tmp_path).cause
    write_table(tmp_path / "train.csv", two_women())
    assert "holds none of the 6 images" in refusal(tmp_path).cause
    write_table(tmp_path / "train.csv", two_women(), header=["patient_id", "laterality"])
    assert "no column image_id" in refusal(tmp_path).cause
    write_table(tmp_path / "train.csv", [])
    assert "no line" in refusal(tmp_path).cause
    assert "is not a folder" in refusal(tmp_path / "train.csv").cause


@pytest.mark.parametrize(
    "settings",
    [
        {"split": "val"},
        {"voi": "last"},
        {"pectoral": "no"},
        {"implants": "?"},
        {"pixel_mm": 0.0},
        {"band_mm": -1.0},
        {"pixel_mm": 7.0},
        {"cache_gb": float("nan")},
        {"cache_gb": float("inf")},
        {"cache_gb": 0.0},
    ],
)
def test_settings_are_checked_at_once(tmp_path, settings):
    with pytest.raises(InputError, match=next(iter(settings))) as caught:
        RsnaReader(tmp_path, **settings)
    assert caught.value.remedy


def test_no_band_is_a_setting(tmp_path):
    sample = only(RsnaReader(dicom_tree(tmp_path, two_women()), band_mm=0.0))
    assert sample.marks.interior[sample.mask].mean() > 0.97


def test_made_again_and_sent_to_workers(tmp_path):
    reader = RsnaReader(dicom_tree(tmp_path, two_women()), voi="none", pixel_mm=0.7, cache=tmp_path / "crops")
    again = open_reader(reader.describe())
    assert again.describe() == reader.describe() and "cache" not in reader.describe()
    copy = pickle.loads(pickle.dumps(reader))
    assert copy == reader and copy.started == reader.started  # a worker knows when the run began
    case = pickle.loads(pickle.dumps(reader.cases()[0]))
    np.testing.assert_array_equal(copy.load(case)[0].image, only(again).image)


def test_settings_that_change_pixels_are_in_the_case(tmp_path):
    root = dicom_tree(tmp_path, two_women())
    plain = RsnaReader(root).cases()[0].source
    for settings in ({"voi": "none"}, {"pixel_mm": 0.6}, {"pectoral": "keep"}, {"implants": "skip"}, {"band_mm": 3.0}):
        assert RsnaReader(root, **settings).cases()[0].source != plain, settings
    assert RsnaReader(root, cache=tmp_path / "c", cache_gb=1.0, split="train").cases()[0].source == plain


def test_simulated_collections_are_marked(tmp_path):
    png_tree(tmp_path, two_women(), name="train_images/{patient}_{image}.png")
    (tmp_path / "PHANTOM.txt").write_text("simulated")
    assert only(RsnaReader(tmp_path)).phantom and only(RsnaReader(tmp_path / "train_images")).phantom


def test_listing_is_quick_at_the_real_size(tmp_path):
    """54,706 images: no file is asked for more than its name."""
    from time import process_time

    rows = [row(str(10000 + number // 5), str(number), "LR"[number % 2]) for number in range(8000)]
    write_table(tmp_path / "train.csv", rows)
    (tmp_path / "images").mkdir()
    picture = write_png(tmp_path / "0.dat.png", (breast() // 16).astype(np.uint8))
    for cells in rows:
        (tmp_path / f"images/{cells['patient_id']}_{cells['image_id']}.png").hardlink_to(picture)
    start = process_time()
    assert len(RsnaReader(tmp_path / "images").cases()) == 8000
    assert process_time() - start < 2.5  # measured: 0.25


# Pictures of the re-releases.


def picture_tree(root: Path, pixels: np.ndarray, *, mode: str = "") -> RsnaReader:
    from PIL import Image

    write_table(root / "train.csv", [row("1", "2")])
    picture = Image.fromarray(pixels)
    (root / "images").mkdir(exist_ok=True)
    (picture.convert(mode) if mode else picture).save(root / "images/1_2.png")
    return RsnaReader(root)


@pytest.mark.parametrize("mode", ["", "RGB", "RGBA", "P", "LA"])
def test_pictures_in_shades_of_grey(tmp_path, mode):
    pixels = (breast() // 16).astype(np.uint8)
    sample = only(picture_tree(tmp_path, pixels, mode=mode))
    np.testing.assert_array_equal(sample.image, only(picture_tree(tmp_path, pixels)).image)
    assert sample.image.dtype == np.uint8 and sample.columns["bits_stored"] == 8


def test_pictures_of_sixteen_bits(tmp_path):
    sample = only(picture_tree(tmp_path, breast(top=60000)))
    assert sample.image.dtype == np.uint16 and sample.image.max() > 30000 and sample.columns["bits_stored"] == 16


def test_pictures_that_are_none(tmp_path):
    with pytest.raises(ReadError, match="every pixel is 7"):
        only(picture_tree(tmp_path, np.full((40, 30), 7, dtype=np.uint8)))
    colours = np.random.default_rng(0).integers(0, 255, (40, 30, 3)).astype(np.uint8)
    with pytest.raises(ReadError, match="colour"):
        only(picture_tree(tmp_path, colours))
    (tmp_path / "images/1_2.png").write_bytes(b"")
    with pytest.raises(ReadError, match="0 bytes"):
        only(RsnaReader(tmp_path))


def test_a_real_mammogram_as_a_re_release(tmp_path, shared_data):
    """Film of CBIS-DDSM (Lee et al. 2017) under an RSNA name: a right breast, turned to the left edge."""
    film = shared_data / "cbis_ddsm_real_cases/mass_full_mask_crop/CBIS-JPG__TRAIN__IMAGES__00695_RIGHT_CC.jpg"
    write_table(tmp_path / "train.csv", [row("695", "1", "R", "CC")])
    (tmp_path / "images").mkdir()
    (tmp_path / "images/695_1.jpg").symlink_to(film)
    sample = only(RsnaReader(tmp_path))
    assert sample.columns["encoding"] == "jpeg" and sample.columns["flipped"] is True
    quarter = sample.mask.shape[1] // 4
    assert sample.mask[:, :quarter].mean() > 1.3 * sample.mask[:, -quarter:].mean() > 0
    assert 0.3 < sample.mask.mean() <= 1.0


def test_listing_waits_for_no_compiled_kernel():
    import subprocess
    import sys

    code = "import sys, radiomics_mammo.readers; print('numba' in sys.modules, 'pydicom' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
