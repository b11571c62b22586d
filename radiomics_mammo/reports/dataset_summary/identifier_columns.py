"""Columns that name patients: by what they are called, or because a patient can be found by her value."""

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
"""Age at first birth is known of the woman and names nobody."""

_ALONE = 0.5
"""Of the patients with a value: when so many are alone with theirs, it is a name."""


def is_named_as_identifier(column: str) -> bool:
    """Whether a column is called as those are that name patients (``PatientName``, ``birth_date``, ``mrn``)."""
    words = {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", column)}
    found = {word for word in words if _NAMING.fullmatch(word)}
    if any("birth" in word for word in found) and words & _OF_BIRTHS:
        return False
    return bool(found) and not words & _OF_THINGS


def identifies_patients(column: pd.Series, group: Codes) -> bool:
    """Whether at least half of the patients with a value are alone with it, among several.

    Parameters
    ----------
    column : pandas.Series
        Words; null where there is none.
    group : ndarray of int64, shape (n_rows,)
        The patient.
    """
    known = column.notna().to_numpy(bool)
    pairs = pd.DataFrame(
        {"value": column[known].astype("string").to_numpy(), "patient": group[known]}
    ).drop_duplicates()
    alone = pairs[pairs.groupby("value")["patient"].transform("size") == 1]
    patients = int(np.unique(group[known]).size)
    return patients > 1 and alone["patient"].nunique() >= _ALONE * patients
