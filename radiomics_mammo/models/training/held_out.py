"""Something measured on the rows that each fold left out, by the model that did not see them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.models.records import Arm
from radiomics_mammo.models.training.crossval import Plan, fit_fold, light
from radiomics_mammo.models.training.prepare import prepare, source_columns

Floats = NDArray[np.float64]

# What is measured on a fitted fold: (model, its prepared held-out rows, source columns, number of features).
Measure = Callable[..., Floats]
HeldOut = tuple[int, int, NDArray[np.intp], Floats]


def measure_held_out(
    plan: Plan,
    arm: Arm,
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
        delayed(_measure_fold)(plan, arm, repeat, fold, measure)
        for repeat in range(repeats)
        for fold in range(plan.n_folds)
    ]
    found = []
    for done in Parallel(n_jobs=workers, return_as="generator_unordered")(todo):
        found.append(done)
        if on_done is not None:
            on_done(arm.name)
    return sorted(found, key=lambda one: one[:2])


def _measure_fold(plan: Plan, arm: Arm, repeat: int, fold: int, measure: Measure) -> HeldOut:
    fitted = fit_fold(plan, arm, repeat=repeat, fold=fold)
    rows = np.flatnonzero(plan.fold_of[repeat] == fold)
    x = prepare(fitted, plan.cohort.x[rows])
    measured = measure(
        fitted.named_steps["model"], x, source=source_columns(fitted), n_features=len(plan.cohort.features)
    )
    return repeat, fold, rows, measured
