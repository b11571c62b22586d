"""The page: what comes from a table is text, figures have words, nothing is fetched."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.reports.components.numbers import number
from radiomics_mammo.reports.components.page import breakable
from radiomics_mammo.reports.figures.curves import CurveLine, roc_figure
from radiomics_mammo.reports.figures.shap import bar_figure, beeswarm_figure, short_name
from radiomics_mammo.reports.sections.class_balancing import effect, effect_in_auroc
from radiomics_mammo.reports.sections.population import breakdowns
from radiomics_mammo.reports.study import resampling_sentence
from radiomics_mammo.runs.results import Results
from tests.support.finished_run import toy_run
from tests.support.report_page import composed, section_part

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


TITLES = {"xgboost": "XGBoost", "xgboost+oversampling": "XGBoost + oversampling", "xgboost+smote": "XGBoost + SMOTE"}


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ((0.01, -0.01, 0.03), "Resampling gave no gain in AUROC: XGBoost + SMOTE against XGBoost (+0.010, −0.010 to"),
        ((0.02, 0.01, 0.03), "gave a gain in AUROC"),
        ((-0.02, -0.03, -0.01), "gave a loss in AUROC"),
    ],
)
def test_the_effect_of_class_balancing(row, text):
    assert text in resampling_sentence(differences(("xgboost+smote", "xgboost", "auroc", *row)), TITLES)


def test_oversampling_comes_first_and_of_the_others_only_effects_are_named():
    rows = [
        ("xgboost+smote", "xgboost", "auroc", 0.0, -0.01, 0.01),
        ("xgboost+oversampling", "xgboost", "auroc", 0.02, 0.01, 0.03),
    ]
    text = resampling_sentence(differences(*rows), TITLES)
    assert text.startswith("Oversampling gave a gain in AUROC: XGBoost + oversampling")
    assert text.endswith("The other class-balancing method gave no gain.")
    rows[0] = ("xgboost+smote", "xgboost", "auroc", -0.02, -0.03, -0.01)
    assert "Other class-balancing methods: a loss for XGBoost + SMOTE" in resampling_sentence(
        differences(*rows), TITLES
    )


def test_the_adjusted_test_decides_where_there_is_one():
    table = differences(("xgboost+smote", "xgboost", "auroc", 0.02, 0.01, 0.03))
    assert effect_in_auroc(table) == "a gain"
    assert effect_in_auroc(table.assign(verdict="no gain")) == "no gain"
    assert effect_in_auroc(table.assign(verdict="gain")) == "a gain"
    assert effect_in_auroc(table.assign(verdict=float("nan"))) == "a gain"
    assert effect_in_auroc(table.assign(verdict="not known")) == "not known"


def test_a_difference_that_is_not_known_is_no_effect():
    nan = float("nan")
    text = resampling_sentence(differences(("xgboost+oversampling", "xgboost", "auroc", 0.02, nan, nan)), TITLES)
    assert "Oversampling: the effect on the AUROC is not known, XGBoost + oversampling" in text
    assert "no gain" not in text
    assert effect(nan, nan) == "not known"


def test_the_summary_states_when_the_auroc_may_be_chance():
    run, results = toy_run(phantom=True)
    assert "chance" not in composed(run, results).opening.verdict
    run = replace(run, summary=run.summary.assign(value=0.51, low=0.46, high=0.56))
    verdict = composed(run, Results()).opening.verdict
    assert "not distinguishable from chance" in verdict
    assert "simulated" in verdict


def test_a_number_that_rounds_to_nothing_has_no_sign():
    assert [number(one, signed=True) for one in (-0.0004, 0.0004, 0.0)] == ["0.000"] * 3
    assert [number(one, signed=True) for one in (-0.0006, 0.0006)] == ["−0.001", "+0.001"]
    assert number(-0.0001) == "0.000"


@pytest.mark.parametrize(
    ("unit", "title", "verdict", "heading"),
    [
        ("lesion", "Radiomics of 300 cases:", "cases of patients not seen in training", "Cases"),
        ("patient", "Radiomics of 300 patients (300 cases):", "benign patients not seen in training", "Patients"),
        ("breast", "Radiomics of 300 breasts (300 cases):", "breasts of patients not seen in training", "Breasts"),
        ("image", "Radiomics of 300 images (300 cases):", "images of patients not seen in training", "Images"),
    ],
)
def test_what_is_predicted_together_has_its_own_noun(unit, title, verdict, heading):
    page = composed(*toy_run(unit=unit))
    assert page.title.startswith(title)
    assert verdict in page.opening.verdict
    assert {table.headings[1] for table in page.parts[0].tables} == {heading}


def test_limitations_are_those_of_the_run():
    run, _ = toy_run(candidates={"xgboost": "XGBoost"})
    bare = " ".join(section_part("limitations", run).items)
    assert "prevalence-only" not in bare and "SHAP" not in bare
    whole = " ".join(section_part("limitations", toy_run()[0], Results({"shap_features": pd.DataFrame()})).items)
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
