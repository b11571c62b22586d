"""Features ranked by how much and how steadily they tell the classes apart, on training rows only.

Each method scores the features on several random halves of the patients; what counts is the mean rank over the
halves, so that a feature that shines in one half only comes after one that serves in all (stability selection,
Meinshausen & Buhlmann, JRSS B 2010;72:417-473).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int8]

HALVES = 6
_ROWS = 2_000  # of a half: enough to rank on, and what bounds the time on large tables
_MRMR_DEPTH = 60  # features that mRMR orders one by one; those after it keep the order of their relevance


def rank_features(x: Floats, y: Labels, group: NDArray[np.int64], *, method: str, seed: int) -> NDArray[np.int32]:
    """Order the columns by one of ``RANKINGS``, the best first.

    Parameters
    ----------
    x : ndarray of float64, shape (n_rows, n_columns)
        Prepared training rows: no nulls, scaled.
    """
    from scipy.stats import rankdata

    rng = np.random.default_rng(np.random.SeedSequence([seed, 0x5E1EC7]))
    ranks = np.zeros(x.shape[1])
    for _ in range(HALVES):
        rows = _half(y, group, rng)
        score = RANKINGS[method](x[rows], y[rows], int(rng.integers(2**31)))
        ranks += rankdata(-score)
    return np.argsort(ranks, kind="stable").astype(np.int32)


def _half(y: Labels, group: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw half the patients, fewer where they have very many rows; both classes are there."""
    patients = np.unique(group)
    while True:
        order = rng.permutation(patients)
        allowed = np.isin(group, order[: max(2, patients.size // 2)])
        rows = np.flatnonzero(allowed)
        if rows.size > _ROWS:  # keep the rarer class whole as far as it goes
            rare = rng.permutation(rows[y[rows] == (y[rows].mean() < 0.5)])[: _ROWS // 2]
            others = np.setdiff1d(rows, rare)
            rows = np.sort(np.concatenate([rare, rng.choice(others, _ROWS - rare.size, replace=False)]))
        if 0 < y[rows].sum() < rows.size:
            return rows


def mrmr(x: Floats, y: Labels, seed: int) -> Floats:  # noqa: ARG001 (one signature for the table)
    """Score by relevance over redundancy (Peng et al., TPAMI 2005; Zhao et al. 2019).

    Relevance is the absolute rank correlation with the label, redundancy its mean with the features chosen
    before.
    """
    from scipy.stats import rankdata

    ranks = rankdata(x, axis=0)
    z = ranks - ranks.mean(axis=0)
    z /= np.maximum(np.sqrt((z**2).sum(axis=0)), 1e-300)
    label = y - y.mean()
    relevance = np.abs(z.T @ (label / np.sqrt((label**2).sum())))
    # Positions after the ordered ones keep the order of their relevance.
    score = relevance - 2.0
    redundancy = np.zeros(x.shape[1])
    left = np.ones(x.shape[1], dtype=bool)
    for step in range(min(_MRMR_DEPTH, x.shape[1])):
        worth = relevance / np.maximum(redundancy / max(step, 1), 1e-3) if step else relevance
        best = int(np.argmax(np.where(left, worth, -np.inf)))
        score[best], left[best] = _MRMR_DEPTH - step, False
        redundancy += np.abs(z.T @ z[:, best])
    return np.asarray(score)


def lasso(x: Floats, y: Labels, seed: int) -> Floats:
    """Score by how strong an L1 penalty a feature survives, then by its weight."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import l1_min_c

    score = np.zeros(x.shape[1])
    if not np.ptp(x, axis=0).any():  # no penalty lets a constant in
        return score
    weakest = l1_min_c(x, y, loss="log")
    for strength in np.geomspace(1.5, 60.0, 5):
        model = LogisticRegression(
            C=weakest * strength, l1_ratio=1.0, solver="liblinear", tol=1e-3, max_iter=500, random_state=seed
        )
        weight = np.abs(model.fit(x, y).coef_[0])
        score += (weight > 0) + 1e-3 * weight / max(weight.max(), 1e-300)
    return score


def boruta(x: Floats, y: Labels, seed: int) -> Floats:
    """Score by importance beyond the best shuffled shadow (Kursa & Rudnicki 2010)."""
    from sklearn.ensemble import ExtraTreesClassifier

    shadows = np.random.default_rng(seed).permuted(x, axis=0)
    forest = ExtraTreesClassifier(
        n_estimators=50, max_depth=5, max_features=0.3, class_weight="balanced", n_jobs=1, random_state=seed
    )
    importance = forest.fit(np.hstack([x, shadows]), y).feature_importances_
    return np.asarray(importance[: x.shape[1]] - importance[x.shape[1] :].max())


RANKINGS: dict[str, Callable[[Floats, Labels, int], Floats]] = {"mrmr": mrmr, "l1": lasso, "boruta": boruta}
"""Higher is better; each scores the columns of one half."""
