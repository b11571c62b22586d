"""Finished folds are read back to the bit, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from radiomics_mammo.evaluation.training.calibration import Calibrator
from radiomics_mammo.evaluation.training.cross_validation import CandidateFold
from radiomics_mammo.evaluation.training.fold_store import FoldStore
from radiomics_mammo.evaluation.training.nested_cv import TunedFold
from radiomics_mammo.runs.checkpoint import fold_store

TUNED = TunedFold(
    {"C": 0.1 + 0.2, "select": "mrmr", "k": 20},
    float("nan"),
    Calibrator("isotonic", (0.1, 1 / 3), (0.0, 1.0)),
    2 / 3,
    ("svm did not converge in some folds",),
)
ONE = CandidateFold("xgboost+smote", 2, -1, np.array([0.1, 1 / 3]), np.array([np.nan, 1.0]), TUNED, 1.25)
RANKS = {(0, "mrmr"): np.array([2, 0, 1], dtype=np.int32), (-1, "l1"): np.array([0], dtype=np.int32)}


def same(one: CandidateFold, two: CandidateFold) -> bool:
    choices = [(c.parameters, repr(c.score), c.calibrator, c.threshold, c.notes) for c in (one.tuned, two.tuned)]
    return (
        (one.candidate, one.repeat, one.fold, one.seconds) == (two.candidate, two.repeat, two.fold, two.seconds)
        and one.raw.tobytes() == two.raw.tobytes()
        and one.p.tobytes() == two.p.tobytes()
        and choices[0] == choices[1]
    )


def test_what_is_kept_comes_back_to_the_bit(tmp_path):
    store = FoldStore(tmp_path / "folds")
    assert store.candidate_fold("xgboost+smote", 2, -1) is None
    assert store.rankings(0, 1) is None
    assert store.trials() is None
    store.write_candidate_fold(ONE)
    store.write_rankings(0, 1, RANKS)
    store.write_trials(17)
    found = FoldStore(tmp_path / "folds")
    again = found.candidate_fold("xgboost+smote", 2, -1)
    assert again is not None
    assert same(again, ONE)
    ranks = found.rankings(0, 1)
    assert ranks is not None
    assert set(ranks) == set(RANKS)
    assert all((ranks[key] == RANKS[key]).all() and ranks[key].dtype == np.int32 for key in RANKS)
    assert found.trials() == 17
    assert found.candidate_fold("xgboost", 2, -1) is None


def test_any_damage_costs_the_fold_only(tmp_path):
    store = FoldStore(tmp_path)
    store.write_candidate_fold(ONE)
    path = next(tmp_path.iterdir())
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    damaged = [whole[: int(n)] for n in rng.integers(len(whole), size=20)] + [b"", whole + b"x"]
    for place in rng.integers(len(whole), size=200):
        damaged.append(whole[:place] + bytes([whole[place] ^ (1 << int(rng.integers(8)))]) + whole[place + 1 :])
    for text in damaged:
        path.write_bytes(text)
        assert store.candidate_fold("xgboost+smote", 2, -1) is None
    path.write_bytes(whole)
    assert store.candidate_fold("xgboost+smote", 2, -1) is not None


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = FoldStore()
    store.write_candidate_fold(ONE)
    assert store.candidate_fold("xgboost+smote", 2, -1) is None
    assert list(tmp_path.iterdir()) == []


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_folds_stay_after_an_error_and_go_with_all_others_at_the_end(tmp_path):
    for decides in ({"seed": 0}, {"seed": 1}):
        with pytest.raises(RuntimeError, match="stop"), fold_store(tmp_path / "run[1]", decides) as store:
            store.write_candidate_fold(ONE)
            raise RuntimeError("stop")
    assert len(left(tmp_path)) == 2
    (tmp_path / ".run1.folds-x").mkdir()  # another run's
    with fold_store(tmp_path / "run[1]", {"seed": 0}) as store:
        assert store.candidate_fold("xgboost+smote", 2, -1) is not None
        assert store.candidate_fold("xgboost", 2, -1) is None
    assert left(tmp_path) == [".run1.folds-x"]


def test_other_options_find_nothing_and_an_empty_store_is_not_left(tmp_path):
    with pytest.raises(RuntimeError), fold_store(tmp_path / "r", {"seed": 0}) as store:
        store.write_candidate_fold(ONE)
        raise RuntimeError
    kept = left(tmp_path)
    with pytest.raises(RuntimeError), fold_store(tmp_path / "r", {"seed": 1}) as store:
        assert store.candidate_fold("xgboost+smote", 2, -1) is None
        raise RuntimeError
    assert left(tmp_path) == kept
