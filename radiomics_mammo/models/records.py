"""The frozen records of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


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
class Model:
    """A line of ``MODELS``.

    Attributes
    ----------
    title : str
        As a reader of the report knows it.
    build : callable (Settings, seed) -> scikit-learn classifier
        A fresh, unfitted estimator that uses one thread.
    tree : bool
        Whether SHAP's tree algorithms apply.
    boosted : bool
        Whether it is an XGBoost model, which computes its own contributions.
    resamples : bool
        Whether crossing it with a sampler means anything.
    """

    title: str
    build: Callable[[Settings, int], Any]
    tree: bool = False
    boosted: bool = False
    resamples: bool = True


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
    """

    title: str
    build: Callable[[NDArray[np.int8], int], Any]
    least: int


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
class Cohort:
    """The rows that are compared on, checked.

    Attributes
    ----------
    x : ndarray of float64, shape (n_rows, n_features)
        Feature values as in the table; NaN where undefined, never infinite.
    y : ndarray of int8, shape (n_rows,)
        1 for the positive class.
    group : ndarray of int64, shape (n_rows,)
        The person, as a code from 0 in order of first appearance.
    features : tuple of str
        Names of the columns of ``x``.
    rows : pandas.DataFrame
        ``case_id``, ``patient_id`` (the group column's text) and the table's other identity columns.
    label, group_column : str
        The columns with the outcome and with the person.
    classes : tuple of (str, str)
        What 0 and 1 are called.
    remarks : tuple of str
        What was left out or looks odd, for the screen and the report.
    """

    x: NDArray[np.float64]
    y: NDArray[np.int8]
    group: NDArray[np.int64]
    features: tuple[str, ...]
    rows: pd.DataFrame
    label: str
    group_column: str
    classes: tuple[str, str]
    remarks: tuple[str, ...] = field(default=())

    def values(self, features: Sequence[str]) -> pd.DataFrame:
        """Give ``case_id`` and the values of some features as a table."""
        columns = {name: self.x[:, self.features.index(name)] for name in features}
        return pd.DataFrame({"case_id": self.rows["case_id"], **columns})
