"""Tables of columns, missing values, levels, prevalence and associations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from radiomics_mammo.evaluation.metrics.subgroups import NOT_GIVEN
from radiomics_mammo.reports.dataset_summary.base import Column, Dataset, Tables
from radiomics_mammo.reports.dataset_summary.estimates import (
    UNKNOWN,
    auroc_of,
    both_directions,
    cramers_v,
    proportion_of,
    risk,
)
from radiomics_mammo.reports.dataset_summary.groupings import balance, disagreements, parts, scanners, splits, units

STRATA = ("site_id", "site", "abnormality_type", "split", "machine_id", "machine")
"""Columns by which missing values are counted."""

MAX_COMPARED = 40
"""Maximum of columns that are compared with each other."""

_SHOWN_VALUES = 5


def strata(dataset: Dataset) -> list[str]:
    """Return the columns by which missing values are counted, of those with several levels."""
    return [name for name in STRATA if name in dataset.levels and dataset.columns[name].distinct > 1]


def sites(dataset: Dataset) -> list[str]:
    """Return the column of the site, where there are several sites."""
    return [name for name in ("site_id", "site") if name in dataset.levels and dataset.columns[name].distinct > 1][:1]


def columns(dataset: Dataset) -> pd.DataFrame:
    """Describe each column: role, missing values, content; free text is only counted.

    ``label_auroc`` says how well the label separates missing values from others, either way round.
    """
    n, known = len(dataset.frame), dataset.y >= 0
    rows = []
    for each in dataset.columns.values():
        absent = dataset.frame[each.name].isna().to_numpy()
        estimate = UNKNOWN
        if 0 < each.filled < n and each.role not in ("label", "identity") and known.any():
            estimate = both_directions(
                auroc_of(dataset.y[known], absent[known].astype(np.float64), dataset.group[known])
            )
        cells = (each.name, each.role, each.kind, each.filled, n - each.filled, (n - each.filled) / n, each.distinct)
        rows.append((*cells, _holds(dataset, each), *estimate))
    names = ["column", "role", "kind", "filled", "missing", "proportion_missing", "distinct", "holds"]
    return pd.DataFrame(rows, columns=[*names, "label_auroc", "low", "high"])


def _holds(dataset: Dataset, each: Column) -> str:
    if each.kind == "number":
        low, middle, high = dataset.frame[each.name].astype("Float64").quantile([0, 0.5, 1]).tolist()
        return f"{low:g} to {high:g}, median {middle:g}"
    if each.kind == "category":
        result = dataset.levels[each.name].value_counts().drop(NOT_GIVEN, errors="ignore")
        most = ", ".join(str(name) for name in result.index[:_SHOWN_VALUES])
        return most + (f" and {len(result) - _SHOWN_VALUES} more" if len(result) > _SHOWN_VALUES else "")
    return {"empty": "nothing", "identifier": "names", "text": "text"}[each.kind]


def missing(dataset: Dataset) -> pd.DataFrame:
    """Count missing values of each column that has some, of all rows and by each stratum.

    ``auroc`` says how well the level separates missing values from others; a column without any value is left out.
    """
    gaps = [each for each in dataset.columns.values() if 0 < each.filled < len(dataset.frame)]
    rows: list[tuple[object, ...]] = []
    for each in gaps:
        absent = dataset.frame[each.name].isna()
        rows.append((each.name, "", "all", len(absent), int(absent.sum())))
        for by in strata(dataset):
            if by != each.name:
                result = absent.groupby(dataset.levels[by], observed=True).agg(["size", "sum"])
                rows += [(each.name, by, str(level), int(n), int(k)) for level, n, k in result.itertuples()]
    table = pd.DataFrame(rows, columns=["column", "by", "level", "rows", "missing"])
    whole = table.groupby(["column", "by"])[["rows", "missing"]].transform("sum")
    proportion = table["missing"] / table["rows"]
    others = (whole["missing"] - table["missing"]) / (whole["rows"] - table["rows"])
    # Of a yes or no the ROC curve has one corner, so its area is a mean of two shares. There are no others of all.
    return table.assign(proportion=proportion, auroc=0.5 + (proportion - others).abs() / 2)


def counts(dataset: Dataset) -> pd.DataFrame:
    """Count rows and patients of every level."""
    patient = pd.Series(dataset.group)
    rows: list[tuple[object, ...]] = []
    for name, levels in dataset.levels.items():
        result = patient.groupby(levels, observed=True).agg(["size", "nunique"])
        rows += [(name, str(level), int(n), n / len(patient), int(k)) for level, n, k in result.itertuples()]
    return pd.DataFrame(rows, columns=["column", "level", "rows", "proportion", "patients"])


def numbers(dataset: Dataset) -> pd.DataFrame:
    """Compute the distribution of numbers, of all rows, by the label and by site."""
    statistics = ["count", "mean", "std", "min", "25%", "50%", "75%", "max"]
    all_rows = pd.Series("all", index=dataset.frame.index)
    wanted = {"": all_rows} | {name: dataset.grouped_by(name) for name in (dataset.label, *sites(dataset)) if name}
    rows = []
    for each in dataset.columns.values():
        if each.kind == "number":
            values = dataset.frame[each.name].astype("float64")
            for by, levels in wanted.items():
                result = values.groupby(levels.astype(str)).describe()[statistics]
                rows += [
                    (each.name, by, str(level), *row)
                    for level, row in zip(result.index, result.to_numpy(), strict=True)
                ]
    names = ["column", "by", "level", "rows", "mean", "sd", "min", "p25", "median", "p75", "max"]
    return pd.DataFrame(rows, columns=names).astype({"rows": "int64"})


def rates(dataset: Dataset) -> pd.DataFrame:
    """Compute the prevalence of every level, with clustered Wilson intervals."""
    known = dataset.y >= 0
    y, group = dataset.y[known] == 1, dataset.group[known]
    rows = []
    for name, levels in dataset.levels.items() if known.any() else ():
        if name == dataset.label:
            continue
        subset = levels[known]
        for level in subset.cat.categories:
            at = (subset == level).to_numpy()
            if at.any():
                result = proportion_of(y[at], group[at])
                cells = (name, dataset.columns[name].role, str(level), int(at.sum()), int(np.unique(group[at]).size))
                rows.append((*cells, int(y[at].sum()), result.value, result.low, result.high))
    names = ["column", "role", "level", "rows", "patients", "positives", "rate", "low", "high"]
    return pd.DataFrame(rows, columns=names)


def predictors(dataset: Dataset) -> pd.DataFrame:
    """Compute the AUROC of each column, and of each role, as a predictor.

    A number is taken as it is (rows without one are left out), either way round; a category by the proportion of
    positives in its levels among other patients (see :func:`radiomics_mammo.reports.dataset_summary.estimates.risk`).
    """
    known = dataset.y >= 0
    names = ["column", "role", "rows", "auroc", "low", "high"]
    if not (dataset.y == 1).any() or not (dataset.y == 0).any():
        return pd.DataFrame(columns=names)
    result = [
        each for each in dataset.columns.values() if each.countable and each.distinct > 1 and each.name != dataset.label
    ]
    rows = [(each.name, each.role, *_ranked(dataset, each)) for each in result]
    y, group = dataset.y[known], dataset.group[known]
    for role in ("metadata", "scanner"):
        subset = [dataset.levels[each.name][known].cat.codes.to_numpy() for each in result if each.role == role]
        if len(subset) > 1:
            rows.append((f"all {role}", role, int(known.sum()), *auroc_of(y, risk(subset, y, group), group)))
    table = pd.DataFrame(rows, columns=names)
    return table.sort_values(["role", "auroc"], ascending=[True, False], kind="stable", ignore_index=True)


def _ranked(dataset: Dataset, each: Column) -> tuple[int, float, float, float]:
    rows = dataset.y >= 0
    if each.kind == "number":
        values = np.asarray(dataset.frame[each.name].astype("float64"), dtype=np.float64)
        rows = rows & ~np.isnan(values)
        result = both_directions(auroc_of(dataset.y[rows], values[rows], dataset.group[rows]))
    else:
        codes = dataset.levels[each.name][rows].cat.codes.to_numpy()
        y, group = dataset.y[rows], dataset.group[rows]
        result = auroc_of(y, risk([codes], y, group), group)
    return (int(rows.sum()), *result)


def associations(dataset: Dataset) -> pd.DataFrame:
    """Compute Cramér's V of every two of ``MAX_COMPARED`` columns at most.

    Columns whose meaning is known come first, the others in their order; numbers are in bands.
    """
    several = [name for name in dataset.levels if dataset.columns[name].distinct > 1]
    first = set(sorted(several, key=lambda name: dataset.columns[name].role == "other")[:MAX_COMPARED])
    given = {
        name: dataset.levels[name].cat.remove_categories(dataset.levels[name].cat.categories.intersection([NOT_GIVEN]))
        for name in several
        if name in first
    }
    rows = [(a, b, cramers_v(given[a], given[b])) for a, b in combinations(given, 2)]
    return pd.DataFrame(rows, columns=["a", "b", "v"])


TABLES: Mapping[str, Callable[[Dataset], pd.DataFrame]] = {
    "columns": columns,
    "missing": missing,
    "counts": counts,
    "numbers": numbers,
    "units": units,
    "balance": balance,
    "disagreements": disagreements,
    "rates": rates,
    "predictors": predictors,
    "associations": associations,
    "scanners": scanners,
    "parts": parts,
    "splits": splits,
}
"""The tables of the summary by the name of their file, without its ending."""


def make_tables(dataset: Dataset) -> Tables:
    """Compute all tables of the summary but the findings."""
    return {name: make(dataset) for name, make in TABLES.items()}
