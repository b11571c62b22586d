"""One case's own page."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.explanation.waterfall import case_waterfalls, plain_name, signed
from radiomics_mammo.reports.cases import Pictures
from radiomics_mammo.reports.cases.case_page import case_page, check_case, pictures_of_case
from tests.reports.test_explain_cases import EVIL, Tags
from tests.support.finished_run_cases import FEATURES, case_run, mean_p, some_pictures

CASE = "P_00007_1"


def test_everything_known_of_the_case_is_there():
    run, results = case_run()
    names = run.cases["case_id"].tolist()
    page = Tags(case_page(run, results, CASE, pictures=some_pictures(names), meaning=lambda name: f"words on {name}"))
    assert f"{mean_p(run, CASE):.2f}" in page.text
    terms = case_waterfalls(run.contributions, {CASE: mean_p(run, CASE)}, unit="log-odds", rule="max")[CASE]
    for name, value in zip(FEATURES, terms.values, strict=True):
        assert f"{plain_name(name)} {signed(value, digits=4)}" in re.sub(r"\s+", " ", " ".join(page.words))
        assert f"words on {name}" in page.text
    assert signed(terms.end, digits=4) in page.text
    assert f"leads to the probability {mean_p(run, CASE):.4f}" in page.text
    assert all(title in page.text for title in run.info.candidates.values())
    assert all(f"{p:.3f}" in page.text for p in run.predictions.query("case_id == @CASE")["p"])
    near = results.neighbours.query("case_id == @CASE")
    assert all(name in page.text for name in near["neighbour"])
    assert len(page.of("use")) == 2 + len(near)  # the case, its other view, the neighbours
    assert "JOHN DOE" not in page.text


def test_the_calls_of_each_repeat_are_marked():
    run, results = case_run()
    page = Tags(case_page(run, results, CASE, pictures=Pictures()))
    own = run.predictions.query("model == 'xgboost' and case_id == @CASE")
    for p, called in zip(own["p"], own["called"], strict=True):
        assert (f"{p:.3f} +" in page.text) == called


def test_the_page_stands_alone_and_text_stays_text():
    run, results = case_run(phantom=True)
    mark = {name: run.cases[name].replace(CASE, f"{CASE}{EVIL}") for name in ("case_id", "patient_id")}
    predictions = run.predictions.assign(case_id=run.predictions["case_id"].replace(CASE, f"{CASE}{EVIL}"))
    run = replace(run, cases=run.cases.assign(**mark), predictions=predictions)
    text = case_page(run, results, f"{CASE}{EVIL}", pictures=Pictures(), meaning=lambda _: EVIL)
    page = Tags(text)
    assert EVIL in page.text
    assert len(page.of("script")) == 1
    assert "PHANTOM" in page.text
    assert not re.search(r'(?:href|src)="(?!#|data:)', text)
    ids = [found["id"] for _, found in page.tags if found.get("id")]
    assert len(ids) == len(set(ids))


def test_the_best_candidate_tells_the_case_and_the_waterfall_says_whose_it_is():
    run, results = case_run(best="logistic", explained="xgboost")
    page = Tags(case_page(run, results, CASE, pictures=Pictures()))
    best, explained = (f"{mean_p(run, CASE, candidate):.2f}" for candidate in ("logistic", "xgboost"))
    assert f"Probability of malignant: {best}; classified as malignant" in page.text
    assert f"XGBoost: from its average to {explained}." in page.text
    assert "outputs of networks are not used" in page.text


def test_an_unknown_case_names_those_that_are_called_nearly_so():
    run, results = case_run()
    with pytest.raises(InputError, match=r"there is no case 'P_00007'.*P_00007_0, P_00007_1"):
        case_page(run, results, "P_00007", pictures=Pictures())
    with pytest.raises(InputError, match="look like P_00000_0, P_00000_1"):
        check_case(run, "~")
    with pytest.raises(InputError, match="no cases to show"):
        check_case(replace(run, info=replace(run.info, best="", explained="")), CASE)


def test_its_pictures_are_its_own_all_other_views_and_the_neighbours():
    run, results = case_run()
    wanted = pictures_of_case(run, results, CASE)
    assert wanted.cards == (CASE,)
    assert wanted.views == ("P_00007_0",)
    assert list(wanted.neighbours) == results.neighbours.query("case_id == @CASE")["neighbour"].tolist()
    assert pictures_of_case(case_run(unit="breast")[0], results, CASE).cards == ()


def test_without_an_explanation_the_page_says_so():
    run, results = case_run(explained="")
    page = Tags(case_page(replace(run, contributions=None, values=None), results, CASE, pictures=Pictures()))
    assert "There is no waterfall plot" in page.text
    assert not page.of("svg", "waterfall")
