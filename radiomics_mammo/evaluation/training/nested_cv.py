"""Nested cross-validation of one candidate in one outer fold: tune, calibrate, fit."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from radiomics_mammo.evaluation.cohort.records import FEATURES, Candidate
from radiomics_mammo.evaluation.metrics.operating_point import choose_threshold, parse_rule
from radiomics_mammo.evaluation.training.calibration import Calibrator, fit_calibrator, logit
from radiomics_mammo.evaluation.training.candidate_rows import CandidateRows, Rankings
from radiomics_mammo.evaluation.training.estimators.base import Draw, Parameters
from radiomics_mammo.evaluation.training.feature_selection import RANKINGS
from radiomics_mammo.evaluation.training.fitted_model import Fitted
from radiomics_mammo.evaluation.training.fold_data import FoldData
from radiomics_mammo.evaluation.training.registry import MODELS, Model, estimator_of
from radiomics_mammo.evaluation.training.tuning import search

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class TunedFold:
    """What the inner folds decided for a candidate.

    Attributes
    ----------
    score : float
        Mean AUROC of the inner folds; NaN where nothing was tuned.
    calibrator : Calibrator
    out_of_fold : ndarray of float64, shape (training units,), or None
        Out-of-fold raw scores of the inner folds; stored where an ensemble needs them.
    curves : ndarray of float64, shape (n_points, 6), or None
        Learning curves of a dense head (see
        :data:`radiomics_mammo.evaluation.training.estimators.dense_head.early_stopping.CURVES`).
    """

    parameters: Parameters
    score: float
    calibrator: Calibrator
    threshold: float
    notes: tuple[str, ...] = ()
    out_of_fold: Floats | None = None
    curves: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CandidateFold:
    """One candidate's raw scores and calibrated probabilities in one fold."""

    candidate: str
    repeat: int
    fold: int
    raw: Floats
    p: Floats
    tuned: TunedFold
    seconds: float


def tune(fold: FoldData, candidate: Candidate, rankings: Rankings) -> TunedFold:
    """Tune a candidate, then fit calibrator and threshold on out-of-fold scores.

    The scores are of real rows, aggregated by unit; no resampled row is ever among them.
    """
    model, tuning, estimator = MODELS[candidate.model], fold.plan.tuning, estimator_of(candidate)
    if estimator.constant:
        return _constant(fold)
    rows, notes = CandidateRows(fold, sampler=candidate.sampler, rankings=rankings), set[str]()
    with _noting(candidate, notes):
        best = search(
            lambda parameters, report: estimator.fit_folds(rows, parameters, report),
            _space(model, candidate, tuning.select),
            trials=tuning.trials,
            seed=fold.seed,
        )
    scores, kind = fold.out_of_fold(best.validation), estimator.calibration or tuning.calibration
    calibrator, threshold = calibrate(scores, fold.unit_y, kind=kind, operate_at=tuning.operate_at)
    notes |= {f"{candidate.name} {note}" for note in rows.notes}
    score = np.nan if best.score is None else best.score
    return TunedFold(best.parameters, score, calibrator, threshold, tuple(sorted(notes)), scores, best.curves)


def calibrate(scores: Floats, y: NDArray[np.int8], *, kind: str, operate_at: str) -> tuple[Calibrator, float]:
    """Fit calibrator and threshold on out-of-fold scores of training units."""
    calibrator = fit_calibrator(scores, y, kind=kind)
    return calibrator, choose_threshold(y, calibrator(scores), parse_rule(operate_at))


def fit(fold: FoldData, candidate: Candidate, tuned: TunedFold, rankings: Rankings) -> tuple[Fitted, tuple[str, ...]]:
    """Fit a candidate with its tuned parameters on all training rows of the fold."""
    estimator, notes = estimator_of(candidate), set[str]()
    rows = CandidateRows(fold, sampler=candidate.sampler, rankings=rankings)
    with _noting(candidate, notes):
        model = estimator.fit(rows, tuned.parameters)
    notes |= {f"{candidate.name} {note}" for note in rows.notes}
    preparation = estimator.preparation(rows, tuned.parameters)
    fitted = Fitted(
        candidate, fold.block, preparation, estimator, model, tuned.calibrator, tuned.threshold, tuned.parameters
    )
    return fitted, tuple(sorted(notes))


def score_test(fold: FoldData, fitted: Fitted) -> Floats:
    """Score the fold's test units; those of a test set as the saved model scores them."""
    if fold.test.size == 0:
        return np.zeros(0)
    return fold.test_by_unit((fitted.score if fold.whole else fitted.score_fold)(fold.test_rows()))


@contextmanager
def _noting(candidate: Candidate, notes: set[str]) -> Iterator[None]:
    """Turn the warning that a model did not converge into one note; other warnings are passed on."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        yield
    for each in caught:
        if issubclass(each.category, ConvergenceWarning):
            notes.add(f"{candidate.name} did not converge in some folds")
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)


def _constant(fold: FoldData) -> TunedFold:
    prevalence = float(fold.unit_y.mean())
    intercept = float(logit(np.array([prevalence]), least=1e-9)[0])
    calibrator = Calibrator("sigmoid", (), (intercept, 0.0))
    # The threshold is the prediction, to the bit: every unit is called positive.
    return TunedFold({}, float("nan"), calibrator, float(calibrator(np.array([prevalence]))[0]))


def _space(model: Model, candidate: Candidate, select: str) -> Callable[[Draw], Parameters]:
    """Join the estimator's parameters with the selection of features."""
    estimator = estimator_of(candidate)

    def space(draw: Draw) -> Parameters:
        parameters = estimator.space(draw)
        if model.selects and select == "auto":
            parameters["select"] = draw.categorical("select", "none", ("none", *RANKINGS))
        elif select in RANKINGS and can_select(model):
            parameters["select"] = select
        if parameters.get("select", "none") != "none":
            parameters["k"] = draw.integer("k", 20, 5, 60)
        return parameters

    return space


def can_select(model: Model) -> bool:
    """Return whether a model of radiomic features can be fitted on few of them."""
    return model.block == FEATURES and not model.baseline and model.estimator is not None and model.estimator.selects


def may_select(candidate: Candidate, select: str) -> bool:
    """Return whether a candidate may select features first, so that they have to be ranked."""
    model = MODELS[candidate.model]
    return model.selects if select == "auto" else select in RANKINGS and can_select(model)
