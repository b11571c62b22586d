"""The contact sheet: which cases, what is drawn of them, and what is said of those that cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from PIL import Image

from radiomics_mammo.core.records import Case, Sample
from radiomics_mammo.errors import InputError, OutputError, ReadError
from radiomics_mammo.extraction import contact_sheet
from radiomics_mammo.extraction.contact_sheet import PreviewResult, choose_cases, draw_preview
from radiomics_mammo.extraction.contact_sheet_panel import COLOURS, draw_panel, panel_size
from radiomics_mammo.imaging.breast.prepare import prepare_breast
from radiomics_mammo.readers.phantom.reader import PhantomReader
from tests.support.breasts import half_disk

PICTURE = np.where(half_disk((300, 200), 110), 2000, 100).astype(np.uint16)
PICTURE[100:180, 20:60] = 2600


def breast_sample(case: Case) -> Sample:
    found = prepare_breast(PICTURE, laterality="LEFT", view="CC", spacing=(0.5, 0.5))
    columns = {"laterality": "LEFT", "view": "CC"}
    return Sample(
        case.case_id, case.patient_id, found.image, found.mask, found.spacing, columns, found.notes, marks=found.marks
    )


@dataclass(frozen=True)
class Screening:
    """Women with four views each; one file is broken."""

    women: int = 5
    broken: str = "3_2"
    columns: tuple[tuple[str, type], ...] = (("laterality", str), ("view", str))

    def cases(self) -> Sequence[Case]:
        return [Case(f"{woman}_{view}", f"w{woman}") for woman in range(self.women) for view in range(4)]

    def load(self, case: Case) -> Sequence[Sample]:
        if case.case_id == self.broken:
            raise ReadError("the file is cut short", path="/x/3_2.dcm", remedy="Download it\x00 again. " * 40)
        return [breast_sample(case)]

    def describe(self) -> dict[str, str]:
        return {"reader": "screening"}


def has(pixels: np.ndarray, name: str) -> bool:
    return bool((pixels == COLOURS[name]).all(axis=-1).any())


def test_one_view_of_each_patient_spread_over_the_collection():
    cases = [Case(f"{woman}_{view}", f"w{woman}") for woman in range(100) for view in range(4)]
    chosen = choose_cases(cases, 10)
    assert [case.patient_id for case in chosen] == [f"w{woman}" for woman in range(5, 100, 10)]
    assert {case.case_id.split("_")[1] for case in chosen} == {"0", "1", "2", "3"}
    assert chosen == choose_cases(cases, 10)


def test_more_views_of_each_where_patients_are_few():
    cases = [Case(f"{woman}_{view}", f"w{woman}") for woman in range(3) for view in range(1 + woman)]
    assert [case.case_id for case in choose_cases(cases, 4)] == ["0_0", "1_0", "1_1", "2_0"]
    assert choose_cases(cases, 60) == cases


def test_a_sheet(tmp_path):
    path = tmp_path / "sheet.png"
    result = draw_preview(Screening(), path=path, count=20)
    assert result == PreviewResult(path, 19, 1, 20, 0)
    assert [file.name for file in tmp_path.iterdir()] == ["sheet.png"]
    with Image.open(path) as sheet:
        assert sheet.width == 1600 and sheet.mode == "RGB"
        pixels = np.asarray(sheet)
    assert has(pixels, "measured region") and has(pixels, "nipple")
    assert not has(pixels, "muscle") and not has(pixels, "windows")
    first = path.read_bytes()
    draw_preview(Screening(), path=path, count=20)
    assert path.read_bytes() == first


def test_windows_are_drawn_where_they_are_given(tmp_path):
    path = tmp_path / "sheet.png"
    draw_preview(Screening(), path=path, count=2, windows=lambda _: [(10, 50, 5, 45)])
    with Image.open(path) as sheet:
        assert has(np.asarray(sheet), "windows")


def test_lesions_are_drawn_with_what_is_around_them(tmp_path):
    path = tmp_path / "sheet.png"
    result = draw_preview(PhantomReader(2, 2026, 256), path=path, count=4)
    assert result.failed == 0
    with Image.open(path) as sheet:
        pixels = np.asarray(sheet)
    assert has(pixels, "measured region") and not has(pixels, "nipple")


def panel_of(sample: Sample, **more: object) -> np.ndarray:
    panel = draw_panel(sample, width=240, text=13, **more)
    assert panel.size == panel_size(240, 13)
    return np.asarray(panel)


def test_the_outline_is_where_the_mask_is():
    image = np.zeros((100, 100))
    mask = np.zeros((100, 100), bool)
    mask[40:60, 30:70] = True
    image[mask] = 1
    rows, columns = np.nonzero((panel_of(Sample("x", "p", image, mask)) == COLOURS["measured region"]).all(axis=-1))
    # Half the longer side and 2 on each side: 44 x 84 pixels, the top cut off by nothing.
    scale = 232 / 84
    assert np.ptp(rows) + 1 == pytest.approx(20 * scale, abs=3)
    assert np.ptp(columns) + 1 == pytest.approx(40 * scale, abs=3)


def test_everything_that_was_found_has_its_colour():
    sample = breast_sample(Case("x", "p"))
    body = np.zeros_like(sample.mask)
    body[60:90, 5:40] = True
    corner = np.zeros_like(sample.mask)
    corner[20:50, :20] = True
    marked = replace(sample, marks=replace(sample.marks, implant=body, pectoral=corner))
    pixels = panel_of(marked, windows=[(100, 140, 10, 50)])
    for name in COLOURS:
        assert has(pixels, name)


def test_untrusted_text_is_clipped():
    sample = breast_sample(Case("<script>" * 500 + "\x00\n\u202e", "p"))
    long = replace(sample, notes=("a" * 5000, "\x1b[31m" * 100), columns={"laterality": "L" * 9999, "view": None})
    width = panel_of(long).shape[1]
    assert (panel_of(long)[:, width - 4 :] == panel_of(sample)[:, width - 4 :]).all()  # nothing runs over the edge


def test_pictures_that_are_hard_to_scale():
    mask = np.zeros((40, 1000), bool)
    mask[10:12, 500:505] = True
    for image in (np.zeros((40, 1000)), np.full((40, 1000), 7, np.uint16), np.where(mask, np.nan, 1.0)):
        panel_of(Sample("x", "p", image, mask))
        panel_of(Sample("x", "p", image, np.ones_like(mask)))


@pytest.mark.parametrize(
    ("count", "name", "said"),
    [(61, "a.png", "61 images.*1 to 60"), (0, "a.png", "0 images"), (4, "a.jpg", r"end in \.png")],
)
def test_what_cannot_be_drawn(tmp_path, count, name, said):
    with pytest.raises(InputError, match=said):
        draw_preview(Screening(), path=tmp_path / name, count=count)
    assert not list(tmp_path.iterdir())


def test_an_empty_collection_and_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="no cases"):
        draw_preview(Screening(women=0), path=tmp_path / "a.png")
    with pytest.raises(OutputError):
        draw_preview(Screening(women=1), path=tmp_path / "no" / "a.png")


def test_a_sheet_of_phantoms_says_so(tmp_path, monkeypatch):
    said = []
    real = contact_sheet.write_line

    def noted(sheet, at, line, **how):
        said.append(line)
        return real(sheet, at, line, **how)

    monkeypatch.setattr(contact_sheet, "write_line", noted)
    draw_preview(PhantomReader(patients=1, rows=128), path=tmp_path / "a.png", count=1)
    assert said[0].endswith("; PHANTOM: simulated images")
    said.clear()
    draw_preview(Screening(women=1), path=tmp_path / "b.png", count=1)
    assert "PHANTOM" not in said[0]
