"""From out-of-fold predictions to the tables of the comparison."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.models import MODELS
from radiomics_mammo.models.records import Arm
from radiomics_mammo.models.statistics.bootstrap import all_bootstrap_scores, interval
from radiomics_mammo.models.statistics.metrics import METRICS, scores
from radiomics_mammo.models.training.crossval import Plan

Floats = NDArray[np.float64]


def prediction_table(plan: Plan, p: Floats) -> pd.DataFrame:
    """Lay the out-of-fold predictions out, one row a model, repeat and case.

    Parameters
    ----------
    plan : Plan
    p : ndarray of float64, shape (n_arms, n_repeats, n_rows)

    Returns
    -------
    pandas.DataFrame
        Columns case_id, patient_id, model, repeat, fold, y, p.
    """
    rows = plan.cohort.rows
    parts = [
        pd.DataFrame(
            {
                "case_id": rows["case_id"],
                "patient_id": rows["patient_id"],
                "model": arm.name,
                "repeat": np.int16(repeat),
                "fold": plan.fold_of[repeat],
                "y": plan.cohort.y,
                "p": p[i, repeat],
            }
        )
        for i, arm in enumerate(plan.arms)
        for repeat in range(plan.n_repeats)
    ]
    return pd.concat(parts, ignore_index=True)


def fold_table(plan: Plan) -> pd.DataFrame:
    """Lay the fold assignment out: columns case_id, patient_id, repeat, fold."""
    rows = plan.cohort.rows[["case_id", "patient_id"]]
    parts = [rows.assign(repeat=np.int16(repeat), fold=assigned) for repeat, assigned in enumerate(plan.fold_of)]
    return pd.concat(parts, ignore_index=True)


def twins(arms: Sequence[Arm]) -> list[tuple[int, int]]:
    """Pair each resampled arm with its plain twin, by position."""
    plain = {arm.model: i for i, arm in enumerate(arms) if arm.sampler == "none"}
    return [(i, plain[a.model]) for i, a in enumerate(arms) if a.sampler != "none" and a.model in plain]


def compare_arms(
    plan: Plan, p: Floats, *, draws: int = 1_000, level: float = 0.95
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Compute metrics and paired differences with patient-bootstrap intervals.

    A value is the mean over repeats of the metric on that repeat's pooled out-of-fold predictions. The
    interval is the percentile interval over draws of people, with all their rows, with replacement; the
    same draws for every arm. Models are not trained anew in a draw, so the interval tells of the cases
    that were sampled, not of the training.

    Parameters
    ----------
    plan : Plan
    p : ndarray of float64, shape (n_arms, n_repeats, n_rows)
    draws : int
    level : float

    Returns
    -------
    summary : pandas.DataFrame
        Columns model, metric, value, low, high.
    differences : pandas.DataFrame
        Columns model, against, metric, value, low, high: each resampled arm minus its plain twin.
    undefined : int
        Draws that lack a class; the intervals are made of the others.
    """
    y = plan.cohort.y
    value = np.stack([np.mean([scores(y, one)[:, 0] for one in repeats], axis=0) for repeats in p])
    drawn = all_bootstrap_scores(y, p, plan.cohort.group, draws=draws, seed=plan.seed)
    summary = [
        (arm.name, metric, value[i, m], *interval(drawn[i, m], level=level))
        for i, arm in enumerate(plan.arms)
        for m, metric in enumerate(METRICS)
    ]
    differences = [
        (
            plan.arms[i].name,
            plan.arms[j].name,
            metric,
            value[i, m] - value[j, m],
            *interval(drawn[i, m] - drawn[j, m], level=level),
        )
        for i, j in twins(plan.arms)
        for m, metric in enumerate(METRICS)
    ]
    return (
        pd.DataFrame(summary, columns=["model", "metric", "value", "low", "high"]),
        pd.DataFrame(differences, columns=["model", "against", "metric", "value", "low", "high"]),
        int(np.isnan(drawn).any(axis=(0, 1)).sum()),
    )


def best_arm(summary: pd.DataFrame, arms: Sequence[Arm], *, tree: bool = False) -> Arm | None:
    """Give the arm with the highest AUROC, the prevalence floor aside; only tree models if asked.

    Of equal arms the one named first; None where no arm qualifies.
    """
    auroc = summary[summary["metric"] == "auroc"].set_index("model")["value"]
    able = [arm for arm in arms if (MODELS[arm.model].tree if tree else MODELS[arm.model].resamples)]
    return max(able, key=lambda arm: auroc[arm.name]) if able else None
