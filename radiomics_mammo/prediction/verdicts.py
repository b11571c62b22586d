"""Certified verdicts on patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.errors import InputError
from radiomics_mammo.prediction.distribution_check import NOT_CHECKED, OUT_OF_DISTRIBUTION, DistributionCheck
from radiomics_mammo.runs.model_metadata import Certificate, ModelFacts

Floats = NDArray[np.float64]

NO_PATIENT = -1
"""Code of units that name no patient."""


def choose_certificate(facts: ModelFacts, *, target: float | None = None) -> Certificate | None:
    """Return the certificate for a sensitivity; of several confidences the highest.

    Parameters
    ----------
    facts : ModelFacts
    target : float, optional
        The one that the comparison was run for by default.

    Returns
    -------
    Certificate or None
        None where the model has no certificates at all.

    Raises
    ------
    InputError
        There are some, and none for this sensitivity.
    """
    if not facts.certificates:
        return None
    wanted = facts.target_sensitivity if target is None else target
    matching = [each for each in facts.certificates if abs(each.target - wanted) < 1e-9]
    if not matching:
        targets = ", ".join(f"{each.target:g}" for each in facts.certificates)
        raise InputError(
            f"no certificate for a sensitivity of {wanted:g}", remedy=f"There is one for each of {targets}."
        )
    return max(matching, key=lambda each: each.confidence)


def highest_p(p: Floats, patients: NDArray[np.int64]) -> Floats:
    """Return for each unit the highest probability of its patient's units; NaN where no patient is named."""
    highest = np.full(int(patients.max(initial=NO_PATIENT)) + 2, -np.inf)  # the last is of units without a patient
    np.maximum.at(highest, patients, p)
    return np.where(patients == NO_PATIENT, np.nan, highest[patients])


def verdicts_of(
    highest: Sequence[float], incomplete: NDArray[np.bool_], *, certificate: Certificate | None, subject: str
) -> list[str]:
    """Return verdicts by the highest probability; a patient with a row that failed is never ruled out."""
    if certificate is None:
        return ["no certificate was made"] * len(highest)
    if certificate.threshold is None or certificate.contradicted:
        return [certificate.verdict(np.nan)] * len(highest)
    verdicts = []
    for p, partial in zip(highest, incomplete.tolist(), strict=True):
        if np.isnan(p):
            verdicts.append(f"no verdict: the certificate is by {subject} and the table names none")
        elif partial and p < certificate.threshold:
            verdicts.append(f"no verdict: a row of this {subject} could not be scored")
        else:
            verdicts.append(f"this {subject}: {certificate.verdict(p)}")
    return verdicts


def withhold(
    verdicts: list[str], check: DistributionCheck | None, patients: NDArray[np.int64], *, given: bool
) -> list[str]:
    """Replace the verdicts on patients with a unit that is out of distribution."""
    if check is None:
        return [NOT_CHECKED if given else verdict for verdict in verdicts]
    unlike = np.isin(patients, patients[check.withheld & (patients != NO_PATIENT)]) | check.withheld
    return [OUT_OF_DISTRIBUTION if out else verdict for out, verdict in zip(unlike, verdicts, strict=True)]


def by_verdict(predictions: pd.DataFrame) -> dict[str, Any]:
    """Count the predictions by their patient's verdict, the commonest first."""
    return {str(name): int(n) for name, n in predictions["verdict"].value_counts().items()}
