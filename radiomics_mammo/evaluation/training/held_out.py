"""Measures of the out-of-fold rows by the model of their fold, as SHAP values are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.records import FUSION, Candidate
from radiomics_mammo.evaluation.training.cross_validation import Outcome, refit
from radiomics_mammo.evaluation.training.plan import Plan, light
from radiomics_mammo.evaluation.training.preprocessing import source_columns
from radiomics_mammo.evaluation.training.registry import block_of

Floats = NDArray[np.float64]

Measure = Callable[..., Any]
"""Called with (Fitted, its prepared test rows, source columns, number of features)."""
HeldOut = tuple[int, int, NDArray[np.intp], Any]


def explained_names(plan: Plan, candidate: Candidate) -> tuple[str, ...]:
    """List the features with contributions, in the order of ``source_columns``.

    The columns of an embedder are one feature, ``…_Embedding``: a component of it has no meaning of its own.
    """
    cohort, block = plan.cohort, block_of(candidate)
    if block != FUSION:
        return cohort.names(block)
    return (*cohort.features, *(f"{each}_Embedding" for each in cohort.embedders))


def measure_held_out(
    plan: Plan,
    candidate: Candidate,
    outcome: Outcome,
    *,
    repeats: int,
    measure: Measure,
    workers: int = 1,
    on_done: Callable[[str], None] | None = None,
) -> list[HeldOut]:
    """Fit one candidate's folds again, to the same bits, and measure their test rows.

    ``measure`` is as :func:`radiomics_mammo.evaluation.explanation.shap_values.contributions`, and picklable. Returns
    repeat, fold, row positions and what was measured, in that order.
    """
    from joblib import Parallel, delayed

    n_features, slim = len(explained_names(plan, candidate)), light(plan)
    todo = [
        delayed(_measure_fold)(slim, candidate, outcome, repeat, fold, measure, n_features)
        for repeat in range(repeats)
        for fold in range(plan.n_folds)
    ]
    results = []
    for done in Parallel(n_jobs=workers, return_as="generator_unordered")(todo):
        results.append(done)
        if on_done is not None:
            on_done(candidate.name)
    return sorted(results, key=lambda each: each[:2])


def _measure_fold(
    plan: Plan, candidate: Candidate, outcome: Outcome, repeat: int, fold: int, measure: Measure, n_features: int
) -> HeldOut:
    data, fitted = refit(plan, candidate, outcome, repeat=repeat, fold=fold)
    x = np.asarray(fitted.preparation.transform(data.test_rows()))
    source = source_columns(fitted.preparation)
    return repeat, fold, data.test, measure(fitted, x, source=source, n_features=n_features)
