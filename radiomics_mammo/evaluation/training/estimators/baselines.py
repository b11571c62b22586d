"""Models without anything to learn: the prevalence, and a column that is the score."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.training.estimators.base import Floats, Parameters, SklearnEstimator


class Prevalence(SklearnEstimator):
    """The no-skill model: predicts the prevalence among the training rows for every row."""

    constant = True
    resampled = False
    selects = False

    def build(self, settings: Settings, parameters: Parameters, *, seed: int, n_rows: int) -> Any:  # noqa: ARG002
        """Build scikit-learn's dummy."""
        from sklearn.dummy import DummyClassifier

        return DummyClassifier(strategy="prior")


class ColumnScore(SklearnEstimator):
    """The one column that it is given is the score: a radiologist's assessment, say."""

    resampled = False
    selects = False
    calibration = "isotonic"  # a few levels lie on no logistic curve

    def build(self, settings: Settings, parameters: Parameters, *, seed: int, n_rows: int) -> Any:  # noqa: ARG002
        """Build the scaling of the column."""
        return ColumnClassifier()


class ColumnClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Scale the first column by its range among the training rows, which become 0 and 1."""

    def fit(self, X: NDArray[np.float64], y: object) -> Self:  # noqa: ARG002 (scikit-learn's signature)
        """Find the lowest and the highest value."""
        self.classes_ = np.array([0, 1])
        self.low_, self.high_ = float(X[:, 0].min()), float(X[:, 0].max())
        return self

    def predict_proba(self, X: Floats) -> Floats:
        """Return 1 - p and p, where p is the scaled column."""
        p = np.clip((X[:, 0] - self.low_) / max(self.high_ - self.low_, 1e-300), 0.0, 1.0)
        return np.column_stack([1 - p, p])
