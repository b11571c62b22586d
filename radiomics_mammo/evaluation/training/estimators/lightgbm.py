"""LightGBM (Ke et al., NeurIPS 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.training.estimators.base import Draw, Floats, Parameters
from radiomics_mammo.evaluation.training.estimators.boosting import MAX_BIN, Boosting, BoostingRows


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows as they are, which predictions need, and as LightGBM bins them for training."""

    x: Floats
    binned: Any


class LightGBM(Boosting):
    """LightGBM, leaf-wise; leaves, rate, rows in a leaf, subsampling and shrinkage are tuned."""

    library = "lightgbm"
    extra = "lightgbm"
    file = "booster.txt"

    def space(self, draw: Draw) -> Parameters:
        """Return the tuned parameters; the rounds come from early stopping."""
        return {
            "num_leaves": draw.integer("num_leaves", 7, 3, 31),
            "learning_rate": draw.log_uniform("learning_rate", 0.06, 0.03, 0.2),
            "min_data_in_leaf": draw.integer("min_data_in_leaf", 5, 2, 60),
            "bagging_fraction": draw.uniform("bagging_fraction", 0.8, 0.5, 1.0),
            "feature_fraction": draw.uniform("feature_fraction", 0.5, 0.2, 0.8),
            "lambda_l2": draw.log_uniform("lambda_l2", 1.0, 0.1, 100.0),
        }

    def dataset(self, x: Floats, *, settings: Settings, reference: _Rows | None = None) -> _Rows:  # noqa: ARG002
        """Return rows that are binned when a booster is first fitted on them."""
        import lightgbm

        if reference is not None:  # validation rows are predicted as they are
            return _Rows(x, None)
        return _Rows(x, lightgbm.Dataset(x, params=_parameters({}, seed=0), free_raw_data=False))

    def start(self, rows: BoostingRows, parameters: Parameters, *, settings: Settings, seed: int) -> Any:  # noqa: ARG002
        """Return a booster without trees."""
        import lightgbm

        binned = rows.train.binned
        binned.set_label(rows.y)
        binned.set_weight(rows.weight)
        return lightgbm.Booster(_parameters(parameters, seed=seed), binned)

    def grow(self, booster: Any, rows: BoostingRows, rounds: range) -> None:  # noqa: ARG002
        """Add one tree a round."""
        for _ in rounds:
            booster.update()

    def predict(self, booster: Any, validation: _Rows) -> Floats:
        """Return probabilities."""
        return self.score_fold(booster, validation.x)

    def train(self, rows: BoostingRows, parameters: Parameters, *, settings: Settings, seed: int) -> Any:
        """Fit a booster."""
        booster = self.start(rows, parameters, settings=settings, seed=seed)
        self.grow(booster, rows, range(parameters["rounds"]))
        return booster

    def score_fold(self, model: Any, x: Floats) -> Floats:
        """Score rows by probability."""
        return np.asarray(model.predict(x, num_threads=1), dtype=np.float64)

    def contributions(self, model: Any, x: Floats) -> Floats:
        """Compute exact SHAP values in log-odds."""
        return np.asarray(model.predict(x, pred_contrib=True, num_threads=1), dtype=np.float64)

    def save(self, model: Any) -> bytes:
        """Return LightGBM's own text format."""
        return str(model.model_to_string()).encode()

    def load(self, content: bytes, *, path: Path) -> tuple[Any, tuple[str, ...]]:
        """Read LightGBM's own text format."""
        import lightgbm

        try:
            return lightgbm.Booster(model_str=content.decode()), ()
        except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
            raise InputError(
                f"is damaged ({' '.join(str(error).split())[:160]})",
                path=path,
                remedy="Run python -m radiomics_mammo.compare again.",
            ) from error


def _parameters(parameters: Parameters, *, seed: int) -> Parameters:
    """Return tuned parameters as LightGBM takes them: one thread and one order of sums."""
    return {
        "objective": "binary",
        "max_bin": MAX_BIN,
        "bagging_freq": 1,
        "feature_pre_filter": False,  # or rows of one trial's smallest leaf would be binned for all
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "seed": seed % (2**31),
        "verbosity": -1,
        **{name: value for name, value in parameters.items() if name != "rounds"},
    }
