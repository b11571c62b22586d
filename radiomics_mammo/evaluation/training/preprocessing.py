"""What is done to the features before any model, fitted on the training rows of one fold only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from radiomics_mammo.evaluation.training.embedding_transforms import Compress, Fuse

Floats = NDArray[np.float64]

FARTHEST = 5.0
"""Standard deviations."""
ALIKE = 0.95
"""Rank correlation at which the later of two columns is left out."""
_CORRELATED_ROWS = 5_000  # enough to tell 0.95 from 0.94; more rows would only cost time


class _Columns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keep the columns at the positions ``support_``."""

    support_: NDArray[np.int64]

    def transform(self, X: Floats) -> Floats:
        """Keep them."""
        check_is_fitted(self)
        return np.asarray(X[:, self.support_])


class DropConstant(_Columns):
    """Keep the columns that take at least two values among the training rows.

    Where there is none the first stays, as a constant, so that a model can still say the share of positives.

    scikit-learn's ``VarianceThreshold`` warns about all-null columns and trips over rounding in constant
    ones, so this compares the largest with the smallest value.
    """

    def fit(self, X: Floats, y: object = None) -> Self:  # noqa: ARG002
        """Find the columns that vary."""
        # Column by column: whole-array masks would take as much memory again as the table.
        spread = [column[~np.isnan(column)] for column in X.T]
        vary = [column.size > 0 and column.max() > column.min() for column in spread]
        self.support_ = np.flatnonzero(vary) if any(vary) else np.zeros(1, dtype=np.int64)
        return self


class DropAlike(_Columns):
    """Leave out columns whose rank correlation with one before is ``ALIKE`` or more.

    The earlier one in the table's order stays, so that folds agree on which. Labels are not looked at.
    """

    def fit(self, X: Floats, y: object = None) -> Self:  # noqa: ARG002
        """Find them, on evenly spaced rows where there are more than 5,000."""
        some = X[np.linspace(0, len(X) - 1, min(len(X), _CORRELATED_ROWS)).astype(np.int64)]
        alike = np.abs(rank_correlation(some)) >= ALIKE
        positions: list[int] = []
        for column in range(X.shape[1]):
            if not alike[column, positions].any():
                positions.append(column)
        self.support_ = np.asarray(positions, dtype=np.int64)
        return self


class Clip(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Move standardised values more than ``FARTHEST`` standard deviations out to there.

    A linear score, or a distance, would extrapolate without limit.
    """

    def fit(self, X: Floats, y: object = None) -> Self:  # noqa: ARG002
        """Fit nothing."""
        self.limit_ = FARTHEST
        return self

    def transform(self, X: Floats) -> Floats:
        """Clip them."""
        check_is_fitted(self)
        return np.asarray(np.clip(X, -self.limit_, self.limit_))


class Take(_Columns):
    """Keep the columns at given positions."""

    def __init__(self, columns: Sequence[int] = ()) -> None:
        self.columns = columns

    def fit(self, X: Floats, y: object = None) -> Self:  # noqa: ARG002
        """Take note of the positions."""
        self.support_ = np.asarray(self.columns, dtype=np.int64)
        return self


def rank_correlation(x: Floats) -> Floats:
    """Compute Spearman's coefficients of all pairs of columns; nulls in the middle."""
    from scipy.stats import rankdata

    missing = np.isnan(x)
    ranks = rankdata(x, axis=0, nan_policy="omit") if missing.any() else rankdata(x, axis=0)
    # The ranks of n values have the mean (n + 1) / 2.
    centred = np.where(missing, 0.0, ranks - ((~missing).sum(axis=0) + 1) / 2)
    norm = np.sqrt((centred**2).sum(axis=0))
    centred /= np.where(norm > 0, norm, 1.0)
    return np.asarray(centred.T @ centred)


def preparation(*, native_nulls: bool, widths: Sequence[int] = (), fused: bool = False, components: int = 0) -> Any:
    """Build the steps: drop constant and redundant columns, fill nulls, scale.

    ``native_nulls``: the model takes nulls in radiomic features as they are. ``widths`` are the columns of each
    embedder; ``fused``: radiomic features come before them. ``components`` is as in
    :class:`radiomics_mammo.evaluation.training.embedding_transforms.Compress`.
    """
    if widths:
        compress = Compress(tuple(widths), components)
        plain = preparation(native_nulls=native_nulls)
        return Pipeline([("fuse", Fuse(plain, compress))] if fused else [("compress", compress)])
    steps: list[tuple[str, Any]] = [("vary", DropConstant()), ("alike", DropAlike())]
    if not native_nulls:
        steps += [
            ("impute", SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)),
            ("scale", StandardScaler()),
            ("clip", Clip()),
        ]
    return Pipeline(steps)


def with_columns(fitted: Any, columns: Sequence[int]) -> Any:
    """Add to a fitted preparation the choice of some of the columns that leave it."""
    selected = Take(tuple(int(column) for column in columns)).fit(np.zeros((1, 0)))
    return Pipeline([*fitted.steps, ("select", selected)])


def source_columns(fitted: Any) -> NDArray[np.int64]:
    """Give the column of the block that each prepared column was made from.

    An indicator of missingness has its feature's. What an embedder gave counts as one column: those of the embedders
    follow the radiomic features, or begin at 0 where there are none.
    """
    steps = fitted.named_steps
    if "compress" in steps or "fuse" in steps:
        fuse = steps.get("fuse")
        before = np.zeros(0, dtype=np.int64) if fuse is None else source_columns(fuse.plain_)
        sizes = (steps["compress"] if fuse is None else fuse.compress_).sizes()
        first = 0 if fuse is None else fuse.n_plain_
        positions = np.concatenate([before, np.repeat(np.arange(first, first + len(sizes)), sizes)])
    else:
        positions = steps["vary"].support_[steps["alike"].support_]
        if "impute" in steps and steps["impute"].indicator_ is not None:
            positions = np.concatenate([positions, positions[steps["impute"].indicator_.features_]])
    return np.asarray(positions[steps["select"].support_] if "select" in steps else positions, dtype=np.int64)
