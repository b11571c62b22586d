"""XGBoost (Chen & Guestrin, KDD 2016)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.training.estimators.base import Draw, Floats, Parameters, SklearnEstimator
from radiomics_mammo.evaluation.training.estimators.boosting import MAX_BIN, Boosting, BoostingRows, bag_rounds

AGAIN = "Run python -m radiomics_mammo.compare again."


class XGBoost(Boosting):
    """XGBoost; depth, rate, leaves, subsampling and shrinkage are tuned."""

    library = "xgboost"
    file = "booster.ubj"
    interacts = True

    def space(self, draw: Draw) -> Parameters:
        """Return the tuned parameters; the rounds come from early stopping."""
        return {
            "max_depth": draw.integer("max_depth", 3, 2, 5),
            "learning_rate": draw.log_uniform("learning_rate", 0.06, 0.03, 0.2),
            "min_child_weight": draw.log_uniform("min_child_weight", 2.0, 0.5, 30.0),
            "subsample": draw.uniform("subsample", 0.8, 0.5, 1.0),
            "colsample_bytree": draw.uniform("colsample_bytree", 0.5, 0.2, 0.8),
            "reg_lambda": draw.log_uniform("reg_lambda", 1.0, 0.1, 100.0),
        }

    @property
    def bag_member(self) -> SklearnEstimator:
        """Return XGBoost with a tuned number of rounds."""
        return XGBoostMember()

    def dataset(self, x: Floats, *, settings: Settings, reference: Any = None) -> Any:
        """Bin rows; by other methods than ``hist`` they stay as they are."""
        import xgboost

        if settings.tree_method != "hist":
            return xgboost.DMatrix(x, nthread=1)
        return xgboost.QuantileDMatrix(x, ref=reference, max_bin=MAX_BIN, nthread=1)

    def start(self, rows: BoostingRows, parameters: Parameters, *, settings: Settings, seed: int) -> Any:
        """Return a booster without trees."""
        import xgboost

        rows.train.set_info(label=rows.y, weight=rows.weight)
        return xgboost.Booster(booster_parameters(settings, parameters, seed=seed), cache=[rows.train, rows.validation])

    def grow(self, booster: Any, rows: BoostingRows, rounds: range) -> None:
        """Add one tree a round."""
        for number in rounds:
            booster.update(rows.train, number)

    def predict(self, booster: Any, validation: Any) -> Floats:
        """Return probabilities."""
        return np.asarray(booster.predict(validation), dtype=np.float64)

    def train(self, rows: BoostingRows, parameters: Parameters, *, settings: Settings, seed: int) -> Any:
        """Fit a booster."""
        import xgboost

        rows.train.set_info(label=rows.y, weight=rows.weight)
        settings_of_booster = booster_parameters(settings, parameters, seed=seed)
        return xgboost.train(settings_of_booster, rows.train, num_boost_round=parameters["rounds"])

    def score_fold(self, model: Any, x: Floats) -> Floats:
        """Score rows by probability."""
        import xgboost

        return self.predict(model, xgboost.DMatrix(x, nthread=1))

    def contributions(self, model: Any, x: Floats) -> Floats:
        """Compute SHAP values; equal to shap.TreeExplainer's, and on the GPU when the model is."""
        import xgboost

        return np.asarray(model.predict(xgboost.DMatrix(x, nthread=1), pred_contribs=True), dtype=np.float64)

    def interactions(self, model: Any, x: Floats) -> Floats:
        """Compute SHAP interaction values."""
        import xgboost

        return np.asarray(model.predict(xgboost.DMatrix(x, nthread=1), pred_interactions=True))

    def save(self, model: Any) -> bytes:
        """Return XGBoost's own format."""
        return bytes(model.save_raw("ubj"))

    def load(self, content: bytes, *, path: Path) -> tuple[Any, tuple[str, ...]]:
        """Read XGBoost's own format."""
        from xgboost import Booster
        from xgboost.core import XGBoostError

        booster = Booster({"nthread": 1})
        try:
            booster.load_model(bytearray(content))
        except XGBoostError as error:
            raise InputError(f"is damaged ({' '.join(str(error).split())[:160]})", path=path, remedy=AGAIN) from error
        return booster, ()


def booster_parameters(settings: Settings, parameters: Parameters, *, seed: int) -> Parameters:
    """Return tuned parameters as XGBoost takes them."""
    return {
        "objective": "binary:logistic",
        "tree_method": settings.tree_method,
        "device": settings.device,
        "max_bin": MAX_BIN,
        "nthread": 1,
        "seed": seed,
        # XGBoost draws from one stream a process: seeded anew each round, boosters grown in step do not disturb
        # each other.
        "seed_per_iteration": True,
        "verbosity": 0,
        **{name: value for name, value in parameters.items() if name != "rounds"},
    }


class XGBoostMember(SklearnEstimator):
    """XGBoost with scikit-learn's interface and a tuned number of rounds: the member of a bag."""

    library = "xgboost"
    selects = False
    types = ("xgboost.core.Booster", "xgboost.sklearn.XGBClassifier")  # XGBoost's own bytes inside

    def space(self, draw: Draw) -> Parameters:
        """Return XGBoost's parameters and the number of rounds."""
        return {**XGBoost().space(draw), **bag_rounds(draw)}

    def build(self, settings: Settings, parameters: Parameters, *, seed: int, n_rows: int) -> Any:  # noqa: ARG002
        """Build the classifier."""
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
