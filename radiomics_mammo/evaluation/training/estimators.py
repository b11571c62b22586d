"""Builders of the estimators in ``MODELS``, and what of them is tuned. All use one thread.

A builder takes (settings, parameters, seed, number of training rows of the outer fold: inner folds, with fewer,
build the same kind of model); a space takes a :class:`Draw` and gives the parameters. What it draws first are the
defaults, so that an untuned model is a sensible one.
"""

from __future__ import annotations

from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from radiomics_mammo.evaluation.cohort.records import Settings

Parameters = dict[str, Any]

TREES = 150
MAX_BIN = 64
"""Bins a column in XGBoost: enough for a measured feature, and 2.5 times as fast as its own 256."""
KERNEL_ROWS = 5_000
"""Above this many training rows a kernel machine is approximated (Nystroem), or it would take hours."""


class Draw(Protocol):
    """Draws one value of each parameter: the search's, or the default."""

    def real(self, name: str, default: float, low: float, high: float) -> float:
        """Draw a positive number on a logarithmic scale."""
        ...

    def share(self, name: str, default: float, low: float, high: float) -> float:
        """Draw a number on a linear scale."""
        ...

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """Draw a whole number."""
        ...

    def choice(self, name: str, default: str, options: tuple[str, ...]) -> str:
        """Draw one of some names."""
        ...


class ColumnScore(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The one column that it is given is the score: a reader's assessment, say.

    Attributes
    ----------
    low_, high_ : float
        Of the training rows; they become 0 and 1.
    """

    def fit(self, X: NDArray[np.float64], y: object) -> Self:  # noqa: ARG002 (scikit-learn's signature)
        """Find the lowest and the highest value."""
        self.classes_ = np.array([0, 1])
        self.low_, self.high_ = float(X[:, 0].min()), float(X[:, 0].max())
        return self

    def predict_proba(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Put the column between 0 and 1."""
        p = np.clip((X[:, 0] - self.low_) / max(self.high_ - self.low_, 1e-300), 0.0, 1.0)
        return np.column_stack([1 - p, p])


def prevalence(settings: Settings, parameters: Parameters, seed: int, n_rows: int) -> Any:  # noqa: ARG001
    """Build the floor: predicts the training rows' share of positives for everybody."""
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


def column_score(settings: Settings, parameters: Parameters, seed: int, n_rows: int) -> Any:  # noqa: ARG001
    """Build the reading of a column as it is."""
    return ColumnScore()


def logistic(settings: Settings, parameters: Parameters, seed: int, n_rows: int) -> Any:  # noqa: ARG001
    """Build an L2 logistic regression."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=parameters["C"], max_iter=5_000)


def l1(settings: Settings, parameters: Parameters, seed: int, n_rows: int) -> Any:  # noqa: ARG001
    """Build an L1 logistic regression (Tibshirani 1996): few features, the others exactly 0."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=parameters["C"], l1_ratio=1.0, solver="liblinear", max_iter=1_000, random_state=seed)


def elastic_net(settings: Settings, parameters: Parameters, seed: int, n_rows: int) -> Any:  # noqa: ARG001
    """Build an elastic net (Zou & Hastie 2005): correlated features come in together."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=parameters["C"],
        l1_ratio=parameters["l1_ratio"],
        solver="saga",
        tol=1e-3,
        max_iter=2_000,
        random_state=seed,
    )


def svm_linear(settings: Settings, parameters: Parameters, seed: int, n_rows: int) -> Any:  # noqa: ARG001
    """Build a linear support vector machine; its distance to the plane is the score."""
    from sklearn.svm import LinearSVC

    # The primal problem: converges where the dual needs 100,000 steps.
    return LinearSVC(C=parameters["C"], dual=False, max_iter=5_000, random_state=seed)


def svm_rbf(settings: Settings, parameters: Parameters, seed: int, n_rows: int) -> Any:  # noqa: ARG001
    """Build a support vector machine with a Gaussian kernel; approximated above ``KERNEL_ROWS`` rows."""
    from sklearn.kernel_approximation import Nystroem
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import SVC, LinearSVC

    if n_rows <= KERNEL_ROWS:
        return SVC(C=parameters["C"], gamma=parameters["gamma"], cache_size=200)
    kernel = Nystroem(gamma=parameters["gamma"], n_components=300, random_state=seed)
    return make_pipeline(kernel, LinearSVC(C=parameters["C"], dual=False, max_iter=5_000))


def forest(settings: Settings, parameters: Parameters, seed: int, n_rows: int) -> Any:  # noqa: ARG001
    """Build a random forest (Breiman 2001)."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=TREES, n_jobs=1, random_state=seed, **_leaves(parameters))


def extra_trees(settings: Settings, parameters: Parameters, seed: int, n_rows: int) -> Any:  # noqa: ARG001
    """Build extremely randomised trees (Geurts et al. 2006)."""
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(n_estimators=TREES, n_jobs=1, random_state=seed, **_leaves(parameters))


def boosted_classifier(settings: Settings, parameters: Parameters, seed: int, n_rows: int) -> Any:  # noqa: ARG001
    """Build XGBoost with scikit-learn's face, of a fixed number of rounds: what a bag is made of."""
    from xgboost import XGBClassifier

    return XGBClassifier(
        n_estimators=parameters["rounds"],
        max_bin=MAX_BIN,
        tree_method=settings.tree_method,
        device=settings.device,
        n_jobs=1,
        random_state=seed,
        verbosity=0,
        **{name: value for name, value in parameters.items() if name != "rounds"},
    )


def dense_head(settings: Settings, parameters: Parameters, seed: int, n_rows: int) -> Any:  # noqa: ARG001
    """Build a dense head for embeddings: 128 rectified units, dropout 0.4, one sigmoid, classes weighed evenly."""
    from radiomics_mammo.evaluation.training.dense_head import DenseHead

    return DenseHead(epochs=parameters["epochs"], seed=seed)


def _leaves(parameters: Parameters) -> Parameters:
    return {name: parameters[name] for name in ("min_samples_leaf", "max_features")}


def cost_space(draw: Draw) -> Parameters:
    """Tune the strength of the penalty."""
    return {"C": draw.real("C", 0.1, 1e-3, 10.0)}


def probe_space(draw: Draw) -> Parameters:
    """Tune the strength of the penalty of a thousand and more standardised columns."""
    return {"C": draw.real("C", 1e-3, 1e-6, 1.0)}


def components_space(draw: Draw) -> Parameters:
    """Tune the strength of the penalty and the number of components an embedder."""
    return {"C": draw.real("C", 0.01, 1e-5, 1.0), "components": draw.whole("components", 32, 8, 64)}


def elastic_space(draw: Draw) -> Parameters:
    """Tune the strength of the penalty and its share of L1."""
    return {"C": draw.real("C", 0.1, 1e-3, 3.0), "l1_ratio": draw.share("l1_ratio", 0.5, 0.1, 0.9)}


def kernel_space(draw: Draw) -> Parameters:
    """Tune cost and width; 0.01 is one over a hundred standardised features."""
    return {"C": draw.real("C", 1.0, 0.05, 50.0), "gamma": draw.real("gamma", 0.01, 1e-4, 0.3)}


def leaf_space(draw: Draw) -> Parameters:
    """Tune the smallest leaf, and how many features a split looks at."""
    return {
        "min_samples_leaf": draw.whole("min_samples_leaf", 5, 2, 30),
        "max_features": draw.share("max_features", 0.15, 0.05, 0.4),
    }


def boosted_space(draw: Draw) -> Parameters:
    """Tune depth, rate, leaves, subsampling and shrinkage; the rounds come from early stopping."""
    return {
        "max_depth": draw.whole("max_depth", 3, 2, 5),
        "learning_rate": draw.real("learning_rate", 0.06, 0.03, 0.2),
        "min_child_weight": draw.real("min_child_weight", 2.0, 0.5, 30.0),
        "subsample": draw.share("subsample", 0.8, 0.5, 1.0),
        "colsample_bytree": draw.share("colsample_bytree", 0.5, 0.2, 0.8),
        "reg_lambda": draw.real("reg_lambda", 1.0, 0.1, 100.0),
    }
