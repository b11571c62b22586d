"""The summary's folder and page: whole or not there, escaped, light on names, and what it says of real collections."""

from __future__ import annotations

import csv
import io
import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.errors import InputError, OutputError
from radiomics_mammo.readers.manifest.reader import ManifestReader
from radiomics_mammo.readers.phantom.reader import PhantomReader
from radiomics_mammo.reports.dataset_summary import cases_frame, output_folder, write_summary
from radiomics_mammo.reports.dataset_summary.tables import TABLES
from tests.support.browser import needs_browser, opened, played
from tests.support.case_lists import RSNA_COLUMNS, cbis_reader, found, needs_csv, rsna_frame, small, understood
from tests.support.html_pages import Parsed

SCRIPT = "<script>alert(1)</script>"
FORMULA = "=HYPERLINK(1)"
HANDLER = '<img src=x onerror="alert(1)">'


TINY = small(view=["CC", "MLO", "CC"])
"""Enough for a folder."""


def csv_rows(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))


def toy_frame(n: int = 120) -> pd.DataFrame:
    """A little of everything."""
    turn = np.arange(n)
    return small(
        patient_id=[f"p{i // 4}" for i in turn],
        image_id=[str(i) for i in turn],
        laterality=np.where(turn % 4 < 2, "LEFT", "RIGHT"),
        view=np.where(turn % 2, "CC", "MLO"),
        cancer=(turn % 12 < 2).astype(int),
        age=[float(40 + i // 4) if i % 9 else None for i in turn],
        site_id=1 + (turn // 4) % 2,
        machine_id=10 + (turn // 4) % 4,
        density=np.where((turn // 4) % 2, None, "B"),
        split=np.where(turn < n - 20, "train", "test"),
    )


def hostile_frame() -> pd.DataFrame:
    """Names and values that would be markup, or a formula, somewhere else."""
    frame = toy_frame()
    frame["view"] = np.where(np.arange(len(frame)) % 2, SCRIPT, FORMULA)
    return frame.rename(columns={"density": HANDLER}).assign(
        **{
            "note": [f"Jane Doe {i} {SCRIPT}" for i in range(len(frame))],
            f'"{SCRIPT}': np.where(np.arange(len(frame)) % 3, "a", "b"),
            f'"{HANDLER}': np.arange(len(frame)) / 7,
        }
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("summary") / "out"
    return write_summary(toy_frame(), name="a toy", folder=out, remarks=["one row was left out"])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    out = tmp_path_factory.mktemp("hostile") / "out"
    return write_summary(hostile_frame(), name=SCRIPT, folder=out, remarks=[SCRIPT])


def test_the_folder_holds_the_page_and_every_table(written):
    assert {path.name for path in written.parent.iterdir()} == {
        "index.html", "findings.csv", *(f"{name}.csv" for name in TABLES if name != "parts")
    }  # fmt: skip
    for path in written.parent.glob("*.csv"):
        rows = csv_rows(path)
        assert rows[0][-1] == "data"
        assert {row[-1] for row in rows[1:]} == {"real"}
    missing = pd.read_csv(written.parent / "missing.csv", keep_default_na=False)
    own = missing[(missing["column"] == "density") & (missing["by"] == "site_id")]
    assert own["proportion"].tolist() == [0.0, 1.0]
    assert [path.name for path in written.parent.parent.iterdir() if path.name.startswith(".out.p")] == []


def test_the_page_says_what_is_there(written):
    words = " ".join(Parsed(written.read_text(encoding="utf-8")).words)
    for said in (
        "Data set summary: a toy",
        "120 images of 60 breasts of 30 patients.",
        "One row was left out.",
        "density is missing in 100.0% of images at site 2",
        "Split by patient_id",
        "report by site",
    ):
        assert said.lower() in words.lower(), said
    findings = pd.read_csv(written.parent / "findings.csv")
    assert all(one in words for one in findings["sentence"])
    assert "PHANTOM" not in words


def test_text_is_text_and_free_text_is_not_there(hostile):
    page = hostile.read_text(encoding="utf-8")
    parsed = Parsed(page)
    assert len([1 for tag, _ in parsed.tags if tag == "script"]) == 1
    assert not [1 for _, attributes in parsed.tags if "onerror" in attributes]
    assert not [1 for tag, _ in parsed.tags if tag == "img"]
    assert SCRIPT in " ".join(parsed.words)
    every = page + "".join(path.read_text(encoding="utf-8") for path in hostile.parent.glob("*.csv"))
    assert "Jane Doe" not in every
    cells = [cell for path in hostile.parent.glob("*.csv") for row in csv_rows(path) for cell in row]
    assert f"'{FORMULA}" in cells
    assert not [cell for cell in cells if re.match(r"[=@\t\r]|[+-](?![\d.])", cell)]


def test_a_phantom_is_marked_everywhere(tmp_path):
    reader = PhantomReader(patients=4)
    options = {"declared": reader.columns, "phantom": True}
    page = write_summary(cases_frame(reader.cases()), name="phantoms", folder=tmp_path / "out", **options)
    text = page.read_text(encoding="utf-8")
    assert "PHANTOM: simulated images" in text
    parsed = Parsed(text)
    assert text.count("(phantom)</caption>") == len([1 for tag, _ in parsed.tags if tag == "caption"]) > 5
    assert all("phantom" in str(made.get("aria-label")) for tag, made in parsed.tags if tag == "svg")
    assert set(pd.read_csv(tmp_path / "out" / "counts.csv")["data"]) == {"phantom"}


def test_what_is_there_already_is_refused_or_replaced_as_asked(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    write_summary(TINY, name="a toy", folder=out)  # an empty folder is free
    with pytest.raises(OutputError, match=r"a summary here already.*--overwrite"):
        write_summary(TINY, name="a toy", folder=out)
    write_summary(TINY, name="another toy", folder=out, overwrite=True)
    assert "another toy" in (out / "index.html").read_text(encoding="utf-8")
    (out / "thesis.docx").write_text("years of work", encoding="utf-8")
    with pytest.raises(OutputError, match=r"other things than a summary \(thesis.docx\)"):
        write_summary(TINY, name="a toy", folder=out, overwrite=True)
    assert (out / "thesis.docx").read_text(encoding="utf-8") == "years of work"
    taken = tmp_path / "taken"
    taken.write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="a file is in the summary's place"):
        write_summary(TINY, name="a toy", folder=taken)


def test_a_summary_that_ends_early_leaves_the_old_one(tmp_path, monkeypatch):
    out = tmp_path / "out"
    page = write_summary(TINY, name="the old one", folder=out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    write, done = output_folder.write_bytes, []

    def failing(path, content, **options):
        done.append(path)
        if len(done) == 3:
            raise KeyboardInterrupt
        write(path, content, **options)

    monkeypatch.setattr(output_folder, "write_bytes", failing)
    with pytest.raises(KeyboardInterrupt):
        write_summary(TINY, name="a new one", folder=out, overwrite=True)
    assert {path.name: path.read_bytes() for path in page.parent.iterdir()} == before
    assert not (tmp_path / ".out.partial").exists()


def test_a_summary_that_was_set_aside_by_a_killed_process_comes_back(tmp_path):
    out = tmp_path / "out"
    write_summary(TINY, name="the old one", folder=out)
    out.rename(tmp_path / ".out.replaced")
    with pytest.raises(OutputError, match="a summary here already"):
        write_summary(TINY, name="a new one", folder=out)
    assert "the old one" in (out / "index.html").read_text(encoding="utf-8")


def test_nothing_is_written_for_no_cases(tmp_path):
    with pytest.raises(InputError, match="no case"):
        write_summary(cases_frame([]), name="nothing", folder=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_same_cases_give_the_same_bytes(tmp_path):
    one, other = (write_summary(TINY, name="a toy", folder=tmp_path / name).parent for name in ("a", "b"))
    for path in one.iterdir():
        assert (other / path.name).read_bytes() == path.read_bytes(), path.name


def test_any_list_has_a_page(tmp_path):
    lists = {
        "one": small(view=["CC"]),
        "bare": small(patient_id=["a", "a"]),
        "empty": small(view=[None, None]),
        "text": small(note=[f"n{i}" for i in range(100)]),
        "unlabelled": small(laterality=["LEFT", "RIGHT"], age=[50.0, None], cancer=[None, None]),
        "all-positive": small(age=[float(i) for i in range(40, 60)], cancer=[1] * 20),
    }
    for name, frame in lists.items():
        page = write_summary(frame, name=name, folder=tmp_path / name)
        assert "Findings" in page.read_text(encoding="utf-8")


def test_a_manifest_of_any_columns_has_a_summary(tmp_path):
    lines = [
        f"x{i}.png,p{i // 2},{'AABB'[i % 4]},{50 + i},{i % 2},said by Jane Doe on day {i},{'b٣٣'[i % 3]}"
        for i in range(40)
    ]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["image,patient_id,site,age,malignant,comment,arm", *lines]), encoding="utf-8")
    reader = ManifestReader(path, whole="image")
    frame = cases_frame(reader.cases())
    page = write_summary(frame, name="list.csv", folder=tmp_path / "out", declared=reader.columns)
    columns = pd.read_csv(page.parent / "columns.csv").set_index("column")
    assert columns.loc[["site", "age", "malignant", "comment", "arm"], "kind"].tolist() == [
        "category", "number", "category", "text", "category",
    ]  # fmt: skip
    assert "Jane" not in "".join(one.read_text(encoding="utf-8") for one in page.parent.iterdir())
    assert "40 cases of 20 patients" in page.read_text(encoding="utf-8")


@needs_browser
@pytest.mark.parametrize("width", [400, 1400])
def test_the_page_fits_sorts_and_asks_for_nothing(tmp_path, hostile, width):
    if width == 1400:
        assert opened(hostile).console == []
    steps = """
      const all = (css) => [...document.querySelectorAll(css)];
      all("details").forEach((one) => (one.open = true));
      out.wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
      out.screen = document.documentElement.clientWidth;
      const named = (one) => one.getAttribute("aria-label")
        || (document.getElementById(one.getAttribute("aria-labelledby")) || {}).textContent;
      out.nameless = all("svg, [role=region], nav, main section").filter((one) => !named(one)).length;
      out.captions = all("table").filter((one) => !one.caption.textContent.trim()).length;
      out.levels = all("main h2, main h3").map((one) => Number(one.tagName[1]));
      out.ids = all("[id]").map((one) => one.id);
      const table = document.querySelector('table[data-file="counts"]');
      table.tHead.rows[0].cells[1].querySelector("button").click();
      out.rows = [...table.tBodies[0].rows].map((row) => Number(row.cells[1].textContent.replaceAll(",", "")));
    """
    seen = played(hostile.read_text(encoding="utf-8"), steps, tmp_path, width=width)
    assert seen["screen"] == width
    assert seen["wide"] <= 0
    assert (seen["nameless"], seen["captions"]) == (0, 0)
    assert all(after - before <= 1 for before, after in pairwise([1, *seen["levels"]]))
    assert len(seen["ids"]) == len(set(seen["ids"]))
    assert seen["rows"] == sorted(seen["rows"], reverse=True)


def test_the_published_marginals_of_rsna_2022_give_the_site_away():
    frame = rsna_frame()
    assert (len(frame), frame["patient_id"].nunique(), frame["cancer"].sum()) == (54_706, 11_913, 1_158)
    assert frame["age"].isna().sum() == 37
    assert frame["BIRADS"].isna().mean() == pytest.approx(0.52, abs=0.01)
    assert frame["density"].isna().mean() == pytest.approx(0.46, abs=0.01)
    said = found(frame, declared=RSNA_COLUMNS)
    text = json.dumps({rule: [one.sentence for one in group] for rule, group in said.items()}, ensure_ascii=False)
    for sentence in (
        "54,706 images are of 11,913 patients: 4.6 each",
        "BIRADS is missing in 100.0% of images at site 2",
        "density is missing in 100.0% of images at site 2 and in 0.0% at site 1",
        "All 10 machines are at one site only",
        "2.1% of images (1,158 of 54,706) are positive",
        "probabilistic F1 of always predicting 1 is 0.041",
        "biopsy (AUROC 0.98",
        "age in 37",
        "Without any image, AUROC of age 0.6",
    ):
        assert sentence in text, sentence
    assert {"several-rows", "known-after-diagnosis", "missing-by-site", "rare-label"} <= set(said)
    assert not {
        "patients-in-several-splits",
        "duplicates",
        "label-by-order",
        "label-by-scanner",
        "no-patient-id",
    } & set(said)


@needs_csv
def test_the_official_csvs_of_cbis_ddsm_hold_their_known_traps(tmp_path):
    reader = cbis_reader(tmp_path)
    frame = cases_frame(reader.cases())
    said = found(frame, declared=reader.columns)
    parts = understood(frame, declared=reader.columns)[1]["parts"]
    without = parts[parts["pathology"] == "BENIGN_WITHOUT_CALLBACK"]["rows"].tolist()
    assert without == [67, 474, 37, 104]  # calcifications, then masses; test, then train
    assert parts[parts["pathology"] == "all"]["patients"].tolist() == [151, 602, 201, 691]
    text = json.dumps({rule: [one.sentence for one in group] for rule, group in said.items()}, ensure_ascii=False)
    for sentence in (  # counted from the CSVs by others
        "3,568 lesions are of 1,566 patients",
        "31 patients are in several parts of the split",
        "79 patients have both masses and calcifications",
        "682 of 2,111 negatives (32.3%) are BENIGN_WITHOUT_CALLBACK",
        "mass 38.9% in test, 48.3% in train",
        "assessment 6.7%",
        "malignant differs between the rows of",
        "pathology (AUROC 1.000)",
    ):
        assert sentence in text, sentence
