"""A model as it was trained: from a row of the table to a raw score, a probability and a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.records import Candidate
from radiomics_mammo.evaluation.training.calibration import Calibrator
from radiomics_mammo.evaluation.training.estimators.base import Estimator

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """One candidate, trained on some rows.

    Attributes
    ----------
    block : str
        The columns that it is given (see :class:`~radiomics_mammo.evaluation.cohort.records.Cohort`).
    threshold : float
        Of the calibrated probability, chosen on out-of-fold predictions of the training patients: at or above it
        a unit is called positive.
    """

    candidate: Candidate
    block: str
    preparation: Any
    estimator: Estimator
    model: Any
    calibrator: Calibrator
    threshold: float
    parameters: dict[str, Any]

    def score(self, x: Floats) -> Floats:
        """Score rows from 0 to 1, each independent of the other rows and of BLAS."""
        for _, step in self.preparation.steps:
            x = np.asarray(step.transform_rows(x) if hasattr(step, "transform_rows") else step.transform(x))
        return self.estimator.score(self.model, x)

    def score_fold(self, x: Floats) -> Floats:
        """Score a fold's rows as the libraries do: within rounding the same, faster."""
        return self.estimator.score_fold(self.model, np.asarray(self.preparation.transform(x)))
