"""A model as it was trained: what is done to a row until it is a probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.records import Candidate
from radiomics_mammo.evaluation.training import fixed_order
from radiomics_mammo.evaluation.training.calibration import Calibrator

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """One candidate, trained on some rows.

    Attributes
    ----------
    candidate : Candidate
    block : str
        The columns that it is given (see :class:`~radiomics_mammo.evaluation.cohort.records.Cohort`).
    preparation : sklearn.pipeline.Pipeline
        Transformers only; takes the block's columns in their order.
    estimator : scikit-learn estimator or xgboost.Booster
        Takes what the preparation gives.
    calibrator : Calibrator
        From the raw score of a unit to its probability.
    threshold : float
        Of the calibrated probability, chosen on out-of-fold predictions of the training patients: at or above it
        a unit is called positive.
    parameters : dict
        What the tuning chose.
    """

    candidate: Candidate
    block: str
    preparation: Any
    estimator: Any
    calibrator: Calibrator
    threshold: float
    parameters: dict[str, Any]

    def score(self, x: Floats) -> Floats:
        """Score rows, raw, in [0, 1]; shape (n_rows,). A row's score depends neither on the others nor on BLAS."""
        return fixed_order.raw_score(self.estimator, fixed_order.transform(self.preparation, x))

    def score_fold(self, x: Floats) -> Floats:
        """Score the rows of a cross-validation's fold as the libraries do: within rounding the same, and faster."""
        return raw_score(self.estimator, np.asarray(self.preparation.transform(x)))


def raw_score(estimator: Any, prepared: Floats) -> Floats:
    """Score prepared rows between 0 and 1: the probability, or where there is none the decision's sigmoid."""
    if hasattr(estimator, "get_score"):  # an xgboost.Booster
        from xgboost import DMatrix

        return np.asarray(estimator.predict(DMatrix(prepared, nthread=1)), dtype=np.float64)
    if hasattr(estimator, "predict_proba"):
        return np.asarray(estimator.predict_proba(prepared)[:, 1], dtype=np.float64)
    decision = np.asarray(estimator.decision_function(prepared), dtype=np.float64)
    return sigmoid(decision)


def sigmoid(z: Floats) -> Floats:
    """Compute 1 / (1 + exp(-z)); shape as given."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(z, -700, 700))))
