"""Stability of an explanation over folds, beside permuted labels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiomics_mammo.evaluation.explanation.shap_values import features_of
from radiomics_mammo.evaluation.training.permutation import PermutedLabels
from radiomics_mammo.tables.feature_table import is_embedding

Floats = NDArray[np.float64]

LEADING = 20
"""Features whose overlap between folds is measured; a quarter of them where there are fewer than eighty."""
STABLE, FEW, NOTHING, UNKNOWN = "more stable than chance", "few features stable", "nothing stable", "not known"
"""Verdicts. Few: the overlap is not above chance, but single features weigh more than the largest does by chance."""
_LEVEL = 0.95


def fold_sizes(table: pd.DataFrame) -> dict[int, Floats]:
    """Average absolute contributions by repeat, shape (n_folds, n_features)."""
    names = features_of(table)
    rows_by_statistic: dict[int, Floats] = {}
    for repeat in sorted(table["repeat"].unique()):
        fold_values = table[table["repeat"] == repeat]
        rows_by_statistic[int(repeat)] = (
            fold_values[names].abs().groupby(fold_values["fold"]).mean().to_numpy(dtype=np.float64)
        )
    return rows_by_statistic


def ranks_of(sizes: Floats) -> Floats:
    """Compute the rank of each feature, the last axis, in each fold, 1 the largest."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(-sizes, axis=-1))


def leading(n_features: int) -> int:
    """Return how many features count as leading."""
    return max(1, min(LEADING, n_features // 4))


def jaccards(sizes: Floats, top: int) -> list[float]:
    """Compute the Jaccard overlap of leading features for all pairs of folds."""
    order = np.argsort(-sizes, axis=1, kind="stable")[:, :top]
    lead = [{int(i) for i in row if fold_values[i] > 0} for row, fold_values in zip(order, sizes, strict=True)]
    return [len(a & b) / len(a | b) if a | b else 0.0 for a, b in combinations(lead, 2)]


def feature_table(
    importance: pd.Series,
    sizes: dict[int, Floats],
    names: list[str],
    *,
    permuted: PermutedLabels | None,
    clusters: pd.DataFrame,
) -> pd.DataFrame:
    """Build the table of features, the most important first.

    ``permutation_high`` is what the largest of all features reaches with permuted labels in 95% of draws,
    so it is one number for all, and at most one table of noise in twenty has a feature above it; embeddings, each
    of which sums many columns up, have a number of their own. NaN where no labels were permuted.
    Cluster 0 holds the features that are not among the leading ones.
    """
    ranks = pd.DataFrame(ranks_of(np.vstack(list(sizes.values()))), columns=names)[list(importance.index)]
    high = np.full(len(names), np.nan) if permuted is None else largest_by_chance(permuted, names)
    chance = pd.Series(high, index=names)[list(importance.index)].to_numpy()
    cluster = dict(zip(clusters["feature"], clusters["cluster"], strict=True))
    return pd.DataFrame(
        {
            "feature": importance.index.to_numpy(),
            "importance": importance.to_numpy(dtype=np.float64),
            "rank_mean": ranks.mean().to_numpy(),
            "rank_sd": ranks.std(ddof=1).to_numpy(),
            "permutation_high": chance,
            "above_chance": importance.to_numpy(dtype=np.float64) > chance,
            "cluster": [int(cluster.get(name, 0)) for name in importance.index],
        }
    )


def largest_by_chance(permuted: PermutedLabels, names: Sequence[str]) -> Floats:
    """Compute the 95% quantile of the largest importance on permuted labels.

    A network's outputs together weigh more than any feature, on noise too, so that they are a kind of their own. Of
    fewer than twenty draws the largest counts.
    """
    embedded = np.array([is_embedding(name) for name in names])
    high = np.empty(len(names))
    for kind in (embedded, ~embedded):
        if kind.any():
            high[kind] = np.quantile(permuted.importance[:, kind].max(axis=1), _LEVEL, method="higher")
    return high


def permutation_table(permuted: PermutedLabels) -> pd.DataFrame:
    """Build the table of permutations, one row each."""
    top = leading(permuted.size.shape[2])
    return pd.DataFrame(
        {
            "permutation": np.arange(len(permuted.auroc)),
            "auroc": permuted.auroc,
            "jaccard": [float(np.mean(jaccards(sizes, top))) for sizes in permuted.size],
            "largest": permuted.importance.max(axis=1),
        }
    )


def stability_table(
    sizes: dict[int, Floats], features: pd.DataFrame, *, null: pd.DataFrame | None, rows: int, interaction_rows: int = 0
) -> pd.DataFrame:
    """Build the table of stability statistics."""
    top = leading(len(features))
    pairs = [each for fold_values in sizes.values() for each in jaccards(fold_values, top)]
    value = float(np.mean(pairs))
    nan = float("nan")
    head = ["jaccard", value, min(pairs), max(pairs)]
    counts = {"leading": top, "interaction_rows": interaction_rows, "permutations": 0}
    if null is None:
        rows_by_statistic = [[*head, nan, UNKNOWN]]
    else:
        above, auroc = int(features["above_chance"].sum()), null["auroc"]
        counts |= {"permutations": len(null), "permuted_rows": rows}
        rows_by_statistic = [
            [*head, null["jaccard"].mean(), _verdict(value, null["jaccard"], above)],
            ["permuted_jaccard", null["jaccard"].mean(), null["jaccard"].min(), null["jaccard"].max(), nan, ""],
            ["above_chance", above, nan, nan, 0.0, ""],
            ["permuted_auroc", auroc.mean(), auroc.min(), auroc.max(), 0.5, ""],
        ]
    rows_by_statistic += [[name, count, nan, nan, nan, ""] for name, count in counts.items()]
    return pd.DataFrame(rows_by_statistic, columns=_COLUMNS)


_COLUMNS = ["statistic", "value", "low", "high", "chance", "verdict"]


def _verdict(value: float, chance: pd.Series, above: int) -> str:
    if value > chance.max():
        return STABLE
    return FEW if above else NOTHING
