"""SHAP values of tree models on rows that they were not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.explain.shap_library import load_shap

Floats = NDArray[np.float64]


def contributions(model: Any, x: Floats, *, source: NDArray[np.int64], n_features: int) -> Floats:
    """Compute path-dependent SHAP values (Lundberg et al., Nat Mach Intell 2020;2:56-67).

    Parameters
    ----------
    model : xgboost.Booster or a scikit-learn forest
        Fitted, two classes.
    x : ndarray of float64, shape (n_rows, n_prepared)
        Rows as the model is given them.
    source : ndarray of int64, shape (n_prepared,)
        The feature that each prepared column comes from; an indicator of missingness counts with its
        feature.
    n_features : int

    Returns
    -------
    ndarray of float64, shape (n_rows, n_features + 1)
        One column a feature and the base value last; a row adds up to the model's log-odds (XGBoost) or
        probability (forests).
    """
    raw = _boosted(model, x) if hasattr(model, "get_score") else _forest(model, x)
    summed = np.zeros((x.shape[0], n_features + 1))
    np.add.at(summed.T, np.append(source, n_features), raw.T)
    return summed


def _boosted(model: Any, x: Floats) -> Floats:
    import xgboost

    # XGBoost's own; equal to shap.TreeExplainer, and on the GPU when the model is.
    rows = xgboost.DMatrix(x, nthread=1)
    return np.asarray(model.predict(rows, pred_contribs=True), dtype=np.float64)


def _forest(model: Any, x: Floats) -> Floats:
    explainer = load_shap().TreeExplainer(model, feature_perturbation="tree_path_dependent")
    values = explainer.shap_values(x, check_additivity=True)[:, :, 1]
    base = np.full((x.shape[0], 1), explainer.expected_value[1])
    return np.hstack([values, base])


def contribution_table(
    parts: Sequence[tuple[int, int, NDArray[np.intp], Floats]],
    case_ids: Sequence[str],
    features: Sequence[str],
) -> pd.DataFrame:
    """Lay the values out, one row a held-out case and repeat.

    Parameters
    ----------
    parts : sequence of (repeat, fold, row positions, values of shape (n_rows, n_features + 1))
    case_ids : sequence of str
        Of all rows of the cohort.
    features : sequence of str

    Returns
    -------
    pandas.DataFrame
        Columns case_id, repeat, fold, base, then the features; ordered by repeat and row. float32: the
        models compute no more digits, and the file halves.
    """
    parts = sorted(parts, key=lambda part: part[:2])
    repeat = np.concatenate([np.full(rows.size, r, dtype=np.int16) for r, _, rows, _ in parts])
    fold = np.concatenate([np.full(rows.size, f, dtype=np.int16) for _, f, rows, _ in parts])
    row = np.concatenate([rows for _, _, rows, _ in parts])
    values = np.vstack([values for *_, values in parts]).astype(np.float32)
    order = np.lexsort((row, repeat))
    identity = pd.DataFrame(
        {
            "case_id": np.asarray(case_ids, dtype=object)[row[order]],
            "repeat": repeat[order],
            "fold": fold[order],
            "base": values[order, -1],
        }
    )
    return pd.concat([identity, pd.DataFrame(values[order, :-1], columns=list(features))], axis=1)


IDENTITY = ("case_id", "repeat", "fold", "base")


def mean_by_case(table: pd.DataFrame) -> pd.DataFrame:
    """Average the contributions of a case over the repeats.

    Returns
    -------
    pandas.DataFrame
        Indexed by case_id in order of first appearance, one column a feature.
    """
    features = [name for name in table.columns if name not in IDENTITY]
    return table.groupby("case_id", sort=False)[features].mean()


def importance(table: pd.DataFrame) -> pd.Series:
    """Rank the features by mean absolute contribution over held-out cases, highest first.

    Ties keep the table's order of features.
    """
    size = mean_by_case(table).abs().mean()
    return size.sort_values(ascending=False, kind="stable")
