"""Clinical columns of a case that a page may show: no path, no free text."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

FACTS = {
    "laterality": "side",
    "view": "view",
    "breast_density": "density",
    "abnormality_type": "type",
    "pathology": "pathology",
    "mass_shape": "shape",
    "mass_margins": "margins",
    "calc_type": "calcification",
    "calc_distribution": "distribution",
    "assessment": "assessment",
    "subtlety": "subtlety",
}
"""Columns of fixed vocabulary. ``notes`` is not among them: it names files, and may name patients."""
_LONGEST = 60  # characters: more is no entry of a vocabulary


def fact(row: Mapping[str, object], column: str) -> str:
    """Return a cell as text: empty where missing, cut where too long."""
    value = row.get(column)
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return ""
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    text = " ".join(str(whole).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def facts(row: Mapping[str, object]) -> str:
    """Return the clinical columns of a case in one line."""
    values = ((word, fact(row, column)) for column, word in FACTS.items())
    return ", ".join(f"{word} {text}" for word, text in values if text)
