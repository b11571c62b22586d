"""Random forests and extremely randomised trees."""

from __future__ import annotations

from typing import Any

import numpy as np

from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.training.estimators.base import Draw, Floats, Parameters, SklearnEstimator
from radiomics_mammo.evaluation.training.estimators.shap_library import load_shap

TREES = 150


class RandomForest(SklearnEstimator):
    """A random forest (Breiman, Mach Learn 2001;45:5-32)."""

    contribution_unit = "probability"
    contribution_cost = 20
    types = (
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.tree._classes.DecisionTreeClassifier",
        "sklearn.tree._tree.Tree",
    )

    def space(self, draw: Draw) -> Parameters:
        """Return the smallest leaf, and the proportion of features that a split is searched in."""
        return {
            "min_samples_leaf": draw.integer("min_samples_leaf", 5, 2, 30),
            "max_features": draw.uniform("max_features", 0.15, 0.05, 0.4),
        }

    def build(self, settings: Settings, parameters: Parameters, *, seed: int, n_rows: int) -> Any:  # noqa: ARG002
        """Build the classifier."""
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(n_estimators=TREES, n_jobs=1, random_state=seed, **_leaves(parameters))

    def contributions(self, model: Any, x: Floats) -> Floats:
        """Compute path-dependent SHAP values (Lundberg et al., Nat Mach Intell 2020;2:56-67)."""
        explainer = load_shap().TreeExplainer(model, feature_perturbation="tree_path_dependent")
        values = explainer.shap_values(x, check_additivity=True)[:, :, 1]
        return np.hstack([values, np.full((x.shape[0], 1), explainer.expected_value[1])])


class ExtraTrees(RandomForest):
    """Extremely randomised trees (Geurts et al., Mach Learn 2006;63:3-42)."""

    types = (
        "sklearn.ensemble._forest.ExtraTreesClassifier",
        "sklearn.tree._classes.ExtraTreeClassifier",
        "sklearn.tree._tree.Tree",
    )

    def build(self, settings: Settings, parameters: Parameters, *, seed: int, n_rows: int) -> Any:  # noqa: ARG002
        """Build the classifier."""
        from sklearn.ensemble import ExtraTreesClassifier

        return ExtraTreesClassifier(n_estimators=TREES, n_jobs=1, random_state=seed, **_leaves(parameters))


def _leaves(parameters: Parameters) -> Parameters:
    return {name: parameters[name] for name in ("min_samples_leaf", "max_features")}
