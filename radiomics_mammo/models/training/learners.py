"""Builders of the estimators in ``MODELS``. All use one thread: the result must not depend on the workers.

Sizes are fixed and moderate, not tuned to any data set.
"""

from __future__ import annotations

from typing import Any

from radiomics_mammo.models.records import Settings


def prevalence(settings: Settings, seed: int) -> Any:  # noqa: ARG001 (one signature for the table)
    """Build the floor: predicts the training rows' share of positives for everybody."""
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def logistic(settings: Settings, seed: int) -> Any:  # noqa: ARG001
    """Build an L2 logistic regression, C = 0.1: a hundred correlated features want shrinking."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.1, max_iter=5_000)


def forest(settings: Settings, seed: int) -> Any:  # noqa: ARG001
    """Build 300 trees with at least five cases a leaf, so that its shares are usable as probabilities."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(
        n_estimators=300, min_samples_leaf=5, max_features="sqrt", n_jobs=1, random_state=seed
    )


def xgboost(settings: Settings, seed: int) -> Any:
    """Build 300 rounds of depth 3 at a rate of 0.05, rows and columns subsampled."""
    from xgboost import XGBClassifier

    return XGBClassifier(
        n_estimators=300,
        max_depth=3,
        learning_rate=0.05,
        subsample=0.8,
        colsample_bytree=0.5,
        tree_method=settings.tree_method,
        device=settings.device,
        n_jobs=1,
        random_state=seed,
        verbosity=0,
    )
