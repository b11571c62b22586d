"""SHAP values of tree models on rows that they were not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.training.calibration import Calibrator
from radiomics_mammo.evaluation.training.fitted_model import Fitted

Floats = NDArray[np.float64]

IDENTITY = ("case_id", "repeat", "fold", "base", "scale", "shift")
"""Columns of the table of contributions that are no feature's."""
_FEWEST = 20  # rows of a fold that interactions are computed for


def contributions(fitted: Fitted, x: Floats, *, source: NDArray[np.int64], n_features: int) -> Floats:
    """Compute path-dependent SHAP values (Lundberg et al. 2020).

    Nat Mach Intell 2020;2:56-67.

    Parameters
    ----------
    fitted : Fitted
        An XGBoost model or a forest of scikit-learn, two classes.
    x : ndarray of float64, shape (n_rows, n_prepared)
        Rows as the model is given them.
    source : ndarray of int64, shape (n_prepared,)
        The feature that each prepared column comes from; an indicator of missingness counts with its
        feature.

    Returns
    -------
    ndarray of float64, shape (n_rows, n_features + 3)
        One column a feature and the base value: a row adds up to the model's log-odds (XGBoost) or probability
        (forests). Then scale and shift of :func:`calibrated_line`.
    """
    raw = fitted.estimator.contributions(fitted.model, x)
    summed = np.zeros((x.shape[0], n_features + 3))
    np.add.at(summed.T, np.append(source, n_features), raw.T)
    summed[:, n_features + 1 :] = (
        calibrated_line(fitted.calibrator) if fitted.estimator.contribution_unit == "log-odds" else (np.nan, np.nan)
    )
    return summed


def interactions(
    fitted: Fitted, x: Floats, *, source: NDArray[np.int64], n_features: int, most: int
) -> tuple[int, Floats]:
    """Compute the summed strength of SHAP interactions of an XGBoost model.

    Parameters
    ----------
    most : int
        Limit of rows times prepared columns squared, but twenty rows at least; the rows are evenly spaced.

    Returns
    -------
    n_rows : int
        Number of rows.
    strength : ndarray of float64, shape (n_features, n_features)
        Sum over rows of |φ_ij + φ_ji|, both halves of an interaction; the diagonal holds the main effects.
    """
    n_rows = min(x.shape[0], max(_FEWEST, most // x.shape[1] ** 2))
    rows = np.linspace(0, x.shape[0] - 1, n_rows).astype(np.int64)
    belongs = np.eye(n_features)[source]
    total = np.zeros((n_features, n_features))
    for some in np.array_split(rows, max(1, n_rows * x.shape[1] ** 2 // 20_000_000)):  # 160 MB at a time
        raw = fitted.estimator.interactions(fitted.model, x[some])
        halves = belongs.T @ raw[:, :-1, :-1].astype(np.float64) @ belongs
        total += np.abs(halves + halves.transpose(0, 2, 1)).sum(axis=0)
    total[np.diag_indices(n_features)] /= 2
    return n_rows, total


def calibrated_line(calibrator: Calibrator) -> tuple[float, float]:
    """Return scale and shift of the calibrated log-odds of an XGBoost model.

    NaN where the calibration is no line (isotonic). The line is exact up to a margin of ±13.8, beyond which
    probabilities are cut off.
    """
    if calibrator.kind == "none":
        return 1.0, 0.0
    if calibrator.kind == "sigmoid":
        shift, scale = calibrator.y
        return scale, shift
    return float("nan"), float("nan")


def contribution_table(
    parts: Sequence[tuple[int, int, NDArray[np.intp], Floats]],
    case_ids: Sequence[str],
    features: Sequence[str],
) -> pd.DataFrame:
    """Build the table of SHAP values, one row a held-out case and repeat.

    ``parts`` are (repeat, fold, row positions, values) with values as :func:`contributions` gives them. Features and
    base are float32: the models compute no more digits, and the file halves.
    """
    parts = sorted(parts, key=lambda part: part[:2])
    repeat = np.concatenate([np.full(rows.size, r, dtype=np.int16) for r, _, rows, _ in parts])
    fold = np.concatenate([np.full(rows.size, f, dtype=np.int16) for _, f, rows, _ in parts])
    row = np.concatenate([rows for _, _, rows, _ in parts])
    order = np.lexsort((row, repeat))
    values = np.vstack([values for *_, values in parts])[order]
    n_features = len(features)
    identity = pd.DataFrame(
        {
            "case_id": np.asarray(case_ids, dtype=object)[row[order]],
            "repeat": repeat[order],
            "fold": fold[order],
            "base": values[:, n_features].astype(np.float32),
            "scale": values[:, n_features + 1],
            "shift": values[:, n_features + 2],
        }
    )
    moved = pd.DataFrame(values[:, :n_features].astype(np.float32), columns=list(features))
    return pd.concat([identity, moved], axis=1)


def features_of(table: pd.DataFrame) -> list[str]:
    """Return the features of a table of contributions."""
    return [str(name) for name in table.columns if name not in IDENTITY]


def mean_by_case(table: pd.DataFrame) -> pd.DataFrame:
    """Average the contributions of a case over the repeats, one row a case."""
    return table.groupby("case_id", sort=False)[features_of(table)].mean()


def importance(table: pd.DataFrame) -> pd.Series:
    """Compute mean absolute SHAP values over held-out cases, highest first.

    Ties keep the table's order of features.
    """
    size = mean_by_case(table).abs().mean()
    return size.sort_values(ascending=False, kind="stable")
