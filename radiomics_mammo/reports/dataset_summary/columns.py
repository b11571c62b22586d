"""Columns of a list of cases: their types, roles and kinds."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.cohort import column_roles
from radiomics_mammo.evaluation.cohort.labels import WORDS
from radiomics_mammo.evaluation.metrics.arrays import Codes, Labels
from radiomics_mammo.evaluation.metrics.subgroups import NOT_GIVEN, SUBGROUPS, level_names
from radiomics_mammo.reports.dataset_summary.base import Column
from radiomics_mammo.tables.feature_table import plain

LABELS = ("cancer", "malignant")
PATHOLOGY = "pathology"
"""Used where there is no label of 0 and 1: MALIGNANT against values that begin with BENIGN."""

MAX_CATEGORY_NUMBERS = 12
"""Distinct values up to which a numeric column is a category."""

MAX_CATEGORIES = 40
"""A column with more distinct values that are no numbers is text, but for codes of sites and machines
and for readers' opinions."""

MAX_LENGTH = 40
"""Characters of a value that may be shown; longer ones may name patients."""

_DTYPES = {int: pd.Int64Dtype(), float: pd.Float64Dtype(), bool: pd.BooleanDtype()}
_BANDS = 4
_TITLES = {
    **SUBGROUPS,
    "abnormality_type": "Type of abnormality",
    "biopsy": "Biopsy",
    "birads": "BI-RADS",
    "cancer": "Cancer",
    "malignant": "Malignant",
    "invasive": "Invasive",
    "pathology": "Pathology",
    "assessment": "Assessment (BI-RADS)",
    "difficult_negative_case": "Difficult negative",
    "split": "Official split",
}


def typed(frame: pd.DataFrame, declared: Sequence[tuple[str, type]]) -> pd.DataFrame:
    """Convert every column to a nullable type: the declared one, else that of its values.

    An empty text is no value, nor is an infinite number (see :func:`count_infinite`). A declared number that is not one
    is kept as text: the summary shows it.
    """
    wanted = dict(declared)
    typed_columns = {str(name): _typed(frame[name], wanted.get(str(name))) for name in frame.columns}
    return pd.DataFrame(typed_columns).reset_index(drop=True)


def _typed(column: pd.Series, kind: type | None) -> pd.Series:
    result = column.reset_index(drop=True)
    if kind is None:
        guessed = result.convert_dtypes()
        return _finite(guessed) if pd.api.types.is_numeric_dtype(guessed) else _words(result)
    if kind is str:
        return _words(result)
    read = pd.to_numeric(result, errors="coerce").astype("Float64")
    numbers = _finite(read)
    wrong = (read.isna() & result.notna()).any() or (kind is int and (numbers.dropna() % 1 != 0).any())
    return _words(result) if wrong else numbers.astype(_DTYPES[kind])


def _finite(numbers: pd.Series) -> pd.Series:
    return numbers.replace([np.inf, -np.inf], pd.NA) if pd.api.types.is_float_dtype(numbers) else numbers


def count_infinite(frame: pd.DataFrame, table: pd.DataFrame) -> dict[str, int]:
    """Count the infinite values of each column, which :func:`typed` took for missing."""
    gone = {
        str(name): int((np.isinf(pd.to_numeric(frame[name], errors="coerce").astype("float64"))).sum())
        for name in frame.columns
        if pd.api.types.is_numeric_dtype(table[str(name)]) and not pd.api.types.is_bool_dtype(table[str(name)])
    }
    return {name: n for name, n in gone.items() if n}


def _words(column: pd.Series) -> pd.Series:
    words = column.astype("string").str.strip()
    return words.mask(words == "")


def describe(frame: pd.DataFrame, label: str, group: Codes) -> dict[str, Column]:
    """Return role and kind of every column but the two identifiers."""
    names = [name for name in frame.columns if name not in ("case_id", "patient_id")]
    return {name: _describe(frame[name], name, label, group) for name in names}


def _describe(column: pd.Series, name: str, label: str, group: Codes) -> Column:
    filled, distinct = int(column.notna().sum()), int(column.nunique())
    role = "label" if name == label else _role(name)
    kind = _kind(column, role, filled, distinct)
    if role in ("other", "afterwards") and kind != "empty":
        listed = role == "other" and kind == "category" and pd.api.types.is_string_dtype(column)
        if is_named_as_identifier(name) or (listed and identifies_patients(column, group)):
            role, kind = ("identity" if role == "other" else role), "identifier"
    return Column(name, _TITLES.get(plain(name), name), role, kind, filled, distinct)


def _role(name: str) -> str:
    plain_name = plain(name)
    if plain_name == "split":
        return "split"
    if plain_name in column_roles.READERS:
        return "opinion"
    if column_roles.is_known_after_diagnosis(name):
        return "afterwards"
    for role, names in (("metadata", column_roles.METADATA), ("scanner", column_roles.SCANNER)):
        if plain_name in names:
            return role
    return "identity" if plain_name in column_roles.IDENTITY or plain_name.endswith("_id") else "other"


def _kind(column: pd.Series, role: str, filled: int, distinct: int) -> str:
    if not filled:
        return "empty"
    if role == "identity":
        return "identifier"
    code = plain(str(column.name)) in column_roles.CODES
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric and not code and distinct > MAX_CATEGORY_NUMBERS:
        return "number"
    return "category" if numeric or code or role == "opinion" or _is_list(column, role, filled, distinct) else "text"


def _is_list(column: pd.Series, role: str, filled: int, distinct: int) -> bool:
    """Return whether words are values of a list: few, and, of an unknown column, short and repeated."""
    if distinct > MAX_CATEGORIES or role != "other" or pd.api.types.is_bool_dtype(column):
        return distinct <= MAX_CATEGORIES
    return 2 * distinct <= filled and int(column.astype("string").str.len().max()) <= MAX_LENGTH


def levels_of(column: pd.Series, kind: str) -> pd.Series:
    """Return each row's level as an ordered categorical, ``not given`` last.

    Ages have the bands of the reports; other numbers are cut at their quartiles.
    """
    age = plain(str(column.name)) == "age"
    if kind == "number" and not age:
        bands = pd.qcut(column.astype("Float64"), _BANDS, duplicates="drop")
        names = {band: f"over {band.left:g} to {band.right:g}" for band in bands.cat.categories}
        named = bands.astype(object).map(names).astype("string").fillna(NOT_GIVEN)
        order = list(names.values())
    else:
        named = level_names(column.rename("age") if age and kind == "number" else column).astype("string")
        order = _in_order(named)
    order = [name for name in order if name != NOT_GIVEN]
    full = [*order, NOT_GIVEN] if (named == NOT_GIVEN).any() else order
    return pd.Series(pd.Categorical(named, categories=full, ordered=True), index=column.index)


def _in_order(named: pd.Series) -> list[str]:
    """Numbers by size, bands of age by their first number, words by letter."""
    names = pd.Series(named.unique(), dtype="string")
    first = names.str.extract(r"^(?:under )?(-?[0-9]+(?:\.[0-9]+)?)", expand=False)
    size = pd.to_numeric(first).astype("Float64").fillna(np.inf)
    size -= names.str.startswith("under").astype("Float64")
    return names.to_frame("name").assign(size=size).sort_values(["size", "name"])["name"].tolist()


def find_label(frame: pd.DataFrame) -> tuple[str, Labels]:
    """Find the label's column; -1 where a label is not known."""
    by_name = {plain(name): name for name in frame.columns}
    for wanted in LABELS:
        if wanted in by_name:
            values = _binary(frame[by_name[wanted]])
            if values.notna().any() and values.dropna().isin([0, 1]).all():
                return by_name[wanted], np.asarray(values.fillna(-1).to_numpy(np.int8))
    if PATHOLOGY in by_name:
        words = frame[by_name[PATHOLOGY]].astype("string").str.upper().fillna("")
        malignant, benign = (words == "MALIGNANT").to_numpy(bool), words.str.startswith("BENIGN").to_numpy(bool)
        if malignant.any() or benign.any():
            return by_name[PATHOLOGY], np.where(malignant, 1, np.where(benign, 0, -1)).astype(np.int8)
    return "", np.full(len(frame), -1, dtype=np.int8)


def _binary(column: pd.Series) -> pd.Series:
    """Read a label's words as compare reads them, and other numbers as they are."""
    words = column.astype("string").str.strip().str.lower()
    meant = words.map(WORDS).astype("Float64")
    return meant.fillna(pd.to_numeric(words, errors="coerce").astype("Float64"))


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
    """Return whether a column has the name of an identifier (``birth_date``)."""
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
