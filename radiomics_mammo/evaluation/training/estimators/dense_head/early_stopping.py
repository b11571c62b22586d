"""Dense heads trained on several sets of rows in step, so that one number of epochs is right for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.metrics.metrics import auroc, curve
from radiomics_mammo.evaluation.training.estimators.base import Trial
from radiomics_mammo.evaluation.training.estimators.dense_head.classifier import DenseHead, Training, single_thread
from radiomics_mammo.evaluation.training.estimators.dense_head.network import PRECISION, losses, margin, probability

Floats = NDArray[np.float64]
CURVES = ("inner", "epoch", "part", "loss", "auroc", "accuracy")
"""Columns of the curves."""
PARTS = ("training", "validation")
"""What 0 and 1 mean in the column ``part``."""


class HeadPair(NamedTuple):
    """Training and validation rows of an inner fold, standardised."""

    x: Floats
    y: NDArray[np.int8]
    x_validation: Floats
    y_validation: NDArray[np.int8]


def fit_together(
    pairs: Sequence[HeadPair], head: DenseHead, *, judge: Callable[[Sequence[Floats]], float], patience: int
) -> Trial:
    """Fit one head a pair with shared early stopping, epoch by epoch in step.

    The head of the pair at position i is the one that ``head`` with the seed ``head.seed + 1 + i`` would become: so
    a head trained for ``epochs`` epochs on a pair's rows gives the same validation probabilities.

    Returns
    -------
    Trial
        With the epochs at the highest score, of equal ones the fewest. Columns of ``curves`` as in ``CURVES``: position
        of the pair, epoch (from 1), part (as in ``PARTS``), and what was measured at the end of each epoch, without
        dropout. The loss is the mean cross-entropy with the class weights of the pair's training rows; AUROC is by
        row, not aggregated by unit, and NaN where the rows are of one class; accuracy is at 0.5.
    """
    trainings = [Training(head, each.x, each.y, seed=head.seed + 1 + part) for part, each in enumerate(pairs)]
    monitors = [_Monitor(pair, training) for pair, training in zip(pairs, trainings, strict=True)]
    best: tuple[int, float, list[Floats]] = (0, -np.inf, [])
    points: list[tuple[float, ...]] = []
    with single_thread(trainings[0].backend):
        for epoch in range(1, head.epochs + 1):
            validation = []
            for part, (training, monitor) in enumerate(zip(trainings, monitors, strict=True)):
                training.epoch()
                p, measured = monitor.measure()
                validation.append(p)
                points += [(part, epoch, *values) for values in measured]
            score = judge(validation)
            if score > best[1]:
                best = (epoch, score, validation)
            if epoch - best[0] >= patience:
                break
    if not best[2]:
        raise InputError("no epoch of a dense head could be judged", remedy="Use fewer inner folds, or more patients.")
    epochs, score, validation = best
    return Trial({"epochs": epochs}, score, validation, np.array(points))


class _Monitor:
    """Measures one pair at the end of each epoch."""

    def __init__(self, pair: HeadPair, training: Training) -> None:
        self._training = training
        self._rows = tuple(
            (np.asarray(x, dtype=PRECISION), y, training.class_weights[y])
            for x, y in ((pair.x, pair.y), (pair.x_validation, pair.y_validation))
        )

    def measure(self) -> tuple[Floats, list[tuple[float, ...]]]:
        """Return validation probabilities; and part, loss, AUROC, accuracy of both parts."""
        weights, p = self._training.weights(), np.zeros(0)
        points: list[tuple[float, ...]] = []
        for part, (x, y, cost) in enumerate(self._rows):
            z = margin(weights, x)
            p = probability(z)
            loss = float(np.average(losses(z, y), weights=cost))
            points.append((part, loss, float(auroc(curve(y, p))[0]), float(((z > 0) == (y == 1)).mean())))
        return p, points
