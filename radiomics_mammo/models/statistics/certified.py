"""Miss no cancer: the highest threshold whose sensitivity by person is certified, and what it costs.

A person with a positive unit is found when any of her positive units is at or above the threshold. Thresholds are
tested from the lowest upwards, each by the exact binomial (Clopper-Pearson) p-value of as few misses, until the first
that fails (fixed-sequence testing: Bates et al. 2021; Angelopoulos et al. 2021, "Learn then test"). The chance that the
sensitivity for new people is below the target is then at most 1 - confidence. What is certified are the predictions
given: out-of-fold ones come from the folds' models, so the promise carries over to a final model as far as it is alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import bdtr

from radiomics_mammo.errors import InputError
from radiomics_mammo.models.statistics.arrays import Codes, Flags, Floats, Labels
from radiomics_mammo.models.statistics.shares import Share, clustered_share

TARGETS = (0.80, 0.85, 0.90, 0.95, 0.98, 0.99)

CLEARED, UNDECIDED, ALARM = "cleared", "undecided", "alarm"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certified threshold, or how many people are lacking.

    Attributes
    ----------
    sensitivity, confidence : float
        What was asked for.
    threshold : float or None
        Units at or above it are called; None where there are too few positive people.
    people, misses : int
        Positive people, and those of them below the threshold (in the worst repeat).
    needed : int
        Positive people that it takes when none is missed.
    needed_with_misses : int
        Positive people that it takes with the misses seen.
    specificity : Share
        Price: negative units below the threshold. NaN without a threshold.
    recall_rate : Share
        Price: units called. NaN without a threshold.
    upper : float or None
        At or above it a negative person has a unit in at most 1 - ``specificity_asked`` of cases, at the same
        confidence; None where there are too few negative people.
    specificity_asked : float
    in_band : float
        Share of units that are undecided: neither below ``threshold`` nor at or above ``upper``.
    """

    sensitivity: float
    confidence: float
    threshold: float | None
    people: int
    misses: int
    needed: int
    needed_with_misses: int
    specificity: Share
    recall_rate: Share
    upper: float | None
    specificity_asked: float
    in_band: float

    @property
    def sentence(self) -> str:
        """The certificate in words."""
        sure = f"{self.confidence:.0%} confidence"
        if self.threshold is None:
            return (
                f"{self.people} positive people are too few to promise {self.sensitivity:.0%} at {sure}: "
                f"{self.needed} are needed, none of them missed."
            )
        spared, called = self.specificity, self.recall_rate
        return (
            f"Calling from {self.threshold:.3g} upwards finds at least {self.sensitivity:.0%} of positive people, at "
            f"{sure} ({self.misses} of {self.people} missed); {spared.value:.1%} ({spared.low:.1%} to "
            f"{spared.high:.1%}) of the negatives are spared and {called.value:.1%} of all are called."
        )

    def verdicts(self, p: Floats) -> NDArray[np.str_]:
        """Say of each prediction whether it is ``cleared``, ``undecided`` or an ``alarm``."""
        cleared = p < _lower(self.threshold)
        return np.where(cleared, CLEARED, np.where(p >= _upper(self.upper), ALARM, UNDECIDED))


def certify(
    y: Labels,
    p: Floats,
    group: Codes,
    *,
    sensitivity: float = 0.95,
    confidence: float = 0.90,
    specificity: float = 0.95,
) -> Certificate:
    """Find the certified thresholds of one arm; of several repeats the most cautious ones.

    Parameters
    ----------
    y : ndarray of int8, shape (n_units,)
    p : ndarray of float64, shape (n_repeats, n_units)
        Out-of-fold predictions, or those of a set that nothing was trained on.
    group : ndarray of int64, shape (n_units,)
        The person.
    sensitivity, confidence, specificity : float
        Above 0 and below 1; ``specificity`` is by person and for the upper threshold only.

    Raises
    ------
    InputError
        A target or the confidence is not between 0 and 1.
    """
    _check(sensitivity=sensitivity, confidence=confidence, specificity=specificity)
    of_sick = _highest(p, y == 1, group, np.unique(group[y == 1]))
    of_well = _highest(p, np.ones(y.size, dtype=np.bool_), group, np.setdiff1d(group, group[y == 1]))
    threshold = _certified(of_sick, sensitivity, confidence)
    from_above = _certified(-of_well, specificity, confidence)
    upper = None if from_above is None else float(np.nextafter(-from_above, np.inf))
    misses = 0 if threshold is None else int((of_sick < threshold).sum(axis=1).max())
    called = p >= _lower(threshold)
    priced = np.broadcast_to(threshold is not None, p.shape)
    return Certificate(
        sensitivity=sensitivity,
        confidence=confidence,
        threshold=threshold,
        people=of_sick.shape[1],
        misses=misses,
        needed=people_needed(sensitivity, confidence),
        needed_with_misses=people_needed(sensitivity, confidence, misses=misses),
        specificity=clustered_share(~called & (y == 0) & priced, (y == 0) & priced, group),
        recall_rate=clustered_share(called & priced, priced, group),
        upper=upper,
        specificity_asked=specificity,
        in_band=float((called & (p < _upper(upper))).mean()),
    )


def certified_table(
    y: Labels, p: Floats, group: Codes, *, targets: Sequence[float] = TARGETS, confidence: float = 0.90
) -> pd.DataFrame:
    """Certify several sensitivities of one arm, one row each, with a sentence.

    Each row is certified for itself: they do not hold together at the confidence given.

    Returns
    -------
    pandas.DataFrame
        The fields of :class:`Certificate`; ``threshold``, ``specificity`` and ``recall_rate`` with their ``_low`` and
        ``_high`` are NaN where there are too few people, ``upper`` likewise; ``sentence``.
    """
    rows = []
    for target in targets:
        found = certify(y, p, group, sensitivity=target, confidence=confidence)
        row = {name: value for name, value in asdict(found).items() if not isinstance(value, dict)}
        row["target"] = row.pop("sensitivity")
        for name, share in (("specificity", found.specificity), ("recall_rate", found.recall_rate)):
            row.update({name: share.value, f"{name}_low": share.low, f"{name}_high": share.high})
        rows.append({**row, "sentence": found.sentence})
    table = pd.DataFrame(rows).astype({"threshold": np.float64, "upper": np.float64})
    return table[["target", *(name for name in table.columns if name != "target")]]


def people_needed(target: float, confidence: float, *, misses: int = 0) -> int:
    """Give the fewest people among whom so many misses still certify the target.

    Without misses this is log(1 - confidence) / log(target), rounded up: 45 for 0.95 at 0.90.
    """
    few, many = misses, misses + 1
    while bdtr(misses, many, 1.0 - target) > 1.0 - confidence:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        enough = bdtr(misses, middle, 1.0 - target) <= 1.0 - confidence
        few, many = (few, middle) if enough else (middle, many)
    return many


def _certified(best: Floats, target: float, confidence: float) -> float | None:
    """Give the highest threshold that passes in every repeat; ``best`` of shape (n_repeats, n_people)."""
    people = best.shape[1]
    # A higher threshold misses no fewer people, so testing upwards stops at the first number of misses that fails.
    passing = int(np.count_nonzero(bdtr(np.arange(people), people, 1.0 - target) <= 1.0 - confidence))
    if passing == 0:
        return None
    return float(np.sort(best, axis=1)[:, passing - 1].min())


def _highest(p: Floats, rows: Flags, group: Codes, people: Codes) -> Floats:
    """Give the highest prediction among some rows of each of some people, (n_repeats, n of these people)."""
    best = np.full((p.shape[0], int(group.max()) + 1), -np.inf)
    for repeat, one in enumerate(p):
        np.maximum.at(best[repeat], group[rows], one[rows])
    return best[:, people]


def _lower(threshold: float | None) -> float:
    return -np.inf if threshold is None else threshold


def _upper(threshold: float | None) -> float:
    return np.inf if threshold is None else threshold


def _check(**shares: float) -> None:
    for name, value in shares.items():
        if not 0.0 < value < 1.0:
            raise InputError(
                f"a {name} of {value:g} cannot be certified", remedy="Ask for a share above 0 and below 1, as 0.95."
            )
