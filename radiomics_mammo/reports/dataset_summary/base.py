"""Records of a data set summary: typed columns, the label, the units; and findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from radiomics_mammo.evaluation.metrics.arrays import Codes, Labels
from radiomics_mammo.evaluation.metrics.subgroups import NOT_GIVEN
from radiomics_mammo.reports.components.sentences import paragraphs

SEVERITIES = ("danger", "caution", "note")
"""Results would be wrong; results may mislead; for information."""

NO_FEATURES = ("label", "afterwards")
"""Roles of columns that reveal the label."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list of cases.

    Attributes
    ----------
    role : str
        ``label``, ``afterwards`` (known after the diagnosis), ``opinion`` (of readers), ``metadata``,
        ``scanner``, ``split``, ``identity`` or ``other``.
    kind : str
        ``number``, ``category``, ``identifier``, ``text`` (not from a list: never shown) or ``empty``.
    filled, distinct : int
        Rows with a value, and distinct values.
    """

    name: str
    title: str
    role: str
    kind: str
    filled: int
    distinct: int

    @property
    def countable(self) -> bool:
        """Whether its values can be counted, as levels or in groups."""
        return self.kind in ("number", "category")


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A list of cases with types, label and units.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a case, nullable types, index from 0.
    columns : mapping of str to Column
        All but ``case_id`` and ``patient_id``, in the order of the frame.
    levels : mapping of str to pandas.Series
        Of each countable column: the level of each row, an ordered categorical; ``not given`` where it has none.
    label : str
        The column of the label; empty where there is none.
    y : ndarray of int8, shape (n_rows,)
        1 positive, 0 negative, -1 not known.
    group : ndarray of int64, shape (n_rows,)
        The patient, from 0.
    units : mapping of str to ndarray of int64, shape (n_rows,)
        The units of each row, from small to large: ``lesion``, ``case``, ``image``, ``breast``, ``patient``.
    phantom : bool
        Whether the images are simulated.
    remarks : tuple of str
        Remarks of the reader, and on columns that are not used.
    infinite : mapping of str to int
        Number of infinite values of a column that count as missing.
    """

    name: str
    frame: pd.DataFrame
    columns: Mapping[str, Column]
    levels: Mapping[str, pd.Series]
    label: str
    y: Labels
    group: Codes
    units: Mapping[str, Codes]
    phantom: bool
    remarks: tuple[str, ...]
    infinite: Mapping[str, int]

    def grouped_by(self, name: str) -> pd.Series:
        """Return the levels of a column; ``positive`` and ``negative`` of a label without levels."""
        if name in self.levels:
            return self.levels[name]
        classes = pd.Series(self.y, index=self.frame.index).map({1: "positive", 0: "negative"})
        return classes.astype("string").fillna(NOT_GIVEN).astype("category")

    @property
    def row(self) -> str:
        """The unit of a row, in the singular."""
        return next(iter(self.units))

    @property
    def rows(self) -> str:
        """The unit of a row, in the plural."""
        return plural(self.row)

    @property
    def patients(self) -> int:
        """The number of patients."""
        return int(self.group.max()) + 1

    def of_role(self, *roles: str) -> list[Column]:
        """Return the countable columns of some roles, in the order of the frame."""
        return [each for each in self.columns.values() if each.role in roles and each.countable]


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of a rule, with numbers, and the recommended action."""

    severity: str
    rule: str
    sentence: str
    advice: str


Tables = Mapping[str, pd.DataFrame]
"""The tables of the summary by the name of their file, without its ending."""


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """The data set and its tables, for the rules."""

    dataset: Dataset
    tables: Tables


Rule = Callable[[Facts], list[Finding]]


def plural(unit: str) -> str:
    """Return a unit in the plural."""
    return f"{unit}s"


def finding(rule: str, severity: str, **values: object) -> Finding:
    """Build a finding from the macro of its rule, which gives the observation and the advice."""
    observation, advice = paragraphs(f"dataset_rules.{rule.replace('-', '_')}", **values)
    return Finding(severity, rule, observation, advice)
