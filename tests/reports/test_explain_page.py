"""The page: what comes from a table is text, figures have words, nothing is fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.reports.components import wording
from radiomics_mammo.reports.components.page import breakable
from radiomics_mammo.reports.figures.curves import CurveLine, roc_figure
from radiomics_mammo.reports.figures.shap import bar_figure, beeswarm_figure, short_name
from radiomics_mammo.reports.sections.cohort_counts import breakdowns
from tests.support.finished_run import toy_run
from tests.support.report_page import composed

NOTHING = np.full(3, np.nan)


def line(title: str) -> CurveLine:
    grid = np.linspace(0, 1, 3)
    return CurveLine(title, grid, grid, grid, grid, 0.5)


class CaseAttributes(HTMLParser):
    """Collects the tags and the ids of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]


def parsed(markup: str) -> CaseAttributes:
    found = CaseAttributes()
    found.feed(str(markup))
    return found


def test_figures_are_svg_with_words_and_the_pages_ink():
    svg = roc_figure([line("Forest"), line("XGBoost")], note="phantom")
    assert svg.startswith("<svg ")
    assert 'role="img"' in svg
    assert "Forest 0.500; XGBoost 0.500" in svg
    assert "currentColor" in svg
    assert "#1a2b3c" not in svg
    assert "phantom" in svg
    assert not re.search(r'(?:href|src)="https?:', svg)


def test_ids_do_not_clash_between_figures():
    importance = pd.Series({"original_glcm_Contrast": 0.2, "original_glcm_Idm": 0.1})
    ids = parsed(roc_figure([line("A")])).ids + parsed(bar_figure(importance, unit="log-odds")).ids
    assert len(ids) == len(set(ids))
    for figure in (roc_figure([line("A")]), bar_figure(importance, unit="log-odds")):
        wanted = set(re.findall(r'(?:url\(|href=")#([^)"]+)', figure))
        assert wanted <= set(parsed(figure).ids)


def test_names_with_markup_and_dollars_stay_text():
    svg = bar_figure(pd.Series({"<script>alert(1)</script>": 0.2, "cost $x^2$": 0.1}), unit="log-odds")
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg
    assert "$x^2$" in svg
    assert "script" not in parsed(roc_figure([line('"><script>alert(1)</script>')])).tags


def test_beeswarm_is_the_same_each_time_and_leaves_the_random_state_alone():
    rng = np.random.default_rng(0)
    names = ["original_glcm_Contrast", "original_glcm_Idm"]
    moved = pd.DataFrame(rng.normal(size=(40, 2)), columns=names)
    values = pd.DataFrame(rng.normal(size=(40, 2)), columns=names)
    values.iloc[:5, 0] = np.nan
    np.random.seed(7)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    one, two = (beeswarm_figure(moved, values, unit="log-odds", classes=("benign", "malignant")) for _ in range(2))
    assert one == two
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_no_figure_is_left_with_pyplot():
    import matplotlib.pyplot as plt

    roc_figure([line("A")])
    assert plt.get_fignums() == []


def test_short_names():
    assert short_name("original_glcm_Contrast") == "Contrast\nglcm"
    assert short_name("wavelet-LH_glcm_MCC") == "MCC\nglcm, wavelet-LH"
    long = "original_gldm_SmallDependenceLowGrayLevelEmphasis"
    assert short_name(long) == "SmallDependenceLow\nGrayLevelEmphasis (gldm)"
    assert short_name("original_firstorder_10Percentile") == "10Percentile\nfirstorder"
    assert short_name("assessment") == "assessment"


def differences(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["model", "against", "metric", "value", "low", "high"])


SUMMARY = pd.DataFrame(
    [("xgboost", "auroc", 0.7, 0.65, 0.75), ("xgboost", "brier", 0.2, 0.19, 0.21)],
    columns=["model", "metric", "value", "low", "high"],
)
TITLES = {"prevalence": "Prevalence", "xgboost": "XGBoost", "xgboost+smote": "XGBoost + SMOTE"}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((0.01, -0.01, 0.03), "Resampling brought no gain in AUROC: XGBoost + SMOTE"),
        ((0.02, 0.01, 0.03), "brought a gain in AUROC"),
        ((-0.02, -0.03, -0.01), "brought a loss in AUROC"),
    ],
)
def test_verdict_on_oversampling(row, said):
    table = differences(("xgboost+smote", "xgboost", "auroc", *row))
    text = wording.verdict(
        SUMMARY, table, titles=TITLES, best="xgboost", classes=("benign", "malignant"), phantom=False
    )
    assert said in text
    assert "AUROC of 0.70 (95% interval 0.65 to 0.75)" in text
    assert "best of 2 models" in text


def test_verdict_opens_with_random_oversampling_and_names_only_the_others_that_differ():
    table = differences(
        ("xgboost+smote", "xgboost", "auroc", -0.02, -0.03, -0.01),
        ("xgboost+adasyn", "xgboost", "auroc", 0.0, -0.01, 0.01),
        ("xgboost+oversampling", "xgboost", "auroc", 0.0, -0.01, 0.01),
    )
    titles = {**TITLES, "xgboost+adasyn": "XGBoost + ADASYN", "xgboost+oversampling": "XGBoost + random oversampling"}
    text = wording.verdict(SUMMARY, table, titles=titles, best="xgboost", classes=("a", "b"), phantom=False)
    assert "Oversampling brought no gain in AUROC: XGBoost + random oversampling" in text
    assert "; of 2 other ways of evening the classes out: a loss for XGBoost + SMOTE" in text
    assert "ADASYN" not in text
    assert text.endswith("; the rest brought no gain.")


def test_an_adjusted_verdict_goes_before_the_interval():
    table = differences(("xgboost+smote", "xgboost", "auroc", 0.02, 0.01, 0.03)).assign(verdict="no gain")
    assert wording.called(table) == "no gain"
    assert wording.called(table.assign(verdict="gain")) == "a gain"
    assert wording.called(table.assign(verdict=float("nan"))) == "a gain"
    assert wording.called(table.assign(verdict="not known")) == "not known"


def test_a_difference_that_is_not_known_is_no_verdict():
    table = differences(
        ("xgboost+oversampling", "xgboost", "auroc", 0.02, float("nan"), float("nan")),
        ("xgboost+smote", "xgboost", "auroc", 0.02, float("nan"), float("nan")),
    )
    titles = {**TITLES, "xgboost+oversampling": "XGBoost + random oversampling"}
    text = wording.verdict(SUMMARY, table, titles=titles, best="xgboost", classes=("a", "b"), phantom=False)
    assert "Oversampling: whether it brought a gain in AUROC is not known, XGBoost + random over" in text
    assert "no gain" not in text


def test_only_competitors_are_counted():
    titles = {**TITLES, "size": "Size only", "radiologists": "Readers"}
    text = wording.verdict(SUMMARY, differences(), titles=titles, best="xgboost", classes=("a", "b"), phantom=False)
    assert "The best of 2 models" in text


def test_verdict_says_when_it_is_guessing():
    summary = SUMMARY.assign(value=0.51, low=0.46, high=0.56)
    text = wording.verdict(summary, differences(), titles=TITLES, best="xgboost", classes=("a", "b"), phantom=True)
    assert "not told from guessing" in text
    assert "simulated" in text


def test_a_brier_score_gains_by_falling():
    assert wording.gain({"low": -0.02, "high": -0.01}, higher_is_better=False) == "a gain"
    assert wording.gain({"low": float("nan"), "high": float("nan")}) == "not known"


def test_a_number_that_rounds_to_nothing_has_no_sign():
    assert [wording.number(one, signed=True) for one in (-0.0004, 0.0004, 0.0)] == ["0.000"] * 3
    assert [wording.number(one, signed=True) for one in (-0.0006, 0.0006)] == ["−0.001", "+0.001"]
    assert wording.number(-0.0001) == "0.000"


@pytest.mark.parametrize(
    ("unit", "title", "verdict", "heading"),
    [
        ("lesion", "Radiomics of 300 cases:", "cases of patients it has never seen", "Cases"),
        ("patient", "Radiomics of 300 patients (300 cases):", "benign patients it has never seen", "Patients"),
        ("breast", "Radiomics of 300 breasts (300 cases):", "breasts of patients it has never seen", "Breasts"),
        ("image", "Radiomics of 300 images (300 cases):", "images of patients it has never seen", "Images"),
    ],
)
def test_what_is_predicted_together_has_its_own_noun(unit, title, verdict, heading):
    page = composed(*toy_run(unit=unit))
    assert page.title.startswith(title)
    assert verdict in page.opening.verdict
    assert {table.headings[1] for table in page.cohort.tables} == {heading}


def test_limits_speak_of_what_is_there():
    said = {"compared": 1, "phantom": False, "spacing_unknown": 0, "cases": "3 cases", "group": "patient_id"}
    bare, whole = (" ".join(wording.limits(**said, prevalence=one, explained=one)) for one in (False, True))
    assert "prevalence-only" not in bare and "SHAP" not in bare
    assert "prevalence-only" in whole and "SHAP" in whole


def test_breakdowns_count():
    cases = pd.DataFrame(
        {"view": ["CC", "MLO", "CC", None], "breast_density": [1.0, 2.0, np.nan, 1.0], "laterality": "LEFT"}
    )
    found = {part.caption: part.rows for part in breakdowns(cases, np.array([1, 0, 0, 1], dtype=np.int8))}
    assert found == {
        "View": [["CC", "2", "1", "50%"], ["MLO", "1", "0", "0%"], ["not given", "1", "1", "100%"]],
        "Breast density": [["1", "2", "2", "100%"], ["2", "1", "0", "0%"], ["not given", "1", "0", "0%"]],
    }


def test_long_names_break_after_underscores_and_stay_text():
    assert str(breakable("BENIGN_WITHOUT_CALLBACK")) == "BENIGN_<wbr>WITHOUT_<wbr>CALLBACK"
    assert str(breakable("<b>_&")) == "&lt;b&gt;_<wbr>&amp;"
    assert str(breakable("glcm_SumAverage <B>")) == "glcm_<wbr>Sum<wbr>Average &lt;B&gt;"
    assert str(breakable("XGBoost")) == "XGBoost"
    assert str(breakable(3)) == "3"
