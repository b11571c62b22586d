"""One candidate's rows of one outer fold: columns selected, rows resampled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.training.fold_data import FoldData
from radiomics_mammo.evaluation.training.plan import WHOLE
from radiomics_mammo.evaluation.training.preprocessing import with_columns
from radiomics_mammo.evaluation.training.samplers import Resampled, resample

Floats = NDArray[np.float64]
Rankings = Mapping[tuple[int, str], NDArray[np.int32]]
"""Prepared columns, the best first, by inner fold (or ``WHOLE``) and method."""


class CandidateRows:
    """The rows that one candidate is fitted on and validated with.

    Attributes
    ----------
    notes : set of str
        What the sampler could not do.
    """

    def __init__(self, fold: FoldData, *, sampler: str = "none", rankings: Rankings | None = None) -> None:
        self.fold, self.sampler, self.rankings = fold, sampler, rankings or {}
        self.notes: set[str] = set()
        self.cache: dict[int, Any] = {}

    @property
    def settings(self) -> Settings:
        """Return the run's settings."""
        return self.fold.plan.settings

    def seed(self, part: int) -> int:
        """Return the seed of an inner fold, or of ``WHOLE``."""
        return self.fold.seed if part == WHOLE else self.fold.seed + 1 + part

    def train(self, part: int, parameters: dict[str, Any]) -> Resampled:
        """Return the training rows of an inner fold, or of ``WHOLE``, resampled."""
        x, y = self._select(self.fold.prepared(part).train, part, parameters), self.fold.labels(part)
        if self.sampler == "bagging":
            return Resampled(x, y, np.ones(y.size))
        rows = resample(x, y, sampler=self.sampler, seed=self.seed(part))
        self.notes |= {rows.note} - {""}
        return rows

    def validation(self, part: int, parameters: dict[str, Any]) -> Floats:
        """Return the validation rows of an inner fold."""
        return self._select(self.fold.prepared(part).validation, part, parameters)

    def preparation(self, parameters: dict[str, Any]) -> Any:
        """Return the preparation of all training rows, with the selection of columns."""
        steps, columns = self.fold.prepared(WHOLE).steps, self._columns(WHOLE, parameters)
        return steps if columns is None else with_columns(steps, columns.tolist())

    def _select(self, x: Floats, part: int, parameters: dict[str, Any]) -> Floats:
        columns = self._columns(part, parameters)
        return x if columns is None else x[:, columns]

    def _columns(self, part: int, parameters: dict[str, Any]) -> NDArray[np.int32] | None:
        """Return the prepared columns that the model is fitted on; None for all."""
        if "components" in parameters:  # the leading ones of each embedder
            sizes = self.fold.prepared(part).steps["compress"].sizes()
            order = np.concatenate([np.arange(size) for size in sizes])
            return np.flatnonzero(order < parameters["components"]).astype(np.int32)
        method = parameters.get("select", "none")
        return None if method == "none" else np.sort(self.rankings[part, method][: parameters["k"]])
