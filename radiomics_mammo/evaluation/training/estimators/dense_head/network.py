"""The arithmetic of the head: its weights, what it predicts, what it costs, and everything that is drawn for it.

Hidden layer of rectified units, dropout, one sigmoid unit: z = max(x w1 + b1, 0) m w2 + b2, where the mask m is 0 with
the probability of dropout and 1 / (1 - dropout) otherwise (Srivastava et al., JMLR 2014;15:1929-1958), and 1 when the
head predicts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.training.fixed_order import dot

Numbers = NDArray[np.floating[Any]]
Weights = dict[str, Numbers]
"""``w1`` (n_columns, hidden), ``b1`` (hidden,), ``w2`` (hidden,), ``b2`` (1,)."""
Rows = NDArray[np.intp]

PRECISION = np.float32
"""Of weights and rows, on every backend: what embeddings come in, and twice as fast as double."""
DECAYED = ("w1", "w2")
"""What weight decay draws towards 0; a bias may be as large as it likes."""
ADAM = (0.9, 0.999, 1e-8)
"""Decay of the first and the second moment, and what is added to the denominator (Kingma & Ba, ICLR 2015)."""


class Network(Protocol):
    """A head in training, on rows that it was opened with."""

    def step(self, rows: Rows, mask: Numbers) -> None:
        """Take one step of Adam on these training rows, with dropout's mask."""
        ...

    def weights(self) -> Weights:
        """Give the weights as they are now, as NumPy arrays of their own."""
        ...


def initial_weights(rng: np.random.Generator, *, n_columns: int, hidden: int) -> Weights:
    """Draw weights uniformly (Glorot & Bengio, AISTATS 2010); biases are 0."""
    outer, inner = np.sqrt(6.0 / (n_columns + hidden)), np.sqrt(6.0 / (hidden + 1))
    return {
        "w1": rng.uniform(-outer, outer, (n_columns, hidden)).astype(PRECISION),
        "b1": np.zeros(hidden, dtype=PRECISION),
        "w2": rng.uniform(-inner, inner, hidden).astype(PRECISION),
        "b2": np.zeros(1, dtype=PRECISION),
    }


def draw_epoch(
    rng: np.random.Generator, *, n_rows: int, batch: int, hidden: int, dropout: float
) -> Iterator[tuple[Rows, Numbers]]:
    """Draw the order of the rows, then a mask a batch: the same on every backend."""
    order = rng.permutation(n_rows)
    for start in range(0, n_rows, batch):
        rows = order[start : start + batch]
        retained = rng.random((rows.size, hidden), dtype=np.float32) >= dropout
        yield rows, retained.astype(PRECISION) * PRECISION(1.0 / (1.0 - dropout))


def margin(weights: Weights, x: Numbers) -> NDArray[np.float64]:
    """Give the log-odds that the head predicts, without dropout; shape (n_rows,)."""
    hidden = np.maximum(x @ weights["w1"] + weights["b1"], 0)
    return np.asarray(hidden @ weights["w2"] + weights["b2"], dtype=np.float64)


def margin_by_row(weights: Weights, x: Numbers) -> NDArray[np.float64]:
    """Compute log-odds in float64, the bits of a row's independent of other rows."""
    hidden = np.maximum(dot(np.asarray(x, dtype=PRECISION), weights["w1"]) + weights["b1"], 0)
    return np.asarray(dot(hidden, weights["w2"]) + weights["b2"])


def probability(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn log-odds into probabilities; shape as given."""
    from scipy.special import expit

    return np.asarray(expit(z))


def losses(z: Numbers, y: NDArray[np.integer[Any]]) -> Numbers:
    """Give each row's binary cross-entropy; never infinite."""
    return np.asarray(np.logaddexp(0, z) - y * z)


def class_weights(y: NDArray[np.int8], *, balanced: bool) -> NDArray[np.float64]:
    """Give what a row of each class counts: 1, or n / (2 n_class) if balanced."""
    return y.size / (2.0 * np.bincount(y, minlength=2)) if balanced else np.ones(2)


def gradients(weights: Weights, x: Numbers, y: Numbers, cost: Numbers, mask: Numbers) -> Weights:
    """Give the slope of a batch's mean loss, weighted by cost, along every weight."""
    entered = x @ weights["w1"] + weights["b1"]
    left = np.maximum(entered, 0) * mask
    z = left @ weights["w2"] + weights["b2"]
    error = cost * (probability(z) - y) / y.dtype.type(y.size)
    back = np.outer(error, weights["w2"]) * mask * (entered > 0)
    return {"w1": x.T @ back, "b1": back.sum(axis=0), "w2": left.T @ error, "b2": error.sum(keepdims=True)}
