"""The frozen records of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.tables.feature_table import embedder_of

Floats = NDArray[np.float64]

FEATURES = "features"
"""The block of the radiomic features, or of all features where there are embeddings only."""
EMBEDDINGS = "embeddings"
"""The block of all embeddings; each embedder's own block is named by the prefix of its columns."""
FUSION = "fusion"
"""The block of radiomic features and embeddings, in this order."""


@dataclass(frozen=True, slots=True)
class Settings:
    """XGBoost settings that all models of a run share.

    Attributes
    ----------
    tree_method : str
        XGBoost's ``hist``, ``approx`` or ``exact``.
    device : str
        ``cpu`` or ``cuda``: what XGBoost really trains on (see :mod:`radiomics_mammo.evaluation.training.device`).
    """

    tree_method: str = "hist"
    device: str = "cpu"


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """A candidate: model, sampler, and columns other than the model's own."""

    model: str
    sampler: str = "none"
    block: str = ""

    @property
    def name(self) -> str:
        """Return ``model``, ``model+sampler`` or ``model+sampler@block``."""
        name = self.model if self.sampler == "none" else f"{self.model}+{self.sampler}"
        return f"{name}@{self.block}" if self.block else name


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Columns that a model may be given, as numbers.

    Attributes
    ----------
    names : tuple of str
        A categorical column appears once a level, as ``view=CC``.
    x : ndarray of float64, shape (n_rows, n_columns)
        NaN where undefined, never infinite.
    """

    names: tuple[str, ...]
    x: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Prediction units: rows, or the rows of an image, a breast or a patient.

    Attributes
    ----------
    kind : str
        ``lesion``, ``image``, ``breast`` or ``patient``.
    rule : str
        How rows become one: ``max``, ``mean`` or ``noisy-or`` of their scores. A unit is positive when any of
        its rows is.
    of : ndarray of int64, shape (n_rows,)
        The unit of each row, coded from 0 in order of first appearance. A unit lies within one group.
    y : ndarray of int8, shape (n_units,)
    group : ndarray of int64, shape (n_units,)
        The patient.
    rows : pandas.DataFrame
        One row a unit: ``case_id`` (the unit's name), ``patient_id``, ``cases`` (rows that it is made of), and
        the identity columns, null where its rows differ.
    """

    kind: str
    rule: str
    of: NDArray[np.int64]
    y: NDArray[np.int8]
    group: NDArray[np.int64]
    rows: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """The rows that are compared on, checked.

    Attributes
    ----------
    x : ndarray of float64, shape (n_rows, n_features)
        Feature values as in the table; NaN where undefined, never infinite.
    y : ndarray of int8, shape (n_rows,)
        1 for the positive class.
    group : ndarray of int64, shape (n_rows,)
        The patient, as a code from 0 in order of first appearance. Patients who share an image count as one.
    features : tuple of str
        Names of the columns of ``x``.
    rows : pandas.DataFrame
        ``case_id``, ``patient_id`` (the table's own, else the group column's text) and its other identity columns.
    label, group_column : str
        The columns with the outcome and with the patient.
    classes : tuple of (str, str)
        What 0 and 1 are called.
    units : Units
        What is predicted and judged.
    blocks : mapping of str to Block
        Inputs of the baselines: ``size``, ``shape``, ``metadata``, ``scanner``, ``radiologists``; only those that
        the table has columns for.
    embedded : Block or None
        The embeddings, one embedder's columns after the other's; in a table of nothing else also ``x``.
    remarks : tuple of str
        Remarks for the screen and the report.
    """

    x: Floats
    y: NDArray[np.int8]
    group: NDArray[np.int64]
    features: tuple[str, ...]
    rows: pd.DataFrame
    label: str
    group_column: str
    classes: tuple[str, str]
    units: Units
    blocks: Mapping[str, Block] = field(default_factory=dict)
    remarks: tuple[str, ...] = field(default=())
    embedded: Block | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns that models may learn from: features, then embeddings."""
        return self.features if self.embedded is None or not self.radiomic else (*self.features, *self.embedded.names)

    @property
    def radiomic(self) -> bool:
        """Return whether the features are more than embeddings."""
        return self.embedded is None or self.features != self.embedded.names

    @property
    def embedders(self) -> dict[str, slice]:
        """Where each embedder's columns are among the embeddings."""
        names = () if self.embedded is None else self.embedded.names
        prefixes = [embedder_of(name) for name in names]
        return {
            each: slice(prefixes.index(each), len(prefixes) - prefixes[::-1].index(each))
            for each in dict.fromkeys(prefixes)
        }

    @property
    def n_patients(self) -> int:
        """How many patients the rows are of."""
        return int(self.group.max()) + 1

    def offers(self, block: str) -> bool:
        """Return whether there are columns for a block."""
        if block == FUSION:
            return self.embedded is not None and self.radiomic
        return block in (FEATURES, *self.blocks, *self.embedders) or (block == EMBEDDINGS and self.embedded is not None)

    def names(self, block: str) -> tuple[str, ...]:
        """Return the names of a block's columns."""
        if block == FEATURES:
            return self.features
        if block in self.blocks:
            return self.blocks[block].names
        assert self.embedded is not None  # offers() was checked before
        if block == FUSION:
            return (*self.features, *self.embedded.names)
        return self.embedded.names if block == EMBEDDINGS else self.embedded.names[self.embedders[block]]

    def take(self, block: str, rows: NDArray[np.intp]) -> Floats:
        """Return some rows of a block."""
        if block == FEATURES:
            return self.x[rows]
        if block in self.blocks:
            return self.blocks[block].x[rows]
        assert self.embedded is not None
        if block == FUSION:
            return np.hstack([self.x[rows], self.embedded.x[rows]])
        return self.embedded.x[rows] if block == EMBEDDINGS else self.embedded.x[rows, self.embedders[block]]

    def widths(self, block: str) -> tuple[int, ...]:
        """Return the number of columns of each embedder in a block."""
        if block in self.embedders:
            return (len(self.names(block)),)
        embedded = block in (EMBEDDINGS, FUSION)
        return tuple(each.stop - each.start for each in self.embedders.values()) if embedded else ()

    def values(self, features: Sequence[str]) -> pd.DataFrame:
        """Return ``case_id`` and the values of some features as a table."""
        columns = {name: self.x[:, self.features.index(name)] for name in features}
        return pd.DataFrame({"case_id": self.rows["case_id"], **columns})
