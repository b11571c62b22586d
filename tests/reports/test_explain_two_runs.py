"""Two runs on a page: what is in common, what forbids a comparison, and differences against scikit-learn."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from radiomics_mammo.evaluation.metrics.auroc_variance import obuchowski, paired_difference
from radiomics_mammo.reports.run_comparison import run_comparison_page
from radiomics_mammo.reports.run_comparison.paired import Pair, calls, differences, obstacles, overlap, pairs_of
from radiomics_mammo.reports.run_comparison.tables import change_counts, settings_table
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run
from tests.support.finished_run import toy_run

toy = cache(toy_run)
NONE = Results()


def run_of(folder: str = "first", *, predictions: pd.DataFrame | None = None, **others: Any) -> Run:
    run, _ = toy()
    own = run.predictions if predictions is None else predictions
    own = own.assign(called=own["p"] >= 0.4)
    return replace(run, folder=Path(folder), info=replace(run.info, **others), predictions=own)


def noisier(run: Run, *, seed: int = 0, noise: float = 1.5) -> pd.DataFrame:
    """The same cases with worse predictions."""
    own, rng = run.predictions.copy(), np.random.default_rng(seed)
    z = np.log(own["p"] / (1 - own["p"])) + noise * rng.normal(size=len(own))
    own["p"] = 1 / (1 + np.exp(-z))
    return own


def among(frame: pd.DataFrame, *, patients: set[str]) -> pd.DataFrame:
    return frame[frame["patient_id"].isin(patients)]


def patients_of(run: Run) -> list[str]:
    return list(dict.fromkeys(run.predictions["patient_id"]))


def mean_auroc(run: Run, candidate: str, cases: list[str]) -> float:
    own = run.predictions[(run.predictions["model"] == candidate) & run.predictions["case_id"].isin(cases)]
    return float(np.mean([roc_auc_score(part["y"], part["p"]) for _, part in own.groupby("repeat")]))


def mean_brier(run: Run, candidate: str) -> float:
    own = run.predictions[run.predictions["model"] == candidate]
    return float(np.mean([brier_score_loss(part["y"], part["p"]) for _, part in own.groupby("repeat")]))


def said(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"<(style|script|svg).*?</\1>", "", page, flags=re.S)).split())


def test_cases_and_patients_in_common_are_counted():
    a = run_of()
    patients = patients_of(a)
    first = replace(a, predictions=among(a.predictions, patients=set(patients[:100])))
    second = replace(a, predictions=among(a.predictions, patients=set(patients[40:])))
    found = overlap(first, second)
    assert (len(found.cases), found.only_a, found.only_b) == (120, 80, 100)  # two cases a patient
    assert (found.patients, found.patients_a, found.patients_b) == (60, 100, 110)
    assert (found.relabelled, found.moved, found.same_folds) == (0, 0, True)
    assert set(found.cases) == {f"{one}_{i}" for one in patients[40:100] for i in (0, 1)}
    assert found.group.max() == 59
    assert "Only the cases in common are compared" in said(
        run_comparison_page(first, replace(second, folder=Path("b")), NONE, NONE)
    )


def test_differences_are_those_of_scikit_learn_on_the_cases_in_common():
    a = run_of()
    stored = set(patients_of(a)[30:])
    b = replace(a, predictions=among(noisier(a), patients=stored))
    found = overlap(a, b)
    table = differences(a, b, found, [Pair("xgboost", "forest"), Pair("size", "size")], draws=20)
    for row, (one, other) in zip(table.to_dict("records"), (("xgboost", "forest"), ("size", "size")), strict=True):
        first, second = mean_auroc(a, one, found.cases), mean_auroc(b, other, found.cases)
        assert row["auroc_a"] == pytest.approx(first, abs=1e-12)
        assert row["auroc_b"] == pytest.approx(second, abs=1e-12)
        assert row["auroc"] == pytest.approx(second - first, abs=1e-12)
        assert row["auroc_low"] < row["auroc"] < row["auroc_high"]
        in_common = replace(a, predictions=among(a.predictions, patients=stored))
        assert row["brier"] == pytest.approx(mean_brier(b, other) - mean_brier(in_common, one), abs=1e-12)
        assert row["brier_low"] < row["brier"] < row["brier_high"]
    assert (table["verdict"] == "a loss").all()
    order = np.argsort(table["p"])
    np.testing.assert_allclose(table["p_holm"][order], np.maximum.accumulate(table["p"][order] * [2, 1]))


def test_intervals_are_clustered_by_patient_and_paired():
    a = run_of()
    b = replace(a, predictions=noisier(a))
    found = overlap(a, b)
    table = differences(a, b, found, [Pair("xgboost", "xgboost")], draws=10)
    laid = [
        run.predictions[run.predictions["model"] == "xgboost"].pivot(index="repeat", columns="case_id", values="p")
        for run in (a, b)
    ]
    group = pd.factorize(np.array([name.rsplit("_", 1)[0] for name in found.cases]))[0]
    area = obuchowski(found.y, np.stack([one[found.cases].to_numpy() for one in laid]), group)
    wanted = paired_difference(area, 1, 0)
    row = table.iloc[0]
    assert (row["auroc"], row["auroc_low"], row["auroc_high"], row["p"]) == pytest.approx(
        (wanted.value, wanted.low, wanted.high, wanted.p), abs=1e-12
    )


def test_a_verdict_survives_the_number_of_lines():
    a = run_of()
    b = replace(a, predictions=noisier(a, seed=5, noise=0.5))
    found, pair = overlap(a, b), Pair("xgboost", "xgboost")
    alone = differences(a, b, found, [pair], draws=2).iloc[0]
    assert 0.005 < alone["p"] < 0.05 and alone["p_holm"] == alone["p"] and alone["verdict"] == "a loss"
    among_many = differences(a, b, found, [pair] * 10, draws=2)
    assert among_many["p_holm"].iloc[0] == pytest.approx(10 * alone["p"])
    assert (among_many["verdict"] == "no gain").all()


def test_a_run_against_itself_differs_by_nothing():
    a = run_of()
    table = differences(a, a, overlap(a, a), pairs_of(a.info, a.info), draws=10)
    assert (table[["auroc", "brier", "brier_low", "brier_high", "calibration_slope"]] == 0).all(axis=None)
    assert (table["p"] == 1).all() and (table["verdict"] == "no gain").all()
    assert settings_table(a.info, a.info, ("a", "b")) is None
    text = said(run_comparison_page(a, replace(a, folder=Path("again")), NONE, NONE))
    assert "All settings, seeds and versions are the same." in text
    assert "0 changed from first to again" in text


def test_runs_with_other_numbers_of_repeats_are_compared_by_their_means():
    a = run_of()
    once = a.predictions[a.predictions["repeat"] == 0]
    third = once.assign(repeat=2, p=1 - once["p"])
    b = replace(a, predictions=pd.concat([a.predictions, third], ignore_index=True))
    found = overlap(a, b)
    assert not found.same_folds
    row = differences(a, b, found, [Pair("forest", "forest")], draws=5).iloc[0]
    assert row["auroc_a"] == pytest.approx(mean_auroc(a, "forest", found.cases), abs=1e-12)
    assert row["auroc_b"] == pytest.approx(mean_auroc(b, "forest", found.cases), abs=1e-12)
    assert "includes the variability of the split" in said(
        run_comparison_page(a, replace(b, folder=Path("b")), NONE, NONE)
    )


def test_the_best_come_first_and_the_floor_is_left_out():
    a, b = run_of(best="xgboost"), run_of(best="forest", candidates={"prevalence": "P", "forest": "F", "xgboost": "X"})
    assert pairs_of(a.info, b.info) == [Pair("xgboost", "forest"), Pair("forest", "forest"), Pair("xgboost", "xgboost")]
    assert pairs_of(a.info, a.info)[0] == Pair("xgboost", "xgboost")
    assert pairs_of(a.info, a.info).count(Pair("xgboost", "xgboost")) == 1
    assert pairs_of(a.info, replace(b.info, best="", candidates={"svm": "S"})) == []


def test_what_forbids_a_comparison_is_said():
    a = run_of()
    whole = overlap(a, a)
    wrong = a.predictions.copy()
    wrong["y"] = np.where(wrong["case_id"] == wrong["case_id"].iloc[0], 1 - wrong["y"], wrong["y"])
    other = a.predictions.assign(
        patient_id=lambda t: t["patient_id"].where(t["case_id"] != t["case_id"].iloc[0], "P_x")
    )
    assert obstacles(a.info, a.info, whole) == []
    for info, words in (
        (replace(a.info, phantom=True), "simulated images"),
        (replace(a.info, label="cancer"), "their labels differ (malignant: malignant or benign; cancer:"),
        (replace(a.info, unit="breast"), "one predicts by lesion, the other by breast"),
    ):
        assert words in obstacles(a.info, info, whole)[0]
    for predictions, words in (
        (wrong, "another label: 1"),
        (other, "another patient: 1"),
        (a.predictions.assign(case_id="new_" + a.predictions["case_id"]), "no case in common"),
        (a.predictions[a.predictions["y"] == 1], "all of one class"),
    ):
        b = replace(a, folder=Path("b"), predictions=predictions)
        assert words in "; ".join(obstacles(a.info, b.info, overlap(a, b)))
        text = said(run_comparison_page(a, b, NONE, NONE))
        assert "These runs cannot be compared: " in text and words in text
        assert "Paired differences" not in text and "Reclassified cases" not in text
        assert "side by side" in text


def test_changed_calls_are_counted_by_truth():
    a = run_of()
    changed = a.predictions.copy()
    own = (changed["model"] == "xgboost").to_numpy()
    first = a.predictions[own & (a.predictions["repeat"] == 0).to_numpy()]
    prevalence = a.predictions[own].groupby("case_id")["called"].mean()
    sick = first.loc[first["case_id"].map(prevalence).lt(0.5) & (first["y"] == 1), "case_id"].iloc[:2]
    well = first.loc[first["case_id"].map(prevalence).eq(1) & (first["y"] == 0), "case_id"].iloc[:3]
    hit = first.loc[first["case_id"].map(prevalence).eq(1) & (first["y"] == 1), "case_id"].iloc[:1]
    changed.loc[own & changed["case_id"].isin(sick), "called"] = True
    changed.loc[own & changed["case_id"].isin([*well, *hit]), "called"] = False
    b = replace(a, folder=Path("b"), predictions=changed)
    found = overlap(a, b)
    one, other = (calls(run, found.cases) for run in (a, b))
    assert one is not None and other is not None
    assert change_counts(one, other, found) == {"fn_to_tp": 2, "tp_to_fn": 1, "fp_to_tn": 3, "tn_to_fp": 0}
    text = said(run_comparison_page(a, b, NONE, NONE))
    assert "6 changed from first to b. malignant: 2 changed from false negative to true positive, 1 from true" in text
    listed = text.split("Reclassified cases")[-1].replace(" ", "")
    assert all(name in listed for name in (*sick, *well, *hit))
    without = replace(b, predictions=b.predictions.drop(columns="called"))
    assert "Reclassified cases" not in said(run_comparison_page(a, without, NONE, NONE))


def test_only_settings_that_differ_are_listed():
    a = run_of()
    b = run_of(command={**a.info.command, "trials": 9}, versions={**a.info.versions, "xgboost": "9.9"})
    table = settings_table(a.info, b.info, ("one", "two"))
    assert table is not None
    assert sorted(list(row) for row in table.rows) == [["trials", "–", "9"], ["version of xgboost", "3.2.0", "9.9"]]


def test_the_page_stands_alone_and_shows_text_as_text():
    evil = "<script>alert(1)</script>"
    a = run_of(f"{evil}a", candidates={**toy()[0].info.candidates, "forest": f"{evil}Forest"}, label=evil)
    b = run_of("b", candidates=a.info.candidates, label=evil, best="forest")
    renamed = {one: f"{evil}{one}" for one in a.predictions["case_id"].unique()}
    a, b = (replace(run, predictions=run.predictions.replace({"case_id": renamed})) for run in (a, b))
    page = run_comparison_page(a, b, toy()[1], toy()[1])
    assert page.count("<script>") == page.count("</script>") == 1  # its own
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
    assert page.startswith("<!doctype html>") and "Content-Security-Policy" in page
    assert "/nowhere" not in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_runs_of_one_name_are_told_apart_and_tests_stand_side_by_side():
    held = {"table": "t", "sha256": "c" * 64, "rows": 60, "units": 60, "patients": 30, "positives": 20}
    a, results = run_of(test=held), toy()[1]
    text = said(run_comparison_page(a, a, results, results))
    assert "Comparison of two runs: first (A) and first (B)" in text
    assert "The same on the held-out test sets, which are the same" in text
    other = run_of("b", test={**held, "sha256": "d" * 64})
    assert "test sets, which are not the same" in said(run_comparison_page(a, other, results, results))


def test_phantoms_are_marked():
    a, b = run_of(phantom=True), run_of("b", phantom=True)
    page = run_comparison_page(a, b, NONE, NONE)
    assert "PHANTOM" in page and page.count("(phantom)") > 3
