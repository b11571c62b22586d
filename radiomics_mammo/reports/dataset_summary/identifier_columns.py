"""Columns that identify patients: by their name, or because most patients have a unique value."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.arrays import Codes

_NAMING = re.compile(
    r".*names?|initials|.*birth.*|birthday|dob|accession.*|mrn|.*identifier|uid|ssn|nhs|passport|insurance"
    r"|.*address(es)?|street|zip|.*postcode|.*phone|mobile|fax|e?mail"
)
_OF_THINGS = frozenset({"manufacturer", "model", "machine", "device", "scanner", "station", "protocol", "institution"})
_OF_BIRTHS = frozenset({"age", "first", "number", "n", "count", "births", "weight"})
"""Words of columns on births that do not identify (age at first birth)."""

_UNIQUE = 0.5
"""Proportion of patients with a unique value from which a column is an identifier."""


def is_named_as_identifier(column: str) -> bool:
    """Return whether a column has the name of an identifier (``PatientName``, ``birth_date``, ``mrn``)."""
    words = {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", column)}
    units = {word for word in words if _NAMING.fullmatch(word)}
    if any("birth" in word for word in units) and words & _OF_BIRTHS:
        return False
    return bool(units) and not words & _OF_THINGS


def identifies_patients(column: pd.Series, group: Codes) -> bool:
    """Return whether at least half of several patients have a unique value."""
    known = column.notna().to_numpy(bool)
    pairs = pd.DataFrame(
        {"value": column[known].astype("string").to_numpy(), "patient": group[known]}
    ).drop_duplicates()
    single = pairs[pairs.groupby("value")["patient"].transform("size") == 1]
    patients = int(np.unique(group[known]).size)
    return patients > 1 and single["patient"].nunique() >= _UNIQUE * patients
