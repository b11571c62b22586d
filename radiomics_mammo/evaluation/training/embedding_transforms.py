"""What is done to embeddings before a model, fitted on the training rows of one fold only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from radiomics_mammo.evaluation.training.fixed_order import dot

Floats = NDArray[np.float64]


FARTHEST = 10.0


class Compress(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Standardise embeddings, and reduce each embedder's to its leading principal components.

    Values more than ``FARTHEST`` standard deviations out are moved there: many columns of a network are nearly always
    0, and one that hardly varied among the training rows would otherwise outweigh all others in a new case.
    Components are not brought to one variance: a penalty then weighs least on what varies most.

    Parameters
    ----------
    widths : sequence of int
        Columns of each embedder, which follow one another.
    components : int
        Components kept of each, fewer where there are fewer rows or columns; 0 keeps the standardised columns.

    Attributes
    ----------
    mean_, scale_ : ndarray of float64, shape (n_columns,)
        A constant column has the scale 1.
    axes_ : list of ndarray of float64, shape (n_components, width)
        One an embedder; empty where nothing is reduced.
    """

    def __init__(self, widths: Sequence[int] = (), components: int = 0) -> None:
        self.widths = widths
        self.components = components

    def fit(self, X: Floats, y: object = None) -> Self:  # noqa: ARG002 (scikit-learn's signature)
        """Find means, scales and components; labels are not looked at."""
        self.mean_ = X.mean(axis=0)
        # Rounding gives a constant column a deviation above 0.
        self.scale_ = np.where(np.ptp(X, axis=0) > 0, X.std(axis=0), 1.0)
        self.axes_: list[Floats] = []
        if self.components:
            standard = self._standard(X)
            for part in self._parts(standard):
                most = min(self.components, *part.shape)
                self.axes_.append(_axes(part, most))
        return self

    def transform(self, X: Floats) -> Floats:
        """Give the standardised columns, or the components, one embedder's after the other's."""
        check_is_fitted(self)
        standard = self._standard(X)
        if not self.axes_:
            return np.asarray(standard)
        return np.hstack([part @ axes.T for part, axes in zip(self._parts(standard), self.axes_, strict=True)])

    def transform_rows(self, X: Floats) -> Floats:
        """Transform as :meth:`transform`, each row's digits independent of the others."""
        check_is_fitted(self)
        standard = self._standard(X)
        if not self.axes_:
            return standard
        return np.hstack([dot(part, axes.T) for part, axes in zip(self._parts(standard), self.axes_, strict=True)])

    def sizes(self) -> list[int]:
        """Count the columns that each embedder is left with."""
        return [len(axes) for axes in self.axes_] or list(self.widths)

    def _standard(self, x: Floats) -> Floats:
        return np.asarray(np.clip((x - self.mean_) / self.scale_, -FARTHEST, FARTHEST))

    def _parts(self, x: Floats) -> list[Floats]:
        return np.split(x, np.cumsum(self.widths)[:-1], axis=1)


def _axes(x: Floats, most: int) -> Floats:
    from sklearn.decomposition import PCA

    if not np.ptp(x, axis=0).any():  # a network that saw the same everywhere has no components
        return np.eye(most, x.shape[1])
    return np.asarray(PCA(most, svd_solver=_solver(x, most), random_state=0).fit(x).components_)


def _solver(x: Floats, most: int) -> str:
    """Name the fastest of the solvers that are exact."""
    if x.shape[0] > 4 * x.shape[1]:
        return "covariance_eigh"
    return "arpack" if most < min(x.shape) else "full"


class Fuse(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Prepare radiomic features and embeddings each in their way, and lay them side by side."""

    def __init__(self, plain: object = None, compress: Compress | None = None) -> None:
        self.plain = plain
        self.compress = compress

    def fit(self, X: Floats, y: object = None) -> Self:  # noqa: ARG002
        """Fit both."""
        from sklearn.base import clone

        assert self.compress is not None
        self.n_plain_ = X.shape[1] - int(sum(self.compress.widths))
        self.plain_ = clone(self.plain).fit(X[:, : self.n_plain_])
        self.compress_ = clone(self.compress).fit(X[:, self.n_plain_ :])
        return self

    def transform(self, X: Floats) -> Floats:
        """Prepare both."""
        check_is_fitted(self)
        plain, embedded = np.split(X, [self.n_plain_], axis=1)
        return np.hstack([self.plain_.transform(plain), self.compress_.transform(embedded)])

    def transform_rows(self, X: Floats) -> Floats:
        """Prepare both, each row's digits independent of the others."""
        check_is_fitted(self)
        plain, embedded = np.split(X, [self.n_plain_], axis=1)
        return np.hstack([self.plain_.transform(plain), self.compress_.transform_rows(embedded)])
