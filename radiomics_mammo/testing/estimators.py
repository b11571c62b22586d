"""Conformance check of an estimator (:class:`radiomics_mammo.evaluation.training.estimators.base.Estimator`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.cohort import prepare_cohort
from radiomics_mammo.evaluation.cohort.records import FEATURES, Settings
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.training.calibration import expit
from radiomics_mammo.evaluation.training.candidate_rows import CandidateRows
from radiomics_mammo.evaluation.training.estimators.base import Estimator
from radiomics_mammo.evaluation.training.fold_data import FoldData
from radiomics_mammo.evaluation.training.plan import Plan, Tuning
from radiomics_mammo.evaluation.training.splits import repeated_folds
from radiomics_mammo.evaluation.training.tuning import Defaults

_NAMES = tuple(f"original_glcm_F{i}" for i in range(5))


def check_estimator(tested: Estimator) -> None:
    """Check a kind of model: what validation, explanation and prediction rely on.

    Its library is there; inner folds are scored between 0 and 1, one value a validation row; the same rows give the
    same model, whatever else was fitted before; a row's score depends on that row alone and survives saving and
    loading; null features give a finite score where it takes them; contributions add up to the score.

    Examples
    --------
    >>> from radiomics_mammo.evaluation.training.estimators.linear import Logistic
    >>> check_estimator(Logistic())
    """
    tested.require()
    draw = Defaults()
    parameters = tested.space(draw)
    assert set(draw.drawn) <= set(parameters), "space() draws parameters that it does not return"
    trial = tested.fit_folds(_rows(), parameters, _go_on)
    assert trial.score is not None, "a trial that nothing stops has no score"
    fold = _fold()
    for part, scores in enumerate(trial.validation):
        expected = fold.rows(part)[1].size
        assert scores.shape == (expected,), f"inner fold {part} has {scores.shape} scores for {expected} rows"
        assert ((scores >= 0) & (scores <= 1)).all(), "validation scores are not between 0 and 1"
    again = tested.fit_folds(_rows(), parameters, _go_on)
    for first, second in zip(trial.validation, again.validation, strict=True):
        assert np.array_equal(first, second), "the same inner folds give other scores"
    rows = _rows()
    tested.fit(rows, trial.parameters, 0)
    after_another = tested.fit(rows, trial.parameters)
    model = tested.fit(_rows(), trial.parameters)
    preparation = tested.preparation(_rows(), trial.parameters)
    x = np.asarray(preparation.transform(fold.plan.cohort.take(FEATURES, fold.test)))
    same = np.array_equal(tested.score(model, x), tested.score(after_another, x))
    assert same, "a model depends on what was fitted before"
    _check_scores(tested, model, x)
    if tested.contribution_unit:
        _check_contributions(tested, model, x)


def _check_scores(tested: Estimator, model: object, x: NDArray[np.float64]) -> None:
    scores = tested.score(model, x)
    assert scores.shape == (len(x),) and np.isfinite(scores).all(), "scores are not one finite number a row"
    assert ((scores >= 0) & (scores <= 1)).all(), "scores are not between 0 and 1"
    row_by_row = np.concatenate([tested.score(model, x[i : i + 1]) for i in range(len(x))])
    assert np.array_equal(scores, row_by_row), "a row's score depends on the rows that are scored with it"
    content = tested.save(model)
    assert content == tested.save(model), "the same model is saved as other bytes"
    loaded, _ = tested.load(content, path=Path(tested.file))
    assert np.array_equal(tested.score(loaded, x), scores), "a saved model scores otherwise"
    if tested.native_nulls:
        nulls = x.copy()
        nulls[:, 0] = np.nan
        assert np.isfinite(tested.score(model, nulls)).all(), "null features give no finite score"


def _check_contributions(tested: Estimator, model: object, x: NDArray[np.float64]) -> None:
    values = tested.contributions(model, x)
    assert values.shape == (len(x), x.shape[1] + 1), "contributions are not one a column and a base value"
    total = values.sum(axis=1)
    output = expit(total) if tested.contribution_unit == "log-odds" else total
    difference = np.abs(output - tested.score(model, x)).max()
    assert difference < 1e-5, f"contributions do not add up to the score: they differ by {difference:.2g}"


@cache
def _plan() -> Plan:
    rng = np.random.default_rng(5)
    label = np.arange(80) % 2
    frame = pd.DataFrame(rng.normal(size=(80, len(_NAMES))), columns=list(_NAMES))
    frame[_NAMES[0]] += label
    frame.loc[::9, _NAMES[1]] = np.nan
    frame = frame.assign(
        case_id=[f"c{i}" for i in range(80)], patient_id=[f"p{i // 2}" for i in range(80)], malignant=label
    )
    cohort = prepare_cohort(frame, _NAMES, target=Target())
    folds = repeated_folds(cohort.units.y, cohort.units.group, folds=2, repeats=1, seed=0)
    return Plan(cohort, folds, (), Settings(), 0, Tuning(1, 2, "none"))


def _fold() -> FoldData:
    return FoldData(_plan(), repeat=0, fold=0, block=FEATURES)


def _rows() -> CandidateRows:
    return CandidateRows(_fold())


def _go_on(score: float, step: int) -> bool:
    return score < 0 and step < 0
