"""Prevalence shift between training and test set, and its correction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.metrics.arrays import Codes, Floats, Labels
from radiomics_mammo.evaluation.metrics.bootstrap import blocks_of, draw_patients, interval
from radiomics_mammo.evaluation.metrics.proportions import Proportion, clustered_proportion
from radiomics_mammo.evaluation.metrics.subgroups import level_names

_HALVINGS = 50
_SAME = 1e-12  # predictions this near to one another are equal but for rounding


@dataclass(frozen=True, slots=True)
class Shift:
    """Two prevalences and their difference, with interval and p-value.

    NaN where one of the sets is empty; ``p`` also where neither varies.
    """

    train: Proportion
    test: Proportion
    difference: float
    low: float
    high: float
    p: float


def prevalence_shift(train: tuple[Labels, Codes], test: tuple[Labels, Codes], *, level: float = 0.95) -> Shift:
    """Compute the difference in prevalence of two sets without common patients.

    The interval joins the two clustered Wilson intervals (Newcombe 1998); p is of the normal approximation with
    the variances between patients.
    """
    before, after = (
        clustered_proportion(y[None] == 1, np.ones((1, y.size)), group, level=level) for y, group in (train, test)
    )
    difference = after.value - before.value
    reach_down = np.hypot(after.value - after.low, before.high - before.value)
    reach_up = np.hypot(after.high - after.value, before.value - before.low)
    error = np.sqrt(before.variance + after.variance)
    p = float(2.0 * ndtr(-abs(difference) / error)) if error > 0 else float("nan")
    return Shift(before, after, difference, float(difference - reach_down), float(difference + reach_up), p)


def shift_table(
    train: tuple[pd.DataFrame, Labels, Codes],
    test: tuple[pd.DataFrame, Labels, Codes],
    *,
    columns: Mapping[str, str],
    level: float = 0.95,
) -> pd.DataFrame:
    """Compare prevalences over all units and within each level of common columns.

    Each set is rows with the columns, labels and patients; ``columns`` are names and titles.
    """
    rows = []
    for column, title, name, in_train, in_test in _levels(train[0], test[0], columns):
        shift = prevalence_shift(_part(train, in_train), _part(test, in_test), level=level)
        rows.append(
            {
                "column": column,
                "title": title,
                "level": name,
                "n_train": int(in_train.sum()),
                "n_test": int(in_test.sum()),
                "train": shift.train.value,
                "test": shift.test.value,
                "difference": shift.difference,
                "low": shift.low,
                "high": shift.high,
                "p": shift.p,
            }
        )
    return pd.DataFrame(rows)


def estimate_prevalence(
    p: Floats, group: Codes, *, prior: float, draws: int = 1_000, seed: int = 0, level: float = 0.95
) -> tuple[float, float, float]:
    """Estimate the prevalence of unlabelled units from calibrated predictions.

    Saerens, Latinne & Decaestecker (2002): valid if only the proportions of the classes differ from training. The
    maximum of their likelihood is computed by bisection: the likelihood is concave.

    ``p`` is calibrated for the prevalence ``prior``. The value is 0 or 1 where the likelihood only rises towards it.
    Equal predictions carry no information on the prevalence: then the value is the prior and the interval NaN.
    """
    _check(prior=prior)
    if np.ptp(p) <= _SAME:
        return prior, float("nan"), float("nan")
    counts = draw_patients(int(group.max()) + 1, draws=draws, seed=seed)
    value = float(_likeliest(p, np.ones((1, p.size), dtype=np.int32), prior)[0])
    drawn = [_likeliest(p, counts[block][:, group], prior) for block in blocks_of(draws, p.size)]
    return value, *interval(np.concatenate(drawn), level=level)


def shift_prior(p: Floats, from_: float, to: float) -> Floats:
    """Compute predictions at another prevalence by Bayes' rule.

    Prevalences are above 0 and below 1.
    """
    _check(from_=from_, to=to)
    positive, negative = p * (to / from_), (1.0 - p) * ((1.0 - to) / (1.0 - from_))
    shifted: Floats = positive / (positive + negative)
    return shifted


def _likeliest(p: Floats, weights: np.ndarray, prior: float) -> Floats:
    """Compute the maximum-likelihood prevalence of each draw by bisection.

    Where all drawn predictions equal the prior the likelihood is flat, and the prior is returned.
    """
    positive_ratio, negative_ratio = p / prior, (1.0 - p) / (1.0 - prior)
    flat = (weights * (np.abs(positive_ratio - negative_ratio) > _SAME)).sum(axis=1) == 0
    low, high = np.zeros(weights.shape[0]), np.ones(weights.shape[0])
    for _ in range(_HALVINGS):
        middle = ((low + high) / 2.0)[:, None]
        slope = (
            weights * ((positive_ratio - negative_ratio) / (middle * positive_ratio + (1.0 - middle) * negative_ratio))
        ).sum(axis=1)
        low, high = np.where(slope > 0, middle[:, 0], low), np.where(slope > 0, high, middle[:, 0])
    return np.where(flat, prior, (low + high) / 2.0)


def _levels(
    train: pd.DataFrame, test: pd.DataFrame, columns: Mapping[str, str]
) -> Iterator[tuple[str, str, str, np.ndarray, np.ndarray]]:
    """Return each common level with the units of both sets that are in it."""
    yield "", "All", "all", np.ones(len(train), dtype=np.bool_), np.ones(len(test), dtype=np.bool_)
    for column, title in columns.items():
        if column not in train or column not in test:
            continue
        before, after = level_names(train[column]), level_names(test[column])
        for name in sorted({*before} & {*after}):
            yield column, title, name, (before == name).to_numpy(), (after == name).to_numpy()


def _part(of: tuple[pd.DataFrame, Labels, Codes], within: np.ndarray) -> tuple[Labels, Codes]:
    return of[1][within], np.unique(of[2][within], return_inverse=True)[1]


def _check(**prevalences: float) -> None:
    for name, value in prevalences.items():
        if not 0.0 < value < 1.0:
            raise InputError(
                f"a prevalence of {value:g} ({name.rstrip('_')}) leaves nothing to shift",
                remedy="Use a proportion between 0 and 1.",
            )
