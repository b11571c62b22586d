"""The rows of one outer fold and of its inner folds, each prepared once and shared by all that is trained on it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.prediction_units import aggregate
from radiomics_mammo.evaluation.cohort.records import FUSION
from radiomics_mammo.evaluation.training.plan import WHOLE, Plan
from radiomics_mammo.evaluation.training.preprocessing import preparation
from radiomics_mammo.evaluation.training.splits import fold_seed, inner_folds

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Native = tuple[Any, Any, Any]
"""Fitted preparation, training rows and validation rows in a library's own format."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Rows of one inner fold, or of the whole training set, as a model takes them.

    Attributes
    ----------
    train, validation : ndarray of float64, shape (n_rows, n_prepared)
        The whole training set has no validation rows: the outer test rows are scored by what was fitted.
    """

    steps: Any
    train: Floats
    validation: Floats


class FoldData:
    """One outer fold: what candidates and trials share.

    Parameters
    ----------
    components : int
        To which embeddings are reduced (see :class:`radiomics_mammo.evaluation.training.registry.Model`).
    included : ndarray of bool, shape (n_rows,), optional
        The rows of the cohort that take part; all by default.

    Attributes
    ----------
    train, test : ndarray of intp
        Rows of the cohort; ``test`` are rows of the test set in the fold ``WHOLE``.
    test_of : ndarray of int64
        The unit of each test row.
    y : ndarray of int8
        Labels of the training rows; labels of test rows are not stored here.
    seed : int
        Of everything random here; all candidates share it.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        repeat: int,
        fold: int,
        block: str,
        components: int = 0,
        included: NDArray[np.bool_] | None = None,
    ) -> None:
        self.plan, self.whole, self.block, self._components = plan, fold == WHOLE, block, components
        cohort, of = plan.cohort, plan.cohort.units.of
        self._tested = plan.test if self.whole else cohort
        tested = np.zeros(of.size, dtype=np.bool_) if self.whole else plan.fold_of[repeat][of] == fold
        rows = np.ones(of.size, dtype=np.bool_) if included is None else included
        self.train: Rows = np.flatnonzero(~tested & rows)
        self.test: Rows = np.flatnonzero(tested & rows)
        if self.whole:
            self.test = np.arange(0 if plan.test is None else plan.test.y.size)
        self.test_of = np.zeros(0, np.int64) if self._tested is None else self._tested.units.of[self.test]
        self.y = cohort.y[self.train]
        self.seed = fold_seed(plan.seed, repeat, fold)
        self._prepared: dict[int, Prepared] = {}
        self._native: dict[tuple[str, int], Native] = {}

    def with_labels(self, y: NDArray[np.int8]) -> Self:
        """Return the same fold with other labels; prepared rows are shared."""
        other = copy.copy(self)
        other.y = y
        return other

    @cached_property
    def unit_of(self) -> NDArray[np.int64]:
        """Return the unit of each training row, as a position in ``unit_y``."""
        return np.unique(self.plan.cohort.units.of[self.train], return_inverse=True)[1].astype(np.int64)

    @cached_property
    def _units(self) -> NDArray[np.int64]:
        return np.unique(self.plan.cohort.units.of[self.train])

    @cached_property
    def unit_y(self) -> NDArray[np.int8]:
        """Return the labels of the training units."""
        return self.plan.cohort.units.y[self._units]

    @cached_property
    def inner(self) -> list[tuple[Rows, Rows]]:
        """Return training and validation rows of each inner fold, as positions in ``train``."""
        group = self.plan.cohort.units.group[self._units]
        folds = inner_folds(self.unit_y, group, folds=self.plan.tuning.folds, seed=self.seed)
        row_fold = folds[self.unit_of]
        return [(np.flatnonzero(row_fold != part), np.flatnonzero(row_fold == part)) for part in range(folds.max() + 1)]

    def rows(self, part: int) -> tuple[Rows, Rows]:
        """Return training and validation rows of an inner fold, as positions in ``train``."""
        return (np.arange(self.train.size), np.arange(0)) if part == WHOLE else self.inner[part]

    def labels(self, part: int) -> NDArray[np.int8]:
        """Return the labels of an inner fold's training rows, or of ``WHOLE``."""
        return self.y[self.rows(part)[0]]

    def prepared(self, part: int) -> Prepared:
        """Return an inner fold, or ``WHOLE``, imputed and scaled; prepared once."""
        if part not in self._prepared:
            self._prepared[part] = self._prepare(part, native_nulls=False)
        return self._prepared[part]

    def native(self, part: int, library: str, dataset: Callable[..., Any]) -> Native:
        """Return an inner fold, or ``WHOLE``, with nulls, in a library's own format.

        The prepared rows themselves are not kept: a large table lies in memory as bins only.
        ``dataset(x, *, settings, reference)`` makes the format; the reference are the training rows of validation rows.
        """
        if (library, part) not in self._native:
            rows, settings = self._prepare(part, native_nulls=True), self.plan.settings
            train = dataset(rows.train, settings=settings)
            other = None if part == WHOLE else dataset(rows.validation, settings=settings, reference=train)
            self._native[library, part] = (rows.steps, train, other)
        return self._native[library, part]

    def _prepare(self, part: int, *, native_nulls: bool) -> Prepared:
        fit, validate = self.rows(part)
        cohort, widths = self.plan.cohort, self.plan.cohort.widths(self.block)
        fused = self.block == FUSION
        steps = preparation(native_nulls=native_nulls, widths=widths, fused=fused, components=self._components)
        train = np.asarray(steps.fit_transform(cohort.take(self.block, self.train[fit])))
        if part == WHOLE:
            return Prepared(steps, train, train[:0])
        return Prepared(steps, train, np.asarray(steps.transform(cohort.take(self.block, self.train[validate]))))

    def auroc(self, part: int, scores: Floats) -> float:
        """Compute the AUROC of an inner fold's validation rows, aggregated by unit."""
        from sklearn.metrics import roc_auc_score

        units = self.unit_of[self.inner[part][1]]
        return float(roc_auc_score(self.unit_y[np.unique(units)], self._aggregate(scores, units)))

    def mean_auroc(self, validation: Sequence[Floats]) -> float:
        """Compute the mean AUROC of the inner folds' validation rows."""
        return float(np.mean([self.auroc(part, scores) for part, scores in enumerate(validation)]))

    def out_of_fold(self, validation: Sequence[Floats]) -> Floats:
        """Return the inner folds' validation scores by unit, in the order of ``unit_y``."""
        scores = np.empty(self.train.size)
        for (_, rows), values in zip(self.inner, validation, strict=True):
            scores[rows] = values
        return self._aggregate(scores, self.unit_of)

    def test_by_unit(self, scores: Floats) -> Floats:
        """Aggregate scores of the test rows by unit."""
        return self._aggregate(scores, self.test_of)

    def _aggregate(self, scores: Floats, of: NDArray[np.int64]) -> Floats:
        return np.asarray(aggregate(scores, of, rule=self.plan.cohort.units.rule))

    def test_rows(self) -> Floats:
        """Return the test rows' columns as in the table."""
        cohort = self.plan.cohort if self._tested is None else self._tested
        return cohort.take(self.block, self.test)
