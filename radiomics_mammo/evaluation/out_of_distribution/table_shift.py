"""Is a table of cases unlike the training cases as a whole, for any prevalence?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import kolmogorov

from radiomics_mammo.evaluation.out_of_distribution.training_distribution import TrainingDistribution

Floats = NDArray[np.float64]

LEAST = 10
"""Patients below which a table is not checked."""
LEVEL = 0.01
"""Below it the table is taken for one of another distribution."""
_MIXTURES = np.linspace(0.0, 1.0, 41)
_MOST_UNITS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class TableShift:
    """The comparison of a table with the training cases.

    Attributes
    ----------
    p : float
        Of the hypothesis that the table is a mixture of the training cases' two classes, with any share of each;
        corrected for the number of columns (Bonferroni). NaN where it was not checked.
    prevalence : float
        Share of positive units at which the table fits best; NaN where it was not checked.
    patients : int
    columns : pandas.DataFrame
        column, statistic (largest difference of the cumulative distributions), p (corrected); the largest first.
    """

    p: float
    prevalence: float
    patients: int
    columns: pd.DataFrame

    @property
    def checked(self) -> bool:
        """Return whether there were enough patients."""
        return not np.isnan(self.p)

    @property
    def shifted(self) -> bool:
        """Return whether the table is of another distribution."""
        return self.checked and self.p < LEVEL


def check_table_shift(
    distribution: TrainingDistribution, x: Floats, *, of: NDArray[np.int64], scores: Floats, patients: int
) -> TableShift:
    """Test whether a table's cases are distributed as the training cases, allowing for another prevalence.

    The cumulative distribution of each column (features, mask style, components of embeddings, distance from the
    training cases, the model's score) is compared with mixtures of those of the two classes of training cases by the
    Kolmogorov-Smirnov statistic. One mixture has to fit all columns: the p-value is that of the best. Patients, not
    lesions, are counted, which makes the test conservative.

    Parameters
    ----------
    distribution : TrainingDistribution
    x : ndarray of float64, shape (n_rows, n_columns)
        The model's columns.
    of : ndarray of int64, shape (n_rows,)
        The unit of each row.
    scores : ndarray of float64, shape (n_units,)
        Raw, of the model.
    patients : int
        How many patients the units are of.
    """
    names = distribution.columns
    if patients < LEAST:
        return TableShift(np.nan, np.nan, patients, pd.DataFrame({"column": [], "statistic": [], "p": []}))
    values = distribution.compared(x, of, scores)
    values = values[np.linspace(0, len(values) - 1, min(len(values), _MOST_UNITS)).astype(np.intp)]
    statistics = np.array(
        [_statistics(column, *parts) for column, *parts in zip(values.T, *distribution.quantiles, strict=True)]
    )
    negative, positive = (max(1, n) for n in distribution.patients)
    trained = 1.0 / (_MIXTURES**2 / positive + (1 - _MIXTURES) ** 2 / negative)
    size = np.sqrt(patients * trained / (patients + trained))
    # Stephens (1970): the asymptotic distribution, good from about 5 cases on.
    p = np.minimum(1.0, len(names) * kolmogorov(statistics * (size + 0.12 + 0.11 / size)))
    best = int(p.min(axis=0).argmax())
    columns = pd.DataFrame({"column": names, "statistic": statistics[:, best], "p": p[:, best]})
    columns = columns.sort_values("statistic", ascending=False, kind="stable", ignore_index=True)
    return TableShift(float(p[:, best].min()), float(_MIXTURES[best]), patients, columns)


def _statistics(column: Floats, negative: Floats, positive: Floats) -> Floats:
    """Compute the Kolmogorov-Smirnov statistic of a column for each mixture."""
    ordered = np.sort(np.where(np.isnan(column), -np.inf, column))
    largest = np.zeros(_MIXTURES.size)
    for side in ("left", "right"):
        here, low, high = (
            np.searchsorted(each, ordered, side=side) / each.size for each in (ordered, negative, positive)
        )
        gap = np.abs(here - low - _MIXTURES[:, None] * (high - low))
        largest = np.maximum(largest, gap.max(axis=1))
    return largest
