"""Checklists: all published items are there, answers follow the run, and a run claims nothing that it cannot know."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from radiomics_mammo.reports.checklists import CHECKLISTS, checklists
from radiomics_mammo.reports.checklists.base import ANSWERS, AUTHORS, NO, NOT_APPLICABLE, PARTLY, YES, facts_of
from radiomics_mammo.reports.components.page import PagePart
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run
from tests.support.finished_run import toy_run


def named(text: str) -> list[str]:
    return text.split()


TRIPOD = named(
    "1 2 3a 3b 3c 4 5a 5b 6a 6b 6c 7 8a 8b 8c 9a 9b 9c 10 11 12a 12b 12c 12d 12e 12f 12g 13 14 15 16 17 "
    "18a 18b 18c 18d 18e 18f 19 20a 20b 20c 21 22 23a 23b 24 25 26 27a 27b 27c"
)
"""Of Collins et al., BMJ 2024;385:e078378, table 2: 27 items, 52 with their parts."""
UNKNOWABLE = {
    "checklist-metrics": named("1 2 3 4 5 6 7 8 9 10 11 14 16 17 27 28 29 30"),
    "checklist-claim": named("1 2 3 4 5 6 8 10 11 13 14 15 16 17 18 21 33 34 35 36 40 41 42 43 44"),
    "checklist-tripod-ai": named(
        "1 2 3a 3b 3c 4 5b 6a 6b 6c 7 8a 8b 8c 9a 9b 9c 10 14 16 17 18a 18b 18c 18d 18e 18f 19 20a 20b 20c 22 25 26 "
        "27a 27b 27c"
    ),
}
"""Items that ask for more than a run can know: recruitment, ethics, other hospitals, what is shared, reasons."""
HELD_OUT = {"table": "other.parquet", "sha256": "c" * 64, "rows": 60, "units": 60, "patients": 30, "positives": 20}
KNOWN = {"versions": {"radiomics-mammo": "0.1.0"}}


toy = cache(toy_run)


def run_of(**others: Any) -> tuple[Run, Results]:
    """A toy run whose info says something else."""
    run, results = toy()
    if "provenance" not in others:
        others["provenance"] = {**run.info.provenance, **KNOWN}
    return replace(run, info=replace(run.info, **others)), results


def tuned(**others: Any) -> dict[str, Any]:
    asked = {"trials": 6, "inner_folds": 3, "calibration": "sigmoid", "operate_at": "sensitivity:0.9", "select": "auto"}
    return {"bootstrap": 60, "also_features": [], "official": False, **asked, **others}


def answers(run: Run, results: Results, slug: str) -> dict[str, tuple[str, str]]:
    """Answer and evidence by the item's number."""
    section = next(one for one in checklists(run, results) if one.slug == f"checklist-{slug}")
    return {row[0]: (row[2], row[3]) for row in section.tables[0].rows}


def variants() -> dict[str, tuple[Run, Results]]:
    run, results = run_of()
    return {
        "plain": (run, results),
        "tuned": run_of(command=tuned(), failures=3),
        "phantom": run_of(phantom=True),
        "held out": run_of(test=HELD_OUT, command=tuned()),
        "official": run_of(test=HELD_OUT, command=tuned(official=True)),
        "other tool": run_of(provenance={}),
        "nothing else": (run, Results()),
        "no model": (replace(run, info=replace(run.info, best="", explained="", final_model="")), Results()),
        "no embeddings": run_of(embeddings=[]),
    }


VARIANTS = variants()


def test_the_published_items_are_all_there_in_order():
    metrics, claim, tripod = (tuple(item.number for item in one.items) for one in CHECKLISTS)
    assert metrics == tuple(str(n) for n in range(1, 31))
    assert claim == tuple(str(n) for n in range(1, 45))
    assert tripod == tuple(TRIPOD) and len(tripod) == 52
    assert len({name.rstrip("abcdefg") for name in tripod}) == 27


@pytest.mark.parametrize("name", VARIANTS)
def test_every_item_has_an_answer_and_evidence(name):
    for section in checklists(*VARIANTS[name]):
        assert isinstance(section, PagePart)
        table = section.tables[0]
        assert tuple(table.headings) == ("No.", "Item", "Answer", "Evidence")
        for number, item, answer, evidence in table.rows:
            assert answer in ANSWERS
            assert len(item) > 5
            assert len(evidence) > 5, number
            assert not {"None", "nan", "?", "–"} & set(evidence.replace(";", " ").replace(",", " ").split()), evidence
            assert "  " not in evidence, (number, evidence)
            assert "/nowhere" not in evidence  # where it was made is nobody's business


@pytest.mark.parametrize("name", VARIANTS)
def test_yes_is_never_said_to_what_a_run_cannot_know(name):
    for section in checklists(*VARIANTS[name]):
        said = {row[0]: row[2] for row in section.tables[0].rows}
        assert [one for one in UNKNOWABLE[section.slug] if said[one] == YES] == []


@pytest.mark.parametrize("name", VARIANTS)
def test_the_sentence_counts_the_answers(name):
    for section in checklists(*VARIANTS[name]):
        found = [row[2] for row in section.tables[0].rows]
        own = sum(found.count(kind) for kind in (YES, PARTLY, NO))
        assert f"Of {len(found)} items this run answers {own} (" in section.text[0]
        for kind in (YES, PARTLY, NO):
            assert not found.count(kind) or f"{found.count(kind)} {kind}" in section.text[0]
        left = [row[0] for row in section.tables[0].rows if row[2] == AUTHORS]
        assert f"{len(left)} are for the authors: {', '.join(left)}." in section.text[0]
        without = found.count(NOT_APPLICABLE)
        assert not without or f" {without} do" in section.text[0]


def test_patients_in_two_folds_are_counted_not_believed():
    run, results = run_of()
    assert answers(run, results, "claim")["20"][0] == YES
    moved = run.predictions.copy()
    moved.loc[moved.index[0], "fold"] = (moved.loc[moved.index[0], "fold"] + 1) % 5
    crossed = replace(run, predictions=moved)
    assert facts_of(crossed, results).crossing == 1
    assert answers(crossed, results, "claim")["20"] == (
        NO,
        "1 patients are in two folds of one repeat (counted in the predictions).",
    )
    assert answers(crossed, results, "metrics")["18"][0] == NO
    assert answers(crossed, results, "tripod-ai")["12a"][0] == NO


def test_a_group_that_may_be_no_patient_is_half_an_answer():
    answer, evidence = answers(*run_of(group="site"), "claim")["20"]
    assert answer == PARTLY and "Whether site identifies patients is for the authors" in evidence


def test_a_phantom_has_no_patients():
    found = answers(*VARIANTS["phantom"], "tripod-ai")
    for number in ("5b", "6b", "6c", "8a", "8b", "17"):
        assert found[number][0] == NOT_APPLICABLE and "simulated" in found[number][1]
    assert answers(*VARIANTS["plain"], "tripod-ai")["17"] == (AUTHORS, "Not in a run: ethics and consent.")
    assert found["5a"] == (YES, "Simulated images (phantom); there are no patients.")
    assert answers(*VARIANTS["phantom"], "claim")["33"][0] == NOT_APPLICABLE


def test_tests_on_other_patients():
    for name, internal, external in (
        ("plain", PARTLY, NO),
        ("held out", PARTLY, AUTHORS),
        ("official", YES, NO),
    ):
        found = answers(*VARIANTS[name], "metrics")
        assert (found["26"][0], found["27"][0]) == (internal, external), name
    assert "30 patients" in answers(*VARIANTS["official"], "metrics")["26"][1]
    assert "c" * 64 in answers(*VARIANTS["held out"], "metrics")["27"][1]
    assert answers(*VARIANTS["plain"], "tripod-ai")["20c"][0] == NOT_APPLICABLE
    assert answers(*VARIANTS["held out"], "tripod-ai")["20c"][0] == PARTLY


def test_another_tools_table_records_nothing():
    ours, theirs = (answers(*VARIANTS[name], "metrics") for name in ("plain", "other tool"))
    for number in ("12", "13", "23"):
        assert ours[number][0] == YES and theirs[number][0] == AUTHORS
    assert (ours["18"][0], theirs["18"][0]) == (YES, PARTLY)
    assert "another tool did to the table before" in theirs["18"][1]
    assert "not recorded" in theirs["8"][1]


def test_evidence_are_the_runs_own_figures():
    run, results = run_of(command=tuned(), failures=3)
    found = answers(run, results, "metrics")
    own = run.summary.set_index(["model", "metric"])["value"]
    assert found["22"][0] == YES and f"Calibration slope {own['xgboost', 'calibration_slope']:.3f} (" in found["22"][1]
    assert f"{own['xgboost', 'brier']:.3f}" in found["22"][1]
    assert f"AUROC of XGBoost {own['xgboost', 'auroc']:.3f} (" in found["21"][1]
    assert found["18"][1].startswith("5 folds × 2 repeats, stratified, seed 0;")
    assert f"{run.info.rows} cases of {run.info.patients} patients" in answers(run, results, "claim")["35"][1]
    assert "3 cases could not be measured" in answers(run, results, "claim")["12"][1]
    assert answers(run, results, "claim")["12"][0] == YES
    assert "6 settings of each model" in answers(run, results, "claim")["25"][1]
    calls = results.operating.set_index("model").loc["xgboost"]
    assert (
        f"{calls['fn']:.0f} false negatives and {calls['fp']:.0f} false positives"
        in answers(run, results, "claim")["39"][1]
    )


def test_what_was_not_done_is_said():
    run, _ = VARIANTS["no model"]
    found = answers(run, Results(), "claim")
    assert found["27"] == (NOT_APPLICABLE, "No ensemble was compared.")
    assert found["31"] == (NO, "No model was explained.")
    assert found["29"][0] == found["26"][0] == NO
    assert answers(run, Results(), "metrics")["30"] == (NO, "The run saved no model.")
    plain = replace(run, info=replace(run.info, candidates={"forest": "Random forest"}))
    assert answers(plain, Results(), "metrics")["24"][0] == answers(plain, Results(), "metrics")["25"][0] == NO
    assert answers(plain, Results(), "tripod-ai")["13"][0] == NOT_APPLICABLE


def test_embeddings_name_their_weights():
    one = {"name": "net-x", "input": "mask", "prefix": "mask_embNetX", "dims": 4, "source": "a shop", "licence": "MIT"}
    one |= {"sha256": "d" * 64, "trained_on": "photographs", "forced": False}
    found = answers(*run_of(embeddings=[one]), "claim")
    assert found["24"][0] == YES
    assert "net-x: frozen weights from a shop, SHA-256 " + "d" * 64 in found["24"][1]
    assert "input of net-x: mask" in found["9"][1]
    assert found["22"][0] == PARTLY
    assert found["20"][0] == YES
    answer, evidence = answers(*run_of(embeddings=[one | {"forced": True}]), "claim")["20"]
    assert answer == NO and "net-x were trained on images of this collection" in evidence
    assert answers(*VARIANTS["no embeddings"], "claim")["22"][0] == YES


def test_names_from_tables_stay_plain_text():
    """Escaping is the template's: what is handed over is str, never markup."""
    run, results = run_of(label="<script>x</script>", candidates={"xgboost": "<b>XGBoost</b>"})
    for section in checklists(run, results):
        assert all(type(cell) is str for row in section.tables[0].rows for cell in row)
    assert "<script>x</script>" in answers(run, results, "claim")["14"][1]


def test_imbalance_is_answered_from_what_was_done():
    run, results = run_of(command=tuned())
    assert "XGBoost + random oversampling: each compared with the same model without resampling" in imbalance(
        run, results
    )
    assert "XGBoost + SMOTE: without the same model for comparison" in imbalance(run, results)  # the toy has one twin
    assert "calibrated afterwards (sigmoid)" in imbalance(run, results)
    raw = replace(run, info=replace(run.info, command=tuned(calibration="none")))
    assert "not calibrated afterwards" in imbalance(raw, results)
    alone = replace(
        run, info=replace(run.info, candidates={"xgboost+smote": "S"}), differences=run.differences.iloc[:0]
    )
    assert "each compared with the same model" not in imbalance(alone, results)
    head = replace(run, info=replace(run.info, candidates={"head@crop_embX": "Dense head"}))
    assert answers(head, results, "tripod-ai")["13"][0] == PARTLY
    assert "Dense head: trained with balanced class weights" in imbalance(head, results)


def imbalance(run: Run, results: Results) -> str:
    """TRIPOD+AI's item on class imbalance."""
    return answers(run, results, "tripod-ai")["13"][1]


def test_the_reference_of_the_tests_is_named_and_the_best_need_not_be_in_them():
    run, results = run_of()
    found = answers(run, results, "metrics")
    title = run.info.candidates["xgboost+oversampling"]
    for number in ("21", "24", "25"):
        assert f"against {title}" in found[number][1], number
    assert found["24"][0] == found["25"][0] == PARTLY
    assert "the best model, XGBoost, is not in these tests" in found["24"][1]
    assert "XGBoost minus Size only and Radiologists' assessment is shown" in found["24"][1]
    own = results.pairs.assign(against="xgboost")
    found = answers(run, results.replace({"pairs": own}), "metrics")
    assert found["24"][0] == found["25"][0] == YES


def test_calls_name_their_model_and_models_those_they_are_trained_on():
    found = answers(*VARIANTS["held out"], "claim")
    assert found["39"][1].startswith("XGBoost at its operating threshold: ")
    said = [row[3] for one in checklists(*VARIANTS["held out"]) for row in one.tables[0].rows]
    assert not [one for one in said if "trained on all patients," in one]
    assert [one for one in said if "trained on all training patients," in one]


def test_a_choice_without_optimism_says_so():
    run, results = run_of()
    up = results.selection_bias.assign(corrected=results.selection_bias["apparent"] + 0.01)
    said = [row[3] for one in checklists(run, results.replace({"selection_bias": up})) for row in one.tables[0].rows]
    assert [one for one in said if "no optimism was found" in one]
