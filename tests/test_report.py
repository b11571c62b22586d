"""The report command, as a user runs it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from cohorts import toy_frame, toy_table

from radiomics_mammo import report
from radiomics_mammo.catalogue import meaning
from radiomics_mammo.compare import main as compare
from radiomics_mammo.readers import open_reader
from radiomics_mammo.readers.phantom import PhantomReader
from radiomics_mammo.tables import write_table

QUICK = ("--folds", "3", "--repeats", "1", "--bootstrap", "40", "--workers", "1", "--trials", "1")
QUICK += ("--inner-folds", "2", "--select", "none", "--no-leakage")
EVIL = "<script>alert('x')</script>"


class Page(HTMLParser):
    """Collects what the tests ask about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def reported(folder, frame, *, provenance=None, options=("--models", "prevalence,xgboost,xgboost+smote")) -> str:
    write_table(frame, folder / "t.parquet", provenance=provenance or {})
    assert compare([str(folder / "t.parquet"), "--out", str(folder / "run"), *QUICK, *options]) == 0
    assert report.main([str(folder / "run")]) == 0
    return (folder / "run" / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def phantom_page(tmp_path_factory) -> str:
    """A run on phantoms, whose images the report can read again."""
    reader = PhantomReader(patients=14)
    people = reader.cases()
    frame = toy_frame(people=len(people), rows_each=1)
    frame["case_id"] = [case.case_id for case in people]
    frame["patient_id"] = [case.patient_id for case in people]
    frame["phantom"] = True
    frame.loc[frame.index % 7 == 0, "malignant"] ^= 1  # so that there are mistakes
    made = {"reader": reader.describe(), "phantom": True, "recipe_name": "lesion", "engine": "cpu"}
    return reported(tmp_path_factory.mktemp("phantom"), frame, provenance=made)


def test_the_page_needs_nothing_else(phantom_page):
    page = Page(phantom_page)
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "object", "embed")]
    for _, attributes in page.tags:
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:image/"))
    style = phantom_page.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_every_picture_has_words(phantom_page):
    page = Page(phantom_page)
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert pictures
    assert all("lesion with its outline" in (one["alt"] or "") for one in pictures)
    figures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(figures) == 5
    assert all(one.get("role") == "img" and len(one.get("aria-label") or "") > 30 for one in figures)
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))


def test_phantom_is_said_on_every_figure_and_table(phantom_page):
    page = Page(phantom_page)
    assert "PHANTOM: simulated images" in page.text
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", phantom_page, flags=re.DOTALL)
    assert captions
    assert all("Phantom" in caption for caption in captions)
    tables = re.findall(r"<caption>(.*?)</caption>", phantom_page, flags=re.DOTALL)
    assert len(tables) == phantom_page.count("<table") >= 4
    assert all("phantom" in caption for caption in tables)
    labels = [attributes["aria-label"] for tag, attributes in page.tags if tag == "svg"]
    assert all("phantom" in (label or "") for label in labels)
    assert "Lee RS" not in phantom_page


def test_the_page_says_what_a_reviewer_asks(phantom_page):
    text = Page(phantom_page).text
    for wanted in (
        "The best of 2 models",
        "95% interval",
        "Resampling",
        "Who was looked at",
        "held-out cases only",
        "False alarms",
        "Missed",
        "all rows of a person are in one fold",
        "draws of people",
        "SHA-256",
        "lesion",
        "xgboost",
    ):
        assert wanted in text, wanted


def test_the_report_is_the_same_each_time(phantom_page, tmp_path):
    table = toy_table(tmp_path / "t.parquet")
    assert compare([str(table), "--out", str(tmp_path / "r"), *QUICK, "--models", "xgboost"]) == 0
    pages = []
    for name in ("a.html", "b.html"):
        assert report.main([str(tmp_path / "r"), "--out", str(tmp_path / name)]) == 0
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]


def test_text_from_the_table_is_shown_as_text(tmp_path):
    frame = toy_frame()
    frame["case_id"] = [f"{EVIL}{i}" for i in range(len(frame))]
    frame["patient_id"] = EVIL + frame["patient_id"]
    frame["pathology"] = [f"<img src=x onerror={EVIL}>" if y else "b" for y in frame["malignant"]]
    frame["cost<b>"] = frame["original_firstorder_F0"]
    text = reported(
        tmp_path,
        frame,
        provenance={"recipe_text": EVIL, "reader": {"reader": EVIL}},
        options=("--models", "xgboost", "--also-feature", "cost<b>"),
    )
    page = Page(text)
    assert "script" not in [tag for tag, _ in page.tags]
    assert not [attributes for _, attributes in page.tags if "onerror" in attributes]
    assert EVIL in page.text
    assert "no reader is called" in page.text


def test_images_out_of_reach_are_said_in_the_pictures_place(tmp_path, capsys):
    made = {"reader": {"reader": "manifest", "path": str(tmp_path / "gone.csv")}}
    page = Page(reported(tmp_path, toy_frame(strength=0.5), provenance=made))
    assert "The images could not be reached" in page.text
    assert "No picture" in page.text
    assert not [tag for tag, _ in page.tags if tag == "img"]
    assert "could not be reached" in capsys.readouterr().out


def test_a_table_of_another_tool_has_a_report_without_pictures(tmp_path):
    page = Page(reported(tmp_path, toy_frame(strength=0.5).drop(columns=["phantom", "view"])))
    assert "does not say how its images are read" in page.text
    assert "made by another tool" in page.text
    assert "PHANTOM" not in page.text


@pytest.mark.parametrize("models", ["prevalence", "logistic", "prevalence,logistic+smote"])
def test_runs_with_nothing_to_explain_still_have_a_report(tmp_path, models):
    page = Page(reported(tmp_path, toy_frame(), options=("--models", models)))
    assert "nothing to explain" in page.text


def test_the_collection_is_cited_where_it_is_known_and_real(tmp_path):
    made = {"reader": {"reader": "cbis-ddsm", "root": str(tmp_path / "gone")}}
    assert "Sci Data 2017;4:170177" in reported(
        tmp_path, toy_frame(), provenance=made, options=("--models", "logistic")
    )


def test_failures_and_remarks_are_told(tmp_path):
    (tmp_path / "t.parquet.failures.csv").write_text(
        "case_id,patient_id,stage,error,path,cause,remedy\n"
        + "P_9,P_9,read,ReadError,x.dcm,the file is truncated,Fetch\n" * 3
    )
    frame = toy_frame()
    frame["original_firstorder_F7"] = float("nan")
    page = Page(reported(tmp_path, frame, options=("--models", "logistic", "--also-feature", "breast_density")))
    assert "3 cases could not be measured" in page.text
    assert "read: the file is truncated" in page.text
    assert "features are null in every row" in page.text
    assert "Let in as features by name" in page.text


def test_leading_features_are_told_in_the_catalogues_words(tmp_path):
    name = "original_glcm_Contrast"
    text = reported(tmp_path, toy_frame().rename(columns={"original_firstorder_F0": name}))
    assert len(meaning(name)) > 20
    assert meaning(name) in Page(text).text


def test_bad_input_ends_in_one_line(tmp_path, capsys):
    assert report.main([str(tmp_path / "none")]) == 2
    table = toy_table(tmp_path / "t.parquet")
    assert compare([str(table), "--out", str(tmp_path / "r"), *QUICK, "--models", "logistic"]) == 0
    (tmp_path / "mine.html").write_text("mine")
    assert report.main([str(tmp_path / "r"), "--out", str(tmp_path / "mine.html")]) == 2
    assert (tmp_path / "mine.html").read_text() == "mine"
    assert report.main([str(tmp_path / "r"), "--out", str(tmp_path / "no" / "r.html")]) == 2
    (tmp_path / "r" / "predictions.parquet").write_bytes(b"PAR1")
    assert report.main([str(tmp_path / "r")]) == 2
    said = capsys.readouterr().err
    for wanted in ("no such run folder", "--overwrite", "no such folder", "predictions.parquet"):
        assert wanted in said
    assert "Traceback" not in said


def test_the_provenance_opens_the_reader_again():
    described = PhantomReader(patients=2).describe()
    assert [case.case_id for case in open_reader(described).cases()] == [
        case.case_id for case in PhantomReader(patients=2).cases()
    ]
