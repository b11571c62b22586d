"""What a breast's windows come to: one value a feature and summary, and what the lattice itself says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.features.parenchyma.base import Measure
from radiomics_mammo.features.parenchyma.lattice import BEHIND
from radiomics_mammo.features.parenchyma.outlying_windows import most_suspicious
from radiomics_mammo.features.parenchyma.quantiles import mean, sorted_quantile, standard_deviation

ZHENG = "Zheng et al. (2015), Med Phys 42(7), 4149-4160"
LI = "Huo et al. (2002), Radiology 225(2), 519-526; Li et al. (2004), Med Phys 31(3), 549-555"
IGLEWICZ = "robust z-scores: Iglewicz & Hoaglin (1993)"
FEWEST_WINDOWS = 3
"""Among fewer windows, none can be unlike the others."""


class Summary(NamedTuple):
    """How the columns with one prefix read.

    Attributes
    ----------
    title : str
        The prefix in words.
    meaning : str
        What it says on a mammogram; ``{meaning}`` stands for the meaning of the feature itself.
    source : str
        The paper.
    undefined : str
        When the value is null, beyond the windows in which the feature itself is.
    """

    title: str
    meaning: str
    source: str
    undefined: str


_NO_WINDOW = "no window could be measured"
_EACH = "In each window of the lattice: {meaning}"


def quantile_prefix(share: float) -> str:
    """Column prefix of a quantile: ``latticeP10`` for 0.1."""
    return f"latticeP{percent(share)}"


def percent(share: float) -> str:
    """A share in percent, to six significant digits: two that differ less have the same columns."""
    return f"{100 * share:g}"


def ordinal(number: str) -> str:
    """A number with its ending: ``1st``, ``2.5th``, ``11th``, ``22nd``."""
    teen = number[-2:] in ("11", "12", "13")
    ending = "th" if teen or "." in number else {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    return number + ending


def quantile_title(number: str) -> str:
    """A quantile in words."""
    return f"{ordinal(number)} percentile over the windows of the lattice"


def _quantile(share: float, words: str) -> tuple[str, Summary]:
    return quantile_prefix(share), Summary(quantile_title(percent(share)), f"{words} {_EACH}", ZHENG, _NO_WINDOW)


SUMMARIES: dict[str, Summary] = {
    "latticeMean": Summary(
        "mean over the windows of the lattice",
        f"The level that is usual across the whole breast. {_EACH}",
        ZHENG,
        _NO_WINDOW,
    ),
    "latticeSd": Summary(
        "standard deviation over the windows of the lattice (n - 1)",
        f"How much the breast varies from place to place; low in an even breast. {_EACH}",
        ZHENG,
        "fewer than two windows could be measured",
    ),
    **dict(
        (
            _quantile(0.1, "The level that all but the lowest tenth of the breast exceeds."),
            _quantile(0.5, "The level of the middle window: half of the breast lies above it."),
            _quantile(0.9, "The level that only the highest tenth of the breast exceeds."),
        )
    ),
    "latticeTop": Summary(
        "mean over the most suspicious windows of the lattice",
        "The level in the few windows that are most unlike others of the same breast at like depth, where a reader "
        f"would look first. {_EACH}",
        f"{IGLEWICZ}; lattice: {ZHENG}",
        _NO_WINDOW,
    ),
    BEHIND: Summary(
        "one window behind the nipple",
        "Behind the nipple, where glands and ducts are densest and most like those of other women. {meaning}",
        LI,
        "the nipple is not known, no interior lies on its row, less than half of the window is interior, or the window "
        "cannot be measured",
    ),
}
"""By column prefix; other quantiles than these read as ``quantile_prefix`` says."""


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """The measured windows of one breast.

    Attributes
    ----------
    scores : ndarray of float64, shape (n_windows,)
        How unlike the others each is.
    depths : ndarray of float64, shape (n_windows,)
        How deep each lies, from 0 at the skin to 1 at the deepest place of the breast.
    """

    scores: NDArray[np.float64]
    depths: NDArray[np.float64]


def _count(lattice: Lattice) -> float:
    """Number of windows that could be measured.

    How much of the breast the summaries rest on: few in a small breast, or in one that the film or an implant cuts.
    """
    return float(len(lattice.scores))


def _unlikeness(lattice: Lattice) -> float:
    """Max over windows of the mean over features of min(abs(x - median) / (1.4826 MAD), 10), at like depth.

    How far the strangest place differs from others of the same breast that lie as deep: high where one stands out, as
    a mass, a distortion or a cluster may, but also a lymph node, a vessel or a fold of skin; low in an even breast.
    """
    return float(lattice.scores.max()) if len(lattice.scores) >= FEWEST_WINDOWS else float("nan")


def _depth(lattice: Lattice) -> float:
    """Distance of the strangest window's centre from the skin, over the largest such distance in the breast.

    Where the strangest place lies: 0 under the skin, 1 in the depth of the breast towards the chest wall.
    """
    if len(lattice.scores) < FEWEST_WINDOWS:
        return float("nan")
    return float(lattice.depths[most_suspicious(lattice.scores, 1)[0]])


_FEW = f"fewer than {FEWEST_WINDOWS} windows could be measured"
WINDOW_MEASURES: tuple[Measure, ...] = (
    Measure("Count", _count, "1", "≥ 0", ZHENG),
    Measure("Unlikeness", _unlikeness, "1", "0 to 10", IGLEWICZ, _FEW),
    Measure("Depth", _depth, "1", "0 to 1", "defined by this package", _FEW),
)
"""Columns ``lattice_windows_<name>``; formulas take a :class:`Lattice`."""


def lattice_prefixes(quantiles: Sequence[float]) -> tuple[str, ...]:
    """Prefixes of :func:`summarise`'s rows, in their order."""
    return ("latticeMean", "latticeSd", *map(quantile_prefix, quantiles), "latticeTop")


def summarise(
    table: NDArray[np.float64], scores: NDArray[np.float64], *, quantiles: Sequence[float], suspicious: float
) -> NDArray[np.float64]:
    """Sum the windows up, feature by feature; a window in which a feature is undefined is left out of its summaries.

    Parameters
    ----------
    table : ndarray of float64, shape (n_windows, n_features)
        Undefined features are NaN.
    scores : ndarray of float64, shape (n_windows,)
        How unlike the others each window is.
    quantiles : sequence of float
        Shares, from 0 to 1.
    suspicious : int or float
        How many of the most unlike windows ``latticeTop`` is the mean of; below 1 a share of them, at least one.

    Returns
    -------
    ndarray of float64, shape (3 + n_quantiles, n_features)
        In the order of :func:`lattice_prefixes`.
    """
    rising = np.sort(table, axis=0)
    top = int(suspicious) if suspicious >= 1 else max(1, round(suspicious * len(table)))
    return np.stack(
        [
            mean(table),
            standard_deviation(table),
            *(sorted_quantile(rising, share) for share in quantiles),
            mean(table[most_suspicious(scores, top)]),
        ]
    )
