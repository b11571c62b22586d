"""Compare feature values of two engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-10
"""Largest relative difference that two engines may have."""
CANCELLING = {"ClusterShade": "ClusterProminence", "Correlation": "", "Skewness": "", "Imc1": "", "Imc2": "", "MCC": ""}
"""Features that may be a small difference of large terms, judged relative to 1 or to a power of another feature."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Comparison of two sets of feature values.

    ``largest`` is the largest relative difference, ``feature`` the feature that has it, empty where all values are
    equal; ``differing`` are the features above the tolerance.
    """

    largest: float
    feature: str
    differing: tuple[str, ...]


def compare_features(
    names: Sequence[str], values: NDArray[np.float64], reference: NDArray[np.float64], *, tolerance: float = TOLERANCE
) -> Agreement:
    """Compute relative differences, rows by features; NaN agrees with NaN only."""
    columns = dict(zip(names, reference.T, strict=True))
    largest, worst, differing = 0.0, "", []
    for name, a, b in zip(names, values.T, reference.T, strict=True):
        if name.endswith("_Imc2"):  # the root of a difference: its square is what is close
            a, b = a * a, b * b
        difference = np.where(np.isnan(a) & np.isnan(b), 0.0, np.abs(a - b))
        family, _, feature = name.rpartition("_")
        scale = np.abs(b)
        if feature in CANCELLING:
            other = CANCELLING[feature]
            scale = np.maximum(scale, np.abs(columns[f"{family}_{other}"]) ** 0.75 if other else 1.0)
        relative = np.where(difference == 0, 0.0, difference / np.where(scale > 0, scale, 1.0))
        top = float(relative.max(initial=0.0))
        if not top <= tolerance:
            differing.append(name)
        if top > largest:
            largest, worst = top, name
    return Agreement(largest, worst, tuple(differing))
