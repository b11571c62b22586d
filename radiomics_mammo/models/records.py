"""The frozen records of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEATURES = "features"
"""The block that holds every feature; the others serve the baselines."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What every model of one run is built with.

    Attributes
    ----------
    tree_method : str
        XGBoost's ``hist``, ``approx`` or ``exact``.
    device : str
        ``cpu`` or ``cuda``: what XGBoost really trains on (see :mod:`radiomics_mammo.models.training.device`).
    """

    tree_method: str = "hist"
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Sampler:
    """A line of ``SAMPLERS``.

    Attributes
    ----------
    title : str
        As a reader of the report knows it.
    build : callable (y, seed) -> imbalanced-learn sampler or None
        Made for the training rows' labels at hand.
    least : int
        Fewest training cases of the rarer class that it can work with.
    interpolates : bool
        Whether it makes rows that no person has, between neighbours: nulls must be filled before it.
    """

    title: str
    build: Callable[[NDArray[np.int8], int], Any]
    least: int
    interpolates: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Arm:
    """One competitor: a model and what is done to the training rows before it."""

    model: str
    sampler: str = "none"

    @property
    def name(self) -> str:
        """``model`` or ``model+sampler``."""
        return self.model if self.sampler == "none" else f"{self.model}+{self.sampler}"


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
    """What one prediction is about: a row of the table, or rows of an image, a breast or a person together.

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
        The person.
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
        Who is kept together: the person, as a code from 0 in order of first appearance. People who share an
        image count as one.
    features : tuple of str
        Names of the columns of ``x``.
    rows : pandas.DataFrame
        ``case_id``, ``patient_id`` (the table's own, else the group column's text) and its other identity columns.
    label, group_column : str
        The columns with the outcome and with the person.
    classes : tuple of (str, str)
        What 0 and 1 are called.
    units : Units
        What is predicted and judged.
    blocks : mapping of str to Block
        What the baselines look at: ``size``, ``shape``, ``metadata``, ``scanner``, ``readers``; only those that
        the table has columns for.
    remarks : tuple of str
        What was left out or looks odd, for the screen and the report.
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

    @property
    def n_people(self) -> int:
        """How many people the rows are of."""
        return int(self.group.max()) + 1

    def block(self, name: str) -> Block:
        """Give the columns that a model looks at."""
        return Block(self.features, self.x) if name == FEATURES else self.blocks[name]

    def values(self, features: Sequence[str]) -> pd.DataFrame:
        """Give ``case_id`` and the values of some features as a table."""
        columns = {name: self.x[:, self.features.index(name)] for name in features}
        return pd.DataFrame({"case_id": self.rows["case_id"], **columns})


@dataclass(frozen=True, slots=True)
class Model:
    """A line of ``MODELS``.

    Attributes
    ----------
    title : str
        As a reader of the report knows it.
    fit : str
        ``none`` for a floor that looks at nothing, ``score`` for a column that is itself the score, ``sklearn``
        for a scikit-learn estimator, ``boosted`` for XGBoost.
    build : callable (Settings, parameters, seed, n_rows) -> scikit-learn classifier, or None
        A fresh, unfitted estimator that uses one thread.
    space : callable (Draw) -> dict of parameters
        What is tuned, and between which limits; the first draw gives the defaults.
    block : str
        The columns that it is given.
    baseline : bool
        A yardstick: never called the best, never crossed with a sampler.
    tree : bool
        Whether SHAP's tree algorithms apply.
    selects : bool
        Whether choosing few features first is part of what is tuned.
    """

    title: str
    fit: str
    build: Callable[..., Any] | None = None
    space: Callable[..., dict[str, Any]] | None = None
    block: str = FEATURES
    baseline: bool = False
    tree: bool = False
    selects: bool = False

    @property
    def boosted(self) -> bool:
        """Whether it is an XGBoost model, which computes its own contributions."""
        return self.fit == "boosted"
