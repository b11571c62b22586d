"""The dense head as a kind of model: its epochs come from the inner folds, trained in step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.training.estimators.base import Floats, Parameters, Report, SklearnEstimator, Trial

if TYPE_CHECKING:
    from radiomics_mammo.evaluation.training.candidate_rows import CandidateRows

_MOST_EPOCHS = 60
_PATIENCE = 10  # epochs without a better mean AUROC before it stops


class DenseHeadEstimator(SklearnEstimator):
    """A dense head for embeddings, classes weighted equally."""

    resampled = False
    selects = False
    types = ("radiomics_mammo.evaluation.training.estimators.dense_head.classifier.DenseHead",)

    def build(self, settings: Settings, parameters: Parameters, *, seed: int, n_rows: int) -> Any:  # noqa: ARG002
        """Build the classifier."""
        from radiomics_mammo.evaluation.training.estimators.dense_head.classifier import DenseHead

        return DenseHead(epochs=parameters["epochs"], seed=seed)

    def fit_folds(self, rows: CandidateRows, parameters: Parameters, report: Report) -> Trial:  # noqa: ARG002
        """Train the inner folds' heads in step until their mean AUROC no longer grows."""
        from radiomics_mammo.evaluation.training.estimators.dense_head.early_stopping import HeadPair, fit_together

        fold = rows.fold
        parts = range(len(fold.inner))
        trains = [rows.train(part, parameters) for part in parts]
        pairs = [
            HeadPair(train.x, train.y, rows.validation(part, parameters), fold.y[fold.inner[part][1]])
            for part, train in zip(parts, trains, strict=True)
        ]
        head = self.build(rows.settings, {"epochs": _MOST_EPOCHS}, seed=fold.seed, n_rows=fold.train.size)
        return fit_together(pairs, head, judge=fold.mean_auroc, patience=_PATIENCE)

    def score(self, model: Any, x: Floats) -> Floats:
        """Score rows by probability, sums in a fixed order and in float64."""
        from radiomics_mammo.evaluation.training.estimators.dense_head import network

        return np.asarray(network.probability(network.margin_by_row(model.weights_, x)))
