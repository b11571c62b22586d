"""Operating points: thresholds and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.metrics.arrays import Codes, Flags, Floats, Labels
from radiomics_mammo.evaluation.metrics.proportions import clustered_proportion
from radiomics_mammo.evaluation.metrics.threshold_counts import curve

OPERATING_METRICS = ("sensitivity", "specificity", "ppv", "npv", "accuracy", "call_rate", "f1")
"""Rates in ``operating_table``; ``call_rate`` is the proportion of units that are called."""

_SLACK = 1e-9  # counts are whole numbers: 0.9 * 10 must not fail by a rounding error


@dataclass(frozen=True, slots=True)
class Rule:
    """How a threshold is chosen.

    Attributes
    ----------
    kind : str
        ``sensitivity`` or ``specificity`` (at least ``level``), ``youden``, or ``fixed`` (at ``level``).
    """

    kind: str
    level: float = 0.0

    def __str__(self) -> str:
        if self.kind == "youden":
            return self.kind
        return f"{self.level:g}" if self.kind == "fixed" else f"{self.kind}:{self.level:g}"


def parse_rule(text: str) -> Rule:
    """Parse ``sensitivity:0.9``, ``specificity:0.9``, ``youden`` or ``0.5``."""
    kind, _, number = text.strip().rpartition(":")
    if number == "youden" and not kind:
        return Rule("youden")
    try:
        level = float(number)
    except ValueError:
        level = float("nan")
    if kind not in ("", "sensitivity", "specificity") or not 0.0 < level < 1.0:
        raise InputError(
            f"the threshold rule {text!r} is not understood",
            remedy="Give sensitivity:0.9, specificity:0.9, youden, or a probability between 0 and 1 such as 0.5.",
        )
    return Rule(kind or "fixed", level)


def choose_threshold(y: Labels, p: Floats, rule: Rule) -> float:
    """Choose a threshold on out-of-fold predictions; units at or above it are called.

    ``sensitivity`` takes the highest threshold that reaches it, ``specificity`` the lowest, ``youden`` the one with
    the greatest sum of both, of equals the highest. Where a specificity is reached only without calls, the
    threshold is the next number above the highest prediction.
    """
    if rule.kind == "fixed":
        return rule.level
    c = curve(y, p)
    tp, fp, positives, negatives = c.tp[0], c.fp[0], c.positives[0], c.negatives[0]
    if positives == 0 or negatives == 0:
        raise InputError(
            "a threshold cannot be chosen where all labels are the same", remedy="Give a table with both classes."
        )
    if rule.kind == "sensitivity":
        at = int(np.argmax(tp >= rule.level * positives - _SLACK))
    elif rule.kind == "specificity":
        at = int(np.flatnonzero(fp <= (1.0 - rule.level) * negatives + _SLACK)[-1])
    else:
        # Whole numbers: two thresholds that are as good are equal to the last bit.
        at = int(np.argmax(tp * negatives - fp * positives))
    return float(c.threshold[at]) if at else float(np.nextafter(c.threshold[1], np.inf))


def operating_table(
    names: Sequence[str], y: Labels, called: Flags, group: Codes, *, level: float = 0.95
) -> pd.DataFrame:
    """Compute counts (means over repeats) and rates, with clustered intervals.

    NaN where there is nothing to share, such as ``ppv`` without a positive call in some repeat.

    ``called`` has shape (n_candidates, n_repeats, n_units).
    """
    positive = np.broadcast_to(y == 1, called.shape[1:])
    rows = []
    for name, calls in zip(names, called, strict=True):
        row: dict[str, str | float] = {"model": name}
        outcomes = {"tp": calls & positive, "fp": calls & ~positive, "fn": ~calls & positive, "tn": ~calls & ~positive}
        row.update({key: float(flags.sum(axis=1).mean()) for key, flags in outcomes.items()})
        for metric, (part, whole) in _ratios(calls, positive).items():
            proportion = clustered_proportion(part, whole, group, level=level)
            row.update({metric: proportion.value, f"{metric}_low": proportion.low, f"{metric}_high": proportion.high})
        rows.append(row)
    return pd.DataFrame(rows)


def _ratios(calls: Flags, positive: Flags) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return numerator and denominator of every metric."""
    true_positives, all_units = calls & positive, np.ones_like(positive)
    ratios = (
        (true_positives, positive),
        (~calls & ~positive, ~positive),
        (true_positives, calls),
        (~calls & ~positive, ~calls),
        (calls == positive, all_units),
        (calls, all_units),
        (2 * true_positives, calls.astype(np.int64) + positive),
    )
    return dict(zip(OPERATING_METRICS, ratios, strict=True))
