"""What a model keeps of its training cases, to tell which new cases and tables are unlike them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.parse_cells import cell_texts
from radiomics_mammo.evaluation.cohort.prediction_units import aggregate
from radiomics_mammo.evaluation.cohort.records import Units
from radiomics_mammo.evaluation.out_of_distribution.feature_space import Distance, FeatureSpace
from radiomics_mammo.evaluation.training.embedding_transforms import Compress

Floats = NDArray[np.float64]

ACQUISITION = (
    "spacing_unit",
    "presentation_intent_type",
    "bits_stored",
    "manufacturer",
    "manufacturer_model",
    "scanner",
    "machine_id",
    "machine",
)
"""Columns on how an image was taken: a value that no training case has is a reason for doubt."""
SPACING = "spacing_row_mm"
POINTS = 256
"""Most quantiles of a column and class that are kept."""
MOST_VALUES = 100
"""A column of more distinct values is no property of devices."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingDistribution:
    """The training cases in summary: no row of a patient is in it.

    Attributes
    ----------
    distance : Distance
        Fitted on all training rows.
    never_null : ndarray of bool, shape (n_columns,)
        Columns of the model without a null among the training rows.
    calibration_distance, calibration_exceedance : ndarray of float64, shape (n_units,)
        Distance, and largest number of interquartile ranges outside the range, of each training unit by a fit on the
        other folds; ascending. A unit of several rows has its highest.
    quantiles : tuple of (ndarray, ndarray)
        For each class and each column of :meth:`compared`: ascending, shape (n_compared, n_points).
    patients : tuple of (int, int)
        Training patients of each class; a patient with both counts as positive.
    acquisition : mapping of str to tuple of str
        Values of the columns ``ACQUISITION`` among the training rows, and limits of the spacing.
    """

    distance: Distance
    never_null: NDArray[np.bool_]
    calibration_distance: Floats
    calibration_exceedance: Floats
    quantiles: tuple[Floats, Floats]
    patients: tuple[int, int]
    acquisition: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def fit(
        cls,
        x: Floats,
        names: Sequence[str],
        *,
        units: Units,
        rows: pd.DataFrame,
        scores: Floats,
        fold_of: NDArray[np.integer[Any]],
    ) -> Self:
        """Summarise training cases; distance and range are calibrated out of fold.

        Parameters
        ----------
        x : ndarray of float64, shape (n_rows, n_columns)
            The model's columns.
        names : sequence of str
        units : Units
        rows : pandas.DataFrame
            Identity columns of the rows.
        scores : ndarray of float64, shape (n_units,)
            Raw and out of fold.
        fold_of : ndarray of int, shape (n_units,)
            The fold in which a unit is tested.
        """
        of = units.of
        row_distance, row_exceedance = np.empty(of.size), np.empty(of.size)
        for fold in np.unique(fold_of):
            tested = fold_of[of] == fold
            fitted = Distance.fit(x[~tested], names)
            row_distance[tested] = fitted.of(x[tested])
            row_exceedance[tested] = fitted.exceedance(x[tested]).max(axis=1, initial=0.0)
        distance = Distance.fit(x, names)
        far, exceedance = (aggregate(each, of, "max") for each in (row_distance, row_exceedance))
        compared = compared_columns(distance.space, x, of, distance=far, scores=scores)
        positive = np.unique(units.group[units.y == 1]).size
        return cls(
            distance=distance,
            never_null=np.asarray(~np.isnan(x).any(axis=0)),
            calibration_distance=np.sort(far),
            calibration_exceedance=np.sort(exceedance),
            quantiles=(_quantiles(compared[units.y == 0]), _quantiles(compared[units.y == 1])),
            patients=(np.unique(units.group).size - positive, positive),
            acquisition=acquisition_of(rows),
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns that tables are compared in."""
        components = 0 if self.distance.space.compress is None else sum(self.distance.space.compress.sizes())
        networks = tuple(f"component {i + 1} of the embeddings" for i in range(components))
        return (*self.distance.space.columns, *networks, "distance", "score")

    def compared(self, x: Floats, of: NDArray[np.int64], scores: Floats) -> Floats:
        """Return the units' values of ``columns``; (n_units, n_compared)."""
        distance = aggregate(self.distance.of(x), of, "max")
        return compared_columns(self.distance.space, x, of, distance=distance, scores=scores)


def compared_columns(
    space: FeatureSpace, x: Floats, of: NDArray[np.int64], *, distance: Floats, scores: Floats
) -> Floats:
    """Return features, components, distance and score of units; a unit of several rows has their mean."""
    rows = np.hstack([space.values(x), space.components(x)])
    return np.column_stack([aggregate(rows.T, of, "mean").T, distance, scores])


def acquisition_of(rows: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return the values of the acquisition columns, and the limits of the spacing, of a table's rows."""
    values_by_column = {}
    for name in ACQUISITION:
        values = sorted(set(cell_texts(rows[name]))) if name in rows else []
        if any(values) and len(values) <= MOST_VALUES:
            values_by_column[name] = tuple(values)
    if SPACING in rows:
        spacing = pd.to_numeric(rows[SPACING], errors="coerce").to_numpy(np.float64)
        known = spacing[np.isfinite(spacing)]
        limits = (repr(float(known.min())), repr(float(known.max()))) if known.size else ()
        values_by_column[SPACING] = limits + (("",) if known.size < spacing.size else ())
    return values_by_column


def _quantiles(values: Floats) -> Floats:
    """Return ascending quantiles of each column; a null lies below everything."""
    ordered = np.sort(np.where(np.isnan(values), -np.inf, values), axis=0)
    points = min(POINTS, len(ordered))
    # The middle of each of as many equal parts.
    at = ((2 * np.arange(points) + 1) * len(ordered)) // (2 * points)
    return np.ascontiguousarray(ordered[at].T)


def dump(distribution: TrainingDistribution) -> bytes:
    """Write a distribution as an ``.npz`` archive of plain arrays; the same one gives the same bytes."""
    space = distribution.distance.space
    arrays: dict[str, Any] = {
        "names": np.array(space.names, dtype=np.str_),
        "location": space.location,
        "scale": space.scale,
        "whitening": distribution.distance.whitening,
        "low": distribution.distance.low,
        "high": distribution.distance.high,
        "spread": distribution.distance.spread,
        "never_null": distribution.never_null,
        "calibration_distance": distribution.calibration_distance,
        "calibration_exceedance": distribution.calibration_exceedance,
        "quantiles_0": distribution.quantiles[0],
        "quantiles_1": distribution.quantiles[1],
        "patients": np.array(distribution.patients, dtype=np.int64),
        "acquisition": np.array(json.dumps(dict(distribution.acquisition), sort_keys=True)),
    }
    if space.compress is not None:
        arrays |= {"widths": np.array(space.compress.widths), "mean": space.compress.mean_}
        arrays |= {"deviation": space.compress.scale_}
        arrays |= {f"axes_{i}": axes for i, axes in enumerate(space.compress.axes_)}
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def load(content: bytes, *, names: Sequence[str]) -> TrainingDistribution:
    """Read what :func:`dump` wrote.

    Parameters
    ----------
    content : bytes
    names : sequence of str
        Columns of the model.

    Raises
    ------
    KeyError, ValueError, OSError, zipfile.BadZipFile
        It is damaged, or of another model.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    compress = None
    if "widths" in arrays:
        compress = Compress(arrays["widths"].tolist(), 1)
        compress.mean_, compress.scale_ = arrays["mean"], arrays["deviation"]
        compress.axes_ = [arrays[f"axes_{i}"] for i in range(arrays["widths"].size)]
    space = FeatureSpace(tuple(arrays["names"].tolist()), arrays["location"], arrays["scale"], compress)
    distance = Distance(space, arrays["whitening"], arrays["low"], arrays["high"], arrays["spread"])
    distribution = TrainingDistribution(
        distance=distance,
        never_null=arrays["never_null"],
        calibration_distance=arrays["calibration_distance"],
        calibration_exceedance=arrays["calibration_exceedance"],
        quantiles=(arrays["quantiles_0"], arrays["quantiles_1"]),
        patients=(int(arrays["patients"][0]), int(arrays["patients"][1])),
        acquisition={name: tuple(values) for name, values in json.loads(str(arrays["acquisition"])).items()},
    )
    if space.names != tuple(names) or any(len(part) != len(distribution.columns) for part in distribution.quantiles):
        raise ValueError("the training distribution is of another model")
    return distribution
