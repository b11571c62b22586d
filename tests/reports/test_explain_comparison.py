"""What the comparison says of ensembles, embedders, dense heads, thresholds and the cohort's flow."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import classification_report, confusion_matrix

from radiomics_mammo.evaluation.training.registry import is_baseline
from radiomics_mammo.reports.components.model_names import marked
from radiomics_mammo.reports.components.page import ReportTable
from radiomics_mammo.reports.figures.forest import ForestRow, forest_figure
from radiomics_mammo.reports.figures.learning_curve import learning_figure
from radiomics_mammo.reports.sections.embeddings import forced_warnings
from radiomics_mammo.reports.sections.operating import confusion_tables
from radiomics_mammo.reports.sections.population import cohort_flow
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run
from tests.support.finished_run import CANDIDATES, toy_run
from tests.support.finished_run_tables import PREFIX, embeddings, ensembles, learning_curves, probes
from tests.support.report_page import section_part


@pytest.fixture(scope="module")
def run_and_results():
    return toy_run()


def with_info(run: Run, **values: object) -> Run:
    return replace(run, info=replace(run.info, **values))


def columns(table: ReportTable) -> dict[str, list]:
    return {name: [row[i] for row in table.rows] for i, name in enumerate(table.headings)}


def test_candidates_on_a_block_or_resampled_are_known_by_their_models():
    names = ["size", "size@crop_embX", "radiologists+smote", "xgboost@crop_embX+smote", "stack"]
    assert [is_baseline(name) for name in names] == [True, True, True, False, False]


def test_the_models_are_ordered_by_auroc_with_the_best_and_the_yardsticks_marked(run_and_results):
    run, results = run_and_results
    models = section_part("models", run, Results({"test_summary": results.test_summary}))
    (table,) = models.tables
    aurocs = [float(cell.value) for cell in columns(table)["AUROC"]]
    assert aurocs == sorted(aurocs, reverse=True)
    marks = dict(zip(columns(table)["Model"], table.marks, strict=True))
    assert marks["XGBoost (best AUROC)"] == "best"
    assert {name for name, mark in marks.items() if mark == "baseline"} == {
        title for name, title in marked(run.info.candidates).items() if name in CANDIDATES[:3]
    }
    words = str(models.figures[0].svg)
    assert "Chance at 0.500" in words
    assert "Held-out test set: " in words
    for title in run.info.candidates.values():
        assert title.replace("'", "&#x27;") in words


def test_a_forest_says_every_value_interval_and_line_and_what_is_undefined():
    nan = float("nan")
    rows = [ForestRow("A<b>", 0.7, 0.6, 0.8, "best"), ForestRow("B", 0.5, nan, nan), ForestRow("C", nan, nan, nan)]
    svg = forest_figure(rows, name="f", what="AUROC", lines={"Guessing": 0.5}, note="phantom")
    assert "A&lt;b&gt; (best) 0.700 (0.600 to 0.800); B 0.500; C undefined. Lines: Guessing at 0.500." in svg
    assert "Forest plot (phantom) of AUROC" in svg
    assert "<b>" not in svg


def test_an_ensemble_is_put_into_words_and_numbers(run_and_results):
    run, _ = run_and_results
    named = with_info(run, candidates={**run.info.candidates, "stack": "Stacking"})
    part = section_part("ensembles", named, Results({"ensembles": ensembles()}))
    said = "Stacking minus its best single member, XGBoost: +0.012 (−0.004 to +0.028) in AUROC: no gain."
    assert part.text == [said]
    cells = columns(part.tables[0])
    assert cells["Members"] == ["XGBoost; Logistic regression (L2)"]
    assert cells["Brier score"][0].value == "−0.003"
    assert (cells["p, Holm"], cells["Verdict"]) == (["0.310"], ["no gain"])
    assert section_part("ensembles", run, Results({"ensembles": ensembles().iloc[:0]})) is None
    unclear = ensembles().assign(verdict=np.nan, low=np.nan, high=np.nan)
    unnamed = section_part("ensembles", run, Results({"ensembles": unclear}))
    assert unnamed.text == ["stack minus its best single member, XGBoost: +0.012 in AUROC."]


def test_probes_have_the_test_column_only_with_a_test_set(run_and_results):
    run, _ = run_and_results
    tested, weights = section_part("embeddings", run, Results({"probes": probes()})).tables
    assert columns(tested)["Embedder"] == ["efficientnet-lite0 on crop"]
    assert columns(tested)["AUROC, test set"][0].value == "0.698"
    assert "clustered by patient (Obuchowski)" in tested.caption
    assert columns(weights)["SHA-256"] == ["b" * 64]
    assert columns(weights)["Licence"] == ["Apache-2.0"]
    assert columns(weights)["Known collections in training"] == ["none"]
    assert columns(weights)["Input image"] == ["224 px, context 0.25, channels image, averaged over flips"]
    alone = section_part("embeddings", with_info(run, embeddings=[]), Results({"probes": probes(tested=False)})).tables
    assert [table.headings for table in alone] == [["Embedder", "Features", "AUROC"]]
    assert columns(alone[0])["Embedder"] == [PREFIX]
    assert section_part("embeddings", with_info(run, embeddings=[])) is None


def test_what_a_table_does_not_tell_of_its_weights_is_said_to_be_unknown(run_and_results):
    run = with_info(run_and_results[0], embeddings=[{"prefix": PREFIX, "name": PREFIX, "dims": 1280}])
    (table,) = section_part("embeddings", run).tables
    assert table.rows == [[PREFIX, "1280", *["not recorded"] * 5]]
    assert forced_warnings(run.info) == []


def test_forced_weights_are_said_loudly_at_the_top_and_where_they_are_shown(run_and_results):
    run, _ = run_and_results
    assert forced_warnings(run.info) == []
    run = with_info(run, embeddings=embeddings(forced=True))
    (warning,) = section_part("embeddings", run, Results({"probes": probes()})).warnings
    assert "FORCED: the weights of efficientnet-lite0 are known to be trained on CBIS-DDSM" in warning
    assert forced_warnings(run.info) == [warning]


def test_learning_curves_tell_the_epoch_that_was_kept(run_and_results):
    run, table = run_and_results[0], Results({"learning_curves": learning_curves()})
    named = with_info(run, candidates={**run.info.candidates, "head": "Dense head"})
    part = section_part("learning-curves", named, table)
    assert part.tables[0].caption.endswith("trained on all patients")
    held = section_part("learning-curves", with_info(run, test={"rows": 1}), table)
    assert held.tables[0].caption.endswith("trained on all training patients")
    cells = columns(part.tables[0])
    assert cells["Epoch"] == ["5", "6"]
    assert cells["Loss, validation"] == ["0.600", "0.580"]
    assert cells["AUROC, training"] == ["0.800", "0.840"]
    svg = str(part.figures[0].svg)
    assert "Dense head, 2 trainings. Chosen epochs 5 to 6" in svg
    assert "validation: Loss 0.590, AUROC 0.710" in svg


def test_many_trainings_make_a_small_figure():
    one = learning_curves(folds=10)
    many = pd.concat([one.assign(repeat=repeat, inner=inner) for repeat in range(5) for inner in range(3)])
    assert len(learning_figure(many, title="Head", name="many")) < 250_000


def test_confusion_is_scikit_learns(run_and_results):
    run, results = run_and_results
    own = run.predictions[(run.predictions["model"] == "forest")]
    y, called = (own.pivot(index="repeat", columns="case_id", values=name) for name in ("y", "p"))
    counts, report = confusion_tables(results.confusion, run.info, where="here")
    row = next(i for i, one in enumerate(counts.rows) if one[:2] == ["Random forest", "At 0.5"])
    tables = [confusion_matrix(a, b >= 0.5) for a, b in zip(y.to_numpy(), called.to_numpy(), strict=True)]
    (tn, fp), (fn, tp) = np.mean(tables, axis=0)
    assert counts.rows[row][3:7] == [f"{tp:.1f}", f"{fn:.1f}", f"{fp:.1f}", f"{tn:.1f}"]
    told = [one for one in report.rows if one[:2] == ["Random forest", "At 0.5"]]
    assert [one[2] for one in told] == run.info.classes
    expected = [
        classification_report(a, b >= 0.5, output_dict=True)["1"]
        for a, b in zip(y.to_numpy(), called.to_numpy(), strict=True)
    ]
    mean = [np.mean([one[name] for one in expected]) for name in ("precision", "recall", "f1-score")]
    assert told[1][3:6] == [f"{value:.3f}" for value in mean]
    assert columns(counts)["At"][:3] == ["0.500", "by fold", "0.200"]


def test_matrices_are_drawn_of_the_best_model_and_of_the_dense_heads(run_and_results):
    run, results = run_and_results
    tables = Results({"confusion": results.confusion, "learning_curves": pd.DataFrame({"model": ["forest"]})})
    drawn = section_part("confusion", run, tables).figures
    assert [figure.name for figure in drawn] == ["confusion", "confusion-2"]
    assert "Confusion matrices of XGBoost." in drawn[0].svg
    for figure, title in zip(drawn, ("XGBoost", "Random forest"), strict=True):
        assert re.search(rf"<text[^>]*>{title}</text>", figure.svg)  # a figure that is saved alone names its model
    assert "Confusion matrices of Random forest." in drawn[1].svg
    for title in ("At 0.5", "At the operating threshold", "At the certified threshold"):
        assert f"{title}:" in drawn[0].svg
    assert section_part("confusion", with_info(run, best=""), Results({"confusion": results.confusion})).figures == []


def test_the_flow_goes_from_cases_found_to_classes(run_and_results):
    run, _ = run_and_results
    test = {"rows": 120, "units": 120, "patients": 60, "positives": 42, "table": "t", "sha256": "0"}
    info = replace(run.info, failures=5, test=test, unit="patient", units=150, positives=71)
    failures = pd.DataFrame({"stage": ["read"] * 4 + ["mask"], "cause": ["cut off"] * 4 + ["<b>empty"]})
    flow = cohort_flow(replace(run, info=info, failures=failures))
    assert [(step.title, step.count) for step in flow.steps] == [
        ("Cases in the collection", "425 cases"),
        ("Without features", "5 could not be measured"),
        ("With features", "420 cases"),
    ]
    assert list(flow.steps[1].notes) == ["4 × read: cut off", "1 × mask: <b>empty"]
    (_, trained), (_, held) = flow.branches
    assert [step.count for step in trained] == ["300", "150 × patient", "150", "71 malignant, 79 benign"]
    assert [step.count for step in held] == ["120", "120 × patient", "60", "42 malignant, 78 benign"]


def test_a_flow_without_failures_says_whether_they_are_known(run_and_results):
    run, _ = run_and_results
    said = {n: cohort_flow(replace(run, info=replace(run.info, failures=n))).steps[-1].notes[0] for n in (-1, 0)}
    assert said == {
        -1: "the number of cases that could not be measured is not recorded",
        0: "every case was measured",
    }
