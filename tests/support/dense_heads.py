"""Rows, pairs of rows and small heads for the tests of the dense head."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from radiomics_mammo.evaluation.training.estimators.dense_head.classifier import DenseHead
from radiomics_mammo.evaluation.training.estimators.dense_head.early_stopping import HeadPair


def rows(seed: int, *, n: int = 120, columns: int = 10, strength: float = 1.0, share: float = 0.35):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < share).astype(np.int8)
    x = rng.normal(size=(n, columns))
    x[:, 0] += strength * y
    return x, y


def xor(seed: int, *, n: int = 400):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, size=(n, 2))
    return x, ((x[:, 0] > 0) ^ (x[:, 1] > 0)).astype(np.int8)


def numpy_head(**settings) -> DenseHead:
    return DenseHead(**{"hidden": 16, "epochs": 8, "backend": "numpy", **settings})


def pairs_of(*, strength: float = 1.0) -> list[HeadPair]:
    return [HeadPair(*rows(i, strength=strength), *rows(i + 10, n=80, strength=strength)) for i in (20, 21)]


def mean_auroc(pairs):
    return lambda held: float(np.mean([roc_auc_score(one[3], p) for one, p in zip(pairs, held, strict=True)]))
