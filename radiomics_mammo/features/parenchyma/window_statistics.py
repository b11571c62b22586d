"""Statistics over the windows of a breast: summaries of each feature, and measures of the lattice itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.features.parenchyma.base import Measure
from radiomics_mammo.features.parenchyma.lattice import RETROAREOLAR
from radiomics_mammo.features.parenchyma.outlying_windows import most_outlying
from radiomics_mammo.features.parenchyma.quantiles import mean, sorted_quantile, standard_deviation

ZHENG = "Zheng et al. (2015), Med Phys 42(7), 4149-4160"
LI = "Huo et al. (2002), Radiology 225(2), 519-526; Li et al. (2004), Med Phys 31(3), 549-555"
IGLEWICZ = "robust z-scores: Iglewicz & Hoaglin (1993)"
FEWEST_WINDOWS = 3
"""Among fewer windows, none can be outlying."""


class Summary(NamedTuple):
    """Description of the columns with one prefix.

    Attributes
    ----------
    meaning : str
        The meaning on a mammogram; ``{meaning}`` stands for the meaning of the feature itself.
    undefined : str
        When the value is null, besides windows in which the feature is.
    """

    title: str
    meaning: str
    source: str
    undefined: str


_NO_WINDOW = "no window could be measured"
_EACH = "In each window of the lattice: {meaning}"


def quantile_prefix(probability: float) -> str:
    """Return the column prefix of a quantile: ``latticeP10`` for 0.1."""
    return f"latticeP{percent(probability)}"


def percent(probability: float) -> str:
    """Format a probability in percent, to six significant digits."""
    return f"{100 * probability:g}"


def ordinal(number: str) -> str:
    """Format a number with its ending: ``1st``, ``2.5th``, ``11th``, ``22nd``."""
    teen = number[-2:] in ("11", "12", "13")
    ending = "th" if teen or "." in number else {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    return number + ending


def quantile_title(number: str) -> str:
    """Return the title of a quantile."""
    return f"{ordinal(number)} percentile over the windows of the lattice"


def _quantile(probability: float, words: str) -> tuple[str, Summary]:
    title = quantile_title(percent(probability))
    return quantile_prefix(probability), Summary(title, f"{words} {_EACH}", ZHENG, _NO_WINDOW)


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
    "latticeOutlying": Summary(
        "mean over the outlying windows of the lattice",
        f"The level in the few windows that differ most from others of the same breast at the same depth. {_EACH}",
        f"{IGLEWICZ}; lattice: {ZHENG}",
        _NO_WINDOW,
    ),
    RETROAREOLAR: Summary(
        "one window behind the nipple",
        "Behind the nipple, where glands and ducts are densest and most like those of other patients. {meaning}",
        LI,
        "the nipple is not known, no interior lies on its row, less than half of the window is interior, or the window "
        "cannot be measured",
    ),
}
"""By column prefix; other quantiles are described likewise."""


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """The measured windows of one breast.

    Of each window its outlyingness, and its depth from 0 at the skin to 1 at the deepest place of the breast.
    """

    scores: NDArray[np.float64]
    depths: NDArray[np.float64]


def _count(lattice: Lattice) -> float:
    """Compute the number of windows that could be measured

    How much of the breast the summaries rest on: few in a small breast, or in one that the film or an implant cuts.
    """
    return float(len(lattice.scores))


def _outlyingness(lattice: Lattice) -> float:
    """Compute max over windows of the mean over features of min(abs(x - median) / (1.4826 MAD), 10), at the same depth

    How far the most outlying place differs from others of the same breast at the same depth: high where one stands
    out, as a mass, a distortion or a cluster may, but also a lymph node, a vessel or a skin fold; low in an even
    breast.
    """
    return float(lattice.scores.max()) if len(lattice.scores) >= FEWEST_WINDOWS else float("nan")


def _depth(lattice: Lattice) -> float:
    """Compute the distance of the most outlying window's centre from the skin, over the largest distance in the breast

    Where the most outlying place lies: 0 under the skin, 1 in the depth of the breast towards the chest wall.
    """
    if len(lattice.scores) < FEWEST_WINDOWS:
        return float("nan")
    return float(lattice.depths[most_outlying(lattice.scores, 1)[0]])


_FEW = f"fewer than {FEWEST_WINDOWS} windows could be measured"
WINDOW_MEASURES: tuple[Measure, ...] = (
    Measure("Count", _count, "1", "≥ 0", ZHENG),
    Measure("Outlyingness", _outlyingness, "1", "0 to 10", IGLEWICZ, _FEW),
    Measure("Depth", _depth, "1", "0 to 1", "defined by this package", _FEW),
)
"""Columns ``lattice_windows_<name>``; formulas take a :class:`Lattice`."""


def lattice_prefixes(quantiles: Sequence[float]) -> tuple[str, ...]:
    """Return the prefixes of :func:`summarise`'s rows, in their order."""
    return ("latticeMean", "latticeSd", *map(quantile_prefix, quantiles), "latticeOutlying")


def summarise(
    table: NDArray[np.float64], scores: NDArray[np.float64], *, quantiles: Sequence[float], outlying: float
) -> NDArray[np.float64]:
    """Compute the summaries of each feature over the windows in which it is defined.

    ``table`` has shape (n_windows, n_features), ``scores`` (n_windows,); the result (3 + n_quantiles, n_features), in
    the order of :func:`lattice_prefixes`. ``outlying`` is a number of windows, below 1 a proportion.
    """
    rising = np.sort(table, axis=0)
    top = int(outlying) if outlying >= 1 else max(1, round(outlying * len(table)))
    return np.stack(
        [
            mean(table),
            standard_deviation(table),
            *(sorted_quantile(rising, probability) for probability in quantiles),
            mean(table[most_outlying(scores, top)]),
        ]
    )
