"""Is a case unlike the training cases? One check for each way in which it can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.parse_cells import cell_texts, format_list
from radiomics_mammo.evaluation.cohort.prediction_units import aggregate
from radiomics_mammo.evaluation.out_of_distribution.feature_space import MASK_STYLE
from radiomics_mammo.evaluation.out_of_distribution.training_distribution import (
    ACQUISITION,
    SPACING,
    TrainingDistribution,
)

Floats = NDArray[np.float64]

RATE = 0.01
"""Share of cases like the training cases that distance and range turn away together."""
MOSTLY = 0.5
"""A case with a larger share of nulls is turned away."""
SPACING_TOLERANCE = 0.02

CODES = ("range", "mask_style", "distance", "null", "mostly_null", "acquisition", "pixel_size")
"""Reasons for which a case is out of distribution."""


@dataclass(frozen=True, slots=True, eq=False)
class CaseCheck:
    """The check of some units.

    Attributes
    ----------
    typicality : ndarray of float64, shape (n_units,)
        Conformal p-value of the distance: the share of training cases that lie as far out as this one or farther.
    reasons : list of list of (code, text)
        Why each unit is out of distribution; empty where it is not.
    not_checked : tuple of str
        Checks that the table has no columns for.
    rate : float
        Share of cases like the training cases that distance and range turn away at most.
    """

    typicality: Floats
    reasons: list[list[tuple[str, str]]]
    not_checked: tuple[str, ...]
    rate: float

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """Return which units are out of distribution."""
        return np.array([bool(each) for each in self.reasons], dtype=np.bool_)


def check_cases(distribution: TrainingDistribution, x: Floats, rows: pd.DataFrame, of: NDArray[np.int64]) -> CaseCheck:
    """Check cases against a model's training cases.

    A case is out of distribution when its Mahalanobis distance, or the number of interquartile ranges by which its
    most extreme value lies outside the training range, is larger than those of nearly all training cases had been
    before a fit saw them (conformal prediction: Vovk et al. 2005; Laxhammar & Falkman 2010); when a feature is null
    that never was in training, or most are; or when it was taken in a way that no training case was.

    Parameters
    ----------
    distribution : TrainingDistribution
    x : ndarray of float64, shape (n_rows, n_columns)
        The model's columns.
    rows : pandas.DataFrame
        Identity columns of the rows.
    of : ndarray of int64, shape (n_rows,)
        The unit of each row.
    """
    n_units = int(of.max()) + 1 if of.size else 0
    reasons: list[list[tuple[str, str]]] = [[] for _ in range(n_units)]
    far, exceedance = distribution.distance.of(x), distribution.distance.exceedance(x)
    least, rate = _level(distribution.calibration_distance.size)
    typicality = _p_values(aggregate(far, of, "max"), distribution.calibration_distance)
    outside = _p_values(aggregate(exceedance.max(axis=1, initial=0.0), of, "max"), distribution.calibration_exceedance)
    most = _most_extreme(exceedance.max(axis=1, initial=0.0), of)
    for unit in np.flatnonzero(outside <= least).tolist():
        reasons[unit].append(_range(distribution, x, exceedance, int(most[unit])))
    for unit in np.flatnonzero(typicality <= least).tolist():
        reasons[unit].append(("distance", f"farther from the training cases than {1 - typicality[unit]:.1%} of them"))
    for row, code, text in (*_nulls(distribution, x), *_acquired(distribution, rows)):
        if (code, text) not in reasons[of[row]]:
            reasons[of[row]].append((code, text))
    known = [name for name in (*ACQUISITION, SPACING) if name in distribution.acquisition and name not in rows]
    return CaseCheck(typicality, reasons, tuple(known), rate)


def _level(units: int) -> tuple[float, float]:
    """Return the p-value at which a check turns a case away, and the share that two checks turn away at most."""
    # Few training units give no smaller p-value than 1 / (units + 1).
    least = max(RATE / 2, 1 / (units + 1))
    return least, 2 * least


def _p_values(values: Floats, calibration: Floats) -> Floats:
    """Compute conformal p-values: the rank of each value among those of the calibration."""
    above = calibration.size - np.searchsorted(calibration, values, side="left")
    return np.asarray((1 + above) / (1 + calibration.size))


def _most_extreme(exceedance: Floats, of: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the row of each unit with the largest exceedance."""
    order = np.lexsort((exceedance, of))
    return order[np.flatnonzero(np.diff(of[order], append=-1))]


def _range(distribution: TrainingDistribution, x: Floats, exceedance: Floats, row: int) -> tuple[str, str]:
    """Name the most extreme value of a row, as mask style where it is one."""
    distance, column = distribution.distance, int(exceedance[row].argmax())
    name = distance.space.columns[column]
    value = distance.space.values(x[row : row + 1])[0, column]
    limits = f"{distance.low[column]:.4g} to {distance.high[column]:.4g}"
    return "mask_style" if name in MASK_STYLE else "range", f"{name} {value:.4g}, training cases {limits}"


def _nulls(distribution: TrainingDistribution, x: Floats) -> Iterator[tuple[int, str, str]]:
    null = np.isnan(x)
    names = distribution.distance.space.names
    unseen = null & distribution.never_null
    for row in np.flatnonzero(unseen.any(axis=1)).tolist():
        listed = format_list([names[column] for column in np.flatnonzero(unseen[row])], most=3)
        yield row, "null", f"null as in no training case: {listed}"
    for row in np.flatnonzero(null.mean(axis=1) > MOSTLY).tolist():
        yield row, "mostly_null", f"{null[row].sum()} of {len(names)} features are null"


def _acquired(distribution: TrainingDistribution, rows: pd.DataFrame) -> Iterator[tuple[int, str, str]]:
    for name in ACQUISITION:
        trained = distribution.acquisition.get(name)
        if trained and name in rows:
            for row, value in enumerate(cell_texts(rows[name])):
                if value not in trained:
                    yield row, "acquisition", f"{name} {value or 'null'}, training cases {_listed(trained)}"
    if SPACING in distribution.acquisition and SPACING in rows:
        *limits, last = distribution.acquisition[SPACING] or ("",)
        limits, unknown = ([*limits, last], False) if last else (limits, True)
        spacing = pd.to_numeric(rows[SPACING], errors="coerce").to_numpy(np.float64)
        for row, value in enumerate(spacing.tolist()):
            text = _spacing(value, [float(limit) for limit in limits], unknown=unknown)
            if text:
                yield row, "pixel_size", text


def _spacing(value: float, limits: Sequence[float], *, unknown: bool) -> str:
    if np.isnan(value):
        return "" if unknown else "pixel size unknown, known in all training cases"
    if not limits:
        return f"pixel size {value:g} mm, unknown in all training cases"
    low, high = limits[0] * (1 - SPACING_TOLERANCE), limits[1] * (1 + SPACING_TOLERANCE)
    return "" if low <= value <= high else f"pixel size {value:g} mm, training cases {limits[0]:g} to {limits[1]:g}"


def _listed(values: Sequence[str]) -> str:
    return format_list([value or "null" for value in values], most=3)
