"""Logistic regression with the penalties L2, L1 and both."""

from __future__ import annotations

from typing import Any

import numpy as np

from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.training.estimators.base import Draw, Floats, Parameters, SklearnEstimator
from radiomics_mammo.evaluation.training.fixed_order import dot


class Logistic(SklearnEstimator):
    """An L2 logistic regression; the inverse strength of the penalty is tuned.

    Parameters
    ----------
    components : int
        Most principal components of each embedder, the number of which is tuned, too; 0 for none.
    """

    types: tuple[str, ...] = ("sklearn.linear_model._logistic.LogisticRegression",)

    def __init__(self, default: float = 0.1, low: float = 1e-3, high: float = 10.0, *, components: int = 0) -> None:
        self.limits, self.components = (default, low, high), components

    def space(self, draw: Draw) -> Parameters:
        """Return C and the number of components."""
        parameters: Parameters = {"C": draw.log_uniform("C", *self.limits)}
        if self.components:
            parameters["components"] = draw.integer("components", 32, 8, self.components)
        return parameters

    def build(self, settings: Settings, parameters: Parameters, *, seed: int, n_rows: int) -> Any:  # noqa: ARG002
        """Build the classifier."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=parameters["C"], max_iter=5_000)

    def score(self, model: Any, x: Floats) -> Floats:
        """Score rows by the probability of class 1, the linear predictor summed in a fixed order."""
        from scipy.special import expit

        return np.asarray(expit(dot(x, model.coef_[0]) + model.intercept_[0]))


class Lasso(Logistic):
    """An L1 logistic regression (Tibshirani, JRSS B 1996;58:267-288)."""

    def build(self, settings: Settings, parameters: Parameters, *, seed: int, n_rows: int) -> Any:  # noqa: ARG002
        """Build the classifier."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(
            C=parameters["C"], l1_ratio=1.0, solver="liblinear", max_iter=1_000, random_state=seed
        )


class ElasticNet(Logistic):
    """An elastic net (Zou & Hastie, JRSS B 2005;67:301-320)."""

    def space(self, draw: Draw) -> Parameters:
        """Return C and the proportion of L1 in the penalty."""
        return {**super().space(draw), "l1_ratio": draw.uniform("l1_ratio", 0.5, 0.1, 0.9)}

    def build(self, settings: Settings, parameters: Parameters, *, seed: int, n_rows: int) -> Any:  # noqa: ARG002
        """Build the classifier."""
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(
            C=parameters["C"],
            l1_ratio=parameters["l1_ratio"],
            solver="saga",
            tol=1e-3,
            max_iter=2_000,
            random_state=seed,
        )
