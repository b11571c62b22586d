"""SHAP values summed by group, and clusters of correlated features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.explanation.birads_concepts import concept_of, parts_of
from radiomics_mammo.evaluation.training.preprocessing import rank_correlation

Floats = NDArray[np.float64]

ALIKE = 0.7
"""Mean absolute rank correlation from which features are one cluster."""


def group_table(by_case: pd.DataFrame) -> pd.DataFrame:
    """Compute contributions by family, filter, concept, family and filter.

    Contributions are summed with their sign in each case before the absolute value is averaged: what two features
    of a group give and take back is nothing.
    """
    families, filters = zip(*(parts_of(str(name))[:2] for name in by_case.columns), strict=True)
    concepts = [concept_of(str(name)) for name in by_case.columns]
    rows = [("family", each, each, "", size) for (each,), size in _sums(by_case, families)]
    rows += [("filter", each, "", each, size) for (each,), size in _sums(by_case, filters)]
    rows += [("concept", each, "", "", size) for (each,), size in _sums(by_case, concepts)]
    rows += [("family_filter", f"{a}, {b}", a, b, size) for (a, b), size in _sums(by_case, families, filters)]
    return pd.DataFrame(rows, columns=["kind", "group", "family", "filter", "importance"])


def _sums(by_case: pd.DataFrame, *keys: Sequence[str]) -> list[tuple[tuple[str, ...], float]]:
    """Compute every group's mean absolute signed sum, the largest first."""
    moved = by_case.to_numpy(dtype=np.float64)
    columns: dict[tuple[str, ...], list[int]] = {}
    for column, key in enumerate(zip(*keys, strict=True)):
        columns.setdefault(key, []).append(column)
    sizes = [(key, float(np.abs(moved[:, members].sum(axis=1)).mean())) for key, members in columns.items()]
    return sorted(sizes, key=lambda each: -each[1])


def cluster_table(values: pd.DataFrame, by_case: pd.DataFrame) -> pd.DataFrame:
    """Compute clusters of correlated features and their contributions.

    Average linkage on 1 - |Spearman's coefficient|, cut at 1 - ``ALIKE``.
    """
    names = [str(name) for name in values.columns]
    alike = np.abs(rank_correlation(values.to_numpy(dtype=np.float64)))
    clusters = _clusters(alike)
    moved = by_case[names].to_numpy(dtype=np.float64)
    sizes = [(float(np.abs(moved[:, members].sum(axis=1)).mean()), members) for members in clusters]
    rows = []
    for number, (together, members) in enumerate(sorted(sizes, key=lambda each: -each[0]), start=1):
        for column in sorted(members, key=lambda i: -float(np.abs(moved[:, i]).mean())):
            others = [alike[column, other] for other in members if other != column]
            close = float(np.mean(others)) if others else float("nan")
            rows.append((number, names[column], float(np.abs(moved[:, column]).mean()), together, close))
    return pd.DataFrame(rows, columns=["cluster", "feature", "importance", "cluster_importance", "correlation"])


def _clusters(alike: Floats) -> list[list[int]]:
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(alike) < 2:
        return [[i] for i in range(len(alike))]
    distances = np.clip(1.0 - alike, 0.0, 1.0)
    np.fill_diagonal(distances, 0.0)
    label = fcluster(linkage(squareform(distances, checks=False), method="average"), 1.0 - ALIKE, criterion="distance")
    return [np.flatnonzero(label == each).tolist() for each in np.unique(label)]


def interaction_table(names: Sequence[str], folds: Sequence[tuple[int, Floats]], *, most: int = 10) -> pd.DataFrame:
    """Build the table of the ``most`` strongest pairwise interactions.

    ``folds`` holds of each fold the number of held-out rows, and sums over them of the absolute interaction, both
    halves of it, shape (n_features, n_features). Pairs that never interact are left out.
    """
    rows = sum(count for count, _ in folds)
    strength = np.sum([total for _, total in folds], axis=0) / rows
    a, b = np.triu_indices(len(names), k=1)
    order = np.argsort(-strength[a, b], kind="stable")[:most]
    table = []
    for i, j in zip(a[order], b[order], strict=True):
        if strength[i, j] > 0:
            first, second = (i, j) if strength[i, i] >= strength[j, j] else (j, i)
            table.append((names[first], names[second], float(strength[i, j])))
    return pd.DataFrame(table, columns=["first", "second", "strength"])
