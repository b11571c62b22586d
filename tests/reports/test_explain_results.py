"""Sections of the page on what the predictions are worth."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.result_tables import RESULT_TABLES
from radiomics_mammo.evaluation.training.registry import is_baseline
from radiomics_mammo.reports.cases import Pictures
from radiomics_mammo.reports.components.model_names import (
    MAX_CURVES,
    selected_for_figure,
    without_baselines,
)
from radiomics_mammo.reports.components.numbers import estimate, p_value, percent
from radiomics_mammo.reports.components.page import render
from radiomics_mammo.reports.figures.curves import CurveLine, roc_figure
from radiomics_mammo.reports.figures.decision_curve import decision_figure
from radiomics_mammo.reports.section import ReportInputs
from radiomics_mammo.reports.sections import SECTIONS
from radiomics_mammo.reports.sections.held_out import label_shift_sentence
from radiomics_mammo.reports.sections.methods import method_facts
from radiomics_mammo.reports.sections.paired import best_against, selection
from radiomics_mammo.reports.study import build_sections, compose
from radiomics_mammo.runs.results import Results, read_results
from tests.cli.test_report import Page
from tests.support.finished_run import CANDIDATES, toy_run
from tests.support.report_page import section_part

CHAPTERS = ["population", "limitations", "comparison", "cases", "methods", "checklists"]
EXPLANATION = {section.slug for section in SECTIONS if section.chapter == "explanation"}
HELD_OUT = {"table": "/home/someone/other.parquet", "sha256": "c" * 64}
HELD_OUT |= {"rows": 60, "units": 60, "patients": 30, "positives": 20}
FIGURES = 10
"""Forest, two curves, folds, heads, confusion twice, reliability, decision, subgroups."""


def page_of(run, results=None) -> str:
    made = compose(run, pictures=Pictures(), meaning=lambda _: "", results=results or Results())
    return render(made)


@pytest.fixture(scope="module")
def run_and_results():
    return toy_run()


@pytest.fixture(scope="module")
def whole(run_and_results) -> str:
    return page_of(*run_and_results)


def headings(text: str, level: int = 2) -> list[str]:
    return re.findall(rf'<h{level} id="([^"]+)"', text)


def test_sections_come_in_the_order_of_the_registry(whole):
    assert headings(whole) == CHAPTERS
    comparison = [section.slug for section in SECTIONS if section.chapter == "comparison"]
    assert headings(whole, 3)[: len(comparison)] == comparison
    contents = re.findall(r'<a href="#([^"]+)"', whole.partition("<nav")[2].partition("</nav>")[0])
    assert contents == re.findall(r'<h[23] id="([^"]+)"', whole)


def test_a_section_is_left_out_with_the_reason_exactly_where_an_input_is_missing(run_and_results):
    run, results = run_and_results
    run = replace(run, info=replace(run.info, embeddings=[]))
    optional = (
        "selection_bias",
        "uncalibrated",
        "learning_curves",
        "test_operating",
        "test_confusion",
        "test_certified",
    )
    for tables in (Results(), results, results.replace(dict.fromkeys(optional))):
        inputs = ReportInputs(run, tables)
        parts, left_out = build_sections(inputs, [section for section in SECTIONS if section.slug != "cases"])
        slugs = {member.slug for part in parts for member in (part, *part.parts)}
        missing = {section.title for section in SECTIONS if section.missing(inputs)}
        assert {title for title, _ in left_out} == missing
        assert all(reason.startswith("not in this run: ") for _, reason in left_out)
        assert slugs & {section.slug for section in SECTIONS if section.missing(inputs)} == set()
        assert len(slugs & {section.slug for section in SECTIONS}) == len(SECTIONS) - 1 - len(missing)


def test_numbers_on_the_page_are_those_of_the_tables(whole, run_and_results):
    _, results = run_and_results
    text = Page(whole).text
    certified = results.certified.set_index("target").loc[0.95]
    assert certified["sentence"] in text
    assert f"{certified['misses']:.0f} of {certified['patients']:.0f}" in text
    pair = results.pairs.set_index("model").loc["logistic"]
    assert f"{pair['difference']:+.3f}".replace("-", "−") in text
    tested = results.test_summary.set_index(["model", "metric"]).loc[("forest", "auroc"), "value"]
    assert f"{tested:.3f}" in text
    for wanted in ("Oversampled, then rows split", "+0.200", "+0.070", "up to +0.34", "FAILED", "1 of 2 checks failed"):
        assert wanted in text


def test_held_out_patients_have_their_twins_thresholds_and_shifted_probabilities(whole, run_and_results):
    _, results = run_and_results
    text = Page(whole).text
    checked = results.test_certified.set_index("target")
    assert checked.loc[0.95, "sentence"] in text
    assert f"{checked.loc[0.9, 'misses']} of {checked.loc[0.9, 'patients']}" in text
    assert "−0.004" in text
    moved = results.test_shifted.set_index(["model", "metric"]).loc[("forest", "brier"), "value"]
    assert f"{moved:.3f}" in text


def test_twins_as_trained_show_brier_and_slope(whole, run_and_results):
    run, results = run_and_results
    text = Page(whole).text
    for wanted in ("+0.031", "−0.123", "Resampling shifts the predicted probabilities, and calibration corrects"):
        assert wanted in text
    assert "0.243" not in text  # the candidates themselves are not in the table of differences
    alone = results.uncalibrated[results.uncalibrated["against"] == ""]
    assert "calibration corrects this shift" not in page_of(run, Results({"uncalibrated": alone}))


@pytest.mark.parametrize("asked", [0.8, 0.9])
def test_the_certificate_in_words_is_the_one_that_was_asked_for(run_and_results, asked):
    run, results = run_and_results
    run = replace(run, info=replace(run.info, command={**run.info.command, "sensitivity": asked}))
    text = Page(page_of(run, results)).text
    for table in (results.certified, results.test_certified):
        said = table.set_index("target")["sentence"]
        assert said[asked] in text
        assert said[0.95] not in text


def test_baselines_are_marked_and_are_never_counted_as_competitors(whole):
    text = Page(whole).text
    assert "Size only (baseline)" in text
    assert "assessment (baseline)" in text
    assert "The best of 5 models" in text
    assert "XGBoost (baseline)" not in text


def test_held_out_patients_change_what_the_limits_say(run_and_results, whole):
    run, _ = run_and_results
    assert "no external test set" not in whole
    assert "fixed, not tuned" in whole
    tuned = page_of(replace(run, info=replace(run.info, command={**run.info.command, "trials": 20})))
    assert "no external test set" in tuned
    assert "fixed, not tuned" not in tuned
    assert "20 settings of each model" in tuned


def test_where_files_lie_is_not_told():
    run, _ = toy_run(
        table="/home/someone/private/masses.parquet",
        provenance={"reader": {"reader": "manifest", "path": "/home/someone/list.csv"}},
    )
    facts = dict(method_facts(run.info, folds=5, repeats=2))
    assert facts["Table"].startswith("masses.parquet, SHA-256 ")
    assert facts["Reader"] == "reader manifest, path list.csv"


def test_where_the_held_out_table_lies_is_told_nowhere_on_the_page():
    run, results = toy_run(table="/home/someone/masses.parquet", test=HELD_OUT)
    text = page_of(run, results)
    assert "other.parquet" in text and "masses.parquet" in text
    assert "/home/" not in text


def test_the_verdict_names_the_held_out_auroc_and_the_tiles_say_what_they_are(run_and_results):
    run, results = run_and_results
    own = results.test_summary.set_index(["model", "metric"]).loc[("xgboost", "auroc")]
    opening = compose(run, results, pictures=Pictures(), meaning=lambda _: "").opening
    first = opening.verdict.partition(" Oversampling")[0]
    held = f"{own['value']:.2f} (95% interval {own['low']:.2f} to {own['high']:.2f}) on the held-out test set"
    assert f" in cross-validation and of {held}" in first
    assert "cross-validated" in opening.key_figures_title and "Held-out test set" in opening.key_figures_title
    alone = compose(run, results.replace({"test_summary": None}), pictures=Pictures(), meaning=lambda _: "").opening
    assert "held-out" not in alone.verdict + alone.key_figures_title


def test_the_best_is_set_against_the_readers_and_size_with_intervals(run_and_results):
    """Against scikit-learn's AUROCs: 0 lies in the interval of equal candidates, and not of those that differ."""
    run, results = run_and_results
    found = best_against(run).set_index("against")
    assert set(found.index) == {"radiologists", "size"}
    area = {
        name: np.mean([roc_auc_score(one["y"], one["p"]) for _, one in own.groupby("repeat")])
        for name, own in run.predictions.groupby("model")
    }
    for name, row in found.iterrows():
        assert row["difference"] == pytest.approx(area["xgboost"] - area[name])
        assert row["low"] < row["difference"] < row["high"]
    (_, said) = section_part("paired", run, Results({"pairs": results.pairs})).text
    assert f"minus that of Size only: {found.loc['size', 'difference']:+.3f}" in said
    assert "chosen on the same patients" in said
    assert best_against(replace(run, info=replace(run.info, best=""))).empty


def test_a_selection_without_optimism_is_stated():
    row = {"name": "xgboost", "apparent": 0.8, "corrected": 0.79, "low": 0.7, "high": 0.9}
    assert selection(pd.DataFrame([row]), {}).endswith("it is 0.790 (0.700 to 0.900).")
    said = selection(pd.DataFrame([row | {"corrected": 0.81}]), {})
    assert said.endswith("it is 0.810 (0.700 to 0.900): no optimism was found.")


def test_models_never_look_like_calling_everybody_or_nobody(run_and_results):
    curves = run_and_results[1].decision_curve
    one = curves[curves["model"] == "xgboost"]
    titles = {f"m{i}": f"M{i}" for i in range(9)}
    many = pd.concat([one.assign(model=name) for name in titles])
    svg = decision_figure(many, titles=titles)
    assert "#8c8c8c" not in svg
    both = decision_figure(pd.concat([many, curves[curves["model"].str.startswith("treat")]]), titles=titles)
    assert both.count("#8c8c8c") >= 2


def test_figures_and_tables_say_phantom_where_they_are():
    run, results = toy_run(phantom=True)
    text = page_of(run, results)
    tables = re.findall(r"<caption>(.*?)</caption>", text, flags=re.DOTALL)
    assert len(tables) == text.count("<table") >= 10
    assert all("phantom" in caption for caption in tables)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", text, flags=re.DOTALL)
    assert len(captions) == FIGURES
    assert all("Phantom" in caption for caption in captions)
    labels = re.findall(r'<svg role="img" aria-label="([^"]*)"', text)
    assert len(labels) == FIGURES
    assert all("phantom" in label for label in labels)


def test_ids_are_unique_and_nothing_is_fetched(whole):
    ids = re.findall(r'\bid="([^"]+)"', whole)
    assert len(ids) == len(set(ids))
    assert not re.search(r'(?:src|href)="(?!#|data:)', whole)


def test_the_page_is_the_same_each_time(run_and_results, whole):
    assert page_of(*run_and_results) == whole


def test_a_column_without_any_words_is_read_back_as_numbers(run_and_results):
    run, results = run_and_results
    silent = results.subgroups.assign(remark=np.nan, column=np.nan)
    text = page_of(run, Results({"subgroups": silent}))
    assert not re.search(r"\bnan\b", Page(text).text)


def test_words_in_tables_stay_text(run_and_results):
    run, results = run_and_results
    evil = "<script>alert(1)</script>"
    leakage_checks = results.leakage_checks.assign(sentence=evil)
    subgroups = results.subgroups.assign(level=evil)
    text = page_of(run, results.replace({"leakage_checks": leakage_checks, "subgroups": subgroups}))
    assert evil not in text
    assert evil in Page(text).text


def test_the_radiologists_reading_is_dashed_in_the_pages_ink(whole):
    grid = np.linspace(0, 1, 3)
    nothing = np.full(3, np.nan)
    plain = roc_figure([CurveLine("Readers", grid, grid, nothing, nothing, 0.8)])
    read = roc_figure([CurveLine("Readers", grid, grid, nothing, nothing, 0.8, radiologists=True)])
    assert "stroke-dasharray" not in plain
    assert "stroke-dasharray" in read
    assert read.count("currentColor") > plain.count("currentColor")
    assert "text: Radiologists' assessment, which no model was given" in Page(whole).text


def test_a_figure_holds_the_best_the_readers_and_what_must_be_there():
    candidates = {
        name: name for name in ("radiologists", "size", *(f"m{i}" for i in range(12)), "xgboost+oversampling")
    }
    auroc = {name: 0.5 + 0.01 * i for i, name in enumerate(candidates)}
    auroc |= {"size": 0.99, "xgboost+oversampling": 0.51}
    found = selected_for_figure(candidates, auroc=auroc, best="m3", always=("xgboost+oversampling",))
    assert found[0] == "m3"
    assert len(found) == MAX_CURVES
    assert set(found) == {"m3", "radiologists", "xgboost+oversampling", "m11", "m10", "m9", "m8"}
    few = {name: auroc[name] for name in ("size", "m1")}
    assert selected_for_figure(few, auroc=auroc, best="m1") == ["m1", "size"]


def test_yardsticks_are_known_by_their_models():
    assert [is_baseline(name) for name in ("radiologists", "size", "xgboost+smote", "of another version")] == [
        True,
        True,
        False,
        False,
    ]
    assert list(without_baselines(dict.fromkeys(CANDIDATES, ""))) == list(CANDIDATES[3:])


def test_label_shift_in_words():
    row = {"train": 0.483, "test": 0.389, "low": -0.15, "high": -0.04}
    said = label_shift_sentence(pd.DataFrame([row]), positive="malignant")
    assert "48.3% of the training units and 38.9% of the test units are malignant: the prevalence differs" in said
    assert "no difference" in label_shift_sentence(pd.DataFrame([{**row, "high": 0.01}]), positive="malignant")


def test_cells():
    assert (percent(0.25), percent(float("nan"))) == ("25.0%", "–")
    assert (p_value(0.0004), p_value(0.04), p_value(float("nan"))) == ("<0.001", "0.040", "–")
    cell = estimate({"v": -0.1, "l": float("nan"), "h": 0.2}, "v", "l", "h", signed=True)
    assert (cell.value, cell.interval) == ("−0.100", "")


def test_results_are_read_back_from_the_folder(tmp_path, run_and_results, whole):
    run, results = run_and_results
    assert all(getattr(read_results(tmp_path), name) is None for name in RESULT_TABLES)
    for name, table in results.tables.items():
        table.to_csv(tmp_path / RESULT_TABLES[name].file, index=False)
    assert page_of(run, read_results(tmp_path)) == whole
    (tmp_path / "pairs.csv").write_text("")
    with pytest.raises(InputError, match=r"pairs\.csv: cannot be read"):
        read_results(tmp_path)
