"""Rules that aggregate the features of images to a breast or a patient, each a function over a block of columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from radiomics_mammo.tables.aggregation.grouping import BREAST, PATIENT, Floats, Grouping, Nest
from radiomics_mammo.tables.feature_table import feature_parts, is_embedding

Rule = Callable[[Floats, Nest, str], Floats]


def mean_over(values: Floats, grouping: Grouping) -> Floats:
    """Compute the mean of each group's known values; NaN where none is known.

    Parameters
    ----------
    values : ndarray of float64, shape (n_things, n_columns)
    grouping : Grouping

    Returns
    -------
    ndarray of float64, shape (n_groups, n_columns)
    """
    ordered = values[grouping.order]
    known = ~np.isnan(ordered)
    total = np.add.reduceat(np.where(known, ordered, 0.0), grouping.starts, axis=0)
    count = np.add.reduceat(known, grouping.starts, axis=0, dtype=np.int64)
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def max_over(values: Floats, grouping: Grouping) -> Floats:
    """Compute the largest of each group's known values; NaN where none is known."""
    ordered = values[grouping.order]
    lowest = np.where(np.isnan(ordered), -np.inf, ordered)
    largest = np.maximum.reduceat(lowest, grouping.starts, axis=0)
    return np.where(np.isneginf(largest), np.nan, largest)


def mean(values: Floats, nest: Nest, level: str) -> Floats:
    """Compute the mean over the images of a view, then over the views of a breast, then over both breasts.

    Three CC images do not outweigh one MLO so.
    """
    breasts = mean_over(mean_over(values, nest.views), nest.breasts)
    return breasts if level == BREAST else mean_over(breasts, nest.patients)


def largest(values: Floats, nest: Nest, level: str) -> Floats:
    """Compute the largest value of all images."""
    breasts = max_over(max_over(values, nest.views), nest.breasts)
    return breasts if level == BREAST else max_over(breasts, nest.patients)


def asymmetry(values: Floats, nest: Nest, level: str) -> Floats:
    """Compute the absolute difference of left and right in the same view, mean over the views that both sides have.

    One value for each patient, which both breasts get where rows are breasts; NaN where no view is known on both
    sides.
    Absolute differences of the two breasts' features are what Zheng et al. (Eur J Radiol 2012; 81:3222) and Tan et
    al. (Acad Radiol 2013; 20:1542) related to near-term risk.
    """
    patients = np.full((nest.patients.starts.size, values.shape[1]), np.nan)
    if nest.pairs.starts.size:
        by_view = mean_over(values, nest.views)
        two = by_view[nest.pairs.order].reshape(-1, 2, values.shape[1])
        patients[nest.paired_patients] = mean_over(np.abs(two[:, 0] - two[:, 1]), nest.paired)
    return patients[nest.breast_patient] if level == BREAST else patients


def difference(values: Floats, nest: Nest, level: str) -> Floats:
    """Compute each breast less the other one in the same view, mean over the views of both sides; breasts only.

    The other breast is the patient's own control, as in bilateral subtraction (Yin et al., Med Phys 1991; 18:955).
    """
    del level  # the table refuses patients before
    by_view = mean_over(values, nest.views)
    differences = np.full_like(by_view, np.nan)
    left, right = nest.pairs.order[::2], nest.pairs.order[1::2]
    differences[left] = by_view[left] - by_view[right]
    differences[right] = by_view[right] - by_view[left]
    return mean_over(differences, nest.breasts)


RULES: Mapping[str, Rule] = {"mean": mean, "max": largest, "asymmetry": asymmetry, "difference": difference}
USUAL: Mapping[str, tuple[str, ...]] = {BREAST: ("mean", "max", "difference"), PATIENT: ("mean", "max", "asymmetry")}
"""Default rules."""
OF_BOTH = ("asymmetry", "difference")
"""Rules that compare both breasts: not for embeddings, whose single outputs mean nothing alone."""

STATED: Mapping[str, str] = {
    "mean": "mean over the images of a view, then over the views of a breast, then (for patients) over both breasts, "
    "so that three CC images do not outweigh one MLO",
    "max": "the largest value of all images",
    "asymmetry": "|left - right| of the same feature in the same view (images of a view averaged first), mean over the "
    "views that both sides have; null where there is none. One value for each patient (Zheng 2012, Tan "
    "2013): in a table of breasts both have it, and the leakage checks of compare report that it identifies patients",
    "difference": "this breast minus the other, in the same views (Yin 1991); for breasts only",
}
"""The rules in words, for --help and for a table's provenance. Undefined values are left out of each."""


def applies(rule: str, feature: str) -> bool:
    """Return whether a rule applies to a feature."""
    return rule not in OF_BOTH or not is_embedding(feature)


def named(feature: str, rule: str) -> str:
    """Return the aggregated column's name: ``original_glcm_Contrast`` becomes ``original-mean_glcm_Contrast``."""
    filtered, family, name = feature_parts(feature)
    return f"{filtered}-{rule}_{family}_{name}"
