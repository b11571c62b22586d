"""The report command, as a user runs it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from radiomics_mammo import report
from radiomics_mammo.compare import main as compare
from radiomics_mammo.features.catalogue import meaning
from radiomics_mammo.readers import open_reader
from radiomics_mammo.readers.phantom.reader import PhantomReader
from radiomics_mammo.runs.results import Results
from radiomics_mammo.tables.feature_table import write_table
from tests.support.cohorts import toy_frame
from tests.support.finished_run_cases import case_run, written
from tests.support.html_pages import Parsed

QUICK = ("--folds", "2", "--repeats", "1", "--bootstrap", "40", "--workers", "1", "--trials", "1")
QUICK += ("--inner-folds", "2", "--select", "none", "--no-leakage")
EVIL = "<script>alert('x')</script>"


class Page(Parsed):
    """Collects what the tests ask about."""

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def reported(folder: Path, *options: str, name: str = "report.html") -> str:
    assert report.main([str(folder), *options]) == 0
    return (folder / name).read_text(encoding="utf-8")


def toy_folder(folder: Path, *, provenance: dict | None = None, **others) -> Path:
    """Write a toy run whose table says how its images are read."""
    run, results = case_run()
    if provenance is not None:
        run = replace(run, info=replace(run.info, provenance=provenance))
    return written(replace(run, **others), results, folder / "run")


@pytest.fixture(scope="module")
def phantom_folder(tmp_path_factory) -> Path:
    """A run of compare on phantoms, whose images the report can read again."""
    folder = tmp_path_factory.mktemp("phantom")
    reader = PhantomReader(patients=14)
    patients = reader.cases()
    frame = toy_frame(patients=len(patients), rows_each=1)
    frame["case_id"] = [case.case_id for case in patients]
    frame["patient_id"] = [case.patient_id for case in patients]
    frame["laterality"] = [case.columns["laterality"] for case in patients]
    frame["view"] = [case.columns["view"] for case in patients]
    frame["phantom"] = True
    frame.loc[frame.index % 7 == 0, "malignant"] ^= 1  # so that there are mistakes
    frame = frame.rename(columns={"original_firstorder_F0": "original_glcm_Contrast"})
    made = {"reader": reader.describe(), "phantom": True, "recipe_name": "lesion", "engine": "cpu"}
    write_table(frame, folder / "t.parquet", provenance=made)
    models = ("--models", "prevalence,xgboost,xgboost+smote")
    assert compare([str(folder / "t.parquet"), "--out", str(folder / "run"), *QUICK, *models]) == 0
    return folder / "run"


@pytest.fixture(scope="module")
def phantom_page(phantom_folder) -> str:
    return reported(phantom_folder)


def test_the_page_needs_nothing_else(phantom_page):
    page = Page(phantom_page)
    assert not [tag for tag, _ in page.tags if tag in ("link", "iframe", "object", "embed", "base")]
    for tag, attributes in page.tags:
        assert tag != "script" or not attributes
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/"))
    style = phantom_page.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_every_picture_has_words(phantom_page):
    page = Page(phantom_page)
    assert len([tag for tag, _ in page.tags if tag == "image"]) > 20
    drawings = [found for tag, found in page.tags if tag == "svg" and found.get("aria-hidden") != "true"]
    assert len(drawings) > 40
    assert all(one.get("role") == "img" and len(one.get("aria-label") or "") > 10 for one in drawings)
    assert sum("with its outline" in (one["aria-label"] or "") for one in drawings) > 10
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert {found["href"][1:] for tag, found in page.tags if tag == "use" and "href" in found} <= set(ids)


def test_phantom_is_said_on_every_figure_and_table(phantom_page):
    page = Page(phantom_page)
    assert "PHANTOM: simulated images" in page.text
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", phantom_page, flags=re.DOTALL)
    assert captions
    assert all("phantom" in caption.lower() for caption in captions)
    tables = re.findall(r"<caption>(.*?)</caption>", phantom_page, flags=re.DOTALL)
    assert len(tables) == phantom_page.count("<table") >= 4
    assert all("phantom" in caption for caption in tables)
    labels = [found["aria-label"] for tag, found in page.tags if tag == "svg" and found.get("role") == "img"]
    assert all("phantom" in (label or "") for label in labels)
    assert "Lee RS" not in phantom_page


def test_the_page_says_what_a_reviewer_asks(phantom_page):
    text = Page(phantom_page).text
    for wanted in (
        "The best of 2 models",
        "95% interval",
        "Resampling",
        "Study population",
        "False positives",
        "False negatives",
        "Most similar training cases",
        "all rows of a patient are in one fold",
        "draws of patients",
        "SHA-256",
        "lesion",
        "xgboost",
        meaning("original_glcm_Contrast"),
    ):
        assert wanted in text, wanted


def test_the_report_is_the_same_each_time(phantom_folder, phantom_page, tmp_path):
    assert report.main([str(phantom_folder), "--out", str(tmp_path / "b.html")]) == 0
    assert (tmp_path / "b.html").read_text(encoding="utf-8") == phantom_page


def test_one_case_has_a_page(phantom_folder, tmp_path, capsys):
    name = pd.read_parquet(phantom_folder / "cases.parquet")["case_id"][3]
    page = Page(reported(phantom_folder, "--case", name, name=f"case_{name}.html"))
    assert name in page.text
    assert sum(tag == "use" for tag, _ in page.tags) >= 8
    assert f"case_{name}.html" in capsys.readouterr().out
    assert report.main([str(phantom_folder), "--case", name, "--out", str(tmp_path / "mine.html")]) == 0
    assert (tmp_path / "mine.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert report.main([str(phantom_folder), "--case", name[:-2]]) == 2
    assert name in capsys.readouterr().err


def test_a_case_is_a_file_whatever_it_is_called(tmp_path):
    run, results = case_run()
    odd = f"../../{EVIL}"
    names = {"P_00001_0": odd, "P_00001_1": f"___{EVIL}"}
    tables = {
        name: getattr(run, name).replace({"case_id": names}) for name in ("cases", "predictions", "contributions")
    }
    folder = written(replace(run, **tables), results, tmp_path / "run")
    for name in names.values():
        assert report.main([str(folder), "--case", name]) == 0
    pages = sorted(path.name for path in folder.glob("*.html"))
    assert len(pages) == 2
    assert all(re.fullmatch(r"case_[\w.]+\.html", page) for page in pages)


def test_two_runs_have_a_page(tmp_path, capsys):
    first = toy_folder(tmp_path, provenance={})
    run, results = case_run()
    other = written(run, results, tmp_path / "other run")
    page = Page(reported(first, str(other), name="compared_with_other_run_" + _digest(other) + ".html"))
    assert "other run" in page.text
    assert "report:" in capsys.readouterr().out


def _digest(folder: Path) -> str:
    import hashlib

    return hashlib.sha256(folder.name.encode()).hexdigest()[:8]


def test_text_from_the_table_is_shown_as_text(tmp_path):
    run, results = case_run()
    evil = run.cases["case_id"].map(lambda name: f"{EVIL}{name}")
    names = dict(zip(run.cases["case_id"], evil, strict=True))
    cases = run.cases.assign(case_id=evil, patient_id=EVIL + run.cases["patient_id"])
    cases["pathology"] = f"<img src=x onerror={EVIL}>"
    tables = {
        name: getattr(run, name).replace({"case_id": names}) for name in ("predictions", "contributions", "values")
    }
    info = replace(run.info, provenance={"recipe_text": EVIL, "reader": {"reader": EVIL}}, classes=[f"b{EVIL}", EVIL])
    folder = written(replace(run, info=info, cases=cases, **tables), results, tmp_path / "run")
    page = Page(reported(folder))
    assert [tag for tag, _ in page.tags].count("script") == 1  # our own
    assert not [attributes for _, attributes in page.tags if "onerror" in attributes]
    assert EVIL in page.text
    assert "no reader is called" in page.text


@pytest.fixture(scope="module")
def gone_page(tmp_path_factory) -> str:
    """A real collection that is no longer there, with failures and remarks."""
    run, _ = case_run()
    provenance = {**run.info.provenance, "reader": {"reader": "cbis-ddsm", "root": "/no/such/place"}}
    info = replace(run.info, provenance=provenance, failures=3, remarks=["2 features are null in every row."])
    failures = pd.DataFrame({"case_id": list("abc"), "stage": "read", "cause": "the file is truncated"})
    run = replace(run, info=info, failures=failures)
    return reported(written(run, Results(), tmp_path_factory.mktemp("gone") / "run"))


def test_images_out_of_reach_are_said_in_the_pictures_place(gone_page):
    text = Page(gone_page).text
    assert "The images could not be reached: the images' folder place is not there." in text
    assert text.count("No image: the file could not be read.") > 20
    assert not [tag for tag, _ in Page(gone_page).tags if tag == "image"]
    cases = gone_page.partition('id="cases"')[2].partition('id="methods"')[0]
    assert "/no/such/place" not in cases


def test_the_collection_is_cited_where_it_is_known_and_real(gone_page):
    assert "Sci Data 2017;4:170177" in gone_page


def test_failures_and_remarks_are_told(gone_page):
    assert "read: the file is truncated" in Page(gone_page).text
    assert "features are null in every row" in Page(gone_page).text


def test_a_table_of_another_tool_has_a_report_without_pictures_also_in_parts(tmp_path, capsys):
    run, _ = case_run()
    run = replace(
        run,
        info=replace(run.info, provenance={}),
        cases=run.cases.drop(columns=["view", "laterality"]),
    )
    folder = written(run, Results(), tmp_path / "run")
    page = Page(reported(folder, "--parts", str(tmp_path / "parts")))
    assert "does not state how its images are read" in page.text
    assert "created by another tool" in page.text
    assert "PHANTOM" not in page.text
    assert {path.suffix for path in (tmp_path / "parts").iterdir()} == {".csv", ".svg"}
    assert "files in" in capsys.readouterr().out


def test_rows_made_of_several_images_are_said_to_be_so_and_have_no_picture(tmp_path):
    run, _ = case_run()
    made = {"to": "breast", "rules": {"mean": "mean over the images of a view", "max": "largest value"}}
    info = replace(run.info, provenance={**run.info.provenance, "aggregated": made})
    page = Page(reported(written(replace(run, info=info), Results(), tmp_path / "run")))
    assert "a row of the table is a breast, of several images" in page.text
    assert "mean: mean over the images of a view; max: largest value" in page.text


@pytest.mark.parametrize(
    ("best", "said"), [("", "not in this run: a model that uses features"), ("logistic", "no waterfall plots")]
)
def test_runs_with_nothing_to_explain_still_have_a_report(tmp_path, best, said):
    run, _ = case_run()
    info = replace(run.info, best=best, explained="", final_model="", provenance={})
    folder = written(replace(run, info=info, contributions=None, values=None), Results(), tmp_path / "run")
    assert said in Page(reported(folder)).text


def test_bad_input_ends_in_one_line(tmp_path, capsys):
    assert report.main([str(tmp_path / "none")]) == 2
    folder = toy_folder(tmp_path)
    (tmp_path / "mine.html").write_text("mine")
    assert report.main([str(folder), "--out", str(tmp_path / "mine.html")]) == 2
    assert (tmp_path / "mine.html").read_text() == "mine"
    assert report.main([str(folder), "--out", str(tmp_path / "no" / "r.html")]) == 2
    assert report.main([str(folder), str(folder), "--case", "x"]) == 2
    (folder / "predictions.parquet").write_bytes(b"PAR1")
    assert report.main([str(folder)]) == 2
    said = capsys.readouterr().err
    wanted = ("no such run folder", "--overwrite", "no such folder", "cannot be combined", "predictions.parquet")
    for words in wanted:
        assert words in said
    assert "Traceback" not in said


def test_a_named_page_is_replaced_when_that_is_asked(tmp_path):
    folder = toy_folder(tmp_path, provenance={})
    (tmp_path / "mine.html").write_text("mine")
    again = [str(folder), "--case", "P_00001_0", "--out", str(tmp_path / "mine.html")]
    assert report.main(again) == 2
    assert report.main([*again, "--overwrite"]) == 0
    assert (tmp_path / "mine.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_provenance_opens_the_reader_again():
    described = PhantomReader(patients=2).describe()
    assert [case.case_id for case in open_reader(described).cases()] == [
        case.case_id for case in PhantomReader(patients=2).cases()
    ]
