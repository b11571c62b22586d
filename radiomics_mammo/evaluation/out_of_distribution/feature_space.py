"""The space in which cases are compared with training cases: features, mask style, components of embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.training.embedding_transforms import Compress
from radiomics_mammo.evaluation.training.fixed_order import dot
from radiomics_mammo.tables.feature_table import embedder_of, is_embedding

Floats = NDArray[np.float64]

COMPONENTS = 32
"""Principal components of each network."""
MASK_STYLE = ("mask area / area of its ellipse", "mask perimeter / perimeter of its ellipse")
"""Columns derived from shape: 1 for an ellipse, 0.955 and 1.06 for a square, less and more for an outline."""

_SHAPE = tuple(
    f"original_shape2D_{name}" for name in ("PixelSurface", "Perimeter", "MajorAxisLength", "MinorAxisLength")
)


@dataclass(frozen=True, slots=True, eq=False)
class FeatureSpace:
    """A space fitted on training rows; labels are not looked at.

    Attributes
    ----------
    names : tuple of str
        Of the model's columns: features and embeddings.
    location, scale : ndarray of float64, shape (n_coordinates,)
        Of the coordinates among the training rows.
    compress : Compress or None
        Of the embeddings.
    """

    names: tuple[str, ...]
    location: Floats
    scale: Floats
    compress: Compress | None

    @classmethod
    def fit(cls, x: Floats, names: Sequence[str]) -> Self:
        """Fit the space.

        Parameters
        ----------
        x : ndarray of float64, shape (n_rows, n_columns)
            Columns as in the table; NaN where undefined.
        names : sequence of str
        """
        prefixes = [embedder_of(name) for name in names if is_embedding(name)]
        widths = [prefixes.count(prefix) for prefix in dict.fromkeys(prefixes)]
        compress = Compress(widths, COMPONENTS).fit(x[:, _embedded(names)]) if widths else None
        unscaled = cls(tuple(names), np.zeros(1), np.ones(1), compress)
        coordinates = unscaled._coordinates(x)
        empty = np.isnan(coordinates).all(axis=0)
        known = np.where(empty, 0.0, coordinates)
        deviation = np.nanstd(known, axis=0)
        scale = np.where(deviation > 1e-12, deviation, 1.0)
        return cls(tuple(names), np.nanmean(known, axis=0), scale, compress)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns that :meth:`values` gives."""
        features = tuple(name for name in self.names if not is_embedding(name))
        return features + (MASK_STYLE if set(_SHAPE) <= set(features) else ())

    def values(self, x: Floats) -> Floats:
        """Return the features and the mask style of rows, as they are read; (n_rows, n_values)."""
        features = x[:, ~_embedded(self.names)]
        if len(self.columns) == features.shape[1]:
            return features
        area, perimeter, major, minor = (x[:, self.names.index(name)] for name in _SHAPE)
        with np.errstate(divide="ignore", invalid="ignore"):
            h = ((major - minor) / (major + minor)) ** 2
            around = np.pi / 2 * (major + minor) * (1 + 3 * h / (10 + np.sqrt(4 - 3 * h)))  # Ramanujan's second
            style = np.column_stack([area / (np.pi / 4 * major * minor), perimeter / around])
        return np.hstack([features, np.where(np.isfinite(style), style, np.nan)])

    def components(self, x: Floats) -> Floats:
        """Return the components of the embeddings of rows; (n_rows, n_components)."""
        return (
            np.zeros((len(x), 0))
            if self.compress is None
            else self.compress.transform_rows(x[:, _embedded(self.names)])
        )

    def coordinates(self, x: Floats) -> Floats:
        """Return standardised coordinates of rows; a null lies at the mean."""
        standard = (self._coordinates(x) - self.location) / self.scale
        return np.where(np.isnan(standard), 0.0, standard)

    def _coordinates(self, x: Floats) -> Floats:
        values = self.values(x)
        # Texture features span decades.
        return np.hstack([np.sign(values) * np.log1p(np.abs(values)), self.components(x)])


@dataclass(frozen=True, slots=True, eq=False)
class Distance:
    """Mahalanobis distance from the training cases, of a covariance shrunk as Ledoit and Wolf (2004).

    Attributes
    ----------
    space : FeatureSpace
    whitening : ndarray of float64, shape (n_coordinates, n_coordinates)
        From coordinates to uncorrelated ones of variance 1.
    low, high, spread : ndarray of float64, shape (n_values,)
        Range and interquartile range of the training values; NaN for a column that was null in all rows.
    """

    space: FeatureSpace
    whitening: Floats
    low: Floats
    high: Floats
    spread: Floats

    @classmethod
    def fit(cls, x: Floats, names: Sequence[str]) -> Self:
        """Fit space, covariance and ranges on training rows, shape (n_rows, n_columns)."""
        from sklearn.covariance import LedoitWolf

        space = FeatureSpace.fit(x, names)
        precision = LedoitWolf(assume_centered=True).fit(space.coordinates(x)).precision_
        values = space.values(x)
        empty = np.isnan(values).all(axis=0)
        quartiles = np.nanquantile(np.where(empty, 0.0, values), [0, 0.25, 0.75, 1], axis=0)
        low, quarter, third, high = quartiles.reshape(4, -1)  # embeddings alone have no values
        low, high = (np.where(empty, np.nan, limit) for limit in (low, high))
        return cls(space, np.linalg.cholesky(precision), low, high, third - quarter)

    def of(self, x: Floats) -> Floats:
        """Return the distance of each row; a row's digits depend on that row alone."""
        return np.asarray(np.sqrt((dot(self.space.coordinates(x), self.whitening) ** 2).sum(axis=1)))

    def exceedance(self, x: Floats) -> Floats:
        """Return by how many interquartile ranges each value lies outside the training range; (n_rows, n_values).

        Infinite where the training values did not vary, or were all null; 0 of a null.
        """
        values = self.space.values(x)
        short = np.fmax(self.low - values, values - self.high)
        with np.errstate(divide="ignore", invalid="ignore"):
            far = np.where(short > 0, short / self.spread, 0.0)
        return np.where(np.isnan(self.low) & ~np.isnan(values), np.inf, np.where(np.isnan(far), np.inf, far))


def _embedded(names: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([is_embedding(name) for name in names], dtype=np.bool_)
