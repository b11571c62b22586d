"""Small trained models of every kind that is saved, for the tests of saving, predicting and the model card."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.cohort.prediction_units import make_units
from radiomics_mammo.evaluation.cohort.records import FEATURES as BLOCK
from radiomics_mammo.evaluation.cohort.records import Settings
from radiomics_mammo.evaluation.out_of_distribution.training_distribution import TrainingDistribution
from radiomics_mammo.evaluation.training.calibration import Calibrator, fit_calibrator
from radiomics_mammo.evaluation.training.estimators.bagging import Bag
from radiomics_mammo.evaluation.training.estimators.boosting import Boosting, BoostingRows
from radiomics_mammo.evaluation.training.fitted_model import Fitted
from radiomics_mammo.evaluation.training.preprocessing import preparation, with_columns
from radiomics_mammo.evaluation.training.registry import estimator_of, parse_candidate
from radiomics_mammo.evaluation.training.samplers import SAMPLERS
from radiomics_mammo.runs.model_metadata import Certificate, ModelFacts, training_range
from tests.support.cohorts import FEATURES, toy_frame

KINDS: dict[str, tuple[str, dict[str, Any], int]] = {
    "logistic": ("logistic", {"C": 0.1}, 120),
    "forest": ("forest", {"min_samples_leaf": 5, "max_features": 0.3}, 120),
    "extratrees": ("extratrees", {"min_samples_leaf": 5, "max_features": 0.3}, 120),
    "svm": ("svm", {"C": 0.1}, 120),
    "svm-rbf": ("svm-rbf", {"C": 1.0, "gamma": 0.1}, 120),
    "svm-rbf-approximated": ("svm-rbf", {"C": 1.0, "gamma": 0.1}, 10_000),
    "bagged-logistic": ("logistic+bagging", {"C": 0.1}, 120),
    "bagged-svm": ("svm+bagging", {"C": 0.1}, 120),
    "bagged-forest": ("forest+bagging", {"min_samples_leaf": 30, "max_features": 0.3}, 120),
    "bagged-xgboost": ("xgboost+bagging", {"rounds": 3, "max_depth": 2}, 120),
    "xgboost": ("xgboost+oversampling", {"rounds": 12, "max_depth": 2}, 120),
}
"""Candidate, parameters, and for how many training rows it is built."""


def toy_rows(*, n: int = 120, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Give rows whose first feature tells the classes apart; a few nulls in the second."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.4).astype(np.int8)
    x = rng.normal(size=(n, len(FEATURES)))
    x[:, 0] += 1.5 * y
    x[::9, 1] = np.nan
    return x, y


def prepared(x: np.ndarray) -> Any:
    """Fit the real preparation, with a choice of columns."""
    return with_columns(preparation(native_nulls=False).fit(x), range(6))


@cache
def trained(kind: str) -> Any:
    """Fit the model of a kind on the toy rows; once a process, as nothing changes it."""
    name, parameters, n_rows = KINDS[kind]
    estimator, (x, y) = estimator_of(parse_candidate(name)), toy_rows()
    x = prepared(x).transform(x)
    if isinstance(estimator, Boosting):
        rows = BoostingRows(estimator.dataset(x, settings=Settings()), y, np.ones(y.size))
        return estimator.train(rows, parameters, settings=Settings(), seed=1)
    model = estimator.build(Settings(), parameters, seed=1, n_rows=n_rows)
    if hasattr(model, "steps"):
        model.set_params(nystroem__n_components=20)
    if "forest" in kind or "trees" in kind:
        model.set_params(n_estimators=20)
    if isinstance(estimator, Bag):
        model = SAMPLERS["bagging"].build(y, 1)(model)
    return model.fit(x, y)


def fitted(kind: str = "logistic", *, threshold: float = 0.4) -> Fitted:
    """Train one candidate on the toy rows, calibrated on other toy rows."""
    candidate, (x, _) = parse_candidate(KINDS[kind][0]), toy_rows()
    plain = Fitted(
        candidate=candidate,
        block=BLOCK,
        preparation=prepared(x),
        estimator=estimator_of(candidate),
        model=trained(kind),
        calibrator=Calibrator(),
        threshold=threshold,
        parameters={"C": 0.1},
    )
    other, y = toy_rows(seed=1)
    return replace(plain, calibrator=fit_calibrator(plain.score(other), y))


def facts(**others: Any) -> ModelFacts:
    """Say what the toy models were trained on."""
    x, y = toy_rows()
    low, high = training_range(x)
    said: dict[str, Any] = {
        "title": "A toy",
        "features": FEATURES,
        "low": low,
        "high": high,
        "label": "malignant",
        "classes": ("benign", "malignant"),
        "unit": "lesion",
        "rule": "max",
        "units": y.size,
        "patients": 60,
        "positives": int(y.sum()),
        "operating": "sensitivity:0.9",
        "target_sensitivity": 0.95,
        "certificates": (Certificate(0.95, 0.9, 0.2, 0.7, 45), Certificate(0.99, 0.9, None, None, 230)),
        "versions": {"python": "3.11.0"},
    }
    return ModelFacts(**{**said, **others})


def toy_distribution() -> TrainingDistribution:
    """Summarise training cases like those of the toy table and the toy rows; none is far from them."""
    frame = toy_frame(patients=150, seed=11)
    return distribution_of(np.vstack([toy_rows()[0], frame[list(FEATURES)].to_numpy(np.float64)]), FEATURES)


def distribution_of(x: np.ndarray, names: tuple[str, ...], **columns: Any) -> TrainingDistribution:
    """Summarise rows as training cases of as many patients, every other one positive."""
    rows = pd.DataFrame(
        {"case_id": np.arange(len(x)).astype(str), "patient_id": np.arange(len(x)).astype(str), **columns}
    )
    number = np.arange(len(x))
    units = make_units(rows, (number % 2).astype(np.int8), number)
    return TrainingDistribution.fit(x, names, units=units, rows=rows, scores=number / len(x), fold_of=number % 5)
