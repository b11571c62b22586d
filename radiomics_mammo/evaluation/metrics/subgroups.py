"""Performance of one candidate by subgroup."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.arrays import Codes, Flags, Floats, Labels
from radiomics_mammo.evaluation.metrics.auroc_variance import auroc_interval, obuchowski
from radiomics_mammo.evaluation.metrics.proportions import clustered_proportion

SUBGROUPS: dict[str, str] = {
    "view": "View",
    "breast_density": "Breast density",
    "density": "Breast density",
    "laterality": "Side",
    "abnormality_type": "Type",
    "subtlety": "Subtlety",
    "site_id": "Site",
    "machine_id": "Machine",
    "implant": "Implant",
    "age": "Age",
}
"""Columns that units are divided by, with their titles."""

AGE_BANDS = (50, 60, 70)
NOT_GIVEN = "not given"

LEAST = 10
"""Fewest positives, and fewest negatives, that an AUROC is computed of."""


def subgroup_table(
    rows: pd.DataFrame,
    y: Labels,
    p: Floats,
    group: Codes,
    *,
    columns: Mapping[str, str] = SUBGROUPS,
    called: Flags | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Compute the performance of one candidate in every level of every column.

    ``rows`` has one row a unit; a column that it lacks, or that has one level only, is left out. ``p`` and ``called``,
    for sensitivity and specificity, have shape (n_repeats, n_units).
    """
    parts = [("", "All", "all", np.ones(y.size, dtype=np.bool_))]
    for column, title in columns.items():
        if column in rows:
            levels_of_units = level_names(rows[column])
            levels = _in_order(levels_of_units)
            parts += [(column, title, name, (levels_of_units == name).to_numpy()) for name in levels if len(levels) > 1]
    table_rows = [
        {"column": column, "title": title, "level": name, **_judge(y, p, group, within, called, level)}
        for column, title, name, within in parts
    ]
    table = pd.DataFrame(table_rows)
    return table[[*(name for name in table.columns if name != "remark"), "remark"]]


def level_names(values: pd.Series) -> pd.Series:
    """Return each unit's level as text: age bands, ``not given`` where null."""
    levels_of_units = values.astype("string")
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        numbers = values.astype("Float64")
        if values.name == "age":
            levels_of_units = _age_band(numbers)
        elif bool((numbers.dropna() % 1 == 0).all()):
            levels_of_units = numbers.astype("Int64").astype("string")
    return levels_of_units.fillna(NOT_GIVEN)


def _age_band(ages: pd.Series) -> pd.Series:
    names = [
        f"under {AGE_BANDS[0]}",
        *(f"{low} to {high - 1}" for low, high in pairwise(AGE_BANDS)),
        f"{AGE_BANDS[-1]} and over",
    ]
    cut = pd.cut(ages, [-np.inf, *AGE_BANDS, np.inf], right=False, labels=names)
    return cut.astype("string")


def _in_order(levels_of_units: pd.Series) -> list[str]:
    """Return levels in reading order: by number, ``not given`` last."""

    def place(name: str) -> tuple[bool, bool, float, str]:
        number = name.split()[0]
        return name == NOT_GIVEN, not name.startswith("under"), float(number) if number.isdigit() else np.inf, name

    return sorted(levels_of_units.unique(), key=place)


def _judge(
    y: Labels, p: Floats, group: Codes, within: Flags, called: Flags | None, level: float
) -> dict[str, int | float | str]:
    """Compute one row of the table."""
    labels, patients = y[within], np.unique(group[within], return_inverse=True)[1]
    positives = int(labels.sum())
    row: dict[str, int | float | str] = {"n": labels.size, "patients": int(patients.max()) + 1, "positives": positives}
    area, low, high, remark = float("nan"), float("nan"), float("nan"), ""
    if min(positives, labels.size - positives) < LEAST:
        remark = f"too few for an AUROC: {positives} positive, {labels.size - positives} negative"
    else:
        estimate = obuchowski(labels, p[None][..., within], patients)
        area = float(estimate.value[0])
        low, high = auroc_interval(area, float(estimate.covariance[0, 0]), level=level)
        remark = "no interval: one patient only, or separated without error" if np.isnan(low) else ""
    row.update({"auroc": area, "low": low, "high": high})
    if called is not None:
        calls = called[:, within]
        for name, outcome, hit in (("sensitivity", 1, calls), ("specificity", 0, ~calls)):
            whole = np.broadcast_to(labels == outcome, hit.shape)
            proportion = clustered_proportion(hit & whole, whole, patients, level=level)
            row.update({name: proportion.value, f"{name}_low": proportion.low, f"{name}_high": proportion.high})
    return {**row, "remark": remark}
