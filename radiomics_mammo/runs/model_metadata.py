"""What a saved model says of itself besides its numbers, as plain JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.tables.feature_table import is_embedding

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A line of the certified-sensitivity table, as far as a prediction needs it.

    Attributes
    ----------
    target, confidence : float
        With this confidence at least this share of patients with a positive finding score at or above ``threshold``.
    threshold : float or None
        Of the calibrated probability; None where there were too few patients.
    upper : float or None
        By the certificate of specificity at least that share of patients without a positive finding stay below it;
        None without one.
    needed : int
        Patients with a positive finding that the certificate wants.
    contradicted : bool
        Whether the sensitivity in a test set is below the target, with its 95% interval: no verdict is given then.
    """

    target: float
    confidence: float
    threshold: float | None
    upper: float | None
    needed: int
    contradicted: bool = False

    @property
    def title(self) -> str:
        """``sensitivity 0.95, 90% confidence``."""
        return f"sensitivity {self.target:g}, {100 * self.confidence:g}% confidence"

    def verdict(self, p: float) -> str:
        """Say what a patient's highest probability means under the certificate.

        ``p`` is the highest of all units of the patient: the certificate is by patient, who is positive when any unit
        is at or above the threshold. It certifies nothing about a single unit.
        """
        if self.contradicted:
            return "no verdict: the certificate is contradicted by the test set"
        if self.threshold is None:
            return f"no certificate: needs {self.needed} patients"
        if p < self.threshold:
            return f"below the certified threshold: rule-out at {self.title}"
        if self.upper is not None and p >= self.upper:
            return "positive: at or above the upper certified threshold"
        return "in the abstention band: a radiologist decides"


@dataclass(frozen=True, slots=True, eq=False)
class ModelFacts:
    """What a saved model was trained on and what it is meant for.

    Attributes
    ----------
    low, high : ndarray of float64, shape (n_features,)
        Smallest and largest value of each among the training rows; NaN where a column was null in all of them.
    unit, rule : str
        What a prediction is about and how rows become one (see
        :class:`radiomics_mammo.evaluation.cohort.records.Units`).
    operating : str
        The rule that chose the threshold (``sensitivity:0.9``, say).
    target_sensitivity : float
        Sensitivity for which the comparison was asked: what verdicts are by.
    provenance : dict
        The training table's: recipe, engine, reader, versions; empty for another tool's table.
    phantom : bool
        Whether any training row is simulated.
    """

    title: str
    features: tuple[str, ...]
    low: Floats
    high: Floats
    label: str
    classes: tuple[str, str]
    unit: str
    rule: str
    units: int
    patients: int
    positives: int
    operating: str
    target_sensitivity: float
    certificates: tuple[Certificate, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    phantom: bool = False
    seed: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)
    group: str = "patient_id"

    @property
    def prevalence(self) -> float:
        """Share of positive units in training: what its probabilities start from."""
        return self.positives / self.units

    def outside(self, x: Floats) -> NDArray[np.bool_]:
        """Tell which values lie outside the training range; a null does not.

        Embeddings are left out: of a thousand columns some always do, and they cannot be interpreted.
        """
        never = np.isnan(self.low)  # null in all training rows: any value is new
        interpretable = np.array([not is_embedding(name) for name in self.features])
        return np.asarray(((x < self.low) | (x > self.high) | (never & ~np.isnan(x))) & interpretable)


def training_range(x: Floats) -> tuple[Floats, Floats]:
    """Give the smallest and largest value of each column; NaN for nulls only."""
    null = np.isnan(x)
    low, high = np.where(null, np.inf, x).min(axis=0), np.where(null, -np.inf, x).max(axis=0)
    empty = null.all(axis=0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def certificates(table: pd.DataFrame, *, checked: pd.DataFrame | None = None) -> tuple[Certificate, ...]:
    """Return what predictions need of the certified-sensitivity table.

    Parameters
    ----------
    table : pandas.DataFrame
        As :func:`radiomics_mammo.evaluation.metrics.certified_sensitivity.certified_table` gives it.
    checked : pandas.DataFrame, optional
        As :func:`~radiomics_mammo.evaluation.metrics.certified_sensitivity.check_certificates` gives it.
    """
    against = set() if checked is None else set(checked.loc[checked["high"] < checked["target"], "target"])
    columns = ["target", "confidence", "threshold", "upper", "needed"]
    return tuple(
        Certificate(float(target), float(confidence), _known(threshold), _known(upper), int(needed), target in against)
        for target, confidence, threshold, upper, needed in table[columns].itertuples(index=False)
    )


def _known(value: Any) -> float | None:
    return None if value is None or math.isnan(float(value)) else float(value)


def facts_record(facts: ModelFacts) -> dict[str, Any]:
    """Turn facts into what JSON holds: NaN becomes null."""
    record = {name: getattr(facts, name) for name in ModelFacts.__slots__}
    return {
        **record,
        "features": list(facts.features),
        "classes": list(facts.classes),
        "low": [_known(v) for v in facts.low.tolist()],
        "high": [_known(v) for v in facts.high.tolist()],
        "certificates": [asdict(certificate) for certificate in facts.certificates],
        "provenance": dict(facts.provenance),
        "versions": dict(facts.versions),
    }


def facts_from(record: Mapping[str, Any]) -> ModelFacts:
    """Undo :func:`facts_record`."""
    negative, positive = record["classes"]
    facts = ModelFacts(
        **{
            **record,
            "features": tuple(str(name) for name in record["features"]),
            "classes": (str(negative), str(positive)),
            "low": np.array([np.nan if v is None else float(v) for v in record["low"]]),
            "high": np.array([np.nan if v is None else float(v) for v in record["high"]]),
            "target_sensitivity": float(record["target_sensitivity"]),
            "certificates": tuple(Certificate(**entry) for entry in record["certificates"]),
        }
    )
    if not len(facts.features) == facts.low.size == facts.high.size or facts.units < 1:
        raise ValueError("features and their ranges do not match, or it was trained on nothing")
    return facts
