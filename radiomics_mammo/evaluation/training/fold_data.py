"""The rows of one outer fold and of its inner folds, each prepared once and shared by all that is trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.prediction_units import aggregate
from radiomics_mammo.evaluation.cohort.records import FUSION, Units
from radiomics_mammo.evaluation.training.plan import WHOLE, Plan
from radiomics_mammo.evaluation.training.preprocessing import preparation
from radiomics_mammo.evaluation.training.splits import fold_seed, inner_folds
from radiomics_mammo.evaluation.training.xgboost import Matrix, to_matrix

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Rows of one inner fold, or of the whole training set, as a model takes them.

    Attributes
    ----------
    steps : sklearn.pipeline.Pipeline
        Fitted on ``fit``.
    fit, held : ndarray of float64, shape (n_rows, n_prepared)
        Of the whole training set nothing is held: the outer test rows are scored by what was fitted.
    """

    steps: Any
    fit: Floats
    held: Floats


class Bench:
    """One outer fold at work: it exists so that candidates and trials share what does not depend on them.

    Parameters
    ----------
    plan : Plan
    repeat, fold : int
        ``fold`` may be ``WHOLE``.
    block : str
        The columns that the models of this bench look at.
    components : int
        To which embeddings are reduced (see :class:`radiomics_mammo.evaluation.cohort.records.Model`).

    Attributes
    ----------
    train, test : ndarray of intp
        Rows of the cohort; ``test`` are rows of the test set in the fold ``WHOLE``.
    test_of : ndarray of int64
        The unit of each test row.
    y : ndarray of int8
        Labels of the training rows; no label of a test row is kept here.
    unit_of : ndarray of int64
        The unit of each training row, as a position in ``unit_y``.
    unit_y : ndarray of int8
    inner : list of (ndarray of intp, ndarray of intp)
        Rows to fit and rows held out of each inner fold, as positions in ``train``.
    seed : int
        Of everything random here; all candidates share it, twins included.
    """

    def __init__(self, plan: Plan, *, repeat: int, fold: int, block: str, components: int = 0) -> None:
        cohort = plan.cohort
        self.plan, self.whole = plan, fold == WHOLE
        of = cohort.units.of
        self.train: Rows = np.arange(of.size) if fold == WHOLE else np.flatnonzero(plan.fold_of[repeat][of] != fold)
        tested = plan.test if fold == WHOLE else cohort
        self.test: Rows = (
            np.arange(0 if tested is None else tested.y.size)
            if fold == WHOLE
            else np.flatnonzero(plan.fold_of[repeat][of] == fold)
        )
        self._tested = tested or cohort
        self.block, self._components = block, components
        self.test_of = np.zeros(0, dtype=np.int64) if tested is None else tested.units.of[self.test]
        self.y = cohort.y[self.train]
        self.seed = fold_seed(plan.seed, repeat, fold)
        self.inner = self._inner_rows(cohort.units)
        self._prepared: dict[int, Prepared] = {}
        self._matrices: dict[int, tuple[Any, Matrix, Matrix | None]] = {}

    def _inner_rows(self, units: Units) -> list[tuple[Rows, Rows]]:
        of = units.of[self.train]
        codes, where = np.unique(of, return_inverse=True)
        self.unit_of, self.unit_y = where, units.y[codes]
        folds = inner_folds(self.unit_y, units.group[codes], folds=self.plan.tuning.folds, seed=self.seed)
        row_fold = folds[where]
        return [
            (np.flatnonzero(row_fold != one), np.flatnonzero(row_fold == one)) for one in range(int(folds.max()) + 1)
        ]

    def rows(self, part: int) -> tuple[Rows, Rows]:
        """Give rows to fit and rows held out of an inner fold, as positions in ``train``; ``WHOLE`` holds none out."""
        return (np.arange(self.train.size), np.arange(0)) if part == WHOLE else self.inner[part]

    def prepared(self, part: int) -> Prepared:
        """Give an inner fold, or ``WHOLE``, without nulls and scaled, as its own rows to fit have it; made once."""
        if part not in self._prepared:
            self._prepared[part] = self._prepare(part, native_nulls=False)
        return self._prepared[part]

    def matrices(self, part: int) -> tuple[Any, Matrix, Matrix | None]:
        """Give preparation, rows to fit and rows held as XGBoost keeps them, nulls native; made once.

        The prepared rows themselves are let go: a large table lies in memory as bins only. Of ``WHOLE`` nothing is
        held.
        """
        if part not in self._matrices:
            made = self._prepare(part, native_nulls=True)
            fit, held = self.rows(part)
            settings = self.plan.settings
            train = to_matrix(made.fit, self.y[fit], settings=settings)
            other = None if part == WHOLE else to_matrix(made.held, self.y[held], settings=settings, reference=train)
            self._matrices[part] = (made.steps, train, other)
        return self._matrices[part]

    def _prepare(self, part: int, *, native_nulls: bool) -> Prepared:
        fit, held = self.rows(part)
        cohort, widths = self.plan.cohort, self.plan.cohort.widths(self.block)
        fused = self.block == FUSION
        steps = preparation(native_nulls=native_nulls, widths=widths, fused=fused, components=self._components)
        fitted = np.asarray(steps.fit_transform(cohort.take(self.block, self.train[fit])))
        apart = fitted[:0] if part == WHOLE else steps.transform(cohort.take(self.block, self.train[held]))
        return Prepared(steps, fitted, np.asarray(apart))

    def judge(self, part: int, scores: Floats) -> float:
        """Give the AUROC of an inner fold's held rows, summed up by unit."""
        from sklearn.metrics import roc_auc_score

        held = self.unit_of[self.inner[part][1]]
        return float(roc_auc_score(self.unit_y[np.unique(held)], self._sum_up(scores, held)))

    def judge_all(self, held: Sequence[Floats]) -> float:
        """Give the mean AUROC of the inner folds' held rows."""
        return float(np.mean([self.judge(part, scores) for part, scores in enumerate(held)]))

    def by_unit(self, scores: Floats) -> Floats:
        """Sum scores of all training rows up by unit; in the order of ``unit_y``."""
        return self._sum_up(scores, self.unit_of)

    def test_by_unit(self, scores: Floats) -> Floats:
        """Sum scores of the test rows up by unit."""
        return self._sum_up(scores, self.test_of)

    def _sum_up(self, scores: Floats, of: NDArray[np.int64]) -> Floats:
        return np.asarray(aggregate(scores, of, rule=self.plan.cohort.units.rule))

    def test_rows(self) -> Floats:
        """Give the test rows' columns as in the table."""
        return self._tested.take(self.block, self.test)
