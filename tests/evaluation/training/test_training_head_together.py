"""Dense heads trained in step on inner folds, and the same path by NumPy and by PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from radiomics_mammo.errors import EngineError, InputError
from radiomics_mammo.evaluation.training.estimators.dense_head.classifier import DenseHead
from radiomics_mammo.evaluation.training.estimators.dense_head.early_stopping import (
    CURVES,
    PARTS,
    HeadPair,
    fit_together,
)
from tests.support.dense_heads import mean_auroc, numpy_head, pairs_of, rows


def test_growing_in_step_is_training_each_alone():
    pairs = pairs_of()
    head = numpy_head(epochs=25, seed=5)
    found = fit_together(pairs, head, judge=mean_auroc(pairs), patience=6)
    assert not hasattr(head, "weights_") and head.epochs == 25
    alone = [
        [
            clone(head).set_params(epochs=n, seed=6 + i).fit(*one[:2]).predict_proba(one[2])[:, 1]
            for i, one in enumerate(pairs)
        ]
        for n in range(1, 26)
    ]
    scores = [mean_auroc(pairs)(held) for held in alone]
    looked = next((n for n in range(25) if n - int(np.argmax(scores[: n + 1])) >= 6), 24) + 1
    assert found.parameters["epochs"] == int(np.argmax(scores[:looked])) + 1
    assert found.score == max(scores[:looked])
    for held, wanted in zip(found.validation, alone[found.parameters["epochs"] - 1], strict=True):
        np.testing.assert_array_equal(held, wanted)
    assert found.curves.shape == (looked * 2 * 2, 6)


@pytest.mark.parametrize(
    ("scores", "patience", "epochs", "looks"),
    [
        ([0.5, 0.6, 0.6, 0.55, 0.5, 0.9], 3, 2, 5),  # equal is not better; three looks without a better one end it
        ([0.5, 0.4, 0.6, 0.1, 0.9, 0.1], 2, 5, 7),
        ([0.5, 0.4, 0.9], 1, 1, 2),
        ([0.01 * i for i in range(99)], 3, 12, 12),  # the most that the settings allow
        ([float("nan"), 0.5, float("nan"), float("nan"), 0.4], 3, 2, 5),
    ],
)
def test_it_stops_as_it_says(scores, patience, epochs, looks):
    seen: list[list[np.ndarray]] = []

    def judge(held):
        seen.append(held)
        return [*scores, *[0.0] * 9][len(seen) - 1]

    found = fit_together(pairs_of(), numpy_head(epochs=12), judge=judge, patience=patience)
    assert (found.parameters["epochs"], len(seen), found.score) == (epochs, looks, scores[epochs - 1])
    assert found.validation is seen[epochs - 1]
    assert found.curves[:, 1].max() == looks


def test_nothing_to_judge_by_is_said():
    with pytest.raises(InputError, match="no epoch of a dense head could be judged"):
        fit_together(pairs_of(), numpy_head(), judge=lambda _: float("nan"), patience=3)


def test_curves_are_what_scikit_learn_gives():
    pairs = pairs_of()
    head = numpy_head(epochs=4, seed=1)
    found = fit_together(pairs, head, judge=mean_auroc(pairs), patience=9).curves
    assert CURVES == ("inner", "epoch", "part", "loss", "auroc", "accuracy")
    assert PARTS == ("training", "validation")
    for inner, epoch, part, *measured in found:
        pair = pairs[int(inner)]
        own = clone(head).set_params(epochs=int(epoch), seed=2 + int(inner)).fit(*pair[:2])
        x, y = pair[:2] if part == 0 else pair[2:]
        p = own.predict_proba(x)[:, 1]
        weight = (pair[1].size / (2 * np.bincount(pair[1])))[y]
        wanted = [log_loss(y, p, sample_weight=weight), roc_auc_score(y, p), accuracy_score(y, p > 0.5)]
        np.testing.assert_allclose(measured, wanted, atol=1e-9)
    plain = clone(head).set_params(balanced=False, epochs=1)
    first = fit_together(pairs, plain, judge=mean_auroc(pairs), patience=1).curves[1]
    p = clone(plain).set_params(seed=2).fit(*pairs[0][:2]).predict_proba(pairs[0][2])
    assert first[3] == pytest.approx(log_loss(pairs[0][3], p), abs=1e-9)


def test_training_rows_are_learnt_by_heart_and_the_held_are_not():
    pairs = pairs_of(strength=0.0)
    head = numpy_head(hidden=64, epochs=60, dropout=0.0, rate=1e-2)
    last = fit_together(pairs, head, judge=mean_auroc(pairs), patience=60).curves[-2:]
    assert last[0, 4] > 0.99 > 0.65 > last[1, 4]
    assert last[0, 3] < 0.1 < last[1, 3]


def test_held_rows_of_one_class_have_no_auroc():
    x, y = rows(30)
    pair = HeadPair(x, y, x[:5], np.zeros(5, dtype=np.int8))
    found = fit_together([pair], numpy_head(epochs=2), judge=lambda held: -float(held[0].mean()), patience=2)
    part, column = found.curves[:, 2], found.curves[:, 4]
    assert np.isnan(column[part == 1]).all() and np.isfinite(column[part == 0]).all()
    assert np.isfinite(found.curves[:, [3, 5]]).all()


# PyTorch.


def test_torch_follows_the_same_path():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x, y = rows(40, n=300, columns=200)
    threads = torch.get_num_threads()
    for settings in ({}, {"dropout": 0.0, "balanced": False, "decay": 1.0}):
        both = [DenseHead(epochs=15, seed=3, backend=one, **settings).fit(x, y) for one in ("numpy", "torch")]
        assert [one.backend_ for one in both] == ["numpy", "torch"]
        p, q = (one.predict_proba(x)[:, 1] for one in both)
        print("largest difference in probability:", np.abs(p - q).max())  # noqa: T201
        np.testing.assert_allclose(p, q, atol=1e-4)
        again = DenseHead(epochs=15, seed=3, backend="torch", **settings).fit(x, y)
        assert all(again.weights_[name].tobytes() == both[1].weights_[name].tobytes() for name in again.weights_)
    assert torch.get_num_threads() == threads
    pairs = pairs_of()
    grown = [
        fit_together(pairs, DenseHead(epochs=12, backend=one), judge=mean_auroc(pairs), patience=12)
        for one in ("numpy", "torch")
    ]
    np.testing.assert_allclose(grown[0].curves[:, 3], grown[1].curves[:, 3], atol=1e-4)


def test_torch_without_cuda_says_so():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with pytest.raises(EngineError, match="no CUDA device"):
        DenseHead(device="cuda").fit(*rows(0))


@pytest.mark.gpu
def test_cuda_follows_the_same_path():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if not torch.cuda.is_available():
        pytest.skip("PyTorch finds no CUDA device here")
    x, y = rows(41, n=300, columns=200)
    p, q = (
        DenseHead(epochs=15, backend=backend, device=device).fit(x, y).predict_proba(x)[:, 1]
        for backend, device in (("numpy", "cpu"), ("torch", "cuda"))
    )
    np.testing.assert_allclose(p, q, atol=1e-3)
