"""The phantom as an RSNA screening tree: the table's quirks, the files' encodings and looks, whole or written anew."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.pixels import apply_voi_lut

from radiomics_mammo.cli.collection_overview import write_collection_summary
from radiomics_mammo.errors import InputError, OutputError
from radiomics_mammo.imaging.formats.dicom.read import PHANTOM_MANUFACTURER
from radiomics_mammo.readers.phantom.image_storage import add_implant, taken_again
from radiomics_mammo.readers.phantom.output_folder import NOTE
from radiomics_mammo.readers.phantom.reader import PhantomReader
from radiomics_mammo.readers.phantom.screening_cohort import MACHINES, plan_screening, views_of
from radiomics_mammo.readers.phantom.write_cbis_ddsm import write_cbis_tree
from radiomics_mammo.readers.phantom.write_rsna import HEADER, LAYOUTS, usual_encodings, write_rsna_tree
from radiomics_mammo.readers.rsna.reader import RsnaReader

PHANTOM = PhantomReader(patients=12, rows=128)
JPEG_2000_LOSSLESS, JPEG_LOSSLESS, RAW = (f"1.2.840.10008.1.2.{end}" for end in ("4.90", "4.70", "1"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree") / "rsna"
    assert write_rsna_tree(PHANTOM, root) > 48
    return root


@pytest.fixture(scope="module")
def table(tree: Path) -> pd.DataFrame:
    return pd.read_csv(tree / "train.csv", keep_default_na=False, dtype=str)


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    """Four hundred women, without a pixel: one row a breast."""
    women = plan_screening(400, seed=3, prevalence=0.1)
    return pd.DataFrame(
        {
            "site": woman.machine.site,
            "machine": woman.machine.number,
            "age": woman.age,
            "implant": woman.implant,
            "density": woman.density,
            "masses": len(breast.masses),
            "malignant": any(mass.malignant for mass in breast.masses),
            "cancer": outcome.cancer,
            "biopsy": outcome.biopsy,
            "invasive": outcome.invasive,
            "birads": outcome.birads,
            "difficult": outcome.difficult,
        }
        for woman in women
        for breast in woman.patient.breasts
        for outcome in (woman.outcomes[breast.side],)
    )


def digests(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_the_table_is_rsnas(table: pd.DataFrame) -> None:
    assert tuple(table.columns) == HEADER
    assert not table["image_id"].duplicated().any()
    assert set(table["laterality"]) == {"L", "R"}
    assert {"CC", "MLO"} < set(table["view"]) <= {"CC", "MLO", "AT", "LM", "ML", "LMO"}
    assert set(table["BIRADS"]) <= {"", "0.0", "1.0", "2.0"}
    assert set(table["difficult_negative_case"]) <= {"True", "False"}
    assert (table["age"].str.endswith(".0") | (table["age"] == "")).all()


def test_every_breast_has_both_views_and_some_one_again(table: pd.DataFrame) -> None:
    counts = table.groupby(["patient_id", "laterality", "view"]).size().unstack(fill_value=0)
    assert len(counts) == 24
    assert (counts[["CC", "MLO"]] >= 1).all(axis=None)
    assert (counts[["CC", "MLO"]] == 2).any(axis=None)
    assert counts.drop(columns=["CC", "MLO"]).sum().sum() >= 1


def test_missing_cells_give_site_two_away(many: pd.DataFrame) -> None:
    for column in ("birads", "density"):
        assert many.loc[many["site"] == 2, column].isna().all()
    one = many[many["site"] == 1]
    assert one["density"].notna().all()
    assert 0 < one["birads"].isna().mean() < 0.2
    assert 0 < many["age"].isna().mean() < 0.06


def test_machines_belong_to_one_site_each(many: pd.DataFrame) -> None:
    assert len(MACHINES) == 10
    assert many["machine"].nunique() == 10
    assert (many.groupby("machine")["site"].nunique() == 1).all()
    assert 0.45 < (many["site"] == 1).mean() < 0.6


def test_outcomes_fit_each_other(many: pd.DataFrame) -> None:
    assert (many["cancer"] == many["malignant"]).all()
    assert (many["masses"] == 0).mean() > 0.7
    ill, well = many[many["cancer"]], many[~many["cancer"]]
    assert ill["biopsy"].all() and (ill["birads"].dropna() == 0).all() and 0.5 < ill["invasive"].mean() < 0.9
    assert not ill["difficult"].any() and not well["invasive"].any()
    assert 0 < well["biopsy"].mean() < 0.1
    assert 0.01 < many["implant"].mean() < 0.08


@pytest.mark.parametrize("prevalence", [0.02, 0.1, 0.25])
def test_the_prevalence_is_what_was_asked(prevalence: float) -> None:
    women = plan_screening(300, seed=1, prevalence=prevalence)
    cancers = [outcome.cancer for woman in women for outcome in woman.outcomes.values()]
    assert np.mean(cancers) == pytest.approx(prevalence, abs=0.01)


@pytest.mark.parametrize("prevalence", [0.0, 0.3, float("nan")])
def test_another_prevalence_is_refused(tmp_path: Path, prevalence: float) -> None:
    with pytest.raises(InputError, match="cannot be simulated"):
        write_rsna_tree(PHANTOM, tmp_path, prevalence=prevalence)


def test_more_women_leave_the_earlier_ones_as_they_were() -> None:
    few, more = (plan_screening(count, seed=5, prevalence=0.1) for count in (10, 30))
    assert more[:10] == few
    assert [v.image_id for w in few for v in views_of(w)] == [v.image_id for w in more[:10] for v in views_of(w)]


def test_the_site_decides_the_encoding(tree: Path, table: pd.DataFrame) -> None:
    first, second = usual_encodings()
    expected = {"1": JPEG_2000_LOSSLESS, "2": JPEG_LOSSLESS if second == "jpeg-lossless" else RAW}
    assert first == "jpeg2000-lossless"
    for row in table.itertuples():
        dataset = dcmread(tree / f"train_images/{row.patient_id}/{row.image_id}.dcm", stop_before_pixels=True)
        assert dataset.file_meta.TransferSyntaxUID == expected[row.site_id]
        assert (dataset.Manufacturer, dataset.PatientID) == (PHANTOM_MANUFACTURER, row.patient_id)


def test_what_is_stored_shows_the_phantoms_own_picture(tree: Path) -> None:
    """DICOM's own way back: the window on stored values, then MONOCHROME1 turned round."""
    women = {w.patient_id: w for w in plan_screening(12, seed=PHANTOM.seed, prevalence=0.1)}
    seen = set()
    for woman in women.values():
        view = next(views_of(woman))
        image, _ = PHANTOM.picture(woman.patient, side=view.side, view=view.view)
        dataset = dcmread(tree / f"train_images/{woman.patient_id}/{view.image_id}.dcm")
        machine, stored = woman.machine, dataset.pixel_array
        assert (dataset.BitsStored, dataset.PhotometricInterpretation) == (machine.bits, machine.photometric)
        assert stored.max() < 2**machine.bits
        dark = machine.photometric == "MONOCHROME1"
        light = 2**machine.bits - 1 - stored.astype(int) if dark else stored.astype(int)
        lost = 2 ** max(0, 12 - machine.bits)
        if not woman.implant:
            assert np.array_equal(light // 2 ** max(0, machine.bits - 12), image // lost)
        if machine.voi:
            shown = apply_voi_lut(stored, dataset).astype(float)
            shown = (shown - shown.min()) / np.ptp(shown)
            shown = 1 - shown if dark else shown
            # Air is black or nearly so, and tissue in the middle of the scale.
            assert shown[image < 150].max() < 0.15 and 0.1 < np.median(shown[image > 700]) < 0.8
        else:
            assert "WindowCenter" not in dataset
        seen.add((machine.photometric, machine.voi))
    assert {photometric for photometric, _ in seen} == {"MONOCHROME1", "MONOCHROME2"}
    assert {"LINEAR", "SIGMOID", "SEVERAL"} <= {voi for _, voi in seen}


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "dicom"])
def test_png_layouts_hold_the_same_women(tmp_path: Path, table: pd.DataFrame, layout: str) -> None:
    write_rsna_tree(PHANTOM, tmp_path / "p", layout=layout)
    again = pd.read_csv(tmp_path / "p" / "train.csv", keep_default_na=False, dtype=str)
    pd.testing.assert_frame_equal(again, table)
    names = {"folders": "{}/{}", "underscore": "{}_{}", "at": "{}@{}"}[layout]
    for row in table.itertuples():
        path = tmp_path / "p" / "train_images" / (names.format(row.patient_id, row.image_id) + ".png")
        with Image.open(path) as picture:
            assert (picture.mode, picture.height) == ("L", 128)
            assert picture.info["Source"] == PHANTOM_MANUFACTURER
            pixels = np.asarray(picture)
        wall, air = (pixels[40:80, :8], pixels[40:80, -8:])[:: 1 if row.laterality == "L" else -1]
        assert np.median(wall) > 40 and air.max() < 40  # bright tissue, whatever the machine stores
    assert (tmp_path / "p" / NOTE).read_text().startswith("phantom")


def test_an_implant_is_bright_and_smooth_at_the_chest_wall(tree: Path, table: pd.DataFrame) -> None:
    assert set(table.loc[table["implant"] == "1", "patient_id"]) == {"900011"}
    (woman,) = [w for w in plan_screening(12, seed=PHANTOM.seed, prevalence=0.1) if w.implant]
    for side, wall in (("LEFT", 0), ("RIGHT", -1)):
        image, _ = PHANTOM.picture(woman.patient, side=side, view="CC")
        made = add_implant(image, side=side, pixel_mm=PHANTOM.spacing[0])
        bright = made > 3200
        assert bright[:, wall].sum() > 30 and not bright[:, -1 - wall].any()
        assert made[bright].std() < 60
        assert np.array_equal(made[image < 200], image[image < 200])


def test_a_second_exposure_is_the_same_breast_elsewhere() -> None:
    image = np.arange(400, dtype=np.uint16).reshape(20, 20)
    again = taken_again(image, pixel_mm=2.5)
    assert np.array_equal(again[2:], image[:-2]) and np.array_equal(again[:2], image[[0, 0]])


def test_further_views_differ_from_the_usual_ones() -> None:
    woman = plan_screening(1, seed=PHANTOM.seed, prevalence=0.1)[0]
    pictures = [PHANTOM.picture(woman.patient, side="LEFT", view=view)[0] for view in ("MLO", "AT", "LM", "ML", "LMO")]
    assert len({picture.tobytes() for picture in pictures}) == 5


def test_the_same_settings_give_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    few = replace(PHANTOM, patients=3)
    for name in ("one", "two"):
        write_rsna_tree(few, tmp_path / name)
    first = digests(tmp_path / "one")
    assert digests(tmp_path / "two") == first
    whole = digests(tree)
    assert {name: whole[name] for name in first if name.endswith(".dcm")}.items() <= first.items()


def test_a_whole_tree_is_left_alone_and_another_layout_takes_its_place(tmp_path: Path) -> None:
    root, reader = tmp_path / "phantom", PhantomReader(patients=2, rows=128)
    assert write_rsna_tree(reader, root, encodings=("raw",)) > 0
    assert write_rsna_tree(reader, root, encodings=("raw",)) == 0
    next(root.rglob("*.dcm")).unlink()
    assert write_rsna_tree(reader, root, encodings=("raw",)) > 0
    assert write_rsna_tree(reader, root, layout="at") > 0
    assert not list(root.rglob("*.dcm"))
    assert write_cbis_tree(reader, root) > 0
    assert not (root / "train.csv").exists() and not (root / "train_images").exists()


def test_the_summary_of_the_images_folder_says_phantom(tree: Path, tmp_path: Path) -> None:
    page = write_collection_summary(RsnaReader(tree / "train_images"), tmp_path / "summary", overwrite=False)
    assert "PHANTOM" in page.read_text(encoding="utf-8")
    assert set(pd.read_csv(page.parent / "counts.csv")["data"]) == {"phantom"}


def test_real_images_are_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "train_images" / "10006").mkdir(parents=True)
    (tmp_path / "train.csv").write_text("site_id\n")
    with pytest.raises(OutputError, match="holds no phantom"):
        write_rsna_tree(PHANTOM, tmp_path)
    assert (tmp_path / "train_images" / "10006").is_dir() and (tmp_path / "train.csv").exists()


@pytest.mark.parametrize("wrong", [{"layout": "flat"}, {"encodings": ("gif",)}, {"encodings": ()}])
def test_unknown_names_are_refused_before_anything_is_written(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"Choose one of|Name one or two"):
        write_rsna_tree(PHANTOM, tmp_path / "new", **wrong)
    assert not (tmp_path / "new").exists()


def test_without_gdcm_site_two_is_raw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radiomics_mammo.readers.phantom.write_rsna.find_spec", lambda _: None)
    assert usual_encodings() == ("jpeg2000-lossless", "raw")


@pytest.mark.parametrize("layout", ["dicom", "underscore"])
def test_the_real_reader_gets_back_what_the_phantom_made(
    tree: Path, tmp_path: Path, table: pd.DataFrame, layout: str
) -> None:
    root = tree if layout == "dicom" else tmp_path / "png"
    if layout != "dicom":
        write_rsna_tree(replace(PHANTOM, patients=4), root, layout=layout)
    women = {str(w.patient_id): w for w in plan_screening(12, seed=PHANTOM.seed, prevalence=0.1)}
    reader = RsnaReader(root, voi="none")
    cases = reader.cases()
    assert [case.columns["image_id"] for case in cases] == table["image_id"].tolist()[: len(cases)]
    for case in [case for case in cases if case.columns["view"] in ("CC", "MLO")][::5]:
        woman = women[case.patient_id]
        (sample,) = reader.load(case)
        assert sample.phantom
        assert sample.columns["cancer"] == woman.outcomes[str(case.columns["laterality"])].cancer
        assert sample.columns["encoding"] != "" and (sample.columns["encoding"] == "png") == (layout != "dicom")
        if layout != "dicom" or woman.implant or woman.machine.bits != 12:
            continue
        side, view = str(case.columns["laterality"]), str(case.columns["view"])
        image, _ = PHANTOM.picture(woman.patient, side=side, view=view)
        made = image if side == "LEFT" else image[:, ::-1]
        rows, columns = np.nonzero(sample.mask)
        # The chest wall is at the left edge: only the crop's first row is to be found.
        tops = range(made.shape[0] - sample.image.shape[0] + 1)
        assert any(np.array_equal(made[rows + top, columns], sample.image[rows, columns]) for top in tops)
