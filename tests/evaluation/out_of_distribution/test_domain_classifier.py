"""Covariate shift between training and test set."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from radiomics_mammo.evaluation.cohort.cohort import prepare_cohort
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.out_of_distribution.domain_classifier import ALL, covariate_shift
from tests.support.cohorts import FEATURES, toy_frame


def cohort(*, seed: int, shift: float = 0.0, patients: int = 60):
    frame = toy_frame(patients=patients, seed=seed)
    frame[FEATURES[2]] += shift
    return prepare_cohort(frame, FEATURES, target=Target("malignant"))


def test_no_shift_is_half_and_a_shifted_column_is_named():
    train, same = cohort(seed=1), cohort(seed=2)
    table = covariate_shift(train, same, seed=0)
    assert table["column"][0] == ALL
    assert table["low"][0] <= 0.5 <= table["high"][0]
    other = cohort(seed=2, shift=2.0)
    table = covariate_shift(train, other, seed=0)
    assert table["low"][0] > 0.6
    assert table["column"][1] == FEATURES[2]
    column = train.features.index(FEATURES[2])
    both = np.concatenate([train.x[:, column], other.x[:, column]])
    expected = roc_auc_score(np.repeat([0, 1], [len(train.x), len(other.x)]), both)
    assert table["auroc"][1] == pytest.approx(expected)
