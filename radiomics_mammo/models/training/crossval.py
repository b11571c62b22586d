"""Out-of-fold predictions: every arm, every repeat, every fold; everything fitted inside the fold."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.models import MODELS, SAMPLERS
from radiomics_mammo.models.records import Arm, Cohort, Settings
from radiomics_mammo.models.training.prepare import preparation
from radiomics_mammo.models.training.samplers import SMOTE_NEIGHBOURS, smote_neighbours
from radiomics_mammo.models.training.splits import fold_seed

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What all folds of a run share.

    Attributes
    ----------
    cohort : Cohort
    fold_of : ndarray of int16, shape (n_repeats, n_rows)
        The fold in which a row is tested.
    arms : tuple of Arm
    settings : Settings
    seed : int
    """

    cohort: Cohort
    fold_of: NDArray[np.int16]
    arms: tuple[Arm, ...]
    settings: Settings
    seed: int

    @property
    def n_folds(self) -> int:
        """Number of folds a repeat."""
        return int(self.fold_of.max()) + 1

    @property
    def n_repeats(self) -> int:
        """Number of repeats."""
        return int(self.fold_of.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What the folds gave.

    Attributes
    ----------
    p : ndarray of float64, shape (n_arms, n_repeats, n_rows)
        Predicted probability of the positive class by the model that did not see the row's person.
    notes : tuple of str
        What a model had to do differently, said once an arm.
    seconds : dict of str to float
        Time spent on each arm, summed over folds.
    """

    p: Floats
    notes: tuple[str, ...]
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Fold:
    arm: int
    repeat: int
    fold: int
    p: Floats
    notes: tuple[str, ...]
    seconds: float


def check_samplers(plan: Plan) -> None:
    """Refuse, before anything is trained, an arm whose sampler would not have enough cases in some fold.

    Raises
    ------
    InputError
        Naming the arm, the fold and what is there.
    """
    y = plan.cohort.y
    for repeat, assigned in enumerate(plan.fold_of):
        for fold in range(plan.n_folds):
            fewest = int(np.bincount(y[assigned != fold], minlength=2).min())
            for arm in plan.arms:
                if fewest < SAMPLERS[arm.sampler].least:
                    raise InputError(
                        f"{arm.name} needs {SAMPLERS[arm.sampler].least} training cases of the rarer class, "
                        f"and repeat {repeat}, fold {fold} has {fewest}",
                        remedy="Leave that arm out with --models, or add cases.",
                    )


def fit_fold(plan: Plan, arm: Arm, *, repeat: int, fold: int) -> Any:
    """Fit preparation, sampler and model on the training rows of one fold.

    Returns
    -------
    imblearn.pipeline.Pipeline
        With the steps of :func:`~radiomics_mammo.models.training.prepare.preparation`, ``sample`` (if the arm has one)
        and ``model``. One thread, and the
        same bits whichever process runs it.
    """
    from imblearn.pipeline import Pipeline
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    train = plan.fold_of[repeat] != fold
    y = plan.cohort.y[train]
    seed = fold_seed(plan.seed, repeat, fold)
    sampler = SAMPLERS[arm.sampler].build(y, seed)
    steps = preparation()
    steps += [] if sampler is None else [("sample", sampler)]
    steps += [("model", MODELS[arm.model].build(plan.settings, seed))]
    # BLAS may add in another order with another number of threads.
    with threadpool_limits(1):
        return Pipeline(steps).fit(plan.cohort.x[train], y)


def _run_fold(plan: Plan, arm: int, repeat: int, fold: int) -> _Fold:
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        fitted = fit_fold(plan, plan.arms[arm], repeat=repeat, fold=fold)
    test = plan.fold_of[repeat] == fold
    with threadpool_limits(1):
        p = fitted.predict_proba(plan.cohort.x[test])[:, 1].astype(np.float64)
    notes = [f"{plan.arms[arm].name} did not converge in some folds"] if _unconverged(caught) else []
    if plan.arms[arm].sampler == "smote":
        neighbours = smote_neighbours(plan.cohort.y[~test])
        if neighbours < SMOTE_NEIGHBOURS:
            notes.append(
                f"{plan.arms[arm].name} looked at fewer than {SMOTE_NEIGHBOURS} neighbours in some folds: "
                "too few training cases of the rarer class"
            )
    return _Fold(arm, repeat, fold, p, tuple(notes), time.perf_counter() - started)


def _unconverged(caught: Sequence[warnings.WarningMessage]) -> bool:
    from sklearn.exceptions import ConvergenceWarning

    return any(issubclass(one.category, ConvergenceWarning) for one in caught)


def cross_validate(plan: Plan, *, workers: int = 1, on_done: Callable[[str], None] | None = None) -> Outcome:
    """Train every arm in every fold and predict the rows left out.

    Parameters
    ----------
    plan : Plan
    workers : int
        Processes; the result does not depend on it.
    on_done : callable (arm name) -> None, optional
        Called after each fold.
    """
    check_samplers(plan)
    p = np.full((len(plan.arms), *plan.fold_of.shape), np.nan)
    notes: set[str] = set()
    seconds = dict.fromkeys((arm.name for arm in plan.arms), 0.0)
    for done in _folds(plan, workers):
        name = plan.arms[done.arm].name
        p[done.arm, done.repeat, plan.fold_of[done.repeat] == done.fold] = done.p
        notes.update(done.notes)
        seconds[name] += done.seconds
        if on_done is not None:
            on_done(name)
    return Outcome(p, tuple(sorted(notes)), seconds)


def light(plan: Plan) -> Plan:
    """Leave the identity columns at home: arrays travel to workers once, by memory map, but text with each fold."""
    return replace(plan, cohort=replace(plan.cohort, rows=plan.cohort.rows.iloc[:0]))


def _folds(plan: Plan, workers: int) -> Iterator[_Fold]:
    from joblib import Parallel, delayed

    plan = light(plan)
    todo = [
        delayed(_run_fold)(plan, arm, repeat, fold)
        for arm in range(len(plan.arms))
        for repeat in range(plan.n_repeats)
        for fold in range(plan.n_folds)
    ]
    yield from Parallel(n_jobs=workers, return_as="generator_unordered")(todo)
