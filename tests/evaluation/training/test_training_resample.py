"""What leaves a sampler is imbalanced-learn's own; what cannot be done is said."""

from __future__ import annotations

import numpy as np
import pytest
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE, RandomOverSampler
from sklearn.utils.class_weight import compute_sample_weight

from radiomics_mammo.evaluation.training.samplers import (
    SAMPLERS,
    Sampler,
    balanced_weights,
    neighbours,
    repeats,
    resample,
)


def rows(*, negatives: int = 60, positives: int = 12, apart: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = np.array([0] * negatives + [1] * positives, dtype=np.int8)
    return rng.normal(size=(y.size, 3)) + apart * y[:, None], y


@pytest.mark.parametrize(
    ("sampler", "theirs"),
    [
        ("oversampling", RandomOverSampler(random_state=5)),
        ("smote", SMOTE(random_state=5)),
        ("borderline", BorderlineSMOTE(random_state=5)),
        ("adasyn", ADASYN(random_state=5)),
        ("smoteenn", SMOTEENN(smote=SMOTE(random_state=5), random_state=5)),
    ],
)
def test_it_is_imbalanced_learns(sampler, theirs):
    x, y = rows()
    found = resample(x, y, sampler=sampler, seed=5)
    wanted_x, wanted_y = theirs.fit_resample(x, y)
    np.testing.assert_array_equal(found.x, wanted_x)
    np.testing.assert_array_equal(found.y, wanted_y)
    assert found.note == ""
    assert (found.weight == 1).all()
    assert found.y.dtype == np.int8


def test_none_leaves_the_rows_alone_and_weights_are_scikit_learns():
    x, y = rows()
    for sampler in ("none", "weights"):
        found = resample(x, y, sampler=sampler, seed=0)
        assert found.x is x
        assert found.y is y
    np.testing.assert_allclose(found.weight, compute_sample_weight("balanced", y), rtol=1e-15)
    assert balanced_weights(y).mean() == pytest.approx(1)


def test_repeats_count_what_random_oversampling_takes():
    _, y = rows()
    counts = repeats(y, seed=9)
    theirs = RandomOverSampler(random_state=9)
    theirs.fit_resample(np.zeros((y.size, 1)), y)
    np.testing.assert_array_equal(counts, np.bincount(theirs.sample_indices_, minlength=y.size))
    assert counts[y == 1].sum() == counts[y == 0].sum() == 60
    assert (counts >= 1).all()


@pytest.mark.parametrize("sampler", ["smote", "borderline", "adasyn", "smoteenn"])
def test_one_case_is_too_few_to_interpolate(sampler):
    x, y = rows(positives=1)
    found = resample(x, y, sampler=sampler, seed=0)
    assert found.x is x
    assert "too few training cases of the rarer class" in found.note


@pytest.mark.parametrize("sampler", ["smote", "borderline", "adasyn", "smoteenn"])
@pytest.mark.parametrize("positives", [2, 3, 5])
def test_a_few_cases_have_fewer_neighbours(sampler, positives):
    x, y = rows(positives=positives, apart=0.3)
    assert neighbours(y) == positives - 1
    found = resample(x, y, sampler=sampler, seed=0)
    assert set(np.unique(found.y)) == {0, 1}
    assert np.isfinite(found.x).all()
    assert found.note


def test_two_cases_are_joined_by_a_line():
    x, y = rows(positives=2)
    made = resample(x, y, sampler="smote", seed=0).x[y.size :]
    a, b = x[y == 1]
    share = (made - a) @ (b - a) / ((b - a) @ (b - a))
    np.testing.assert_allclose(made, a + share[:, None] * (b - a), atol=1e-12)


@pytest.mark.parametrize("sampler", ["adasyn", "borderline"])
def test_nothing_to_add_is_said(sampler):
    x, y = rows(apart=100.0)  # no case is near the other class
    found = resample(x, y, sampler=sampler, seed=0)
    assert found.x is x
    assert found.note == "left the training rows of some folds as they are: it had nothing to add"


class Broken:
    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def fit_resample(self, x, y):
        if self.error is not None:
            raise self.error
        return x[y == 0], y[y == 0]


def test_one_class_left_is_a_note_and_other_errors_are_not_swallowed(monkeypatch):
    x, y = rows()
    monkeypatch.setitem(SAMPLERS, "odd", Sampler("odd", lambda *_: Broken(None), least=1))
    assert "cleaned a whole class away" in resample(x, y, sampler="odd", seed=0).note
    for error in (ValueError("Expected n_neighbors <= n_samples_fit, neighbours"), RuntimeError("out of luck")):
        monkeypatch.setitem(SAMPLERS, "odd", Sampler("odd", lambda *_, e=error: Broken(e), least=1))
        with pytest.raises(type(error), match=str(error)):
            resample(x, y, sampler="odd", seed=0)


def test_members_of_a_bag_see_all_of_the_rarer_class_and_as_many_others():
    from tests.support.plans import Spy

    x, y = rows(positives=2)
    Spy.shown.clear()
    SAMPLERS["bagging"].build(y, 3)(Spy()).fit(x, y)
    assert len(Spy.shown) == 10
    for seen, labels in Spy.shown:
        assert sorted(labels) == [0, 0, 1, 1]
        assert {row.tobytes() for row in x[y == 1]} <= {row.tobytes() for row in seen}
    assert len({seen.tobytes() for seen, _ in Spy.shown}) > 5
