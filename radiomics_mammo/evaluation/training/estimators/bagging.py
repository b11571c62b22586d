"""Balanced bags of a kind of model (Wallace et al., ICDM 2011)."""

from __future__ import annotations

from typing import Any

import numpy as np

from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.training.estimators.base import Draw, Floats, Parameters, SklearnEstimator
from radiomics_mammo.evaluation.training.plan import WHOLE
from radiomics_mammo.evaluation.training.samplers import SAMPLERS


class Bag(SklearnEstimator):
    """The mean of ten members fitted on all of the rarer class and as many others."""

    def __init__(self, member: SklearnEstimator) -> None:
        self.member = member
        self.types = (
            "imblearn.ensemble._bagging.BalancedBaggingClassifier",
            "imblearn.pipeline.Pipeline",
            "imblearn.under_sampling._prototype_selection._random_under_sampler.RandomUnderSampler",
            *member.types,
        )
        self.library = member.library

    def space(self, draw: Draw) -> Parameters:
        """Return the member's parameters."""
        return self.member.space(draw)

    def build(self, settings: Settings, parameters: Parameters, *, seed: int, n_rows: int) -> Any:
        """Build a member."""
        return self.member.build(settings, parameters, seed=seed, n_rows=n_rows)

    def fit(self, rows: Any, parameters: Parameters, part: int = WHOLE) -> Any:
        """Fit the members on undersampled rows."""
        train, seed = rows.train(part, parameters), rows.seed(part)
        n_rows = 2 * int(np.bincount(rows.fold.y, minlength=2).min())
        member = self.build(rows.settings, parameters, seed=seed, n_rows=n_rows)
        return SAMPLERS["bagging"].build(train.y, seed)(member).fit(train.x, train.y)

    def score(self, model: Any, x: Floats) -> Floats:
        """Score rows by the mean of the members, in their order."""
        members = zip(model.estimators_, model.estimators_features_, strict=True)
        total = sum(self.member.vote(steps[-1], x[:, columns]) for steps, columns in members)
        return np.asarray(total / len(model.estimators_))
