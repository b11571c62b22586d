"""Gradient boosting with shared early stopping: one number of rounds that is right for all inner folds."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.training.estimators.base import Draw, Estimator, Floats, Parameters, Report, Trial
from radiomics_mammo.evaluation.training.plan import WHOLE
from radiomics_mammo.evaluation.training.samplers import SAMPLERS, balanced_weights, repeats

if TYPE_CHECKING:
    from radiomics_mammo.evaluation.training.candidate_rows import CandidateRows

MAX_BIN = 64
"""Bins of a column: enough for a measured feature, and 2.5 times as fast as XGBoost's default of 256."""
MOST_ROUNDS = 300
_STEP = 20  # rounds between two evaluations of the validation rows
_PATIENCE = 3  # evaluations without a better mean before it stops


@dataclass(frozen=True, slots=True, eq=False)
class BoostingRows:
    """Training and validation rows as :meth:`Boosting.dataset` makes them."""

    train: Any
    y: NDArray[np.int8]
    weight: Floats
    validation: Any = None


class Boosting(Estimator):
    """A gradient-boosted tree ensemble whose boosters grow round by round."""

    native_nulls = True
    contribution_unit = "log-odds"

    @abstractmethod
    def dataset(self, x: Floats, *, settings: Settings, reference: Any = None) -> Any:
        """Bin rows, in the bins of the reference where there is one; NaN stays NaN."""

    @abstractmethod
    def start(self, rows: BoostingRows, parameters: Parameters, *, settings: Settings, seed: int) -> Any:
        """Return a booster without trees."""

    @abstractmethod
    def grow(self, booster: Any, rows: BoostingRows, rounds: range) -> None:
        """Add one tree a round."""

    @abstractmethod
    def predict(self, booster: Any, validation: Any) -> Floats:
        """Return probabilities of rows in the booster's own format."""

    @abstractmethod
    def train(self, rows: BoostingRows, parameters: Parameters, *, settings: Settings, seed: int) -> Any:
        """Fit a booster of ``parameters["rounds"]`` trees."""

    def preparation(self, rows: CandidateRows, parameters: Parameters) -> Any:
        """Return the preparation without imputation, unless rows are interpolated."""
        if SAMPLERS[rows.sampler].keeps_rows:
            return rows.fold.native(WHOLE, self.library, self.dataset)[0]
        return super().preparation(rows, parameters)

    def rows(self, rows: CandidateRows, part: int) -> BoostingRows:
        """Return a candidate's rows, binned once for all trials, with their weights."""
        if part not in rows.cache:
            rows.cache[part] = self._rows(rows, part)
        binned: BoostingRows = rows.cache[part]
        return binned

    def _rows(self, rows: CandidateRows, part: int) -> BoostingRows:
        if SAMPLERS[rows.sampler].keeps_rows:
            _, train, validation = rows.fold.native(part, self.library, self.dataset)
            y = rows.fold.labels(part)
            return BoostingRows(train, y, _weight(rows.sampler, y, rows.seed(part)), validation)
        resampled = rows.train(part, {})
        train = self.dataset(resampled.x, settings=rows.settings)
        if part == WHOLE:
            return BoostingRows(train, resampled.y, resampled.weight)
        validation = self.dataset(rows.validation(part, {}), settings=rows.settings, reference=train)
        return BoostingRows(train, resampled.y, resampled.weight, validation)

    def fit_folds(self, rows: CandidateRows, parameters: Parameters, report: Report) -> Trial:  # noqa: ARG002
        """Add trees to all inner folds' boosters in step until their mean AUROC no longer grows."""
        folds = [self.rows(rows, part) for part in range(len(rows.fold.inner))]
        return self.fit_together(
            folds, parameters, settings=rows.settings, seed=rows.fold.seed, judge=rows.fold.mean_auroc
        )

    def fit_together(
        self,
        folds: Sequence[BoostingRows],
        parameters: Parameters,
        *,
        settings: Settings,
        seed: int,
        judge: Callable[[Sequence[Floats]], float],
    ) -> Trial:
        """Fit one booster a fold, stopped where ``judge`` of all folds is highest."""
        boosters = [self.start(each, parameters, settings=settings, seed=seed) for each in folds]
        best, since = Trial(parameters, -np.inf, []), 0
        for done in range(0, MOST_ROUNDS, _STEP):
            for booster, each in zip(boosters, folds, strict=True):
                self.grow(booster, each, range(done, done + _STEP))
            validation = [self.predict(booster, each.validation) for booster, each in zip(boosters, folds, strict=True)]
            score = judge(validation)
            if best.score is None or score > best.score:
                best, since = Trial({**parameters, "rounds": done + _STEP}, score, validation), 0
            else:
                since += 1
            if since == _PATIENCE:
                break
        return best

    def fit(self, rows: CandidateRows, parameters: Parameters, part: int = WHOLE) -> Any:
        """Fit a booster with the rounds that early stopping found."""
        return self.train(self.rows(rows, part), parameters, settings=rows.settings, seed=rows.seed(part))


def bag_rounds(draw: Draw) -> Parameters:
    """Return the number of rounds, which a bag's members cannot stop early."""
    return {"rounds": draw.integer("rounds", 100, 40, 300)}


def _weight(sampler: str, y: NDArray[np.int8], seed: int) -> Floats:
    if SAMPLERS[sampler].reweights:
        return balanced_weights(y)
    return repeats(y, seed=seed) if sampler == "oversampling" else np.ones(y.size)
