"""The model card: everything that a reader of a model asks, as JSON and as a page."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.evaluation.cohort.records import Candidate
from radiomics_mammo.evaluation.training.preprocessing import preparation
from radiomics_mammo.reports.model_card import card_page
from radiomics_mammo.runs.model_card import card_json, model_card
from radiomics_mammo.runs.results import Results
from tests.cli.test_report import Page
from tests.support.cohorts import FEATURES, embedded_frame
from tests.support.finished_run import toy_run
from tests.support.plans import cohort_of
from tests.support.saved_models import facts, fitted

EVIL = "<script>alert('x')</script>"


def card_of(run, results=None, **said):
    model = replace(fitted("xgboost"), candidate=Candidate("xgboost"))
    made = facts(provenance=run.info.provenance, title="XGBoost", phantom=run.info.phantom, **said)
    return model_card(run.info, model, made, results=results or Results({"summary": run.summary}))


@pytest.fixture(scope="module")
def whole():
    return card_of(*toy_run())


@pytest.fixture(scope="module")
def page(whole) -> str:
    return card_page(json.loads(card_json(whole)))


def test_the_card_is_json_and_the_same_each_time(whole):
    assert json.loads(card_json(whole)) == whole
    assert card_json(card_of(*toy_run())) == card_json(whole)
    assert b"NaN" not in card_json(whole)


def test_the_card_has_all_sections(whole):
    assert set(whole) >= {
        "intended_use", "not_intended_use", "data", "features", "preparation", "tuning", "performance", "operating",
        "certified", "subgroups", "auroc_inflation", "leakage_checks", "limits", "versions", "seeds", "citation",
        "how_to_use",
    }  # fmt: skip
    assert whole["model"]["candidate"] == "xgboost"
    assert whole["data"]["patients"] == facts().patients
    assert whole["data"]["prevalence"] == pytest.approx(facts().prevalence)
    assert any("not a medical device" in one for one in whole["not_intended_use"])
    assert whole["features"]["recipe_hash"] == "a" * 64
    assert whole["licence_of_data"] == "CC BY 3.0"
    assert "Sci Data 2017" in whole["citation"]


def test_figures_are_those_of_the_kept_model_only(whole):
    run, results = toy_run()
    own = run.summary[run.summary["model"] == "xgboost"].set_index("metric")["value"]
    found = {row["metric"]: row["value"] for row in whole["performance"]["cross_validation"]}
    assert found["auroc"] == pytest.approx(own["auroc"])
    assert len(found) == len(own)
    assert len(whole["operating"]) == 1
    tested = results.test_summary
    tested = tested[(tested["model"] == "xgboost") & (tested["metric"] == "auroc")]["value"].iloc[0]
    assert {row["metric"]: row["value"] for row in whole["performance"]["held_out"]}["auroc"] == pytest.approx(tested)


def test_another_candidate_than_the_best_has_no_borrowed_figures():
    run, results = toy_run()
    other = replace(run, info=replace(run.info, best="forest"))
    card = card_of(other, results)
    assert card["subgroups"] == []
    assert [row["needed"] for row in card["certified"]] == [45, 230]
    assert "Certified sensitivity by patient" in card_page(card)


def test_the_page_shows_it(page, whole):
    text = Page(page).text
    for wanted in (
        "Not a medical device",
        "Not intended for",
        "Performance",
        "Held-out test set",
        "Certified sensitivity by patient",
        "XGBoost by subgroup",
        "Oversampled, then rows split",
        "radiomics_mammo.predict",
        "xgboost 3.2.0",
        "Sci Data 2017;4:170177",
        "selection of the best model on the same patients",
        *whole["limits"],
    ):
        assert wanted in text, wanted
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)


@pytest.mark.parametrize("asked", [0.8, 0.95])
def test_the_certificate_in_words_is_the_one_that_was_asked_for(asked):
    run, results = toy_run()
    run = replace(run, info=replace(run.info, command={**run.info.command, "sensitivity": asked}))
    text = Page(card_page(card_of(run, results))).text
    said = results.certified.set_index("target")["sentence"]
    assert [one for one in said.index if said[one] in text] == [asked]


def test_a_bare_run_has_a_card(tmp_path):
    run, _ = toy_run()
    run = replace(run, info=replace(run.info, provenance={}, command={}))
    card = card_of(run)
    text = Page(card_page(card)).text
    assert "no held-out or external test set" in text
    assert "made by another tool" in text
    assert card["citation"] == ""


def test_phantoms_are_said():
    card = card_of(*toy_run(phantom=True))
    page = card_page(card)
    assert "PHANTOM: trained on simulated images" in Page(page).text
    captions = re.findall(r"<caption>(.*?)</caption>", page, flags=re.DOTALL)
    assert captions
    assert all("phantom" in one for one in captions)
    assert card["citation"] == ""


def test_words_of_the_table_stay_text():
    run, results = toy_run()
    run = replace(run, info=replace(run.info, remarks=[EVIL], table=EVIL))
    page = card_page(card_of(run, results.replace({"subgroups": results.subgroups.assign(level=EVIL)}), label=EVIL))
    assert "<script" not in page
    assert EVIL in Page(page).text


def test_results_are_attributes_by_name():
    table = pd.DataFrame({"a": [1]})
    found = Results({"pairs": table, "tuned_parameters": table})
    assert found.pairs is table
    assert found.leakage_checks is None
    with pytest.raises(AttributeError, match="no result table"):
        _ = found.winner


def test_the_card_of_a_fusion_names_its_networks_and_not_their_columns():
    run, _ = toy_run()
    made = {"name": "toy-net", "prefix": "crop_embToy", "dims": 12, "source": "somewhere", "sha256": "0" * 64}
    idle = {"name": "other-net", "prefix": "mask_embOther", "dims": 3}
    cohort = cohort_of(embedded_frame(patients=20))
    steps = preparation(native_nulls=True, widths=cohort.widths("fusion"), fused=True, components=3)
    model = replace(
        fitted("xgboost"),
        candidate=Candidate("fusion-xgboost"),
        preparation=steps.fit(cohort.take("fusion", np.arange(40))),
    )
    names = cohort.names("fusion")
    said = facts(features=names, low=np.zeros(20), high=np.ones(20), provenance=run.info.provenance)
    info = replace(run.info, embeddings=[made, idle])
    card = model_card(info, model, said, results=Results({"summary": run.summary}))
    assert card["preparation"][-2:] == [
        "embeddings to mean 0 and deviation 1",
        "the leading principal components of each network",
    ]
    assert card["preparation"][0] == "constant columns out"
    assert card["features"]["count"] == 20
    assert card["features"]["names"] == list(FEATURES)
    assert card["features"]["networks"] == [made]
    page = card_page(json.loads(card_json(card)))
    assert "Network toy-net" in page
    assert "_E0001" not in page
