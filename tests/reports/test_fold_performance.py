"""Fold-by-fold performance: AUROCs by scikit-learn, and folds of one class left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from radiomics_mammo.reports.sections.fold_performance import fold_aurocs
from tests.support.finished_run import toy_run
from tests.support.report_page import section_part


def test_every_fold_and_repeat_has_its_auroc():
    run, _ = toy_run()
    table = fold_aurocs(run.predictions).set_index(["model", "repeat", "fold"])["auroc"]
    assert len(table) == len(run.info.candidates) * 5 * 2
    fold = run.predictions.query("model == 'forest' and repeat == 1 and fold == 3")
    assert table["forest", 1, 3] == pytest.approx(roc_auc_score(fold["y"], fold["p"]))


def test_the_section_has_a_row_a_model_by_mean_with_the_best_marked():
    run, _ = toy_run()
    part = section_part("folds", run)
    (table,) = part.tables
    means = [float(row[2]) for row in table.rows]
    assert means == sorted(means, reverse=True)
    wanted = fold_aurocs(run.predictions).query("model == 'xgboost'")["auroc"]
    assert table.rows[table.marks.index("best")] == [
        *("XGBoost", "10", f"{wanted.mean():.3f}", f"{wanted.std():.3f}"),
        *(f"{value:.3f}" for value in (wanted.min(), wanted.median(), wanted.max())),
    ]
    assert f"XGBoost {wanted.mean():.3f} ({wanted.min():.3f} to {wanted.max():.3f})" in part.figures[0].svg


def test_folds_of_one_class_are_left_out():
    one = pd.DataFrame({"model": "m", "repeat": 0, "fold": [0, 0, 1, 1], "y": [0, 1, 1, 1], "p": np.linspace(0, 1, 4)})
    assert fold_aurocs(one)["fold"].tolist() == [0]
    assert fold_aurocs(one.assign(y=1)).empty
