"""Metrics of candidates, paired differences, tables of predictions and folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.records import Candidate, Units
from radiomics_mammo.evaluation.metrics.bootstrap import all_bootstrap_scores, interval
from radiomics_mammo.evaluation.metrics.metrics import METRICS, scores
from radiomics_mammo.evaluation.training.cross_validation import Outcome
from radiomics_mammo.evaluation.training.plan import Plan
from radiomics_mammo.evaluation.training.registry import MODELS, estimator_of

Floats = NDArray[np.float64]


def prediction_table(plan: Plan, outcome: Outcome) -> pd.DataFrame:
    """Build the table of out-of-fold predictions, one row a model, repeat and unit."""
    units = plan.cohort.units
    parts = [
        _identity(units, candidate).assign(
            repeat=np.int16(repeat),
            fold=plan.fold_of[repeat],
            y=units.y,
            p=outcome.p[i, repeat],
            raw=outcome.raw[i, repeat],
            called=outcome.called[i, repeat],
        )
        for i, candidate in enumerate(plan.candidates)
        for repeat in range(plan.n_repeats)
    ]
    return pd.concat(parts, ignore_index=True)


def test_prediction_table(plan: Plan, outcome: Outcome) -> pd.DataFrame:
    """Build the table of test predictions, one row a model and unit."""
    assert plan.test is not None
    units = plan.test.units
    parts = []
    for candidate in plan.candidates:
        predicted = outcome.test[candidate.name]
        called = predicted.p >= predicted.tuned.threshold
        parts.append(_identity(units, candidate).assign(y=units.y, p=predicted.p, raw=predicted.raw, called=called))
    return pd.concat(parts, ignore_index=True)


def _identity(units: Units, candidate: Candidate) -> pd.DataFrame:
    return units.rows[["case_id", "patient_id"]].assign(model=candidate.name)


def fold_table(plan: Plan) -> pd.DataFrame:
    """Build the table of fold assignments: case_id, patient_id, repeat, fold."""
    rows = plan.cohort.units.rows[["case_id", "patient_id"]]
    parts = [rows.assign(repeat=np.int16(repeat), fold=assigned) for repeat, assigned in enumerate(plan.fold_of)]
    return pd.concat(parts, ignore_index=True)


def resampling_pairs(candidates: Sequence[Candidate]) -> list[tuple[int, int]]:
    """Return the positions of each candidate with resampling and the same without."""
    without = {(each.model, each.block): i for i, each in enumerate(candidates) if each.sampler == "none"}
    with_resampling = [(i, (each.model, each.block)) for i, each in enumerate(candidates) if each.sampler != "none"]
    return [(i, without[model]) for i, model in with_resampling if model in without]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Metrics of all candidates, and differences with and without resampling.

    Attributes
    ----------
    differences : pandas.DataFrame
        Columns model, against, metric, value, low, high: each candidate with resampling minus the same without.
    undefined : int
        Draws that lack a class; the intervals are made of the others.
    """

    summary: pd.DataFrame
    differences: pd.DataFrame
    undefined: int


def compare_candidates(
    candidates: Sequence[Candidate],
    units: Units,
    p: Floats,
    *,
    draws: int,
    seed: int,
    level: float = 0.95,
    workers: int = 1,
    pairs: Sequence[tuple[int, int]] | None = None,
) -> Comparison:
    """Compute metrics and paired differences with patient-bootstrap intervals.

    A value is the mean over repeats of the metric on that repeat's pooled out-of-fold predictions. The
    interval is the percentile interval over draws of patients, with all their units, with replacement; the
    same draws for every candidate. Models are not trained anew in a draw, so the interval covers the
    sampling of cases, not the training.

    ``pairs`` are positions of candidates to subtract, by default :func:`resampling_pairs`.
    """
    y = units.y
    value = np.stack([np.mean([scores(y, each)[:, 0] for each in repeats], axis=0) for repeats in p])
    drawn = all_bootstrap_scores(y, p, units.group, draws=draws, seed=seed, workers=workers)
    constant = [i for i, candidate in enumerate(candidates) if MODELS[candidate.model].constant]
    slope = list(METRICS).index("calibration_slope")
    value[constant, slope] = drawn[constant, slope] = np.nan  # the folds' prevalences differ a little: no calibration
    summary = [
        (candidate.name, metric, value[i, m], *interval(drawn[i, m], level=level))
        for i, candidate in enumerate(candidates)
        for m, metric in enumerate(METRICS)
    ]
    differences = [
        (
            candidates[i].name,
            candidates[j].name,
            metric,
            value[i, m] - value[j, m],
            *interval(drawn[i, m] - drawn[j, m], level=level),
        )
        for i, j in (resampling_pairs(candidates) if pairs is None else pairs)
        for m, metric in enumerate(METRICS)
    ]
    undefined = np.isnan(drawn[:, list(METRICS).index("auroc")]).any(axis=0)
    return Comparison(
        pd.DataFrame(summary, columns=["model", "metric", "value", "low", "high"]),
        pd.DataFrame(differences, columns=["model", "against", "metric", "value", "low", "high"]),
        int(undefined.sum()),
    )


def best_candidate(summary: pd.DataFrame, candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the candidate with the highest AUROC that is no baseline, or None."""
    auroc = summary[summary["metric"] == "auroc"].set_index("model")["value"]
    eligible = [candidate for candidate in candidates if not MODELS[candidate.model].baseline]
    return max(eligible, key=lambda candidate: auroc[candidate.name]) if eligible else None


def explained_candidate(summary: pd.DataFrame, candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the best XGBoost on radiomic features, or the best other tree model.

    XGBoost gives exact contributions and interactions in log-odds; a bag has neither. None where no candidate
    qualifies.
    """
    trees = [each for each in candidates if MODELS[each.model].explained and estimator_of(each).contribution_unit]
    exact = [each for each in trees if estimator_of(each).contribution_unit == "log-odds"]
    return best_candidate(summary, exact or trees)
