"""The whole pipeline on labels that mean nothing: tuning, selection, resampling and calibration make no signal."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from radiomics_mammo.evaluation.training.cross_validation import cross_validate
from tests.support.cohorts import toy_frame
from tests.support.plans import plan_of


@pytest.mark.slow
def test_permuted_labels_score_like_guessing():
    found = []
    for seed in range(2):
        frame = toy_frame(patients=120, strength=0, seed=seed)
        sick = np.random.default_rng(seed).permutation(np.arange(120) < 48)
        frame["malignant"] = np.repeat(sick, 2).astype(int)
        candidates = "svm,xgboost+oversampling,xgboost+smote"
        plan = plan_of(frame, candidates=candidates, folds=3, seed=seed, trials=3, select="mrmr")
        outcome = cross_validate(plan)
        found.append([roc_auc_score(plan.cohort.y, p[0]) for p in outcome.p])
    # 240 rows of 120 patients: one AUROC of guessing has a standard error of about 0.05.
    assert abs(np.mean(found) - 0.5) < 0.07
    assert np.max(found) < 0.68
