"""From a model's average to one case's probability, feature by feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.explanation.shap_values import features_of
from radiomics_mammo.evaluation.training.calibration import expit, logit
from radiomics_mammo.tables.feature_table import feature_parts, is_feature_name

Floats = NDArray[np.float64]
_LEAST = 1e-12
_LEAST_DRAWN = 1e-3  # isotonic calibration gives 0 and 1, which have no place in log-odds


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What one case's prediction adds up from.

    Attributes
    ----------
    features : tuple of str
    values : ndarray of float64, shape (n_features,)
    start : float
        The model's average; ``start + values.sum()`` is the case's own.
    unit : str
        ``log-odds`` or ``probability``.
    calibrated : bool
        Whether the sum is the calibrated log-odds; else it is the model's own, before calibration.
    reached : float
        The model's probability of the case: calibrated, the mean over the repeats.
    """

    features: tuple[str, ...]
    values: Floats
    start: float
    unit: str
    calibrated: bool
    reached: float

    @property
    def end(self) -> float:
        """What they add up to."""
        return self.start + float(self.values.sum())

    @property
    def final(self) -> float:
        """The place of the probability that is reached; in log-odds that of the nearest that can be drawn."""
        if self.unit != "log-odds":
            return self.reached
        least = _LEAST if self.calibrated else _LEAST_DRAWN
        return float(logit(np.array([self.reached]), least=least)[0])

    @property
    def last(self) -> tuple[str, float]:
        """Name the step from ``end`` to ``final``, and give its size."""
        return "Averaging over repeats" if self.calibrated else "Averaging and calibration", self.final - self.end

    def probability(self, at: float) -> float:
        """Give the probability that a place on the way stands for."""
        return float(expit(np.asarray(at))) if self.unit == "log-odds" else at

    def leading(self, most: int) -> tuple[list[tuple[str, float]], float, int]:
        """Give the strongest terms, the sum of the others, and how many those are."""
        order = np.argsort(-np.abs(self.values), kind="stable")
        first, others = order[:most], order[most:]
        return (
            [(self.features[i], float(self.values[i])) for i in first],
            float(self.values[others].sum()),
            int(others.size),
        )


def are_calibrated(contributions: pd.DataFrame, *, unit: str) -> bool:
    """Whether all contributions can be told in calibrated log-odds: a forest's, or after isotonic, they cannot."""
    return unit == "log-odds" and bool(np.isfinite(contributions[["scale", "shift"]].to_numpy(dtype=np.float64)).all())


def case_waterfalls(
    contributions: pd.DataFrame, reached: Mapping[str, float], *, unit: str, rule: str
) -> dict[str, Terms]:
    """Turn some cases' contributions into calibrated log-odds and average them over the repeats.

    Parameters
    ----------
    contributions : pandas.DataFrame
        case_id, repeat, fold, base, scale, shift, and one column a feature.
    reached : mapping of str to float
        The cases, and the probability that the model gave each: calibrated, the mean over the repeats.
    unit : str
        What base and features add up to: ``log-odds`` or ``probability``.
    rule : str
        How the rows of a case became one prediction. Of ``max`` the row with the highest is what there is to explain;
        a case of several rows by another rule has no such sum and is left out.

    Returns
    -------
    dict of str to Terms
        Where scale or shift is not known in a repeat, terms are the model's own, before calibration.
    """
    features = tuple(features_of(contributions))
    rows = contributions.groupby(contributions["case_id"].astype(str), sort=False).indices
    found = {}
    for name, probability in reached.items():
        if name not in rows:
            continue
        own = contributions.iloc[rows[name]]
        values = own[list(features)].to_numpy(dtype=np.float64)
        base, scale, shift = (own[column].to_numpy(dtype=np.float64) for column in ("base", "scale", "shift"))
        chosen = _one_a_repeat(own["repeat"].to_numpy(), base + values.sum(axis=1), rule)
        if chosen is None:
            continue
        line = unit == "log-odds" and bool(np.isfinite(scale[chosen]).all() and np.isfinite(shift[chosen]).all())
        slope, offset = (scale[chosen], shift[chosen]) if line else (np.ones(chosen.size), np.zeros(chosen.size))
        moved = (slope[:, None] * values[chosen]).mean(axis=0)
        found[name] = Terms(features, moved, float((offset + slope * base[chosen]).mean()), unit, line, probability)
    return found


def _one_a_repeat(repeat: NDArray[np.int64], margin: Floats, rule: str) -> NDArray[np.intp] | None:
    order = np.lexsort((-margin, repeat))
    first = np.unique(repeat[order], return_index=True)[1]
    return order[first] if first.size == repeat.size or rule == "max" else None


def plain_name(feature: str) -> str:
    """Write a feature's name on one line: ``Contrast (glcm)``, with its filter unless it is the original image."""
    if not is_feature_name(feature):
        return feature
    source, family, name = feature_parts(feature)
    return f"{name} ({family})" if source == "original" else f"{name} ({family}, {source})"


def signed(value: float, *, digits: int = 2) -> str:
    """Write a number with its sign, a true minus."""
    return f"{value:+.{digits}f}".replace("-", "−")


def number(value: float) -> str:
    """Write a number in three digits, without an exponent as far as that can be read."""
    size = abs(value)
    if size != 0 and not 1e-4 <= size < 1e7:
        return f"{value:.2e}".replace("-", "−")
    places = max(0, 2 - int(np.floor(np.log10(size)))) if size else 0
    return f"{value:,.{places}f}".replace("-", "−")
