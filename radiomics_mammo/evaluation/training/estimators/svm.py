"""Support vector machines, linear and with a Gaussian kernel; the sigmoid of the decision is the score."""

from __future__ import annotations

from typing import Any

import numpy as np

from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.training.calibration import expit
from radiomics_mammo.evaluation.training.estimators.base import Draw, Floats, Parameters, SklearnEstimator
from radiomics_mammo.evaluation.training.fixed_order import dot, squared_distances

KERNEL_ROWS = 5_000
"""Above this many training rows the kernel is approximated (Nystroem), or fitting would take hours."""


class LinearSvm(SklearnEstimator):
    """A linear support vector machine; C is tuned."""

    types: tuple[str, ...] = ("sklearn.svm._classes.LinearSVC",)

    def space(self, draw: Draw) -> Parameters:
        """Return C."""
        return {"C": draw.log_uniform("C", 0.1, 1e-3, 10.0)}

    def build(self, settings: Settings, parameters: Parameters, *, seed: int, n_rows: int) -> Any:  # noqa: ARG002
        """Build the classifier."""
        from sklearn.svm import LinearSVC

        # The primal problem: converges where the dual needs 100,000 steps.
        return LinearSVC(C=parameters["C"], dual=False, max_iter=5_000, random_state=seed)

    def decision(self, model: Any, x: Floats) -> Floats:
        """Compute the signed distance to the plane, summed in a fixed order; shape (n_rows,)."""
        return np.asarray(dot(x, model.coef_[0]) + model.intercept_[0])

    def score(self, model: Any, x: Floats) -> Floats:
        """Score rows by the sigmoid of the decision."""
        return expit(self.decision(model, x))

    def vote(self, model: Any, x: Floats) -> Floats:
        """Return the predicted class, as there is no probability."""
        return np.asarray(self.decision(model, x) > 0, dtype=np.float64)


class RbfSvm(LinearSvm):
    """A support vector machine with a Gaussian kernel; C and the kernel's width are tuned."""

    types = (
        *LinearSvm.types,
        "sklearn.kernel_approximation.Nystroem",
        "sklearn.pipeline.Pipeline",
        "sklearn.svm._classes.SVC",
    )

    def space(self, draw: Draw) -> Parameters:
        """Return C and gamma; 0.01 is one over a hundred standardised features."""
        return {
            "C": draw.log_uniform("C", 1.0, 0.05, 50.0),
            "gamma": draw.log_uniform("gamma", 0.01, 1e-4, 0.3),
        }

    def build(self, settings: Settings, parameters: Parameters, *, seed: int, n_rows: int) -> Any:  # noqa: ARG002
        """Build the classifier, approximated above ``KERNEL_ROWS`` rows."""
        from sklearn.kernel_approximation import Nystroem
        from sklearn.pipeline import make_pipeline
        from sklearn.svm import SVC, LinearSVC

        if n_rows <= KERNEL_ROWS:
            return SVC(C=parameters["C"], gamma=parameters["gamma"], cache_size=200)
        kernel = Nystroem(gamma=parameters["gamma"], n_components=300, random_state=seed)
        return make_pipeline(kernel, LinearSVC(C=parameters["C"], dual=False, max_iter=5_000))

    def decision(self, model: Any, x: Floats) -> Floats:
        """Compute the decision, kernel and sums in a fixed order; shape (n_rows,)."""
        if hasattr(model, "steps"):
            kernel, linear = (step for _, step in model.steps)
            values = np.exp(-kernel.gamma * squared_distances(x, kernel.components_))
            return super().decision(linear, dot(values, kernel.normalization_.T))
        values = np.exp(-model.gamma * squared_distances(x, model.support_vectors_))
        return np.asarray(dot(values, model.dual_coef_[0]) + model.intercept_[0])
