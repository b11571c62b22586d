"""Small plans of a cross-validation, and models that tell what they were shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin

from radiomics_mammo.evaluation.cohort.cohort import prepare_cohort
from radiomics_mammo.evaluation.cohort.records import Candidate, Cohort, Settings
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.training.estimators.base import SklearnEstimator
from radiomics_mammo.evaluation.training.plan import Plan, Tuning
from radiomics_mammo.evaluation.training.registry import parse_candidates
from radiomics_mammo.evaluation.training.splits import repeated_folds
from radiomics_mammo.tables.feature_table import is_embedding
from tests.support.cohorts import FEATURES, toy_frame


def cohort_of(frame: pd.DataFrame | None = None, **target: Any) -> Cohort:
    frame = toy_frame() if frame is None else frame
    features = [name for name in frame.columns if name in FEATURES or is_embedding(name)]
    return prepare_cohort(frame, features, target=Target(**target))


def plan_of(
    frame: pd.DataFrame | None = None,
    *,
    candidates: str = "logistic",
    folds: int = 3,
    repeats: int = 1,
    seed: int = 0,
    target: dict[str, Any] | None = None,
    settings: Settings | None = None,
    members: str = "",
    **tuning: Any,
) -> Plan:
    """Plan with one trial, two inner folds and no selection, unless told otherwise."""
    cohort = cohort_of(frame, **(target or {}))
    assigned = repeated_folds(cohort.units.y, cohort.units.group, folds=folds, repeats=repeats, seed=seed)
    tuned = Tuning(**{"trials": 1, "folds": 2, "select": "none", **tuning})
    return Plan(
        cohort, assigned, parse_candidates(candidates), settings or Settings(), seed, tuned, members=_members(members)
    )


def _members(names: str) -> tuple[Candidate, ...]:
    return parse_candidates(names) if names else ()


def rarely(patients: int, positives: int, *, rows_each: int = 1) -> pd.DataFrame:
    """Give a toy table of so many patients, the first of whom are positive."""
    frame = toy_frame(patients=patients, rows_each=rows_each)
    frame["malignant"] = np.repeat((np.arange(patients) < positives).astype(int), rows_each)
    return frame


def with_rows(plan: Plan, *, x: np.ndarray | None = None, y: np.ndarray | None = None) -> Plan:
    """Give other features or labels to the rows, in the same folds; each row is a unit."""
    cohort = plan.cohort
    assert cohort.units.kind == "lesion"
    y = cohort.y if y is None else y
    return replace(plan, cohort=replace(cohort, x=cohort.x if x is None else x, y=y, units=replace(cohort.units, y=y)))


class Built(SklearnEstimator):
    """A kind of model around any way of building a classifier."""

    def __init__(self, builder: Callable[[], Any]) -> None:
        self.builder = builder

    def build(self, settings, parameters, *, seed, n_rows):
        return self.builder()


class Spy(ClassifierMixin, BaseEstimator):
    """Notes what it is fitted on; scores 1 what it was shown and 0 what is new to it."""

    shown: ClassVar[list[tuple[np.ndarray, np.ndarray]]] = []

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        self.known_ = {row.tobytes() for row in np.ascontiguousarray(X)}
        Spy.shown.append((X, y))
        return self

    def predict_proba(self, X):
        known = np.array([row.tobytes() in self.known_ for row in np.ascontiguousarray(X)], dtype=float)
        return np.column_stack([1 - known, known])

    def predict(self, X):
        return self.predict_proba(X)[:, 1] > 0
