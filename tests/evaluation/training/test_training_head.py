"""The dense head: slopes against finite differences, NumPy against PyTorch, losses and curves against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from threadpoolctl import threadpool_info

from radiomics_mammo.errors import EngineError, InputError
from radiomics_mammo.evaluation.training.estimators.dense_head import classifier, network
from radiomics_mammo.evaluation.training.estimators.dense_head.classifier import DenseHead
from radiomics_mammo.evaluation.training.estimators.dense_head.numpy_network import NumpyNetwork
from radiomics_mammo.evaluation.training.samplers import balanced_weights
from tests.support.dense_heads import numpy_head, rows, xor


def weighed_loss(weights, x, y, cost, mask) -> float:
    """The loss, written as the docstring of the module says it."""
    z = np.maximum(x @ weights["w1"] + weights["b1"], 0) * mask @ weights["w2"] + weights["b2"]
    p = 1 / (1 + np.exp(-z))
    return float(np.mean(-cost * (y * np.log(p) + (1 - y) * np.log(1 - p))))


def test_slopes_are_finite_differences():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(9, 5)), rng.integers(0, 2, 9).astype(float)
    cost, mask = rng.uniform(0.5, 2, 9), (rng.random((9, 4)) > 0.4) / 0.6
    weights = {
        "w1": rng.normal(size=(5, 4)),
        "b1": rng.normal(size=4),
        "w2": rng.normal(size=4),
        "b2": rng.normal(size=1),
    }
    found = network.gradients(weights, x, y, cost, mask)
    assert found.keys() == weights.keys()
    for name, value in weights.items():
        assert found[name].shape == value.shape
        for at in np.ndindex(value.shape):
            there = []
            for step in (1e-6, -1e-6):
                moved = {**weights, name: value.copy()}
                moved[name][at] += step
                there.append(weighed_loss(moved, x, y, cost, mask))
            assert found[name][at] == pytest.approx((there[0] - there[1]) / 2e-6, abs=1e-7)


def test_a_step_is_adams_by_hand():
    """One unit, one row, one step: Adam's first step is the rate times the sign of the slope, after the decay."""
    x, y = np.array([[2.0], [-2.0]]), np.array([1, 0], dtype=np.int8)
    head = numpy_head(hidden=1, epochs=1, dropout=0.0, rate=0.01, decay=0.5, balanced=False, batch=2, seed=3)
    start = network.initial_weights(np.random.default_rng(3), n_columns=1, hidden=1)
    slopes = network.gradients(
        start, x.astype(np.float32), y.astype(np.float32), np.ones(2, np.float32), np.ones((2, 1))
    )
    found = head.fit(x, y).weights_
    for name, value in start.items():
        kept = (1 - 0.01 * 0.5) * value if name in ("w1", "w2") else value
        np.testing.assert_allclose(found[name], kept - 0.01 * np.sign(slopes[name]), rtol=1e-4, atol=1e-6)


def test_only_decay_moves_what_has_no_slope_and_biases_stay():
    weights = {"w1": np.full((1, 1), 2.0), "b1": np.array([3.0]), "w2": np.array([-4.0]), "b2": np.array([5.0])}
    rows_of_no_weight = (np.ones((2, 1)), np.array([0.0, 1.0]), np.zeros(2))
    training = NumpyNetwork(weights, *rows_of_no_weight, rate=0.1, decay=0.5)
    for _ in range(3):
        training.step(np.arange(2), np.ones((2, 1)))
    left = 0.95**3
    found = {name: float(value.ravel()[0]) for name, value in training.weights().items()}
    assert found == pytest.approx({"w1": 2 * left, "b1": 3.0, "w2": -4 * left, "b2": 5.0}, abs=1e-12)
    assert float(weights["w1"][0, 0]) == 2.0  # those it started from are as they were


def test_weights_start_where_glorot_says():
    found = network.initial_weights(np.random.default_rng(0), n_columns=300, hidden=100)
    assert not found["b1"].any() and not found["b2"].any()
    assert np.abs(found["w1"]).max() == pytest.approx(np.sqrt(6 / 400), rel=1e-3)
    assert found["w1"].std() == pytest.approx(np.sqrt(2 / 400), rel=0.01)  # the variance of the paper
    assert np.abs(found["w2"]).max() <= np.sqrt(6 / 101)


def test_an_epoch_takes_every_row_once_and_leaves_out_its_share():
    drawn = list(network.draw_epoch(np.random.default_rng(0), n_rows=70, batch=32, hidden=400, dropout=0.4))
    assert [taken.size for taken, _ in drawn] == [32, 32, 6]
    order = np.concatenate([taken for taken, _ in drawn]).tolist()
    assert sorted(order) == list(range(70)) != order
    masks = np.concatenate([mask for _, mask in drawn])
    np.testing.assert_allclose(np.unique(masks), [0, 1 / 0.6], rtol=1e-6)
    assert masks.mean() == pytest.approx(1.0, abs=0.02)  # what enters the last unit stays as large
    assert (masks == 0).mean() == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize("settings", [{}, {"dropout": 0.0, "balanced": False}])
def test_it_learns_what_no_line_separates(settings):
    (x, y), (new, wanted) = xor(0), xor(1)
    head = numpy_head(hidden=64, epochs=60, rate=1e-2, **settings).fit(x, y)
    assert roc_auc_score(wanted, head.predict_proba(new)[:, 1]) > 0.97
    assert accuracy_score(wanted, head.predict(new)) > 0.9


def test_noise_stays_noise():
    x, y = rows(0, n=300, strength=0.0)
    new, wanted = rows(1, n=600, strength=0.0)
    assert 0.4 < roc_auc_score(wanted, numpy_head().fit(x, y).predict_proba(new)[:, 1]) < 0.6


def test_probabilities_are_probabilities_even_far_out():
    x, y = rows(2)
    head = numpy_head(epochs=20).fit(x, y)
    far = np.vstack([1e6 * x, x])
    p = head.predict_proba(far)
    assert p.shape == (240, 2) and p.dtype == np.float64
    assert np.isfinite(p).all() and p.min() >= 0 and p.max() <= 1
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-15)
    np.testing.assert_array_equal(head.predict(far), (p[:, 1] > 0.5).astype(int))
    assert np.isfinite(network.losses(head.decision_function(far), np.r_[y, y])).all()


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    x, y = rows(3)
    first, again, other = (numpy_head(seed=seed).fit(x, y).weights_ for seed in (7, 7, 8))
    for name in first:
        assert first[name].tobytes() == again[name].tobytes()
    assert not np.array_equal(first["w1"], other["w1"])


def test_it_trains_on_one_thread_whatever_the_machine_allows():
    seen = []
    real = network.gradients

    def spying(*given):
        seen.append({one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"})
        return real(*given)

    from radiomics_mammo.evaluation.training.estimators.dense_head import numpy_network

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numpy_network, "gradients", spying)
        numpy_head(epochs=1).fit(*rows(3))
    assert seen and all(one <= {1} for one in seen)


def test_class_weights_are_repeated_rows():
    """Each positive three times, or once with three times the weight: the same loss and the same slopes."""
    x, y = rows(4, n=40)
    y[:] = 0
    y[:10] = 1
    np.testing.assert_allclose(network.class_weights(y, balanced=True)[y], balanced_weights(y))
    np.testing.assert_array_equal(network.class_weights(y, balanced=False), [1, 1])
    rng = np.random.default_rng(0)
    weights = {k: v.astype(np.float64) for k, v in network.initial_weights(rng, n_columns=10, hidden=4).items()}
    cost = network.class_weights(y, balanced=True)[y]
    many, ones = np.repeat(np.arange(40), np.where(y == 1, 3, 1)), np.ones((60, 4))
    z = network.margin(weights, x)
    weighed = np.average(network.losses(z, y), weights=cost)
    assert weighed == pytest.approx(log_loss(y[many], network.probability(z[many])), abs=1e-12)
    assert weighed == pytest.approx(log_loss(y, network.probability(z), sample_weight=cost), abs=1e-12)
    once = network.gradients(weights, x, y.astype(float), cost, ones[:40])
    thrice = network.gradients(weights, x[many], y[many].astype(float), np.ones(60), ones)
    for name in once:
        np.testing.assert_allclose(once[name], thrice[name], atol=1e-12)


def test_balancing_moves_the_probabilities_to_even_odds():
    x, y = rows(5, n=400, strength=0.5, share=0.1)
    plain = numpy_head(balanced=False, epochs=20, rate=1e-2).fit(x, y).predict_proba(x)[:, 1].mean()
    even = numpy_head(balanced=True, epochs=20, rate=1e-2).fit(x, y).predict_proba(x)[:, 1].mean()
    assert plain == pytest.approx(y.mean(), abs=0.05)
    assert 0.3 < even < 0.6


def test_it_is_a_scikit_learn_estimator():
    head = DenseHead(hidden=5, rate=0.01, backend="numpy")
    assert (
        clone(head).get_params()
        == head.get_params()
        == {**DenseHead().get_params(), "hidden": 5, "rate": 0.01, "backend": "numpy"}
    )
    assert head.set_params(epochs=3).epochs == 3
    with pytest.raises(ValueError, match="not fitted"):
        head.predict_proba(np.zeros((1, 4)))
    x, y = rows(6)
    fitted = head.fit(x, y)
    assert fitted is head and head.n_features_in_ == 10 and head.backend_ == "numpy"
    assert list(head.classes_) == [0, 1]
    assert head.score(x, y) == accuracy_score(y, head.predict(x))
    assert {name: value.shape for name, value in head.weights_.items()} == {
        "w1": (10, 5),
        "b1": (5,),
        "w2": (5,),
        "b2": (1,),
    }


def test_a_saved_head_is_plain_arrays():
    """Only the class itself is new to skops: no network, no generator, nothing of torch."""
    x, y = rows(6)
    head = numpy_head().fit(x, y)
    content = skops.io.dumps(head)
    assert skops.io.get_untrusted_types(data=content) == [f"{classifier.__name__}.DenseHead"]
    again = skops.io.loads(content, trusted=[f"{classifier.__name__}.DenseHead"])
    np.testing.assert_array_equal(again.predict_proba(x), head.predict_proba(x))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"hidden": 0}, "hidden"),
        ({"dropout": 1.0}, "dropout"),
        ({"rate": 0.0}, "rate"),
        ({"decay": -1.0}, "decay"),
        ({"batch": 0}, "batch"),
        ({"epochs": 0}, "epochs"),
        ({"backend": "jax"}, "jax"),
        ({"device": "tpu"}, "tpu"),
        ({"device": "cuda"}, "NumPy does not train on CUDA"),
    ],
)
def test_a_wrong_setting_is_named(settings, said):
    with pytest.raises(InputError, match=said):
        numpy_head(**settings).fit(*rows(0))


def test_rows_of_one_class_are_refused():
    x, _ = rows(0)
    with pytest.raises(InputError, match="all of one class"):
        numpy_head().fit(x, np.ones(len(x), dtype=np.int8))


def test_without_torch_auto_is_numpy_and_torch_is_refused(monkeypatch):
    monkeypatch.setattr(classifier, "find_spec", lambda _: None)
    assert classifier.resolve_backend("auto", device="cpu") == "numpy"
    with pytest.raises(EngineError, match="PyTorch is not installed"):
        classifier.resolve_backend("torch", device="cpu")
    with pytest.raises(EngineError, match="PyTorch is not installed"):
        classifier.resolve_backend("auto", device="cuda")
    monkeypatch.setattr(classifier, "find_spec", lambda _: object())
    assert classifier.resolve_backend("auto", device="cpu") == "torch"
