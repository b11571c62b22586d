"""The part "why": planted features come first, noise is called noise, and everything has words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.evaluation.explanation import explain
from radiomics_mammo.evaluation.explanation.explain import permutation_budget
from radiomics_mammo.evaluation.training.cross_validation import cross_validate
from radiomics_mammo.reports.components.page import Figure, PagePart
from radiomics_mammo.runs.results import Results
from radiomics_mammo.runs.run_folder import Run
from tests.support.explained_run import NAMES, PLANTED, ExplainedTables, explained, noise_frame, toy_plan
from tests.support.finished_run import toy_run
from tests.support.report_page import section_part


@pytest.fixture(scope="module")
def noise() -> tuple[Run, ExplainedTables]:
    return explained_run(strength=0.0)


@pytest.fixture(scope="module")
def planted() -> tuple[Run, ExplainedTables]:
    return explained_run(strength=2.0)


@pytest.fixture(scope="module")
def section(planted) -> dict[str, PagePart]:
    return explanation(*planted)


def explained_run(*, strength: float, candidate: str = "xgboost", repeats: int = 2) -> tuple[Run, ExplainedTables]:
    plan = toy_plan(noise_frame(strength=strength), candidate=candidate, repeats=repeats)
    found = explained(plan)
    run, _ = toy_run(explained=candidate, contribution_unit="log-odds" if candidate == "xgboost" else "probability")
    cases = plan.cohort.units.rows
    return replace(run, cases=cases, contributions=found.contributions, values=found.values), found


SLUGS = ("importance", "concepts", "groups", "dependence", "interactions", "stability", "clusters")


def explanation(run: Run, found: ExplainedTables) -> dict[str, PagePart]:
    tables = Results(found.tables)
    parts = {slug: section_part(slug, run, tables, meaning=lambda name: f"Means {name}.") for slug in SLUGS}
    return {slug: part for slug, part in parts.items() if part is not None}


def figures(parts: dict[str, PagePart]) -> Iterator[Figure]:
    for part in parts.values():
        yield from part.figures


def test_a_table_of_noise_is_called_unstable(noise):
    run, found = noise
    stability = found.tables["shap_stability"].set_index("statistic")
    assert stability.loc["jaccard", "verdict"] == "nothing stable"
    assert stability.loc["jaccard", "value"] == pytest.approx(stability.loc["jaccard", "chance"], abs=0.15)
    assert not found.tables["shap_features"]["above_chance"].any()
    assert any("is not stable" in sentence for sentence in explanation(run, found)["importance"].text)


def test_a_planted_feature_comes_first_in_every_fold(planted, section):
    _, found = planted
    first = found.tables["shap_features"].iloc[0]
    assert first["feature"] == PLANTED
    assert (first["rank_mean"], first["rank_sd"]) == (1.0, 0.0)
    assert first["above_chance"]
    assert found.tables["shap_stability"].iloc[0]["verdict"] != "nothing stable"
    assert not any("is not stable" in sentence for sentence in section["importance"].text)
    row = next(row for row in section["concepts"].tables[0].rows if row[0] == PLANTED)
    assert row[1:6] == ["Texture", row[2], "yes", "1.0 ± 0.0", "malignant"]
    assert row[7] == f"Means {PLANTED}."


def test_tables_are_of_held_out_rows_and_of_the_contract(planted):
    _, found = planted
    assert set(found.tables) == {
        *("shap_features", "shap_groups", "shap_stability", "shap_interactions", "shap_clusters", "shap_permutation")
    }
    table = found.contributions
    assert table is not None
    assert table.columns.tolist() == ["case_id", "repeat", "fold", "base", "scale", "shift", *NAMES]
    assert len(table) == 2 * 90
    groups = found.tables["shap_groups"]
    assert set(groups.loc[groups["kind"] == "filter", "group"]) == {"original", "wavelet-HH"}
    assert found.tables["shap_interactions"].columns.tolist() == ["first", "second", "strength"]
    assert len(found.tables["shap_permutation"]) == 19
    assert found.values is not None
    assert found.values.columns[:2].tolist() == ["case_id", PLANTED]


def test_every_figure_of_the_explanation_has_words(section):
    assert list(section) == list(SLUGS)
    drawn = list(figures(section))
    assert len(drawn) == 9
    for figure in drawn:
        alt = re.search(r'aria-label="([^"]+)"', figure.svg)
        assert alt is not None
        assert len(alt[1]) > 40
        assert figure.caption
    ids = [name for figure in drawn for name in re.findall(r'\bid="([^"]+)"', figure.svg)]
    assert len(ids) == len(set(ids))
    assert "90 evenly spaced held-out cases" in section["interactions"].text[0]
    said = " ".join(section["importance"].text)
    assert "not the cause of the disease" in said
    assert "held-out cases only" in said
    assert "share their importance" in " ".join(section["clusters"].text)


def test_the_page_says_the_same_of_tables_read_from_csv(planted, section, tmp_path):
    run, found = planted
    read = {}
    for name, table in found.tables.items():
        table.assign(data="real").to_csv(tmp_path / f"{name}.csv", index=False)
        read[name] = pd.read_csv(tmp_path / f"{name}.csv")
    assert explanation(run, ExplainedTables(found.shap, read)) == section


def test_phantoms_are_marked_and_crowds_thinned_in_every_figure(planted, monkeypatch):
    monkeypatch.setattr("radiomics_mammo.reports.sections.explanation._MAX_POINTS", 30)
    run, found = planted
    marked = replace(run, info=replace(run.info, phantom=True, units=90))
    section = explanation(marked, found)
    assert all("phantom" in figure.svg for figure in figures(section))
    assert "(30 of 90, evenly spaced)" in section["importance"].figures[1].caption


def test_what_a_table_calls_a_feature_stays_text(planted):
    run, found = planted
    odd = '<script>"x"'
    assert run.contributions is not None
    assert run.values is not None
    new = {PLANTED: odd}
    run = replace(run, contributions=run.contributions.rename(columns=new), values=run.values.rename(columns=new))
    tables = {name: table.replace(new) for name, table in found.tables.items()}
    section = explanation(run, ExplainedTables(found.shap, tables))
    for figure in figures(section):
        assert "<script" not in figure.svg


def test_a_forest_is_explained_in_probability_without_interactions(monkeypatch):
    monkeypatch.setattr(explain, "_PERMUTATIONS", 2)
    monkeypatch.setattr(explain, "_FEWEST", 2)
    run, found = explained_run(strength=2.0, candidate="forest", repeats=1)
    assert "shap_interactions" not in found.tables
    assert found.contributions is not None
    assert found.contributions["scale"].isna().all()
    section = explanation(run, found)
    assert "The model with the highest AUROC, XGBoost, is not explained here." in section["importance"].text[0]
    assert "interactions" not in section
    assert found.tables["shap_features"]["feature"].iloc[0] == PLANTED


def test_a_network_is_one_feature_of_early_fusion(monkeypatch):
    monkeypatch.setattr(explain, "_PERMUTATIONS", 2)
    monkeypatch.setattr(explain, "_FEWEST", 2)
    frame = noise_frame()
    outputs = [f"crop_embToy_E{i:04d}" for i in range(1, 13)]
    seen = np.random.default_rng(1).normal(size=(len(frame), 12)) + 1.5 * frame[["malignant"]].to_numpy()
    frame = frame.assign(**dict(zip(outputs, seen.T, strict=True)))
    plan = toy_plan(frame, candidate="fusion-xgboost", repeats=1, features=(*NAMES, *outputs))
    found = explained(plan)
    assert found.contributions is not None
    assert found.contributions.columns[6:].tolist() == [*NAMES, "crop_embToy_Embedding"]
    assert found.tables["shap_features"]["feature"].iloc[0] == "crop_embToy_Embedding"
    groups = found.tables["shap_groups"]
    assert "embedding" in groups.loc[groups["kind"] == "family", "group"].tolist()
    run, _ = toy_run(explained="xgboost")
    run = replace(run, cases=plan.cohort.units.rows, contributions=found.contributions, values=found.values)
    row = explanation(run, found)["concepts"].tables[0].rows[0]
    assert row[:2] == ["crop_embToy_Embedding", "Network embedding"]
    assert "no single meaning" in row[7]


def test_without_a_tree_model_there_is_no_explanation():
    assert not explanation(toy_run()[0], ExplainedTables(None, {}))


def test_workers_change_no_bit(monkeypatch):
    monkeypatch.setattr(explain, "_PERMUTATIONS", 2)
    monkeypatch.setattr(explain, "_FEWEST", 2)
    plan = toy_plan(noise_frame(), repeats=1)
    outcome = cross_validate(plan)
    one, two = explained(plan, outcome), explained(plan, outcome, workers=2)
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, two.tables[name], check_exact=True)
    assert one.contributions is not None
    assert two.contributions is not None
    pd.testing.assert_frame_equal(one.contributions, two.contributions, check_exact=True)


def test_large_tables_are_thinned_before_permutations_are_saved():
    plan = toy_plan(noise_frame(), repeats=1)
    candidate = plan.candidates[0]
    assert permutation_budget(plan, candidate) == (19, 90)
    rows = 54_706
    units = replace(plan.cohort.units, y=np.zeros(rows, dtype=np.int8))
    names = tuple(f"original_glcm_F{i}" for i in range(1_000))
    large = replace(plan, cohort=replace(plan.cohort, features=names, y=np.zeros(rows, dtype=np.int8), units=units))
    permutations, stored = permutation_budget(large, candidate)
    assert stored == 2_000
    assert 5 <= permutations < 19
