"""Waterfall of one case: from the model's average to its probability."""

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
    """Terms of one case's prediction.

    Attributes
    ----------
    values : ndarray of float64, shape (n_features,)
    start : float
        The model's average; ``start + values.sum()`` is the case's own.
    unit : str
        ``log-odds`` or ``probability``.
    calibrated : bool
        Whether the sum is the calibrated log-odds; else it is the model's own, before calibration.
    predicted : float
        The model's probability of the case: calibrated, the mean over the repeats.
    """

    features: tuple[str, ...]
    values: Floats
    start: float
    unit: str
    calibrated: bool
    predicted: float

    @property
    def end(self) -> float:
        """Return the sum of average and terms."""
        return self.start + float(self.values.sum())

    @property
    def final(self) -> float:
        """Return the place of the predicted probability, within what can be drawn."""
        if self.unit != "log-odds":
            return self.predicted
        least = _LEAST if self.calibrated else _LEAST_DRAWN
        return float(logit(np.array([self.predicted]), least=least)[0])

    @property
    def last(self) -> tuple[str, float]:
        """Return name and size of the step from ``end`` to ``final``."""
        return "Averaging over repeats" if self.calibrated else "Averaging and calibration", self.final - self.end

    def probability(self, at: float) -> float:
        """Return the probability of a place on the axis."""
        return float(expit(np.asarray(at))) if self.unit == "log-odds" else at

    def leading(self, most: int) -> tuple[list[tuple[str, float]], float, int]:
        """Return the strongest terms, the sum of the others and their number."""
        order = np.argsort(-np.abs(self.values), kind="stable")
        first, others = order[:most], order[most:]
        return (
            [(self.features[i], float(self.values[i])) for i in first],
            float(self.values[others].sum()),
            int(others.size),
        )


def are_calibrated(contributions: pd.DataFrame, *, unit: str) -> bool:
    """Return whether all contributions have calibrated log-odds."""
    return unit == "log-odds" and bool(np.isfinite(contributions[["scale", "shift"]].to_numpy(dtype=np.float64)).all())


def case_waterfalls(
    contributions: pd.DataFrame, predicted: Mapping[str, float], *, unit: str, rule: str
) -> dict[str, Terms]:
    """Compute the calibrated contributions of some cases, averaged over repeats.

    Parameters
    ----------
    unit : str
        What base and features add up to: ``log-odds`` or ``probability``.
    rule : str
        How the rows of a case became one prediction. Of ``max`` the row with the highest is what there is to explain;
        a case of several rows by another rule has no such sum and is left out.

    Returns
    -------
        Where scale or shift is not known in a repeat, terms are the model's own, before calibration.
    """
    features = tuple(features_of(contributions))
    rows = contributions.groupby(contributions["case_id"].astype(str), sort=False).indices
    terms_by_case = {}
    for name, probability in predicted.items():
        if name not in rows:
            continue
        rows_of_case = contributions.iloc[rows[name]]
        values = rows_of_case[list(features)].to_numpy(dtype=np.float64)
        base, scale, shift = (rows_of_case[column].to_numpy(dtype=np.float64) for column in ("base", "scale", "shift"))
        selected = _first_per_repeat(rows_of_case["repeat"].to_numpy(), base + values.sum(axis=1), rule)
        if selected is None:
            continue
        line = unit == "log-odds" and bool(np.isfinite(scale[selected]).all() and np.isfinite(shift[selected]).all())
        slope, offset = (
            (scale[selected], shift[selected]) if line else (np.ones(selected.size), np.zeros(selected.size))
        )
        moved = (slope[:, None] * values[selected]).mean(axis=0)
        terms_by_case[name] = Terms(
            features, moved, float((offset + slope * base[selected]).mean()), unit, line, probability
        )
    return terms_by_case


def _first_per_repeat(repeat: NDArray[np.int64], margin: Floats, rule: str) -> NDArray[np.intp] | None:
    order = np.lexsort((-margin, repeat))
    first = np.unique(repeat[order], return_index=True)[1]
    return order[first] if first.size == repeat.size or rule == "max" else None


def plain_name(feature: str) -> str:
    """Format a feature's name, such as ``Contrast (glcm)``."""
    if not is_feature_name(feature):
        return feature
    source, family, name = feature_parts(feature)
    return f"{name} ({family})" if source == "original" else f"{name} ({family}, {source})"


def signed(value: float, *, digits: int = 2) -> str:
    """Format a number with its sign."""
    return f"{value:+.{digits}f}".replace("-", "−")


def number(value: float) -> str:
    """Format a number in three digits."""
    size = abs(value)
    if size != 0 and not 1e-4 <= size < 1e7:
        return f"{value:.2e}".replace("-", "−")
    places = max(0, 2 - int(np.floor(np.log10(size)))) if size else 0
    return f"{value:,.{places}f}".replace("-", "−")
