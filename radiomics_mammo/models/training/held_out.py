"""Something measured on the rows that each fold left out, by the model that did not see them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.models.records import Arm
from radiomics_mammo.models.training.crossval import Outcome, refit
from radiomics_mammo.models.training.plan import Plan, light
from radiomics_mammo.models.training.prepare import source_columns

Floats = NDArray[np.float64]

# What is measured on a fitted fold: (model, its prepared held-out rows, source columns, number of features).
Measure = Callable[..., Floats]
HeldOut = tuple[int, int, NDArray[np.intp], Floats]


def measure_held_out(
    plan: Plan,
    arm: Arm,
    outcome: Outcome,
    *,
    repeats: int,
    measure: Measure,
    workers: int = 1,
    on_done: Callable[[str], None] | None = None,
) -> list[HeldOut]:
    """Fit one arm's folds again, to the same bits, and measure something on the rows left out.

    Parameters
    ----------
    plan : Plan
    arm : Arm
    outcome : Outcome
        What the folds chose.
    repeats : int
        How many of the repeats, from the first.
    measure : callable (model, x, *, source, n_features) -> ndarray, shape (n_rows, …)
        As :func:`radiomics_mammo.explain.contributions.contributions`; picklable.
    workers : int
    on_done : callable (arm name) -> None, optional
        Called after each fold.

    Returns
    -------
    list of (repeat, fold, row positions, measured), in that order
    """
    from joblib import Parallel, delayed

    plan = light(plan)
    todo = [
        delayed(_measure_fold)(plan, arm, outcome, repeat, fold, measure)
        for repeat in range(repeats)
        for fold in range(plan.n_folds)
    ]
    found = []
    for done in Parallel(n_jobs=workers, return_as="generator_unordered")(todo):
        found.append(done)
        if on_done is not None:
            on_done(arm.name)
    return sorted(found, key=lambda one: one[:2])


def _measure_fold(plan: Plan, arm: Arm, outcome: Outcome, repeat: int, fold: int, measure: Measure) -> HeldOut:
    bench, fitted = refit(plan, arm, outcome, repeat=repeat, fold=fold)
    x = np.asarray(fitted.preparation.transform(bench.test_rows()))
    source = source_columns(fitted.preparation)
    measured = measure(fitted.estimator, x, source=source, n_features=len(plan.cohort.features))
    return repeat, fold, bench.test, measured
