"""Scores whose bits depend on the row alone: sums in one fixed order, without BLAS.

BLAS adds the terms of a product in an order that depends on the processor and on the number of rows, so the last
digits of a linear score would depend on which cases are scored together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CELLS = 1_000_000  # of one block of rows


def dot(x: Floats, weights: Floats) -> Floats:
    """Compute ``x @ weights``, every row's terms added pairwise in the same order.

    Only multiplications and additions of single numbers are used, which IEEE 754 rounds alike everywhere.

    Parameters
    ----------
    x : ndarray, shape (n_rows, n_columns)
    weights : ndarray, shape (n_columns,) or (n_columns, n_outputs)

    Returns
    -------
    ndarray of float64, shape (n_rows,) or (n_rows, n_outputs)
    """
    x, weights = np.asarray(x, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if weights.ndim == 2:
        return np.stack([dot(x, one) for one in weights.T], axis=1)
    step = max(1, _CELLS // max(1, weights.size))
    parts = [_add_pairwise(x[start : start + step] * weights) for start in range(0, len(x), step)]
    return np.concatenate([np.zeros(0), *parts])


def squared_distances(x: Floats, points: Floats) -> Floats:
    """Compute squared Euclidean distances, shape (n_rows, n_points), as :func:`dot` adds."""
    return np.stack([dot((x - point) ** 2, np.ones(x.shape[1])) for point in points], axis=1)


def _add_pairwise(terms: Floats) -> Floats:
    """Add up the columns: the second half to the first until one is left."""
    width = terms.shape[1]
    while width > 1:
        half = width // 2
        terms[:, :half] += terms[:, width - half : width]
        width -= half
    return terms[:, 0] if terms.shape[1] else np.zeros(len(terms))


def transform(preparation: Any, x: Floats) -> Floats:
    """Apply a fitted pipeline of transformers, the products of its steps in the fixed order."""
    for _, step in preparation.steps:
        x = np.asarray(step.transform_rows(x) if hasattr(step, "transform_rows") else step.transform(x))
    return x


def raw_score(model: Any, x: Floats) -> Floats:
    """Score prepared rows as :func:`radiomics_mammo.evaluation.training.fitted_model.raw_score`, in the fixed order."""
    from radiomics_mammo.evaluation.training import fitted_model

    if hasattr(model, "estimators_features_"):
        members = zip(model.estimators_, model.estimators_features_, strict=True)
        return np.asarray(sum(_probability(one, x[:, columns]) for one, columns in members) / len(model.estimators_))
    margin = _decision(model, x)
    if margin is None:
        return fitted_model.raw_score(model, x)
    if hasattr(model, "predict_proba"):
        from scipy.special import expit

        return np.asarray(expit(margin))
    return fitted_model.sigmoid(margin)


def _probability(member: Any, x: Floats) -> Floats:
    """Score a member of a bag; one that gives no probability votes."""
    if hasattr(member, "predict_proba"):
        return raw_score(member[-1] if hasattr(member, "steps") else member, x)
    margin = _decision(member, x)
    return np.asarray(member.predict(x) if margin is None else margin > 0, dtype=np.float64)


def _decision(model: Any, x: Floats) -> Floats | None:
    """Compute the decision of a linear model, a kernel machine or a dense head; None for any other."""
    if hasattr(model, "steps"):
        for _, step in model.steps[:-1]:
            if hasattr(step, "normalization_"):
                gamma = 1.0 / x.shape[1] if step.gamma is None else step.gamma  # scikit-learn's default
                x = dot(np.exp(-gamma * squared_distances(x, step.components_)), step.normalization_.T)
        return _decision(model.steps[-1][1], x)
    if hasattr(model, "weights_"):
        from radiomics_mammo.evaluation.training.dense_head.network import PRECISION

        w = model.weights_
        hidden = np.maximum(dot(np.asarray(x, dtype=PRECISION), w["w1"]) + w["b1"], 0)
        return np.asarray(dot(hidden, w["w2"]) + w["b2"])
    if hasattr(model, "support_vectors_"):
        kernel = np.exp(-model._gamma * squared_distances(x, model.support_vectors_))
        return np.asarray(dot(kernel, model.dual_coef_[0]) + model.intercept_[0])
    if hasattr(model, "coef_"):
        return np.asarray(dot(x, model.coef_[0]) + model.intercept_[0])
    return None
