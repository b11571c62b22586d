"""Nearest training cases and values out of range, against scikit-learn and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from radiomics_mammo.evaluation.case_analysis import nearest_cases as module
from radiomics_mammo.evaluation.case_analysis.nearest_cases import nearest_cases
from radiomics_mammo.evaluation.case_analysis.out_of_range import MOST, out_of_range
from radiomics_mammo.evaluation.training.splits import repeated_folds
from tests.support.cohorts import FEATURES, toy_frame
from tests.support.plans import cohort_of


def folded(cohort, *, folds: int = 4) -> np.ndarray:
    return repeated_folds(cohort.units.y, cohort.units.group, folds=folds, repeats=2, seed=3)


def by_sklearn(x: np.ndarray, fold_of: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Scale on the training rows and ask scikit-learn; the toy's columns neither repeat nor stay constant."""
    which, distance = np.empty((len(x), k), dtype=int), np.empty((len(x), k))
    for fold in np.unique(fold_of):
        known, asked = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        scaler = StandardScaler().fit(x[known])
        model = NearestNeighbors(n_neighbors=k, algorithm="kd_tree").fit(scaler.transform(x[known]))
        far, near = model.kneighbors(scaler.transform(x[asked]))
        which[asked], distance[asked] = known[near], far / np.sqrt(x.shape[1])
    return which, distance


def test_neighbours_are_those_of_scikit_learn():
    cohort = cohort_of()
    fold_of = folded(cohort)
    which, distance = by_sklearn(cohort.x, fold_of[0], 5)
    found = nearest_cases(cohort, fold_of)
    names = cohort.rows["case_id"].to_numpy()
    assert found["case_id"].tolist() == np.repeat(names, 5).tolist()
    assert found["rank"].tolist() == [1, 2, 3, 4, 5] * len(names)
    assert found["neighbour"].tolist() == names[which].ravel().tolist()
    assert found["neighbour_y"].tolist() == cohort.y[which].ravel().tolist()
    np.testing.assert_allclose(found["distance"], distance.ravel(), rtol=1e-9)


def test_blocks_change_nothing(monkeypatch):
    cohort = cohort_of()
    fold_of = folded(cohort)
    whole = nearest_cases(cohort, fold_of)
    monkeypatch.setattr(module, "_BLOCK", 7)
    pd.testing.assert_frame_equal(nearest_cases(cohort, fold_of), whole)


def test_nobody_is_her_own_neighbour_though_her_other_row_is_the_same():
    frame = toy_frame()
    frame.loc[1::2, list(FEATURES)] = frame.loc[::2, list(FEATURES)].to_numpy() + 1e-7
    cohort = cohort_of(frame)
    found = nearest_cases(cohort, folded(cohort))
    patient = dict(zip(cohort.rows["case_id"], cohort.rows["patient_id"], strict=True))
    assert (found["case_id"].map(patient) != found["neighbour_patient"]).all()
    assert (found["distance"] > 0.01).all()


def test_rows_of_a_unit_are_averaged():
    cohort = cohort_of(unit="patient")
    fold_of = folded(cohort)
    found = nearest_cases(cohort, fold_of, k=3)
    x, of = cohort.x, cohort.units.of
    row_fold = fold_of[0][of]
    first = found[found["case_id"] == cohort.units.rows["case_id"][0]]
    known = np.flatnonzero(row_fold != row_fold[0])
    scaled = StandardScaler().fit(x[known]).transform(x)
    means = np.stack([scaled[of == unit].mean(axis=0) for unit in range(of.max() + 1)])
    distance = np.sqrt(((means - means[0]) ** 2).mean(axis=1))
    distance[fold_of[0] == fold_of[0][0]] = np.inf
    order = np.argsort(distance)[:3]
    assert first["neighbour"].tolist() == cohort.units.rows["case_id"].to_numpy()[order].tolist()
    np.testing.assert_allclose(first["distance"], distance[order], rtol=1e-9)
    assert found.groupby("case_id").size().eq(3).all()


def test_embeddings_count_only_where_there_is_nothing_else():
    frame = toy_frame()
    plain = cohort_of(frame)
    noise = np.random.default_rng(1).normal(size=(len(frame), 30)) * 1e3
    names = tuple(f"crop_embNet_E{i:04d}" for i in range(30))
    mixed = replace(plain, x=np.hstack([plain.x, noise]), features=(*plain.features, *names))
    fold_of = folded(plain)
    pd.testing.assert_frame_equal(nearest_cases(plain, fold_of), nearest_cases(mixed, fold_of))
    pd.testing.assert_frame_equal(out_of_range(plain, fold_of), out_of_range(mixed, fold_of))
    alone = replace(plain, x=noise, features=names)
    assert nearest_cases(alone, fold_of)["neighbour"].tolist() != nearest_cases(plain, fold_of)["neighbour"].tolist()
    assert out_of_range(alone, fold_of).empty


def test_of_a_large_cohort_the_rarer_class_stays_in_the_pool(monkeypatch):
    monkeypatch.setattr(module, "MOST_UNITS", 100)
    cohort = cohort_of()
    pool = module._pool(cohort.y)
    assert pool.sum() == 100
    assert pool[cohort.y == 1].all()
    found = nearest_cases(cohort, folded(cohort))
    assert len(found) == 5 * cohort.y.size
    names = cohort.rows["case_id"].to_numpy()
    assert set(found["neighbour"]) <= set(names[pool])


def test_few_training_units_give_few_neighbours():
    cohort = cohort_of(toy_frame(patients=5, rows_each=1))
    found = nearest_cases(cohort, folded(cohort, folds=2), k=9)
    assert found.groupby("case_id").size().between(1, 4).all()


def test_values_out_of_range_are_those_that_a_loop_finds():
    frame = toy_frame()
    frame.loc[3, FEATURES[2]] = 1e3
    frame.loc[5, FEATURES[4]] = np.nan
    cohort = cohort_of(frame)
    fold_of = folded(cohort)
    found = out_of_range(cohort, fold_of)
    names = cohort.rows["case_id"].to_numpy()
    wanted = set()
    for i, name in enumerate(names):
        trained = cohort.x[fold_of[0] != fold_of[0][i]]
        low, high = np.nanmin(trained, axis=0), np.nanmax(trained, axis=0)
        for j in np.flatnonzero((cohort.x[i] < low) | (cohort.x[i] > high)):
            wanted.add((name, cohort.features[j], cohort.x[i, j], low[j], high[j]))
    assert set(found.itertuples(index=False, name=None)) == wanted
    assert found[found["case_id"] == names[3]]["feature"].tolist()[0] == FEATURES[2]


def test_the_farthest_are_told_first_and_no_more_than_a_few():
    frame = toy_frame()
    frame.loc[7, list(FEATURES)] = [20.0, 70.0, 30.0, 80.0, 40.0, 50.0, 60.0, 10.0]
    cohort = cohort_of(frame)
    fold_of = folded(cohort)
    found = out_of_range(cohort, fold_of)
    own = found[found["case_id"] == cohort.rows["case_id"][7]]
    trained = cohort.x[fold_of[0] != fold_of[0][7]]
    quartiles = np.percentile(trained, [25, 75], axis=0)
    far = (cohort.x[7] - trained.max(axis=0)) / (quartiles[1] - quartiles[0])
    assert own["feature"].tolist() == [FEATURES[j] for j in np.argsort(-far)[:MOST]]
    assert found.groupby("case_id", sort=False).size().max() == MOST


def test_a_feature_that_was_constant_in_training_is_farthest_out():
    frame = toy_frame()
    frame[FEATURES[6]] = 0.0
    frame.loc[11, FEATURES[6]] = 1e-3
    frame.loc[11, FEATURES[1]] = 1e6
    cohort = cohort_of(frame)
    found = out_of_range(cohort, folded(cohort))
    own = found[found["case_id"] == cohort.rows["case_id"][11]]
    assert own["feature"].tolist()[:2] == [FEATURES[6], FEATURES[1]]


@pytest.mark.parametrize("table", [nearest_cases, out_of_range])
def test_the_same_table_each_time(table):
    cohort = cohort_of()
    pd.testing.assert_frame_equal(table(cohort, folded(cohort)), table(cohort, folded(cohort)))
