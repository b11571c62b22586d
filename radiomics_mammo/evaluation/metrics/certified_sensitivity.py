"""Certified sensitivity: the highest threshold that meets it, and its cost.

A patient with a positive unit is detected when any of the patient's positive units is at or above the threshold.
Thresholds are tested from the lowest upwards, each by the exact binomial (Clopper-Pearson) p-value of as few misses,
until the first that fails (fixed-sequence testing: Bates et al. 2021; Angelopoulos et al. 2021, "Learn then test"). The
chance that the sensitivity for new patients is below the target is then at most 1 - confidence, for predictions that
are independent of these patients. Out-of-fold predictions come from several models with common training patients, and
often of a candidate selected on the same patients: for them the confidence is approximate, and it is of the procedure,
not of a final model. :func:`check_certificates` computes the sensitivity in the test set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy.special import bdtr, betaincinv

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.metrics.arrays import Codes, Flags, Floats, Labels
from radiomics_mammo.evaluation.metrics.proportions import Proportion, clustered_proportion

CHECKED = ["target", "threshold", "patients", "misses", "sensitivity", "low", "high", "specificity", "sentence"]
"""Columns of :func:`check_certificates`."""

TARGETS = (0.80, 0.85, 0.90, 0.95, 0.98, 0.99)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certified threshold, or how many patients are lacking.

    Attributes
    ----------
    threshold : float or None
        Units at or above it are called; None where there are too few positive patients.
    patients, misses : int
        Positive patients, and those of them below the threshold (in the worst repeat).
    needed : int
        Positive patients that it takes when none is missed.
    needed_with_misses : int
        Positive patients that it takes with the misses seen.
    specificity : Share
        Price: negative units below the threshold. NaN without a threshold.
    call_rate : Share
        Price: units called. NaN without a threshold.
    upper : float or None
        At or above it a negative patient has a unit in at most 1 - ``target_specificity`` of cases, at the same
        confidence; None where there are too few negative patients.
    in_band : float
        Share of units that are undecided: neither below ``threshold`` nor at or above ``upper``.
    chosen : bool
        Whether the candidate was chosen among several on the same patients, which the confidence does not allow for.
    """

    sensitivity: float
    confidence: float
    threshold: float | None
    patients: int
    misses: int
    needed: int
    needed_with_misses: int
    specificity: Proportion
    call_rate: Proportion
    upper: float | None
    target_specificity: float
    in_band: float
    chosen: bool = False

    @property
    def sentence(self) -> str:
        """The certificate in words."""
        sure = f"{self.confidence:.0%} confidence"
        if self.threshold is None:
            return (
                f"{self.patients} positive patients are too few to certify a sensitivity of {self.sensitivity:g} at "
                f"{sure}: at least {self.needed} are needed, with none missed."
            )
        specificity, positive = self.specificity, self.call_rate
        chosen = ", not accounting for the selection of the model on the same patients" if self.chosen else ""
        return (
            f"At a threshold of {self.threshold:.3g}, out-of-fold predictions have a sensitivity of at least "
            f"{self.sensitivity:g} by patient (any positive unit), at {sure}{chosen}; {self.misses} of {self.patients} "
            f"positive patients were missed. The specificity by unit is {specificity.value:.1%} "
            f"({specificity.low:.1%} to {specificity.high:.1%}); {positive.value:.1%} of all units are called positive."
        )


@dataclass(frozen=True, slots=True)
class Check:
    """A certified threshold on the test set.

    Attributes
    ----------
    patients, misses : int
        Positive patients, and those of them all of whose positive units are below the threshold.
    sensitivity, low, high : float
        By patient, with its exact binomial (Clopper-Pearson) interval; NaN without a positive patient.
    specificity : float
        Share of negative units below the threshold; NaN without one.
    """

    threshold: float
    patients: int
    misses: int
    sensitivity: float
    low: float
    high: float
    specificity: float

    @property
    def sentence(self) -> str:
        """The check in words."""
        if self.patients == 0:
            return "No patient of the test set is positive: the threshold cannot be checked."
        return (
            f"At a threshold of {self.threshold:.3g}, {self.misses} of {self.patients} positive patients of the test "
            f"set were missed: the sensitivity by patient is {self.sensitivity:.3f} "
            f"({self.low:.3f} to {self.high:.3f})."
        )


def certify(
    y: Labels,
    p: Floats,
    group: Codes,
    *,
    sensitivity: float = 0.95,
    confidence: float = 0.90,
    specificity: float = 0.95,
    chosen: bool = False,
) -> Certificate:
    """Compute the certified thresholds of one candidate over all repeats.

    ``p`` has shape (n_repeats, n_units). All three targets lie between 0 and 1; ``specificity`` is by patient and for
    the upper threshold only; ``chosen`` changes the sentence only.
    """
    _check(sensitivity=sensitivity, confidence=confidence, specificity=specificity)
    positive_best = _highest(p, y == 1, group, np.unique(group[y == 1]))
    negative_best = _highest(p, np.ones(y.size, dtype=np.bool_), group, np.setdiff1d(group, group[y == 1]))
    threshold = _certified(positive_best, sensitivity, confidence)
    from_above = _certified(-negative_best, specificity, confidence)
    upper = None if from_above is None else float(np.nextafter(-from_above, np.inf))
    misses = 0 if threshold is None else int((positive_best < threshold).sum(axis=1).max())
    called = p >= _lower(threshold)
    priced = np.broadcast_to(threshold is not None, p.shape)
    return Certificate(
        sensitivity=sensitivity,
        confidence=confidence,
        threshold=threshold,
        patients=positive_best.shape[1],
        misses=misses,
        needed=patients_needed(sensitivity, confidence),
        needed_with_misses=patients_needed(sensitivity, confidence, misses=misses),
        specificity=clustered_proportion(~called & (y == 0) & priced, (y == 0) & priced, group),
        call_rate=clustered_proportion(called & priced, priced, group),
        upper=upper,
        target_specificity=specificity,
        in_band=float((called & (p < _upper(upper))).mean()),
        chosen=chosen,
    )


def certified_table(
    y: Labels,
    p: Floats,
    group: Codes,
    *,
    targets: Sequence[float] = TARGETS,
    confidence: float = 0.90,
    chosen: bool = False,
) -> pd.DataFrame:
    """Compute the certificates of several sensitivities of one candidate.

    Each row is certified for itself: they do not hold together at the confidence given. Where there are too few
    patients thresholds and proportions are NaN.
    """
    rows = []
    for target in targets:
        result = certify(y, p, group, sensitivity=target, confidence=confidence, chosen=chosen)
        row = {name: value for name, value in asdict(result).items() if not isinstance(value, dict)}
        row["target"] = row.pop("sensitivity")
        for name, proportion in (("specificity", result.specificity), ("call_rate", result.call_rate)):
            row.update({name: proportion.value, f"{name}_low": proportion.low, f"{name}_high": proportion.high})
        rows.append({**row, "sentence": result.sentence})
    table = pd.DataFrame(rows).astype({"threshold": np.float64, "upper": np.float64})
    return table[["target", *(name for name in table.columns if name != "target")]]


def check_certificate(y: Labels, p: Floats, group: Codes, *, threshold: float, level: float = 0.95) -> Check:
    """Compute the sensitivity of a certified threshold on patients held out."""
    positive_patients = np.unique(group[y == 1])
    best = _highest(p[None], y == 1, group, positive_patients)[0]
    patients, detected = positive_patients.size, int((best >= threshold).sum())
    low, high = _exact(detected, patients, level)
    return Check(
        threshold=threshold,
        patients=patients,
        misses=patients - detected,
        sensitivity=detected / patients if patients else float("nan"),
        low=low,
        high=high,
        specificity=float((p[y == 0] < threshold).mean()) if (y == 0).any() else float("nan"),
    )


def check_certificates(certified: pd.DataFrame, y: Labels, p: Floats, group: Codes) -> pd.DataFrame:
    """Check every threshold of :func:`certified_table` on patients held out."""
    rows = []
    for target, threshold in certified.loc[certified["threshold"].notna(), ["target", "threshold"]].to_numpy().tolist():
        result = check_certificate(y, p, group, threshold=threshold)
        rows.append({"target": target, **asdict(result), "sentence": result.sentence})
    return pd.DataFrame(rows, columns=CHECKED)


def patients_needed(target: float, confidence: float, *, misses: int = 0) -> int:
    """Compute the fewest patients that certify the target with these misses.

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
    """Return the highest threshold that passes in every repeat."""
    patients = best.shape[1]
    # A higher threshold misses no fewer patients, so testing upwards stops at the first number of misses that fails.
    passing = int(np.count_nonzero(bdtr(np.arange(patients), patients, 1.0 - target) <= 1.0 - confidence))
    if passing == 0:
        return None
    return float(np.sort(best, axis=1)[:, passing - 1].min())


def _highest(p: Floats, rows: Flags, group: Codes, patients: Codes) -> Floats:
    """Return each patient's highest prediction, (n_repeats, n_patients)."""
    best = np.full((p.shape[0], int(group.max()) + 1), -np.inf)
    for repeat, each in enumerate(p):
        np.maximum.at(best[repeat], group[rows], each[rows])
    return best[:, patients]


def _exact(count: int, patients: int, level: float) -> tuple[float, float]:
    """Compute the Clopper-Pearson interval of a proportion; NaN of none."""
    if patients == 0:
        return float("nan"), float("nan")
    tail = (1.0 - level) / 2.0
    low = float(betaincinv(count, patients - count + 1, tail)) if count else 0.0
    high = float(betaincinv(count + 1, patients - count, 1.0 - tail)) if count < patients else 1.0
    return low, high


def _lower(threshold: float | None) -> float:
    return -np.inf if threshold is None else threshold


def _upper(threshold: float | None) -> float:
    return np.inf if threshold is None else threshold


def _check(**targets: float) -> None:
    for name, value in targets.items():
        if not 0.0 < value < 1.0:
            raise InputError(
                f"a {name} of {value:g} cannot be certified", remedy="Use a proportion between 0 and 1, such as 0.95."
            )
