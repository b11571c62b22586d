"""Folds keep patients together and classes spread."""

from __future__ import annotations

import numpy as np
import pytest

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.training.splits import fold_seed, inner_folds, repeated_folds


def patients(seed: int = 0, *, n: int = 80) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    group = np.sort(rng.integers(n, size=200)).astype(np.int64)
    return (rng.random(200) < 0.4).astype(np.int8), group


def test_a_patient_is_in_one_fold_of_each_repeat():
    y, group = patients()
    folds = repeated_folds(y, group, folds=5, repeats=4, seed=0)
    assert folds.shape == (4, 200)
    for assigned in folds:
        assert all(np.unique(assigned[group == g]).size == 1 for g in np.unique(group))
        assert set(assigned) == set(range(5))


def test_folds_are_stratified():
    y, group = patients(1)
    for assigned in repeated_folds(y, group, folds=4, repeats=2, seed=3):
        shares = [y[assigned == fold].mean() for fold in range(4)]
        assert max(shares) - min(shares) < 0.12


def test_repeats_differ_and_the_seed_decides():
    y, group = patients()
    one, two = (repeated_folds(y, group, folds=5, repeats=2, seed=s) for s in (0, 0))
    assert (one == two).all()
    assert (one[0] != one[1]).any()
    assert (repeated_folds(y, group, folds=5, repeats=2, seed=1) != one).any()


def test_fewer_patients_than_folds_names_the_class_and_the_way_out():
    y = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], dtype=np.int8)
    group = np.array([0, 0, 1, 1, 2, 3, 4, 5, 6, 7])
    with pytest.raises(InputError, match=r"only 2 patients.*class 1.*Use --folds 2"):
        repeated_folds(y, group, folds=5)


def test_every_fold_has_both_classes_even_if_few_patients_hold_most_rows():
    y = np.array([1] * 30 + [1, 1] + [0] * 40, dtype=np.int8)
    group = np.array([0] * 30 + [1, 2] + list(range(3, 43)))
    for assigned in repeated_folds(y, group, folds=3, repeats=5, seed=0):
        assert all({0, 1} == set(y[assigned == fold]) for fold in range(3))


@pytest.mark.parametrize(("folds", "repeats"), [(1, 3), (5, 0)])
def test_nothing_to_compare_on(folds, repeats):
    with pytest.raises(InputError, match="nothing to compare on"):
        repeated_folds(*patients(), folds=folds, repeats=repeats)


def test_fold_seeds_differ():
    seeds = {fold_seed(s, r, f) for s in range(3) for r in range(4) for f in range(5)}
    assert len(seeds) == 60


def test_inner_folds_are_on_the_patient_and_fewer_where_patients_are_few():
    y, group = patients()
    folds = inner_folds(y, group, folds=3, seed=1)
    assert set(folds) == {0, 1, 2}
    assert all(np.unique(folds[group == g]).size == 1 for g in np.unique(group))
    assert (folds == inner_folds(y, group, folds=3, seed=1)).all()
    assert (folds != inner_folds(y, group, folds=3, seed=2)).any()
    few = np.array([1, 1] + [0] * 20, dtype=np.int8)
    assert set(inner_folds(few, np.arange(22), folds=5, seed=0)) == {0, 1}


@pytest.mark.parametrize("positives", [2, 3, 4, 7])
@pytest.mark.parametrize("seed", range(5))
def test_no_inner_fold_has_one_class(positives, seed):
    y = np.array([1] * positives + [0] * 40, dtype=np.int8)
    group = np.arange(y.size)
    folds = inner_folds(y, group, folds=3, seed=seed)
    assert all({0, 1} == set(y[folds == fold]) for fold in np.unique(folds))


def test_one_patient_of_a_class_cannot_be_split_again():
    y = np.array([1, 1, 1, 0, 0, 0], dtype=np.int8)
    with pytest.raises(InputError, match=r"one patient of a class.*more folds"):
        inner_folds(y, np.array([0, 0, 0, 1, 2, 3]), folds=3, seed=0)


def test_the_fold_of_everybody_has_a_seed_of_its_own():
    assert fold_seed(0, 0, -1) not in {fold_seed(0, 0, fold) for fold in range(20)}
    assert 0 <= fold_seed(7, 3, -1) < 2**31
