"""What is done to the features before any model, fitted on the training rows of one fold only."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted


class DropConstant(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keep the columns that take at least two values among the training rows; nulls do not count as one.

    scikit-learn's ``VarianceThreshold`` warns about all-null columns and trips over rounding in constant
    ones, so this compares the largest with the smallest value.

    Attributes
    ----------
    kept_ : ndarray of int64, shape (n_kept,)
        Positions of the columns that stay.
    """

    def fit(self, X: NDArray[np.float64], y: object = None) -> Self:  # noqa: ARG002 (scikit-learn's signature)
        """Find the columns that vary."""
        low = np.where(np.isnan(X), np.inf, X).min(axis=0)
        high = np.where(np.isnan(X), -np.inf, X).max(axis=0)
        self.kept_ = np.flatnonzero(high > low)
        return self

    def transform(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Keep them."""
        check_is_fitted(self)
        return np.asarray(X[:, self.kept_])


def preparation() -> list[tuple[str, Any]]:
    """Give the steps: constant columns out, nulls to the median with an indicator, mean 0, deviation 1.

    Trees do not need the scaling, but SMOTE's neighbours do, and one preparation for all arms leaves the
    sampler as the only difference between an arm and its twin.
    """
    return [
        ("vary", DropConstant()),
        ("impute", SimpleImputer(strategy="median", add_indicator=True)),
        ("scale", StandardScaler()),
    ]


def prepare(fitted: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put rows through the preparation of a fitted pipeline, up to what its model is given."""
    for name, _ in preparation():
        x = fitted.named_steps[name].transform(x)
    return x


def source_columns(fitted: Any) -> NDArray[np.int64]:
    """Give the feature that each column leaving the preparation of a fitted pipeline was made from.

    Returns
    -------
    ndarray of int64, shape (n_prepared,)
        Positions in the table's features; an indicator column has its feature's.
    """
    kept = fitted.named_steps["vary"].kept_
    indicator = fitted.named_steps["impute"].indicator_
    missing = np.zeros(0, dtype=np.int64) if indicator is None else indicator.features_
    return np.concatenate([kept, kept[missing]]).astype(np.int64)
