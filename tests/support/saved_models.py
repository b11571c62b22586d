"""Small trained models of every kind that is saved, for the tests of saving, predicting and the model card."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, LinearSVC

from radiomics_mammo.evaluation.cohort.records import FEATURES as BLOCK
from radiomics_mammo.evaluation.cohort.records import Candidate
from radiomics_mammo.evaluation.training.calibration import fit_calibrator
from radiomics_mammo.evaluation.training.fitted_model import Fitted
from radiomics_mammo.evaluation.training.preprocessing import preparation, with_choice
from radiomics_mammo.runs.model_metadata import Certificate, ModelFacts, training_range
from tests.support.cohorts import FEATURES

KINDS = (
    "logistic",
    "forest",
    "extra",
    "svc",
    "svc-approximated",
    "linear-svc",
    "bagging",
    "boosted-bagging",
    "booster",
)


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
    return with_choice(preparation(native_nulls=False).fit(x), range(6))


def scikit(kind: str) -> Any:
    from imblearn.ensemble import BalancedBaggingClassifier
    from xgboost import XGBClassifier

    x, y = toy_rows()
    made = {
        "logistic": LogisticRegression(C=0.1),
        "forest": RandomForestClassifier(8, min_samples_leaf=5, random_state=1),
        "extra": ExtraTreesClassifier(8, min_samples_leaf=5, random_state=1),
        "svc": SVC(random_state=1),
        "linear-svc": LinearSVC(random_state=1),
        "bagging": BalancedBaggingClassifier(n_estimators=4, random_state=1),
        "boosted-bagging": BalancedBaggingClassifier(
            XGBClassifier(n_estimators=3, max_depth=2, n_jobs=1), n_estimators=3, random_state=1
        ),
        "svc-approximated": make_pipeline(Nystroem(n_components=20, random_state=1), LinearSVC(random_state=1)),
    }[kind]
    return made.fit(prepared(x).transform(x), y)


def boosted() -> Any:
    from xgboost import DMatrix, train

    x, y = toy_rows()
    data = DMatrix(prepared(x).transform(x), label=y, nthread=1)
    return train({"objective": "binary:logistic", "max_depth": 2, "nthread": 1, "seed": 1}, data, num_boost_round=12)


def fitted(kind: str = "logistic", *, threshold: float = 0.4) -> Fitted:
    """Train one candidate on the toy rows, calibrated on other toy rows."""
    x, _ = toy_rows()
    plain = Fitted(
        candidate=Candidate("xgboost", "oversampling") if kind == "booster" else Candidate(kind),
        block=BLOCK,
        preparation=prepared(x),
        estimator=boosted() if kind == "booster" else scikit(kind),
        calibrator=fit_calibrator(np.full(2, 0.5), np.array([0, 1], dtype=np.int8)),
        threshold=threshold,
        parameters={"C": 0.1},
    )
    other, y = toy_rows(seed=1)
    calibrator = fit_calibrator(plain.score(other), y)
    return Fitted(
        plain.candidate, plain.block, plain.preparation, plain.estimator, calibrator, threshold, plain.parameters
    )


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
        "asked": 0.95,
        "certificates": (Certificate(0.95, 0.9, 0.2, 0.7, 45), Certificate(0.99, 0.9, None, None, 230)),
        "versions": {"python": "3.11.0"},
    }
    return ModelFacts(**{**said, **others})
