"""The cases of a report: which are shown, what is said of them, and that text stays text."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.reports.cases import Pictures, wanted_pictures
from radiomics_mammo.reports.cases.case_list import list_cases
from radiomics_mammo.reports.cases.facts import facts
from radiomics_mammo.reports.cases.outcomes import outcomes
from radiomics_mammo.reports.cases.selection import (
    MAX_FALSE_NEGATIVES,
    MAX_FALSE_POSITIVES,
    N_TYPICAL,
    is_same_lesion,
    other_views,
)
from radiomics_mammo.runs.results import Results
from tests.support.finished_run_cases import FEATURES, case_run, cases_part, mean_p, section_page, some_pictures
from tests.support.html_pages import Parsed
from tests.support.report_page import section_part

EVIL = "<script>alert('x')</script>"


class Tags(Parsed):
    """Collects tags, attributes and words of a page."""

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def of(self, tag: str, css: str = "") -> list[dict[str, str | None]]:
        return [found for name, found in self.tags if name == tag and css in [*(found.get("class") or "").split(), ""]]


def by_hand(run, candidate="xgboost") -> dict[str, set[str]]:
    """Sort the cases by outcome in a plain loop over the predictions."""
    calls: dict[str, list[bool]] = {}
    truth: dict[str, int] = {}
    for row in run.predictions.to_dict("records"):
        if row["model"] == candidate:
            calls.setdefault(row["case_id"], []).append(row["called"])
            truth[row["case_id"]] = row["y"]
    found: dict[str, set[str]] = {"FN": set(), "FP": set(), "TP": set(), "TN": set()}
    for name, called in calls.items():
        positive = 2 * sum(called) >= len(called)
        found[("T" if positive == bool(truth[name]) else "F") + ("P" if positive else "N")].add(name)
    return found


def test_outcomes_are_those_counted_by_hand():
    run, _ = case_run()
    found = outcomes(run)
    wanted = by_hand(run)
    assert all(len(names) > 5 for names in wanted.values())
    for kind, names in wanted.items():
        assert set(found.index[found["outcome"] == kind]) == names
    assert found.index.tolist() == run.cases["case_id"].tolist()
    assert found.loc["P_00003_1", "p"] == pytest.approx(mean_p(run, "P_00003_1"))


def test_every_false_negative_has_a_card_and_the_surest_false_positives():
    run, results = case_run()
    part = cases_part(run, results, pictures=Pictures())
    missed, alarms, malignant, benign = part.cases.groups
    wanted = by_hand(run)
    names = [card.case_id for card in missed.cards]
    assert set(names) == wanted["FN"]
    assert [mean_p(run, name) for name in names] == sorted(mean_p(run, name) for name in names)
    surest = sorted(wanted["FP"], key=lambda name: -mean_p(run, name))[:MAX_FALSE_POSITIVES]
    assert len(wanted["FP"]) > MAX_FALSE_POSITIVES
    assert [card.case_id for card in alarms.cards] == surest
    assert f"{MAX_FALSE_POSITIVES} of {len(wanted['FP'])}" in alarms.text
    assert {card.case_id for card in malignant.cards} <= wanted["TP"]
    assert {card.case_id for card in benign.cards} <= wanted["TN"]
    assert len(benign.cards) == N_TYPICAL


def test_typical_cases_lie_nearest_among_their_own_class():
    run, results = case_run()
    part = cases_part(run, results, pictures=Pictures())
    names = [card.case_id for card in part.cases.groups[3].cards]
    near = results.neighbours.groupby("case_id").agg(d=("distance", "mean"), y=("neighbour_y", "mean"))
    rightly = [name for name in by_hand(run)["TN"] if near.loc[name, "y"] < 0.5]
    assert names == sorted(rightly, key=lambda name: near.loc[name, "d"])[:N_TYPICAL]


def test_without_neighbours_nothing_is_called_typical():
    run, _ = case_run()
    part = cases_part(run, Results(), pictures=Pictures())
    assert [group.slug for group in part.cases.groups] == ["false-negatives", "false-positives"]
    assert not any(card.neighbours or card.out_of_range for group in part.cases.groups for card in group.cards)
    assert "out_of_range" not in [one.name for one in part.cases.filters]


def test_predictions_without_calls_are_refused():
    run, results = case_run()
    with pytest.raises(InputError, match="no column called"):
        cases_part(replace(run, predictions=run.predictions.drop(columns="called")), results, pictures=Pictures())


def test_thousands_of_false_negatives_are_not_all_drawn():
    run, results = case_run(patients=900)
    table = run.predictions.assign(called=False)
    part = cases_part(replace(run, predictions=table), results, pictures=Pictures())
    n_positive = int((outcomes(run)["y"] == 1).sum())
    assert n_positive > MAX_FALSE_NEGATIVES
    assert len(part.cases.groups[0].cards) == MAX_FALSE_NEGATIVES
    assert f"{MAX_FALSE_NEGATIVES} of {n_positive}" in part.cases.groups[0].text


def test_the_list_holds_every_case_or_says_which(monkeypatch):
    run, results = case_run()
    part = cases_part(run, results, pictures=Pictures())
    assert [line.case_id for line in part.cases.lines] == run.cases["case_id"].tolist()
    counted = Counter(line.attributes.outcome for line in part.cases.lines)
    assert counted == {kind: len(names) for kind, names in by_hand(run).items()}
    anchored = {line.case_id: line.anchor for line in part.cases.lines if line.anchor}
    assert anchored == {card.case_id: card.anchor for group in part.cases.groups for card in group.cards}
    monkeypatch.setattr("radiomics_mammo.reports.cases.case_list.MAX_LINES", 40)
    found = outcomes(run)
    rows = {row["case_id"]: row for row in run.cases.to_dict("records")}
    attributes = {line.case_id: line.attributes for line in part.cases.lines}
    lines, caption = list_cases(found, rows, attributes, {"P_00001_0": "case-2"})
    wrong = (found["p"] - found["y"]).abs()
    assert {line.case_id for line in lines} == set(wrong.nlargest(40).index) | {"P_00001_0"}
    assert "of 300 cases" in caption


def test_the_other_view_is_the_same_breasts_the_same_lesions_first():
    cases = pd.DataFrame(
        [
            ("a", "P1", "LEFT", "CC", 1.0),
            ("b", "P1", "LEFT", "MLO", 2.0),
            ("c", "P1", "LEFT", "MLO", 1.0),
            ("d", "P1", "RIGHT", "MLO", 1.0),
            ("e", "P2", "LEFT", "MLO", 1.0),
            ("f", "P1", "LEFT", None, 1.0),
        ],
        columns=["case_id", "patient_id", "laterality", "view", "abnormality_id"],
    )
    found = other_views(cases)
    assert found["a"] == ("c", "b")
    assert found["b"] == ("a",)
    assert found["d"] == ()
    assert "f" not in found
    assert other_views(cases.drop(columns="view")) == {}
    a, b, c = ({"abnormality_id": number, "abnormality_type": "mass"} for number in (1.0, 2.0, 1))
    assert is_same_lesion(a, c)
    assert not is_same_lesion(a, b)
    assert not is_same_lesion(a, {**c, "abnormality_type": "calcification"})
    assert not is_same_lesion({}, {})


@pytest.mark.parametrize(("ids", "said"), [(None, "Other view, MLO (lesion may be another)"), (1, "Other view, MLO")])
def test_the_other_view_may_show_another_lesion(ids, said):
    run, results = case_run()
    run = run if ids is None else replace(run, cases=run.cases.assign(abnormality_id=ids))
    wanted = wanted_pictures(run, results)
    part = cases_part(run, results, pictures=some_pictures([*wanted.cards, *wanted.views]))
    cards = [card for group in part.cases.groups for card in group.cards if card.attributes.view == "CC"]
    assert {card.pictures[1].caption for card in cards} == {said}


def test_pictures_that_are_wanted_are_named_once():
    run, results = case_run()
    wanted = wanted_pictures(run, results)
    part = cases_part(run, results, pictures=Pictures())
    cards = [card.case_id for group in part.cases.groups for card in group.cards]
    assert list(wanted.cards) == cards
    assert set(wanted.views) == {name[:-1] + "10"[int(name[-1])] for name in cards} - set(cards)
    near = set(results.neighbours[results.neighbours["case_id"].isin(cards)]["neighbour"])
    assert set(wanted.neighbours) == near - set(cards)
    assert wanted_pictures(case_run(unit="breast")[0], results).cards == ()


def test_a_picture_is_stored_once_and_shown_where_it_belongs():
    run, results = case_run()
    wanted = wanted_pictures(run, results)
    pictures = some_pictures([*wanted.cards, *wanted.views])
    uris = {name: replace(one, uri=f"{one.uri}{i:05d}") for i, (name, one) in enumerate(pictures.lesion_images.items())}
    page = section_page(cases_part(run, results, pictures=Pictures(lesion_images=uris)))
    page_tags = Tags(page)
    stored = {one["id"]: one["href"] for one in page_tags.of("image")}
    used = [(one["href"] or "").removeprefix("#") for one in page_tags.of("use")]
    assert set(used) == set(stored)
    assert len(used) > len(stored) > 50
    assert all(page.count(one.uri) == 1 for one in uris.values())
    ids = [found["id"] for _, found in page_tags.tags if found.get("id")]
    assert len(ids) == len(set(ids))
    labelled = [one for one in page_tags.of("svg") if one.get("aria-hidden") != "true"]
    assert all(one["role"] == "img" and len(one["aria-label"] or "") > 10 for one in labelled)


def test_pictures_out_of_reach_are_said_in_their_place():
    run, results = case_run()
    part = cases_part(run, results, pictures=Pictures(problem="The images are gone."))
    page = Tags(section_page(part))
    assert len(page.of("p", "absent")) == sum(len(group.cards) for group in part.cases.groups)
    assert "The images are gone." in page.text
    assert not page.of("image")


def test_cases_are_those_of_the_best_candidate_and_the_explained_one_stands_beside():
    run, results = case_run(best="logistic", explained="xgboost")
    part = cases_part(run, results, pictures=Pictures())
    wanted = by_hand(run, "logistic")
    assert wanted["FN"] != by_hand(run)["FN"]
    missed, alarms, *_ = part.cases.groups
    assert {card.case_id for card in missed.cards} == wanted["FN"]
    assert {card.case_id for card in alarms.cards} <= wanted["FP"]
    for line in part.cases.lines:
        assert line.case_id in wanted[line.attributes.outcome]
        assert line.probability == f"{mean_p(run, line.case_id, 'logistic'):.2f}"
    for card in missed.cards:
        own, other = (f"{mean_p(run, card.case_id, candidate):.2f}" for candidate in ("logistic", "xgboost"))
        assert f"Probability of malignant: {own}; " in card.probability
        assert card.probability.endswith(f"XGBoost: {other}.")
        assert card.explained == f"XGBoost: from its average to {other}"
        assert f"p = {other}</text>" in card.waterfall
    assert "those of the best model, Logistic regression (L2)" in part.text[0]
    assert "Waterfall plots explain another model, XGBoost" in part.text[0]
    assert f"<h5>{missed.cards[0].explained}</h5>" in section_page(part)


def test_where_the_best_candidate_is_explained_nothing_is_said_twice():
    run, results = case_run()
    part = cases_part(run, results, pictures=Pictures())
    cards = [card for group in part.cases.groups for card in group.cards]
    assert not any(card.explained or "XGBoost" in card.probability for card in cards)
    assert "another model" not in " ".join(part.text)
    assert all(f"p = {mean_p(run, card.case_id):.2f}</text>" in card.waterfall for card in cards)


@pytest.mark.parametrize("unit", ["log-odds", "probability"])
def test_terms_before_calibration_are_said_to_be_so(unit):
    run, results = case_run(contribution_unit=unit)
    assert "in calibrated log-odds" in cases_part(case_run()[0], results, pictures=Pictures()).text[1]
    moved = run.contributions.assign(scale=np.nan, shift=np.nan, base=run.contributions["base"] + 2)
    run = replace(run, contributions=moved)
    part = cases_part(run, results, pictures=Pictures())
    assert f"in {unit} before calibration" in part.text[1]
    assert "the last step, averaging and calibration" in part.text[1]
    assert "calibrated log-odds" not in part.text[1]
    for card in part.cases.groups[0].cards:
        assert "Averaging and calibration" in card.waterfall
        assert f"p = {mean_p(run, card.case_id):.2f}</text>" in card.waterfall.rpartition("This case")[2]


def test_what_likeness_is_by_is_said_of_neighbours_and_of_the_typical():
    nets = [{"name": "a", "dims": 1280}]
    left_out = "by radiomic features; outputs of networks are not used"

    def said(**info) -> list[bool]:
        run, results = case_run(**info)
        part = cases_part(run, results, pictures=Pictures())
        return [left_out in text for text in (part.text[2], *(group.text for group in part.cases.groups))]

    assert said(embeddings=nets) == [True, False, False, True, True]
    assert not any(said(embeddings=[]))
    assert not any(said(embeddings=nets, features=1280))  # a table of embeddings alone
    run, results = case_run(units=30_000)
    part = cases_part(run, results, pictures=Pictures())
    thinned = "Of 30,000 lesions only 20,000 are searched"
    assert thinned in part.text[2]
    assert thinned in part.cases.groups[3].text


def test_without_a_tree_there_are_no_waterfalls():
    run, results = case_run(best="logistic", explained="")
    part = cases_part(replace(run, contributions=None, values=None), results, pictures=Pictures())
    assert {card.case_id for card in part.cases.groups[0].cards} == by_hand(run, "logistic")["FN"]
    assert not any(card.waterfall for group in part.cases.groups for card in group.cards)
    assert "no waterfall plots" in part.text[0]
    assert section_part("cases", replace(run, info=replace(run.info, best="")), results) is None


def test_the_strongest_feature_is_told_in_words():
    run, results = case_run()
    part = cases_part(run, results, pictures=Pictures(), meaning=lambda name: f"words on {name}")
    card = part.cases.groups[0].cards[0]
    own = run.contributions[run.contributions["case_id"] == card.case_id]
    strongest = max(FEATURES, key=lambda name: abs((own["scale"] * own[name]).mean()))
    assert f"words on {strongest}" in card.leading
    towards = "malignant" if (own["scale"] * own[strongest]).mean() > 0 else "benign"
    assert f"towards {towards}" in card.leading


def test_values_out_of_range_are_told_in_words():
    run, results = case_run()
    part = cases_part(run, results, pictures=Pictures())
    flagged = {card.case_id for group in part.cases.groups for card in group.cards if card.out_of_range}
    assert flagged == set(results.out_of_range["case_id"]) & {c.case_id for g in part.cases.groups for c in g.cards}
    said = next(card.out_of_range for group in part.cases.groups for card in group.cards if card.out_of_range)
    assert said == ["Feature2 (firstorder) is 9.50, above all training cases (4.25)"]


def test_nothing_that_names_a_patient_or_a_place_is_told():
    run, results = case_run()
    page = section_page(cases_part(run, results, pictures=Pictures()))
    assert "JOHN DOE" not in page
    assert "secret" not in page
    assert (
        facts({"view": "CC", "mass_shape": float("nan"), "breast_density": 2.0, "notes": "x"}) == "view CC, density 2"
    )
    assert len(facts({"pathology": "x" * 500})) < 90


def test_text_from_the_table_is_shown_as_text():
    run, results = case_run(classes=[f"ben{EVIL}", f"mal{EVIL}"])
    mark = {name: run.cases[name] + f'"{EVIL}' for name in ("case_id", "patient_id", "view", "laterality")}
    cases = run.cases.assign(**mark)
    named = {name: run.predictions[name] + f'"{EVIL}' for name in ("case_id", "patient_id")}
    moved = run.contributions.assign(case_id=run.contributions["case_id"] + f'"{EVIL}')
    moved = moved.rename(columns={FEATURES[0]: f"odd{EVIL}"})
    near = results.neighbours.assign(
        **{name: results.neighbours[name] + f'"{EVIL}' for name in ("case_id", "neighbour", "neighbour_patient")}
    )
    out = results.out_of_range.assign(case_id=results.out_of_range["case_id"] + f'"{EVIL}', feature=f"odd{EVIL}")
    run = replace(run, cases=cases, predictions=run.predictions.assign(**named), contributions=moved, values=None)
    results = results.replace({"neighbours": near, "out_of_range": out})
    names = run.cases["case_id"].tolist()
    part = cases_part(run, results, pictures=some_pictures(names), meaning=lambda _: EVIL)
    page = Tags(section_page(part))
    assert len(page.of("script")) == 1  # our own
    assert page.text.count(EVIL) > 300
    odd = {key for _, found in page.tags for key in found if not re.fullmatch(r"[a-z:-]+|viewBox", key.lower())}
    assert not odd


def test_phantom_is_said_on_every_card_and_drawing():
    run, results = case_run(phantom=True)
    page = section_page(cases_part(run, results, pictures=Pictures()), phantom=True)
    headings = re.findall(r"<h[34][^>]*>(.*?)</h[34]>", page, flags=re.DOTALL)
    assert len(headings) > 40
    assert all("(phantom)" in heading for heading in headings)
    labels = [one["aria-label"] for one in Tags(page).of("svg", "waterfall")]
    assert labels
    assert all("(phantom)" in (label or "") for label in labels)


def test_a_page_of_1300_cases_is_small_and_quick():
    run, results = case_run(patients=650, at=0.72)
    missed = by_hand(run)["FN"]
    assert len(run.cases) >= 1_300
    assert 200 <= len(missed) <= 300
    wanted = wanted_pictures(run, results)
    cards = some_pictures([*wanted.cards, *wanted.views], bytes_each=9_000)  # as measured on real lesions
    small = some_pictures(list(wanted.neighbours), bytes_each=2_200)
    started = time.perf_counter()
    part = cases_part(
        run, results, pictures=replace(cards, full_images=cards.lesion_images, thumbnails=small.lesion_images)
    )
    page = section_page(part)
    assert time.perf_counter() - started < 10
    assert len(page.encode()) < 11e6  # of the page's 15 MB
    assert np.mean([len(card.waterfall) for card in part.cases.groups[0].cards]) < 4_500
