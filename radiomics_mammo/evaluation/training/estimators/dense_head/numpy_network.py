"""The head trained by NumPy: gradients written out, Adam in place."""

from __future__ import annotations

import numpy as np

from radiomics_mammo.evaluation.training.estimators.dense_head.network import (
    ADAM,
    DECAYED,
    Numbers,
    Rows,
    Weights,
    gradients,
)


class NumpyNetwork:
    """A head in training on the processor; its arrays are float32.

    Weight decay is decoupled (Loshchilov & Hutter, ICLR 2019): each step takes away rate * decay of a weight.
    """

    def __init__(self, weights: Weights, x: Numbers, y: Numbers, cost: Numbers, *, rate: float, decay: float) -> None:
        self._weights = {name: value.copy() for name, value in weights.items()}
        self._first = {name: np.zeros_like(value) for name, value in weights.items()}
        self._second = {name: np.zeros_like(value) for name, value in weights.items()}
        self._spare = {name: np.empty_like(value) for name, value in weights.items()}
        self._x, self._y, self._cost = x, y, cost
        self._rate, self._decay, self._steps = rate, decay, 0

    def step(self, rows: Rows, mask: Numbers) -> None:
        """Take one step of Adam on a batch."""
        self._steps += 1
        gradient = gradients(self._weights, self._x[rows], self._y[rows], self._cost[rows], mask)
        for name, slope in gradient.items():
            self._move(name, slope)

    def _move(self, name: str, slope: Numbers) -> None:
        """Move one array of weights, in place: these arrays are most of what a step touches."""
        beta1, beta2, epsilon = ADAM
        buffers = (self._weights, self._first, self._second, self._spare)
        weight, first, second, spare = (each[name] for each in buffers)
        if name in DECAYED:
            weight *= 1.0 - self._rate * self._decay
        first *= beta1
        first += np.multiply(slope, 1.0 - beta1, out=spare)
        second *= beta2
        np.multiply(slope, slope, out=spare)
        spare *= 1.0 - beta2
        second += spare
        np.sqrt(second, out=spare)
        spare /= np.sqrt(1.0 - beta2**self._steps)
        spare += epsilon
        np.divide(first, spare, out=spare)
        spare *= self._rate / (1.0 - beta1**self._steps)
        weight -= spare

    def weights(self) -> Weights:
        """Give the weights as they are now, as arrays of their own."""
        return {name: value.copy() for name, value in self._weights.items()}
